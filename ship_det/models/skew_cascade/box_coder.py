"""Code of a rotated box against a horizontal or rotated proposal.

With the proposal (xc, yc, w, h, theta), theta = 0 for a horizontal one, and the box (x, y, wb, hb, phi)::

    dx = ( (x-xc) cos(theta) + (y-yc) sin(theta)) / w      dw = log(wb/w)
    dy = (-(x-xc) sin(theta) + (y-yc) cos(theta)) / h      dh = log(hb/h)      dt = phi - theta

where (wb, hb, phi) is whichever of the box's two names, along its long or its short side, turns by at most 45 degrees.
So the code is continuous but where the box lies at 45 degrees to the proposal, the worst place there is for the first
stage, whose proposals are horizontal. ``equivalent_codes`` gives the code by the other name near there; the head's loss
takes whichever is closer to the prediction.
"""

import math
from collections.abc import Sequence

import torch
from mmdet.models.task_modules.coders import BaseBBoxCoder
from mmdet.structures.bbox import HorizontalBoxes, get_box_tensor
from mmrotate.registry import TASK_UTILS
from mmrotate.structures.bbox import RotatedBoxes
from torch import Tensor

from ship_det.losses.softmax import to_float32
from ship_det.models.proposals import MAX_LOG_RATIO, MIN_SIDE, center_size_angle


@TASK_UTILS.register_module()
class SkewBoxCoder(BaseBBoxCoder):
    """Encode rotated boxes as (dx, dy, dw, dh, dt) against horizontal or rotated proposals; decoding is the inverse.

    Args:
        stds: standard deviations that the code is divided by; that of the angle is in radians.
        swap_margin: angle to 45 degrees, rad, below which a box may be named along its other side too.
    """

    encode_size = 5

    def __init__(self, stds: Sequence[float] = (0.1, 0.1, 0.2, 0.2, 0.1), swap_margin: float = math.pi / 12) -> None:
        super().__init__(use_box_type=True)
        if len(stds) != 5 or min(stds) <= 0:
            raise ValueError(f'expected 5 positive stds, got {stds}')
        self.stds = tuple(stds)
        self.swap_margin = swap_margin

    def encode(self, priors: HorizontalBoxes | RotatedBoxes | Tensor, gt_bboxes: RotatedBoxes | Tensor) -> Tensor:
        """Codes of boxes against proposals.

        Args:
            priors: (N, 4) x1, y1, x2, y2 or (N, 5) cx, cy, w, h, theta, in px and rad.
            gt_bboxes: (N, 5) rotated boxes.

        Returns:
            (N, 5) codes.
        """
        center, size, theta = center_size_angle(priors)
        boxes = to_float32(get_box_tensor(gt_bboxes))
        turn = _within_half_turn(boxes[:, 4:] - theta)
        swapped = turn.abs() > math.pi / 4
        turn = torch.where(swapped, _within_half_turn(turn + math.pi / 2), turn)
        sides = torch.where(swapped, boxes[:, [3, 2]], boxes[:, 2:4]).clamp(min=MIN_SIDE)
        offset = _turned(boxes[:, :2] - center, -theta) / size
        code = torch.cat([offset, (sides / size).log(), turn], dim=1)
        return code / code.new_tensor(self.stds)

    def decode(
        self, priors: HorizontalBoxes | RotatedBoxes | Tensor, codes: Tensor, max_shape: Sequence[int] | None = None
    ) -> RotatedBoxes:
        """Boxes from codes.

        Args:
            priors: (N, 4) or (N, 5) proposals, as in ``encode``.
            codes: (N, 5) codes.
            max_shape: not used, since ships may reach over the border.

        Returns:
            (N, 5) rotated boxes, le90.
        """
        center, size, theta = center_size_angle(priors)
        codes = to_float32(codes)
        codes = codes * codes.new_tensor(self.stds)
        center = center + _turned(codes[:, :2] * size, theta)
        sides = size * codes[:, 2:4].clamp(-MAX_LOG_RATIO, MAX_LOG_RATIO).exp()
        boxes = RotatedBoxes(torch.cat([center, sides, theta + codes[:, 4:]], dim=1), clone=False)
        return RotatedBoxes(boxes.regularize_boxes('le90'), clone=False)

    def equivalent_codes(self, priors: HorizontalBoxes | RotatedBoxes | Tensor, codes: Tensor) -> Tensor:
        """The codes as good as the canonical one: that of the other name near 45 degrees, elsewhere the same again.

        Args:
            priors: (N, 4) or (N, 5) proposals, as in ``encode``.
            codes: (N, 5) canonical codes.

        Returns:
            (N, 2, 5) codes; [:, 0] is the canonical one.
        """
        _, size, _ = center_size_angle(priors)
        codes = to_float32(codes)
        stds = codes.new_tensor(self.stds)
        plain = codes * stds
        turn = plain[:, 4:]
        flat = (size[:, :1] / size[:, 1:]).log()
        # The side along the proposal's height h, measured against its width w, is dh - log(w/h), and the reverse.
        other = torch.cat(
            [plain[:, :2], plain[:, 3:4] - flat, plain[:, 2:3] + flat, turn - math.pi / 2 * turn.sign()], dim=1
        )
        near = turn.abs() > math.pi / 4 - self.swap_margin
        return torch.stack([codes, torch.where(near, other / stds, codes)], dim=1)


def _turned(points: Tensor, angle: Tensor) -> Tensor:
    """Points (N, 2) turned by angles (N, 1), clockwise on screen."""
    (x, y), cos, sin = points.split(1, dim=1), angle.cos(), angle.sin()
    return torch.cat([x * cos - y * sin, x * sin + y * cos], dim=1)


def _within_half_turn(angle: Tensor) -> Tensor:
    """Angles modulo pi, in [-pi/2, pi/2)."""
    return torch.remainder(angle + math.pi / 2, math.pi) - math.pi / 2
