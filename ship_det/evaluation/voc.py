"""Rotated VOC evaluation of the detections of many images."""

from collections.abc import Sequence

import numpy as np

from ship_det.evaluation.curves import (
    ApMode,
    average_precision,
    best_f1_point,
    operating_point,
    precision_recall_curve,
)
from ship_det.evaluation.instances import (
    GroundTruthForm,
    ImageRecord,
    gather_detections,
    gather_ground_truths,
    image_name,
)
from ship_det.evaluation.matching import Matches, MinIoU, best_overlaps, judge
from ship_det.evaluation.result import ClassResult, EvaluationResult, SearchedArea


def evaluate(
    predictions: Sequence[ImageRecord],
    ground_truths: Sequence[ImageRecord],
    classes: Sequence[str],
    iou_threshold: float = 0.6,
    ap_mode: ApMode = '11points',
    *,
    min_iou: MinIoU = '>',
    score_threshold: float = 0.5,
    ground_truth: GroundTruthForm = 'quads',
) -> EvaluationResult:
    """Evaluate detections of rotated boxes as the VOC devkit does.

    A detection is right when its class is right and its skew IoU with the ground truth is larger than the threshold
    (CI loss paper, Sec. IV-C). Each one is compared with the ground truth of its class that it overlaps most; a second
    detection of one object is wrong; one that lies on a difficult object does not count. Neither does one of any class
    that is not right and has more than ``IGNORE_IOF`` of its area in ignore regions.

    Args:
        predictions: one mapping an image: ``boxes`` (N, 5) as (cx, cy, w, h, theta) in px and rad, ``scores`` (N,),
            ``labels`` (N,) indices into ``classes``, and optionally ``file``, which messages name.
        ground_truths: one mapping an image, in the same order: ``quads`` (M, 4, 2), the corners as labelled, or
            ``boxes`` (M, 5), and ``labels``; optionally ``difficult`` (M,) bool, ``ignore_regions``, (K, 4, 2) quads or
            (K, 5) boxes without a class, and ``file``. A self-crossing quad is the simple quad over its four corners.
        classes: names.
        iou_threshold: in [0, 1].
        ap_mode: '11points' or 'area', see ``average_precision``.
        min_iou: '>' as in VOC, or '>=', MMRotate's convention, where an IoU at the threshold is enough.
        score_threshold: precision, recall, F1 and Gmean count the detections of this score or more.
        ground_truth: 'quads' compares detections with the quads as labelled, as DOTA's evaluation does, 'rectangles'
            with the rectangles of minimum area around them. Where no record has quads it is 'rectangles'.

    Returns:
        The figures; its ``matches`` say of each detection what became of it.

    Raises:
        ValueError: predictions and ground truths are not of the same images, two records are of one image, or values
            are of no use (NaN, unknown labels, scores outside [0, 1], ...); the message names image and value.
    """
    results = evaluate_thresholds(
        predictions,
        ground_truths,
        classes,
        [iou_threshold],
        ap_mode,
        min_iou=min_iou,
        score_threshold=score_threshold,
        ground_truth=ground_truth,
    )
    return results[iou_threshold]


def evaluate_thresholds(
    predictions: Sequence[ImageRecord],
    ground_truths: Sequence[ImageRecord],
    classes: Sequence[str],
    iou_thresholds: Sequence[float],
    ap_mode: ApMode = '11points',
    *,
    min_iou: MinIoU = '>',
    score_threshold: float = 0.5,
    ground_truth: GroundTruthForm = 'quads',
    searched: SearchedArea | None = None,
) -> dict[float, EvaluationResult]:
    """``evaluate`` at several IoU thresholds, with the overlaps computed once: a result for each threshold.

    ``searched`` is the area that the images show, for the rate of false alarms.
    """
    if not 0 <= score_threshold <= 1:
        raise ValueError(f'score_threshold: expected a value in [0, 1], found {score_threshold}')
    _check_same_images(predictions, ground_truths)
    detections = gather_detections(predictions, classes)
    truths = gather_ground_truths(ground_truths, classes, ground_truth)
    overlaps = best_overlaps(detections, truths)
    results = {}
    for threshold in iou_thresholds:
        matches = judge(detections, truths, overlaps, threshold, min_iou)
        by_class = {name: _class_result(label, matches, ap_mode, score_threshold) for label, name in enumerate(classes)}
        results[threshold] = EvaluationResult(
            by_class,
            len(predictions),
            threshold,
            min_iou,
            ap_mode,
            score_threshold,
            matches,
            num_ignore_regions=len(truths.regions.image),
            searched=searched,
            ground_truth=truths.form,
        )
    return results


def _check_same_images(predictions: Sequence[ImageRecord], ground_truths: Sequence[ImageRecord]) -> None:
    if len(predictions) != len(ground_truths):
        raise ValueError(f'{len(predictions)} images with predictions but {len(ground_truths)} with ground truths')
    for index, (prediction, truth) in enumerate(zip(predictions, ground_truths, strict=True)):
        if 'file' in prediction and 'file' in truth and prediction['file'] != truth['file']:
            found, expected = image_name(prediction, index), image_name(truth, index)
            raise ValueError(f'image {index}: predictions are of {found}, ground truths of {expected}')


def _class_result(label: int, matches: Matches, ap_mode: ApMode, score_threshold: float) -> ClassResult:
    detections, truths = matches.detections, matches.ground_truths
    of_class = detections.labels == label
    counted = of_class & ~matches.ignored
    difficult = truths.difficult[truths.labels == label]
    total = int(np.count_nonzero(~difficult))
    curve = precision_recall_curve(matches.right[counted], detections.scores[counted], total)
    return ClassResult(
        ap=average_precision(curve.true_positives, total, ap_mode),
        num_ground_truths=total,
        num_difficult=int(np.count_nonzero(difficult)),
        num_detections=int(np.count_nonzero(of_class)),
        curve=curve,
        at_score=operating_point(curve, total, score_threshold),
        best_f1=best_f1_point(curve, total),
        num_ignored=int(np.count_nonzero(of_class & matches.ignored)),
    )
