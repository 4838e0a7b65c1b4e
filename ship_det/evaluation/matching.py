"""Which detections are right: the matching of the VOC devkit, for rotated boxes, on all images at once.

Ground truth is the quads as labelled, as in DOTA's evaluation, or rotated boxes. Each detection looks at the ground
truth of its class and image that it overlaps most. If that overlap is large enough, the detection is right; not if a
detection of higher score took the same ground truth before. Where the ground truth is difficult, the detection counts
neither as right nor as wrong.

Ignore regions have no class. A detection of any class that is not right and has more than ``IGNORE_IOF`` of its area in
the ignore regions of its image counts neither as right nor as wrong either.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from ship_det.evaluation.instances import Detections, GroundTruths, IgnoreRegions
from ship_det.geometry.boxes import FloatArray, rbox_to_quad
from ship_det.geometry.iou import centers_and_extents, iof_of_pairs, iou_of_pairs

MinIoU = Literal['>', '>=']

#: Share of its area that a detection must exceed in ignore regions. KITTI, whose DontCare boxes work like this, asks
#: 0.7 of cars; the detectors are trained with the same number (``ignore_iof_thr`` of their assigners), so that what
#: they never learnt as background is no false alarm.
IGNORE_IOF = 0.7
# IoUs are rounded to this many decimals, which is far above their error and far below any meaning, so that equal
# overlaps are equal and a pair exactly at the threshold is there whatever its angle.
_DECIMALS = 12
# Pairs of a detection and a ground truth looked at together: bounds the memory where a class is crowded.
_CHUNK_PAIRS = 1 << 20


class Overlaps(NamedTuple):
    """How each of N detections lies to the labels of its image, which does not depend on an IoU threshold.

    Attributes:
        iou: (N,) with the ground truth of its class that it overlaps most, 0 where it overlaps none.
        ground_truth: (N,) row of that ground truth, of equal ones the first, -1 where it overlaps none.
        in_region: (N,) bool; more than ``IGNORE_IOF`` of its area lies in ignore regions.
    """

    iou: FloatArray
    ground_truth: NDArray[np.intp]
    in_region: NDArray[np.bool_]


@dataclass(frozen=True)
class Matches:
    """What became of each of N detections at one IoU threshold.

    Attributes:
        detections: what was judged, of all images.
        ground_truths: M objects that they were compared with.
        overlaps: how they lie to each other.
        right: (N,) bool.
        ignored: (N,) bool; lies on a difficult object, or in ignore regions without being right. A detection that is
            neither right nor ignored is wrong.
        ground_truth: (N,) row of the ground truth the detection lies on, -1 where no overlap is large enough.
    """

    detections: Detections
    ground_truths: GroundTruths
    overlaps: Overlaps
    right: NDArray[np.bool_]
    ignored: NDArray[np.bool_]
    ground_truth: NDArray[np.intp]

    def missed(self, min_score: float) -> NDArray[np.bool_]:
        """(M,) which objects to be found have no right detection of at least a score; difficult ones are none."""
        missed = ~self.ground_truths.difficult
        missed[self.ground_truth[self.right & (self.detections.scores >= min_score)]] = False
        return missed


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


def _near_pairs(
    first_shapes: FloatArray, first: NDArray, second_shapes: FloatArray, second: NDArray
) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Those of ``_pairs(first, second)`` whose boxes or quads may meet."""
    first_centers, first_extents = centers_and_extents(first_shapes)
    second_centers, second_extents = centers_and_extents(second_shapes)
    for rows, others in _pairs(first, second):
        reach = first_extents[rows] + second_extents[others]
        near = (np.abs(first_centers[rows] - second_centers[others]) <= reach).all(axis=1)
        yield rows[near], others[near]


def best_overlaps(detections: Detections, ground_truths: GroundTruths) -> Overlaps:
    """The ground truth that each detection overlaps most, and whether it lies in ignore regions."""
    iou = np.zeros(len(detections.image))
    row = np.full(len(detections.image), -1, dtype=np.intp)
    stride = 1 + max(detections.labels.max(initial=0), ground_truths.labels.max(initial=0))
    groups = detections.image * stride + detections.labels
    truth_groups = ground_truths.image * stride + ground_truths.labels
    for found, truth in _near_pairs(detections.boxes, groups, ground_truths.shapes, truth_groups):
        overlap = np.round(iou_of_pairs(detections.boxes, ground_truths.shapes, found, truth), _DECIMALS)
        found, truth, overlap = found[overlap > 0], truth[overlap > 0], overlap[overlap > 0]
        # Best first within a detection; pairs come in ascending order of the ground truth and the sort is stable.
        order = np.lexsort((-overlap, found))
        found, first = np.unique(found[order], return_index=True)
        iou[found], row[found] = overlap[order[first]], truth[order[first]]
    return Overlaps(iou, row, _in_regions(detections, ground_truths.regions))


def _in_regions(detections: Detections, regions: IgnoreRegions) -> NDArray[np.bool_]:
    """(N,) which detections have more than ``IGNORE_IOF`` of their area in the union of their image's regions."""
    inside = np.zeros(len(detections.image), dtype=bool)
    if not len(regions.image):
        return inside
    for found, region in _near_pairs(detections.boxes, detections.image, regions.shapes, regions.image):
        share = iof_of_pairs(detections.boxes, regions.shapes, found, region)
        largest, total = np.zeros(len(inside)), np.bincount(found, share, len(inside))
        np.maximum.at(largest, found, share)
        inside |= np.round(largest, _DECIMALS) > IGNORE_IOF
        # The sum of shares is that of the union where regions do not overlap; else it bounds it.
        for row in np.flatnonzero(~inside & (np.round(total, _DECIMALS) > IGNORE_IOF)):
            part = slice(*np.searchsorted(found, [row, row + 1]))
            inside[row] = _union_share(detections.boxes[row], regions.shapes[region[part]]) > IGNORE_IOF
    return inside


def _union_share(box: FloatArray, regions: FloatArray) -> float:
    """Share of the area of a box (5,) in the union of regions, (K, 4, 2) quads or (K, 5) boxes."""
    quads = regions if regions.ndim == 3 else rbox_to_quad(regions)
    # Around the origin, where coordinates keep their digits.
    own = shapely.polygons(rbox_to_quad(box[None]) - box[:2])[0]
    # Three corners on a line may make a spike, which GEOS does not join as it is.
    union = shapely.union_all(shapely.make_valid(shapely.polygons(quads - box[:2])))
    return round(shapely.intersection(own, union).area / own.area, _DECIMALS)


def judge(
    detections: Detections,
    ground_truths: GroundTruths,
    overlaps: Overlaps,
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
    iou, row, in_region = overlaps
    enough = (iou > iou_threshold) if min_iou == '>' else (iou >= iou_threshold)
    enough &= row >= 0
    ignored = np.zeros(len(row), dtype=bool)
    ignored[enough] = ground_truths.difficult[row[enough]]

    claims = np.flatnonzero(enough & ~ignored)
    claims = claims[np.argsort(-detections.scores[claims], kind='stable')]
    _, first = np.unique(row[claims], return_index=True)
    right = np.zeros(len(row), dtype=bool)
    right[claims[first]] = True
    ignored |= in_region & ~right
    return Matches(detections, ground_truths, overlaps, right, ignored, np.where(enough, row, -1))
