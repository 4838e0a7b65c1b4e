"""Rotated VOC evaluation: matching, average precision, reports of it, and the file predictions are kept in.

Everything but ``VOCRotatedMetric`` works without torch; that class is imported when it is asked for.
"""

from typing import Any

from ship_det.evaluation.curves import average_precision
from ship_det.evaluation.predictions import Predictions, read_predictions, write_predictions
from ship_det.evaluation.result import ClassResult, EvaluationResult
from ship_det.evaluation.results_file import write_results
from ship_det.evaluation.voc import evaluate, evaluate_thresholds

__all__ = [
    'ClassResult',
    'EvaluationResult',
    'Predictions',
    'average_precision',
    'evaluate',
    'evaluate_thresholds',
    'read_predictions',
    'write_predictions',
    'write_results',
]


def __getattr__(name: str) -> Any:
    if name == 'VOCRotatedMetric':
        from ship_det.evaluation.voc_metric import VOCRotatedMetric

        return VOCRotatedMetric
    raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
