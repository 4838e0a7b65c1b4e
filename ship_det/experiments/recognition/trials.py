"""The file of finished trials, one JSON line each.

::

    {"experiment": "mnist_lenet", "setting": "odd_10", "loss": "ci", "seed": 0, "config": {...}, "counts": [5923, ...],
     "accuracy": ..., "recalls": [...], "gmean": ..., "auc": ..., "train_loss": ..., "seconds": ..., "together": 6,
     "device": "cpu", "software": {"torch": "2.11.0", ...}}

``train_loss`` is null where training diverged.
"""

import json
import os
from collections.abc import Hashable, Mapping
from pathlib import Path

from ship_det.experiments.results import Result, ResultsFile, are_numbers, is_a, is_number

_CHECKS = {
    **dict.fromkeys(('setting', 'loss'), is_a(str)),
    **dict.fromkeys(('accuracy', 'gmean', 'auc', 'seconds'), is_number),
    **{'seed': is_a(int), 'config': is_a(dict), 'recalls': are_numbers, 'train_loss': is_a(int | float | None)},
}


def trials_file(path: str | os.PathLike) -> ResultsFile:
    """Finished trials on disk."""
    return ResultsFile(Path(path), ('setting', 'loss', 'seed'), _CHECKS, 'a trial')


def is_finished(trials: ResultsFile, found: Mapping[Hashable, Result], wanted: Result) -> bool:
    """Whether a trial, its setting, loss, seed and config, is among those ``found`` in the file, by key.

    Raises:
        ValueError: if it was made with another config.
    """
    result = found.get(trials.key(wanted))
    if result is None:
        return False
    for name, value in json.loads(json.dumps(wanted['config'])).items():
        if result['config'].get(name) != value:
            raise ValueError(
                f'{trials.path}: found setting {wanted["setting"]}, loss {wanted["loss"]} with {name} '
                f'{result["config"].get(name)}, expected {value} as in the config; keep results of another config in '
                'another folder (--out)'
            )
    return True
