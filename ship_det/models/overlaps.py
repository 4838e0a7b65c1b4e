"""IoU of axis-aligned bounds, for assigning horizontal priors to rotated ground truth."""

from mmdet.structures.bbox import BaseBoxes, bbox_overlaps
from mmrotate.registry import TASK_UTILS
from mmrotate.structures.bbox import RotatedBoxes
from torch import Tensor


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
        return bbox_overlaps(_bounds(bboxes1), _bounds(bboxes2), mode, is_aligned)


def _bounds(boxes: BaseBoxes | Tensor) -> Tensor:
    if not isinstance(boxes, BaseBoxes):
        if boxes.size(-1) == 4:
            return boxes
        boxes = RotatedBoxes(boxes, clone=False)
    return boxes.convert_to('hbox').tensor
