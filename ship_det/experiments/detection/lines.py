"""The file of finished trainings: one JSON line each, which several processes may add to.

::

    {"config": "r2cnn_aosr15_sim_s", "settings": "9f2c...", "data": "77ab...", "start": "zoo:r2cnn-ships", "amp": true,
     "method": "ci", "seed": 0, "rate": 1.0, "options": {}, "fold": null, "part": "test", "iterations": 400,
     "counts": {"submarine": 738, ...}, "commit": "1c6fae9", "device": "cpu", "minutes": 3.4,
     "results": [{"iou": 0.5, "map": ..., "classes": {"submarine": {"ap": ..., "precision": ..., ...}, ...}}, ...]}
"""

import fcntl
import json
import math
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from ship_det.files import parse_json, read_text, write_text

Line = Mapping[str, Any]
#: What makes a training: a line that agrees in all of them is of the same one.
IDENTITY = ('settings', 'data', 'start', 'amp', 'method', 'seed', 'rate', 'options', 'fold', 'part')
_KINDS = {
    **dict.fromkeys(('config', 'settings', 'data', 'method', 'part'), str),
    **dict.fromkeys(('options', 'counts'), dict),
    **{'seed': int, 'rate': float | int, 'results': list, 'start': str | None, 'amp': bool, 'fold': int | None},
}


def same_training(line: Line, other: Line) -> bool:
    """Whether two lines, or what is wanted of one, are of one training."""
    return all(line[key] == other[key] for key in IDENTITY)


def read_lines(path: str | os.PathLike) -> list[dict[str, Any]]:
    """All lines of a file, none where there is no file.

    Raises:
        ValueError: naming the file and the line that is no finished training.
    """
    if not Path(path).exists():
        return []
    return [_parse(path, number, text) for number, text in enumerate(read_text(path).splitlines(), 1)]


def _parse(path: str | os.PathLike, number: int, text: str) -> dict[str, Any]:
    place = f'{path}, line {number}'
    try:
        line = parse_json(text)
    except ValueError as error:
        raise ValueError(f'{place}: found {text[:40]!r}, expected JSON') from error
    for key, kind in _KINDS.items():
        if not isinstance(line, dict) or key not in line:
            raise ValueError(f'{place}: found no {key}, expected a finished training')
        if not isinstance(line[key], kind):
            raise ValueError(f'{place}: {key}: found {str(line[key])[:40]!r}, expected what a finished training has')
    for result in line['results']:
        if not isinstance(result, dict) or not {'iou', 'map', 'classes'} <= result.keys():
            raise ValueError(f'{place}: results: found {str(result)[:40]!r}, expected iou, map and classes')
    return line


def add_line(path: str | os.PathLike, line: Line) -> None:
    """Add a line unless one of the same training is there; it is on disk when this returns."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with locked(path.with_name(f'.{path.name}.lock')):
        lines = read_lines(path)
        if not any(same_training(found, line) for found in lines):
            write_text(path, ''.join(f'{json.dumps(found, ensure_ascii=False)}\n' for found in [*lines, line]))


@contextmanager
def locked(path: Path, wait: bool = True) -> Iterator[IO | None]:
    """Have a lock while the block runs; a process that inherits the file it gives has it for as long as it lives.

    Gives None at once, without the lock, where another process has it and not ``wait``.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open('w') as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            yield None
            return
        yield file


def map_of(line: Line, iou: float) -> float:
    """mAP of a line at an IoU threshold."""
    return next(result['map'] for result in line['results'] if math.isclose(result['iou'], iou))


def classes_of(line: Line, iou: float) -> Mapping[str, Mapping[str, float | None]]:
    """Figures of each class of a line at an IoU threshold."""
    return next(result['classes'] for result in line['results'] if math.isclose(result['iou'], iou))


def thresholds(lines: Sequence[Line]) -> list[float]:
    """IoU thresholds that all lines have, in order."""
    found = [{result['iou'] for result in line['results']} for line in lines]
    return sorted(set.intersection(*found)) if found else []
