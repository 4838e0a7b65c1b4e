"""Rotated non-maximum suppression with a spatial prefilter and exact IoU."""

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from ship_det.geometry.boxes import as_boxes, bounding_extents
from ship_det.geometry.iou import IndexArray, aligned_iou, meeting_bounds

# Boxes settled together: small enough for a dense conflict matrix, large enough for vectorised IoU.
_BLOCK = 512


def _greedy(count: int, first: IndexArray, second: IndexArray) -> NDArray[np.bool_]:
    """Walk through ``count`` boxes in order; each kept one removes the later boxes it is in conflict with."""
    conflict = np.zeros((count, count), dtype=bool)
    conflict[first, second] = True
    alive = np.ones(count, dtype=bool)
    for row in range(count):
        if alive[row]:
            alive[row + 1 :] &= ~conflict[row, row + 1 :]
    return alive


def rotated_nms(
    boxes: ArrayLike, scores: ArrayLike, iou_threshold: float, labels: ArrayLike | None = None
) -> NDArray[np.intp]:
    """Keep the best box of each crowd of overlapping boxes.

    From the highest score down, a kept box removes those below it whose IoU with it is larger than the threshold.
    Boxes of equal score are taken in the order given.

    Args:
        boxes: (N, 5), (cx, cy, w, h, theta).
        scores: (N,).
        iou_threshold: in [0, 1].
        labels: (N,); given, only boxes of one label remove each other.

    Returns:
        (K,) indices of the kept boxes, by descending score.

    Raises:
        ValueError: shapes that do not fit, a box that is not finite or has a negative side, a NaN score, or a threshold
            outside [0, 1].
    """
    boxes, scores = as_boxes(boxes), np.asarray(scores, dtype=np.float64)
    if scores.shape != (len(boxes),):
        raise ValueError(f'scores: expected shape ({len(boxes)},), one a box, found {scores.shape}')
    if np.isnan(scores).any():
        raise ValueError(f'scores: row {int(np.argmax(np.isnan(scores)))} is NaN')
    if not 0 <= iou_threshold <= 1:
        raise ValueError(f'iou_threshold: expected a value in [0, 1], found {iou_threshold}')
    groups = np.zeros(len(boxes), dtype=np.int64) if labels is None else np.asarray(labels)
    if groups.shape != scores.shape:
        raise ValueError(f'labels: expected shape {scores.shape}, one a box, found {groups.shape}')
    order = np.argsort(-scores, kind='stable')
    boxes, groups = boxes[order], groups[order]
    extents, areas = bounding_extents(boxes), boxes[:, 2] * boxes[:, 3]
    shapes = shapely.box(*np.hstack([boxes[:, :2] - extents, boxes[:, :2] + extents]).T)
    tree = shapely.STRtree(shapes)

    def conflicts(first: IndexArray, second: IndexArray) -> tuple[IndexArray, IndexArray]:
        """The pairs (first[k], second[k]) that overlap by more than the threshold."""
        smaller, larger = np.sort([areas[first], areas[second]], axis=0)
        # IoU is at most the ratio of the areas.
        possible = (smaller >= iou_threshold * larger) & (groups[first] == groups[second])
        first, second = first[possible], second[possible]
        # Only the boxes in question: this is called for every block, and all boxes are looked over each time.
        over = aligned_iou(boxes[first], boxes[second]) > iou_threshold
        return first[over], second[over]

    pending = np.ones(len(boxes), dtype=bool)
    kept = []
    start = 0
    while (block := start + np.flatnonzero(pending[start:])[:_BLOCK]).size:
        candidates, others = meeting_bounds(boxes[block], boxes[block])
        later = candidates < others
        first, second = conflicts(block[candidates[later]], block[others[later]])
        best = block[_greedy(len(block), np.searchsorted(block, first), np.searchsorted(block, second))]
        kept.append(best)

        start = int(block[-1]) + 1
        rows, others = tree.query(shapes[best])
        later = pending[others] & (others >= start)
        _, removed = conflicts(best[rows[later]], others[later])
        pending[removed] = False
    return order[np.concatenate(kept)] if kept else np.zeros(0, dtype=np.intp)


def multiclass_rotated_nms(
    boxes: ArrayLike, scores: ArrayLike, score_threshold: float, iou_threshold: float, most: int
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The best boxes of each class, of boxes with a score of every class.

    Args:
        boxes: (N, 5), (cx, cy, w, h, theta); those that are not finite are left out.
        scores: (N, C).
        score_threshold: a box is no candidate for a class with this score or less.
        iou_threshold: a box is removed by a better one of its class with a larger IoU.
        most: number of boxes to keep at most, over all classes.

    Returns:
        Rows (K,) of the kept boxes and their classes (K,), by descending score.
    """
    boxes, scores = np.asarray(boxes, dtype=np.float64), np.asarray(scores)
    rows, labels = np.nonzero((scores > score_threshold) & np.isfinite(boxes).all(axis=1, keepdims=True))
    kept = rotated_nms(boxes[rows], scores[rows, labels], iou_threshold, labels)[:most]
    return rows[kept], labels[kept]
