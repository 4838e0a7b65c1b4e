"""IoU of priors and ground truth of any box type, for the assigners."""

import torch
from mmdet.structures.bbox import BaseBoxes, bbox_overlaps, get_box_tensor
from mmrotate.registry import TASK_UTILS
from mmrotate.structures.bbox import RotatedBoxes, rbbox_overlaps
from torch import Tensor

from ship_det.geometry import aligned_iou, pairwise_iou


@TASK_UTILS.register_module()
class BoundsOverlaps2D:
    """Overlaps of the axis-aligned bounds of boxes of any type, on either side.

    MMRotate's RBbox2HBboxOverlaps2D takes rotated boxes on the left only, so an assigner that uses it cannot tell how
    much of a prior lies in an ignore region (``ignore_iof_thr`` with ``ignore_wrt_candidates``).
    """

    def __call__(
        self, bboxes1: BaseBoxes | Tensor, bboxes2: BaseBoxes | Tensor, mode: str = 'iou', is_aligned: bool = False
    ) -> Tensor:
        """Overlaps of (M, 4 or 5) with (N, 4 or 5) boxes in px: (M, N), or (M,) if ``is_aligned``."""
        first, second = _bounds(bboxes1), _bounds(bboxes2)
        if mode == 'iou' and not is_aligned:
            return pairwise_bounds_iou(first, second)
        return bbox_overlaps(first, second, mode, is_aligned)


def pairwise_bounds_iou(first: Tensor, second: Tensor, eps: float = 1e-6) -> Tensor:
    """IoU of (M, 4) with (N, 4) boxes x1, y1, x2, y2 in px: (M, N), in a third of the time of MMDetection's.

    A chip has some 1e5 anchors for each of its ships: the table is written as few times as can be.
    """
    x1, y1, x2, y2 = first.t().contiguous()[:, :, None]
    u1, v1, u2, v2 = second.t().contiguous()
    intersection = torch.minimum(x2, u2).sub_(torch.maximum(x1, u1)).clamp_(min=0)
    intersection.mul_(torch.minimum(y2, v2).sub_(torch.maximum(y1, v1)).clamp_(min=0))
    union = ((x2 - x1) * (y2 - y1) + (u2 - u1) * (v2 - v1)).sub_(intersection).clamp_(min=eps)
    return intersection.div_(union)


def _bounds(boxes: BaseBoxes | Tensor) -> Tensor:
    if not isinstance(boxes, BaseBoxes):
        if boxes.size(-1) == 4:
            return boxes
        boxes = RotatedBoxes(boxes, clone=False)
    return boxes.convert_to('hbox').tensor


@TASK_UTILS.register_module()
class SkewOverlaps2D:
    """Overlaps of rotated boxes: exact on a CPU, MMCV's kernel on a GPU.

    On a CPU MMCV's kernel takes 40 times as long, and reads 0 for some pairs of nearly the same boxes.
    """

    def __call__(
        self,
        bboxes1: RotatedBoxes | Tensor,
        bboxes2: RotatedBoxes | Tensor,
        mode: str = 'iou',
        is_aligned: bool = False,
    ) -> Tensor:
        """Overlaps of (M, 5) with (N, 5) boxes in px and rad: (M, N), or (M,) if ``is_aligned``.

        ``mode`` 'iou' divides the intersection by the union, 'iof' by the area of the box of ``bboxes1``.
        """
        if mode not in ('iou', 'iof'):
            raise ValueError(f"mode must be 'iou' or 'iof', got {mode!r}")
        first, second = get_box_tensor(bboxes1).detach(), get_box_tensor(bboxes2).detach()
        if first.is_cuda:
            return rbbox_overlaps(first.float(), second.float(), mode, is_aligned)
        measure = aligned_iou if is_aligned else pairwise_iou
        overlaps = torch.from_numpy(measure(first.double().numpy(), second.double().numpy()))
        if mode == 'iof':
            area1, area2 = (boxes[:, 2].double() * boxes[:, 3].double() for boxes in (first, second))
            area1 = area1 if is_aligned else area1[:, None]
            # With r = I / (A + B - I) the intersection is I = r (A + B) / (1 + r).
            overlaps = overlaps * (area1 + area2) / (1 + overlaps) / area1.clamp(min=torch.finfo(torch.float64).tiny)
        return overlaps.to(first.dtype)
