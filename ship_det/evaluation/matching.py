"""Which detections are right: the matching of the VOC devkit, for rotated boxes, on all images at once.

Each detection looks at the ground truth of its class and image that it overlaps most. If that overlap is large enough,
the detection is right; not if a detection of higher score took the same ground truth before. Where the ground truth is
difficult, the detection counts neither as right nor as wrong.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ship_det.evaluation.instances import Detections, GroundTruths
from ship_det.geometry.boxes import FloatArray, bounding_extents
from ship_det.geometry.iou import iou_of_pairs

MinIoU = Literal['>', '>=']

# IoUs are rounded to this many decimals, which is far above their error and far below any meaning, so that equal
# overlaps are equal and a pair exactly at the threshold is there whatever its angle.
_DECIMALS = 12
# Pairs of a detection and a ground truth looked at together: bounds the memory where a class is crowded.
_CHUNK_PAIRS = 1 << 20


@dataclass(frozen=True)
class Matches:
    """What became of each of N detections at one IoU threshold.

    Attributes:
        right: (N,) bool.
        ignored: (N,) bool; lies on a difficult object. A detection that is neither right nor ignored is wrong.
        ground_truth: (N,) row of the ground truth the detection lies on, -1 where no overlap is large enough.
    """

    right: NDArray[np.bool_]
    ignored: NDArray[np.bool_]
    ground_truth: NDArray[np.intp]


def _pairs(first: NDArray, second: NDArray) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Rows (i, j) with first[i] == second[j], ascending in i then j, a bounded number at a time."""
    order = np.argsort(second, kind='stable')
    keys = second[order]
    start = np.searchsorted(keys, first, side='left')
    count = np.searchsorted(keys, first, side='right') - start
    rows = np.flatnonzero(count)
    ends = np.cumsum(count[rows])
    while rows.size:
        taken = max(int(np.searchsorted(ends, ends[0] - count[rows[0]] + _CHUNK_PAIRS, side='right')), 1)
        part, rows, part_ends, ends = rows[:taken], rows[taken:], ends[:taken], ends[taken:]
        lengths = count[part]
        offset = np.arange(lengths.sum()) - np.repeat(part_ends - part_ends[0] + lengths[0] - lengths, lengths)
        yield np.repeat(part, lengths), order[np.repeat(start[part], lengths) + offset]


def best_overlaps(detections: Detections, ground_truths: GroundTruths) -> tuple[FloatArray, NDArray[np.intp]]:
    """The ground truth of its image and class that each detection overlaps most.

    Returns:
        IoU (N,), 0 where there is no overlap, and row of the ground truth (N,), there -1. Of equal overlaps the first
        ground truth is taken.
    """
    iou = np.zeros(len(detections.image))
    row = np.full(len(detections.image), -1, dtype=np.intp)
    stride = 1 + max(detections.labels.max(initial=0), ground_truths.labels.max(initial=0))
    extent_d, extent_t = bounding_extents(detections.boxes), bounding_extents(ground_truths.boxes)
    centers_d, centers_t = detections.boxes[:, :2], ground_truths.boxes[:, :2]
    groups = detections.image * stride + detections.labels
    for found, truth in _pairs(groups, ground_truths.image * stride + ground_truths.labels):
        near = (np.abs(centers_d[found] - centers_t[truth]) <= extent_d[found] + extent_t[truth]).all(axis=1)
        found, truth = found[near], truth[near]
        overlap = np.round(iou_of_pairs(detections.boxes, ground_truths.boxes, found, truth), _DECIMALS)
        found, truth, overlap = found[overlap > 0], truth[overlap > 0], overlap[overlap > 0]
        # Best first within a detection; pairs come in ascending order of the ground truth and the sort is stable.
        order = np.lexsort((-overlap, found))
        found, first = np.unique(found[order], return_index=True)
        iou[found], row[found] = overlap[order[first]], truth[order[first]]
    return iou, row


def judge(
    detections: Detections,
    ground_truths: GroundTruths,
    overlaps: tuple[FloatArray, NDArray[np.intp]],
    iou_threshold: float,
    min_iou: MinIoU = '>',
) -> Matches:
    """Judge each detection at one IoU threshold.

    Args:
        detections: of all images.
        ground_truths: of all images.
        overlaps: of ``best_overlaps``, which serve any number of thresholds.
        iou_threshold: in [0, 1].
        min_iou: '>' for VOC, where an IoU at the threshold is too small, or '>=' for MMRotate, where it is enough.
            Without any overlap a detection is wrong either way.

    Raises:
        ValueError: threshold outside [0, 1] or another ``min_iou``.
    """
    if not 0 <= iou_threshold <= 1:
        raise ValueError(f'iou_threshold: expected a value in [0, 1], found {iou_threshold}')
    if min_iou not in ('>', '>='):
        raise ValueError(f"min_iou: expected '>' or '>=', found {min_iou!r}")
    iou, row = overlaps
    enough = (iou > iou_threshold) if min_iou == '>' else (iou >= iou_threshold)
    enough &= row >= 0
    ignored = np.zeros(len(row), dtype=bool)
    ignored[enough] = ground_truths.difficult[row[enough]]

    claims = np.flatnonzero(enough & ~ignored)
    claims = claims[np.argsort(-detections.scores[claims], kind='stable')]
    _, first = np.unique(row[claims], return_index=True)
    right = np.zeros(len(row), dtype=bool)
    right[claims[first]] = True
    return Matches(right, ignored, np.where(enough, row, -1))
