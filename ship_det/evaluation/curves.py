"""Precision and recall over descending scores, and the figures read off them."""

from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ship_det.geometry.boxes import FloatArray

ApMode = Literal['11points', 'area']


@dataclass(frozen=True)
class PrecisionRecallCurve:
    """Precision and recall of the k detections of highest score, k = 1 ... K.

    Attributes:
        scores: (K,) score of the k-th detection, descending.
        true_positives: (K,) how many of the first k are right.
        precision: (K,).
        recall: (K,), nan where there is no ground truth.
    """

    scores: FloatArray
    true_positives: NDArray[np.int64]
    precision: FloatArray
    recall: FloatArray


@dataclass(frozen=True)
class OperatingPoint:
    """Figures of one class with the detections of at least one score (CI loss paper, eq. 24).

    Precision without any detection is 0, or nan without ground truth too; what divides by no ground truth is nan.

    Attributes:
        score: detections of this score or more count.
        true_positives: right detections.
        false_positives: wrong detections.
        precision: right share of the detections.
        recall: found share of the ground truths.
        f1: 2 P R / (P + R).
        gmean: sqrt(P R).
    """

    score: float
    true_positives: int
    false_positives: int
    precision: float
    recall: float
    f1: float
    gmean: float


def precision_recall_curve(right: ArrayLike, scores: ArrayLike, num_ground_truths: int) -> PrecisionRecallCurve:
    """Sort detections by descending score, ties in the order given, and follow precision and recall.

    Args:
        right: (K,) bool, which detections are right; ignored detections are left out before.
        scores: (K,).
        num_ground_truths: objects to be found, without the difficult ones.
    """
    right, scores = np.asarray(right, dtype=bool), np.asarray(scores, dtype=np.float64)
    if right.ndim != 1 or right.shape != scores.shape:
        raise ValueError(f'expected one score a detection, found {right.shape} detections and {scores.shape} scores')
    order = np.argsort(-scores, kind='stable')
    true_positives = np.cumsum(right[order], dtype=np.int64)
    precision = true_positives / np.arange(1, len(order) + 1)
    recall = true_positives / num_ground_truths if num_ground_truths else np.full(len(order), np.nan)
    return PrecisionRecallCurve(scores[order], true_positives, precision, recall)


def average_precision(true_positives: ArrayLike, num_ground_truths: int, mode: ApMode = '11points') -> float:
    """Average precision of one class.

    '11points' is the mean of the interpolated precision at recall 0, .1, ... 1 (VOC 2007; CI loss paper, eq. 25, 26),
    'area' the area under the interpolated precision (VOC 2010 on). Recall is compared as a fraction of integers, so 3
    of 10 reach recall .3.

    Args:
        true_positives: (K,) how many of the first k detections are right, k = 1 ... K.
        num_ground_truths: objects to be found.
        mode: '11points' or 'area'.

    Returns:
        AP in [0, 1]; nan without ground truth.

    Raises:
        ValueError: another mode.

    Example:
        >>> average_precision([1, 2, 2, 3], num_ground_truths=3)  # doctest: +ELLIPSIS
        0.90...
    """
    if mode not in get_args(ApMode):
        raise ValueError(f'ap_mode: expected one of {get_args(ApMode)}, found {mode!r}')
    if num_ground_truths == 0:
        return float('nan')
    found = np.asarray(true_positives, dtype=np.int64)
    precision = found / np.arange(1, len(found) + 1)
    # The largest precision at this recall or a higher one.
    interpolated = np.maximum.accumulate(precision[::-1])[::-1]
    if mode == 'area':
        return float(interpolated[np.diff(found, prepend=0) > 0].sum() / num_ground_truths)
    # The first k with recall >= point / 10, for the eleven points; past the end where that recall is not reached.
    reached = np.searchsorted(10 * found, np.arange(11) * num_ground_truths, side='left')
    return float(interpolated[reached[reached < len(found)]].sum() / 11)


def operating_point(curve: PrecisionRecallCurve, num_ground_truths: int, score: float) -> OperatingPoint:
    """Figures with the detections of at least ``score``."""
    count = int(np.searchsorted(-curve.scores, -score, side='right'))
    right = int(curve.true_positives[count - 1]) if count else 0
    precision = right / count if count else 0.0 if num_ground_truths else float('nan')
    recall = right / num_ground_truths if num_ground_truths else float('nan')
    # 2 P R / (P + R) without its division by zero.
    f1 = 2 * right / (count + num_ground_truths) if num_ground_truths else float('nan')
    return OperatingPoint(score, right, count - right, precision, recall, f1, float(np.sqrt(precision * recall)))


def best_f1_point(curve: PrecisionRecallCurve, num_ground_truths: int) -> OperatingPoint:
    """Figures at the score with the best F1; of equal ones the highest score. Score nan where none is better.

    Detections of one score cannot be told apart by a score, so they count together.
    """
    if not len(curve.scores) or not num_ground_truths:
        # No score is better than another, so none is chosen and no detection counted.
        return replace(operating_point(curve, num_ground_truths, float('inf')), score=float('nan'))
    ends = np.flatnonzero(np.diff(curve.scores, append=-np.inf))
    f1 = 2 * curve.true_positives[ends] / (ends + 1 + num_ground_truths)
    return operating_point(curve, num_ground_truths, float(curve.scores[ends[np.argmax(f1)]]))
