"""Rotated VOC evaluation: matching, average precision, reports of it, and the file predictions are kept in.

Everything but ``VOCRotatedMetric`` works without torch; that class is imported when it is asked for.
"""

from importlib import import_module
from typing import Any

from ship_det.evaluation.curves import (
    OperatingPoint,
    PrecisionRecallCurve,
    average_precision,
    precision_recall_curve,
)
from ship_det.evaluation.instances import (
    Detections,
    GroundTruthForm,
    GroundTruths,
    IgnoreRegions,
    gather_detections,
    gather_ground_truths,
    ground_truth_record,
)
from ship_det.evaluation.matching import IGNORE_IOF, Matches, Overlaps, best_overlaps, judge
from ship_det.evaluation.predictions import Predictions, evaluate_file, read_predictions, write_predictions
from ship_det.evaluation.result import ClassResult, EvaluationResult
from ship_det.evaluation.results_file import write_results
from ship_det.evaluation.voc import evaluate, evaluate_thresholds

__all__ = [
    'IGNORE_IOF',
    'ClassResult',
    'Detections',
    'EvaluationResult',
    'GroundTruthForm',
    'GroundTruths',
    'IgnoreRegions',
    'Matches',
    'OperatingPoint',
    'Overlaps',
    'PrecisionRecallCurve',
    'Predictions',
    'average_precision',
    'best_overlaps',
    'evaluate',
    'evaluate_file',
    'evaluate_thresholds',
    'gather_detections',
    'gather_ground_truths',
    'ground_truth_record',
    'judge',
    'precision_recall_curve',
    'read_predictions',
    'write_predictions',
    'write_results',
]


# What is imported when it is asked for: the first needs torch, the others rasterio.
_LATE = {
    'VOCRotatedMetric': 'voc_metric',
    'MergedScenes': 'scenes',
    'SceneData': 'scene_chips',
    'merge_scenes': 'scenes',
}


def __getattr__(name: str) -> Any:
    if name in _LATE:
        return getattr(import_module(f'ship_det.evaluation.{_LATE[name]}'), name)
    raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
