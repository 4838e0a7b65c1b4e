"""Reading the scalars that MMEngine logs while it trains."""

import math
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ship_det.files import parse_json, read_text

Series = tuple[NDArray[np.float64], NDArray[np.float64]]


@dataclass(frozen=True)
class TrainingLog:
    """Curves over training iterations, each as (steps, values).

    Attributes:
        losses: total and parts by name, 'loss' first where it is logged.
        learning_rate: empty where none is logged.
        validation: mean average precision by name, where validation ran during training.
    """

    losses: Mapping[str, Series]
    learning_rate: Series
    validation: Mapping[str, Series]


def find_log(path: str | os.PathLike) -> Path:
    """The file of scalars: ``path`` itself, or the newest ``vis_data/scalars.json`` of a work dir.

    Raises:
        ValueError: there is none; the message says where it was looked for.
    """
    path = Path(path)
    if not path.is_dir():
        if not path.is_file():
            raise ValueError(f'{path}: no such training log, expected vis_data/scalars.json of a work dir')
        return path
    logs = sorted(path.glob('**/vis_data/scalars.json'))
    if not logs:
        raise ValueError(f'{path}: no training log in this folder, expected .../vis_data/scalars.json')
    # The folders are named by the time they were made.
    return logs[-1]


def read_training_log(path: str | os.PathLike) -> TrainingLog:
    """Read MMEngine's ``scalars.json``: one JSON object a line, of training or of validation.

    Raises:
        ValueError: naming file and line, where a line is no JSON object, or no line holds a loss.
    """
    path = find_log(path)
    lines = read_text(path).split('\n')
    rows = [_parse(path, number, line) for number, line in enumerate(lines, start=1) if line.strip()]
    training = [row for row in rows if 'loss' in row]
    if not training:
        raise ValueError(f"{path}: no line holds 'loss', expected the scalars of a training run")
    names = [name for row in training for name in row if 'loss' in name]
    losses = {name: _series(training, name) for name in dict.fromkeys(['loss', *names])}
    validation = _placed_validation(rows)
    scores = dict.fromkeys(name for row in validation for name in row if name.split('/')[-1].startswith('mAP'))
    return TrainingLog(losses, _series(training, 'lr'), {name: _series(validation, name) for name in scores})


def _parse(path: Path, number: int, line: str) -> dict:
    try:
        row = parse_json(line)
    except ValueError as error:
        raise ValueError(f'{path}:{number}: not JSON ({error}), expected a line of scalars') from error
    if not isinstance(row, dict):
        raise ValueError(f'{path}:{number}: expected a JSON object of scalars, found {line[:80]!r}')
    for name, value in row.items():
        if name in ('step', 'epoch') and not _is_number(value, math.isfinite):
            raise ValueError(f'{path}:{number}: {name}: found {str(value)[:80]}, expected a finite number')
        if ('loss' in name or name == 'lr' or 'mAP' in name) and not _is_number(value, lambda found: True):
            raise ValueError(f'{path}:{number}: {name}: found {str(value)[:80]}, expected a number')
    if 'loss' in row and 'step' not in row:
        raise ValueError(f'{path}:{number}: found a loss without a step, expected a line of scalars')
    return row


def _is_number(value: Any, holds: Callable[[float], bool]) -> bool:
    if type(value) not in (int, float):
        return False
    try:
        return holds(float(value))
    except OverflowError:
        return False


def _series(rows: list[dict], name: str) -> Series:
    points = [(row['step'], row[name]) for row in rows if name in row and isinstance(row.get('step'), int | float)]
    steps, values = np.array(points, dtype=np.float64).reshape(-1, 2).T
    return steps, values


def _placed_validation(rows: list[dict]) -> list[dict]:
    """The rows of validation, each at the training iteration after which it ran.

    Training by epochs logs it against the epoch. Training by iterations logs it against the iteration or, as MMEngine
    does by default, against epoch 0.
    """
    last_of_epoch = {row['epoch']: row['step'] for row in rows if 'loss' in row and 'epoch' in row and 'step' in row}
    placed, last = [], math.nan
    for row in rows:
        if 'loss' in row:
            last = row.get('step', last)
            continue
        step = row.get('step', 0)
        placed.append({**row, 'step': last_of_epoch.get(step, step) or last})
    return placed
