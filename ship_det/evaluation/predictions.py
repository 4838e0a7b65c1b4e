"""The predictions file: JSON lines, a header and then one line an image.

::

    {"format": "ship-det-predictions", "version": 1, "classes": ["tanker", "submarine"]}
    {"file": "NAME.png", "boxes": [[cx, cy, w, h, theta], ...], "scores": [...], "labels": [...]}

Boxes are in ``le90``, px and rad, in the coordinates of the image on disk; a label is an index into the classes.
Numbers are written so that they read back to the bit.
"""

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from ship_det.evaluation.instances import ImageRecord, gather_detections
from ship_det.files import parse_json, replacing
from ship_det.geometry import to_le90

FORMAT = 'ship-det-predictions'
VERSION = 1
_KEYS = ('file', 'boxes', 'scores', 'labels')


@dataclass(frozen=True)
class Predictions:
    """Predictions of a detector on the images of a data set.

    Attributes:
        classes: names.
        images: one mapping an image, with ``file``, ``boxes`` (N, 5), ``scores`` (N,) and ``labels`` (N,), as
            ``evaluate`` takes them.
    """

    classes: tuple[str, ...]
    images: tuple[ImageRecord, ...]


def write_predictions(path: str | os.PathLike, classes: Sequence[str], images: Iterable[ImageRecord]) -> None:
    """Write predictions; the file appears when it is complete.

    Args:
        path: file to write; its folder is made.
        classes: names.
        images: one mapping an image, with ``file``, ``boxes`` (N, 5), ``scores`` (N,), ``labels`` (N,).

    Raises:
        ValueError: as ``gather_detections``, or an image without ``file``.
    """
    path, images = Path(path), list(images)
    for index, record in enumerate(images):
        if 'file' not in record:
            raise ValueError(f'{path}: image {index}: no file name, found {sorted(record)}')
    gather_detections(images, classes)
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as temporary, temporary.open('w', encoding='utf-8') as file:
        header = {'format': FORMAT, 'version': VERSION, 'classes': list(classes)}
        file.write(json.dumps(header, ensure_ascii=False) + '\n')
        for record in images:
            file.write(json.dumps(_to_json(record), ensure_ascii=False, allow_nan=False) + '\n')


def _to_json(record: ImageRecord) -> dict[str, Any]:
    return {
        'file': str(record['file']),
        'boxes': to_le90(record['boxes']).tolist(),
        'scores': np.asarray(record['scores'], dtype=np.float64).tolist(),
        'labels': np.asarray(record['labels'], dtype=np.intp).tolist(),
    }


def read_predictions(path: str | os.PathLike) -> Predictions:
    """Read a predictions file.

    Raises:
        ValueError: naming file and line, where the file is no predictions file or of another version, a line is no
            record of an image, two are of one image, or values are of no use (see ``gather_detections``).
    """
    path = Path(path)
    try:
        with path.open(encoding='utf-8') as lines:
            rows = [(number, _parse(path, number, line)) for number, line in enumerate(lines, start=1) if line.strip()]
    except UnicodeDecodeError as error:
        raise ValueError(f'{path}: not UTF-8 ({error.reason}), expected a predictions file') from error
    header = rows[0][1] if rows else {}
    if header.get('format') != FORMAT:
        raise ValueError(f'{path}:1: expected a header with "format": "{FORMAT}", found {_shorten(header)}')
    if header.get('version') != VERSION:
        raise ValueError(f'{path}:1: expected version {VERSION}, found {header.get("version")!r}')
    classes = header.get('classes')
    if not isinstance(classes, list) or not classes:
        raise ValueError(f'{path}:1: expected "classes" as a list of names, found {_shorten(classes)}')
    for name in classes:
        if not _is_name(name):
            raise ValueError(f'{path}:1: expected "classes" as a list of names, found {name!a} among them')
    images = [_to_record(path, number, row) for number, row in rows[1:]]
    try:
        gather_detections(images, classes)
    except ValueError as error:
        raise ValueError(f'{path}: {error}') from error
    return Predictions(tuple(classes), tuple(images))


def _is_name(value: Any) -> bool:
    """Whether tables and charts can show it."""
    return isinstance(value, str) and bool(value.strip()) and value.isprintable()


def _parse(path: Path, number: int, line: str) -> dict[str, Any]:
    try:
        row = parse_json(line)
    except ValueError as error:
        raise ValueError(f'{path}:{number}: not JSON: {error}') from error
    if not isinstance(row, dict):
        raise ValueError(f'{path}:{number}: expected a JSON object, found {_shorten(row)}')
    return row


def _to_record(path: Path, number: int, row: Mapping[str, Any]) -> dict[str, Any]:
    missing = [key for key in _KEYS if key not in row]
    if missing:
        raise ValueError(f'{path}:{number}: no {missing[0]!r}, found {sorted(row)}, expected {list(_KEYS)}')
    file = row['file']
    if not isinstance(file, str):
        _refuse(path, number, 'file', file, 'a name')
    record: dict[str, Any] = {'file': file}
    for key, shape, expected in (('boxes', (5,), 'five numbers a box'), ('scores', (), 'a number a box')):
        try:
            array = np.array(row[key])
        except ValueError:
            _refuse(path, number, key, row[key], expected)
        # Text, null and true would become numbers too.
        is_other = array.size and array.dtype.kind not in 'iuf'
        if is_other or (array.shape != (0,) and (array.ndim == 0 or array.shape[1:] != shape)):
            _refuse(path, number, key, row[key], expected)
        record[key] = array.astype(np.float64).reshape(-1, *shape)
    labels = row['labels']
    if not isinstance(labels, list) or not all(type(label) is int and 0 <= label < 2**31 for label in labels):
        _refuse(path, number, 'labels', labels, 'a class index a box')
    record['labels'] = np.array(labels, dtype=np.intp)
    return record


def _refuse(path: Path, number: int, key: str, found: Any, expected: str) -> NoReturn:
    raise ValueError(f'{path}:{number}: {key}: expected {expected}, found {_shorten(found)}')


def _shorten(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 80 else f'{text[:77]}...'
