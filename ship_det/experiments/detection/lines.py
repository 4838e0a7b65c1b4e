"""The file of finished trainings: one JSON line each, which several processes may add to.

::

    {"config": "r2cnn_aosr15_sim_s", "settings": "9f2c...", "data": "77ab...", "start": "zoo:r2cnn-ships", "amp": true,
     "method": "ci", "seed": 0, "rate": 1.0, "options": {}, "fold": null, "part": "test", "iterations": 400,
     "counts": {"submarine": 738, ...}, "commit": "1c6fae9", "device": "cpu", "minutes": 3.4,
     "results": [{"iou": 0.5, "map": ..., "classes": {"submarine": {"ap": ..., "precision": ..., ...}, ...}}, ...]}
"""

import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ship_det.experiments.results import Result, ResultsFile, is_a, is_number


def _are_results(value: Any) -> bool:
    keys = {'iou', 'map', 'classes'}
    return isinstance(value, list) and all(isinstance(result, dict) and keys <= result.keys() for result in value)


#: What makes a training: a line that agrees in all of them is of the same one.
IDENTITY = ('settings', 'data', 'start', 'amp', 'method', 'seed', 'rate', 'options', 'fold', 'part')
_CHECKS = {
    **dict.fromkeys(('config', 'settings', 'data', 'method', 'part'), is_a(str)),
    **dict.fromkeys(('options', 'counts'), is_a(dict)),
    **{'seed': is_a(int), 'rate': is_number, 'results': _are_results},
    **{'start': is_a(str | None), 'amp': is_a(bool), 'fold': is_a(int | None)},
}


def lines_file(path: str | os.PathLike) -> ResultsFile:
    """Finished trainings on disk."""
    return ResultsFile(Path(path), IDENTITY, _CHECKS, 'a finished training')


def result_at(line: Result, iou: float) -> Result:
    """What a line says at an IoU threshold: its ``map``, and the figures of ``classes``."""
    return next(result for result in line['results'] if math.isclose(result['iou'], iou))


def thresholds(lines: Sequence[Result]) -> list[float]:
    """IoU thresholds that all lines have, in order."""
    found = [{result['iou'] for result in line['results']} for line in lines]
    return sorted(set.intersection(*found)) if found else []
