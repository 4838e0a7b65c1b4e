"""R2CNN's two codes of a box against a horizontal proposal: axis-aligned (4 numbers) and inclined (5 numbers).

The inclined code is (x1, y1, x2, y2, h): the first two corners clockwise and the height that lies to the right of the
edge between them. Every rectangle has four such codes, one for each corner it may start from; the canonical one starts
where its edge runs along the long side and points to the right::

        p1 ------------------> p2        p1 -> p2: the long side, cos(theta) > 0 (straight up at theta = -pi/2)
        |                      |         h: the short side
        +----------------------+

so the code is continuous in the angle except at the vertical (theta = +-pi/2), where p1 jumps from the upper to the
lower end, and except where the box is a square, where the long side changes. ``equivalent_codes`` lists the codes that
are as good as the canonical one near these two places; the head's loss takes the closest of them.
"""

import math
from collections.abc import Sequence

import torch
from mmdet.models.task_modules.coders import BaseBBoxCoder
from mmdet.models.task_modules.coders.delta_xywh_bbox_coder import bbox2delta, delta2bbox
from mmdet.structures.bbox import HorizontalBoxes, get_box_tensor
from mmrotate.registry import TASK_UTILS
from mmrotate.structures.bbox import RotatedBoxes
from torch import Tensor

from ship_det.losses.softmax import to_float32
from ship_det.models.proposals import MAX_LOG_RATIO, MIN_SIDE, center_size_angle


def first_edge(boxes: Tensor, quarter_turns: int = 0) -> Tensor:
    """The first two corners and the height of rotated boxes.

    Args:
        boxes: (N, 5) cx, cy, w, h, theta.
        quarter_turns: 0 starts along w; k starts k corners later, clockwise.

    Returns:
        (N, 5) x1, y1, x2, y2, h in px.
    """
    center, w, h, theta = boxes[:, :2], boxes[:, 2:3], boxes[:, 3:4], boxes[:, 4:5]
    if quarter_turns % 2:
        w, h = h, w
    theta = theta + quarter_turns * math.pi / 2
    along = torch.cat([theta.cos(), theta.sin()], dim=1)
    across = torch.cat([-theta.sin(), theta.cos()], dim=1)
    middle = center - across * h / 2
    return torch.cat([middle - along * w / 2, middle + along * w / 2, h], dim=1)


def edge_to_rbox(edges: Tensor) -> Tensor:
    """Rotated boxes (le90) from their first two corners and height: the inverse of ``first_edge``.

    Args:
        edges: (N, 5) x1, y1, x2, y2, h in px.

    Returns:
        (N, 5) cx, cy, w, h, theta with w >= h and theta in [-pi/2, pi/2).
    """
    first, second, h = edges[:, :2], edges[:, 2:4], edges[:, 4:5]
    edge = second - first
    w = edge.norm(dim=1, keepdim=True).clamp(min=MIN_SIDE)
    across = torch.stack([-edge[:, 1], edge[:, 0]], dim=1) / w
    center = (first + second) / 2 + across * h / 2
    theta = torch.atan2(edge[:, 1:2], edge[:, :1])
    boxes = RotatedBoxes(torch.cat([center, w, h, theta], dim=1), clone=False)
    return boxes.regularize_boxes('le90')


