"""Class-wise rotated non-maximum suppression: exact on a CPU, MMCV's kernel on a GPU."""

import torch
from mmcv.ops import batched_nms
from torch import Tensor

from ship_det import geometry


def multiclass_rotated_nms(
    boxes: Tensor, scores: Tensor, score_thr: float, iou_threshold: float, max_num: int
) -> tuple[Tensor, Tensor, Tensor]:
    """Keep the best boxes of each class.

    MMCV's ``nms_rotated`` takes a second per thousand boxes on a CPU, so there the boxes go to
    ``ship_det.geometry.multiclass_rotated_nms``, whose IoU is exact.

    Args:
        boxes: (N, 5) rotated boxes, shared by all classes.
        scores: (N, C) class scores, without the background.
        score_thr: a box and class below this is left out.
        iou_threshold: a box is removed by a better one of its class with a larger IoU.
        max_num: the number of boxes to keep at most, over all classes.

    Returns:
        (K, 5) boxes, (K,) scores and (K,) labels, by descending score.
    """
    if not boxes.is_cuda:
        found = geometry.multiclass_rotated_nms(
            boxes.detach().numpy(), scores.detach().numpy(), score_thr, iou_threshold, max_num
        )
        rows, labels = map(torch.from_numpy, found)
        return boxes[rows], scores[rows, labels], labels
    rows, labels = ((scores > score_thr) & boxes.isfinite().all(dim=1, keepdim=True)).nonzero(as_tuple=True)
    boxes, scores = boxes[rows], scores[rows, labels]
    if len(boxes):
        keep = batched_nms(boxes, scores, labels, dict(type='nms_rotated', iou_threshold=iou_threshold))[1][:max_num]
        boxes, scores, labels = boxes[keep], scores[keep], labels[keep]
    return boxes, scores, labels