@TASK_UTILS.register_module()
class R2CNNCoder(BaseBBoxCoder):
    """Encode rotated boxes against horizontal proposals as (v, u): v axis-aligned, u inclined (R2CNN, Sec. 3.2).

    v = ((x-xc)/w, (y-yc)/h, log(wb/w), log(hb/h)) of the box's axis-aligned bounds and
    u = ((x1-xc)/w, (y1-yc)/h, (x2-xc)/w, (y2-yc)/h, log(h_incl/h)), both against the proposal's centre (xc, yc) and
    size (w, h), less their means and divided by their standard deviations. Decoding the encoded boxes gives the boxes
    back.

    Args:
        axis_stds: standard deviations of v.
        inclined_stds: standard deviations of u.
        inclined_means: means of u. Corners lie about half a proposal from its centre, so without means u is far from 0.
        output: which box ``decode`` returns: 'inclined' or 'axis_aligned'.
        flip_margin: angle to the vertical, rad, below which a box may be coded from its other end too.
        square_ratio: h / w above which a box may be coded along its short side too.
    """

    encode_size = 9

    def __init__(
        self,
        axis_stds: Sequence[float] = (0.1, 0.1, 0.2, 0.2),
        inclined_stds: Sequence[float] = (0.1, 0.1, 0.1, 0.1, 0.2),
        inclined_means: Sequence[float] = (0.0, 0.0, 0.0, 0.0, 0.0),
        output: str = 'inclined',
        flip_margin: float = math.pi / 12,
        square_ratio: float = 0.85,
    ) -> None:
        super().__init__(use_box_type=True)
        if output not in ('inclined', 'axis_aligned'):
            raise ValueError(f"output must be 'inclined' or 'axis_aligned', got {output!r}")
        if len(axis_stds) != 4 or len(inclined_stds) != 5 or min(*axis_stds, *inclined_stds) <= 0:
            raise ValueError(f'expected 4 and 5 positive stds, got {axis_stds} and {inclined_stds}')
        if len(inclined_means) != 5:
            raise ValueError(f'expected 5 inclined_means, got {inclined_means}')
        self.axis_stds = tuple(axis_stds)
        self.inclined_stds = tuple(inclined_stds)
        self.inclined_means = tuple(inclined_means)
        self.output = output
        self.flip_margin = flip_margin
        self.square_ratio = square_ratio

    def encode(self, priors: HorizontalBoxes | Tensor, gt_bboxes: RotatedBoxes | Tensor) -> Tensor:
        """Codes of boxes against proposals.

        Args:
            priors: (N, 4) proposals x1, y1, x2, y2 in px.
            gt_bboxes: (N, 5) rotated boxes, le90.

        Returns:
            (N, 9) codes: v then u.
        """
        priors = to_float32(get_box_tensor(priors))
        boxes = RotatedBoxes(to_float32(get_box_tensor(gt_bboxes)), clone=False)
        axis_aligned = boxes.convert_to('hbox').tensor
        axis_code = bbox2delta(priors, axis_aligned, stds=self.axis_stds)
        canonical = boxes.regularize_boxes('le90')
        return torch.cat([axis_code, self._encode_edges(priors, first_edge(canonical))], dim=1)

    def decode(
        self, priors: HorizontalBoxes | Tensor, codes: Tensor, max_shape: Sequence[int] | None = None
    ) -> RotatedBoxes:
        """Boxes from codes.

        Args:
            priors: (N, 4) proposals x1, y1, x2, y2 in px.
            codes: (N, 9) codes.
            max_shape: not used, since ships may reach over the border.

        Returns:
            (N, 5) rotated boxes, le90.
        """
        priors, codes = to_float32(get_box_tensor(priors)), to_float32(codes)
        if self.output == 'axis_aligned':
            boxes = delta2bbox(priors, codes[:, :4], stds=self.axis_stds)
            boxes = HorizontalBoxes(boxes, clone=False).convert_to('rbox')
            return RotatedBoxes(boxes.regularize_boxes('le90'), clone=False)
        return RotatedBoxes(edge_to_rbox(self._decode_edges(priors, codes[:, 4:])), clone=False)

    def equivalent_codes(self, priors: Tensor, inclined_codes: Tensor) -> Tensor:
        """The codes as good as the canonical one: at most four a box, the canonical one in place of the others.

        Args:
            priors: (N, 4) proposals in px.
            inclined_codes: (N, 5) canonical codes u.

        Returns:
            (N, 4, 5) codes u; [:, 0] is the canonical one.
        """
        priors, inclined_codes = to_float32(get_box_tensor(priors)), to_float32(inclined_codes)
        boxes = edge_to_rbox(self._decode_edges(priors, inclined_codes))
        squarish = boxes[:, 3] >= self.square_ratio * boxes[:, 2]
        codes = [inclined_codes]
        for turns in (1, 2, 3):
            theta = torch.remainder(boxes[:, 4] + turns * math.pi / 2 + math.pi, 2 * math.pi) - math.pi
            allowed = theta.abs() <= math.pi / 2 + self.flip_margin
            if turns % 2:
                allowed &= squarish
            turned = self._encode_edges(priors, first_edge(boxes, turns))
            codes.append(torch.where(allowed[:, None], turned, inclined_codes))
        return torch.stack(codes, dim=1)

    def _encode_edges(self, priors: Tensor, edges: Tensor) -> Tensor:
        center, size, _ = center_size_angle(priors)
        code = torch.cat(
            [
                (edges[:, :2] - center) / size,
                (edges[:, 2:4] - center) / size,
                (edges[:, 4:].clamp(min=MIN_SIDE) / size[:, 1:]).log(),
            ],
            dim=1,
        )
        return (code - code.new_tensor(self.inclined_means)) / code.new_tensor(self.inclined_stds)

    def _decode_edges(self, priors: Tensor, codes: Tensor) -> Tensor:
        center, size, _ = center_size_angle(priors)
        codes = codes * codes.new_tensor(self.inclined_stds) + codes.new_tensor(self.inclined_means)
        return torch.cat(
            [
                codes[:, :2] * size + center,
                codes[:, 2:4] * size + center,
                codes[:, 4:].clamp(-MAX_LOG_RATIO, MAX_LOG_RATIO).exp() * size[:, 1:],
            ],
            dim=1,
        )
