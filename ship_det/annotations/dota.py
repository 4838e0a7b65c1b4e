"""DOTA label files: one object a line, ``x1 y1 x2 y2 x3 y3 x4 y4 class difficult``."""

import math
import os
import re
from collections.abc import Collection, Iterable, Sequence
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import NoReturn

import numpy as np

from ship_det.annotations.classes import check_classes
from ship_det.annotations.objects import MAX_COORDINATE, MIN_QUAD_AREA, LabeledObject, order_quads, quad_areas
from ship_det.files import read_text, write_text

_HEADERS = ('imagesource:', 'gsd:')
_DIFFICULT_FLAGS = {'0': False, '1': True, '2': True}
_COLUMNS = 'x1 y1 x2 y2 x3 y3 x4 y4 class [difficult]'


class UnknownClassError(ValueError):
    """A label of a class that is none of those expected."""


def read_dota(path: str | os.PathLike, classes: Collection[str] | None = None) -> list[LabeledObject]:
    """Read the objects of a DOTA label file.

    Header lines (``imagesource:``, ``gsd:``) and blank lines are passed over; the difficult flag may be missing.
    A class name may hold spaces, and whole numbers after its first word or as the only one, where a flag follows.

    Args:
        path: label file.
        classes: the class names that may occur; None for any. They settle what the last word is.

    Returns:
        Objects in file order, corners clockwise on screen with the file's first corner first.

    Raises:
        ValueError: naming file and line, where the line is no object, its quad has no area or its class is not one
            of ``classes`` (UnknownClassError).
    """
    path = Path(path)
    if isinstance(classes, str):
        check_classes(classes)
    return _parse_rows(path, _split_rows(read_text(path)), classes)


def scan_dota(path: str | os.PathLike) -> tuple[list[tuple[int, LabeledObject]], list[tuple[int, str]]]:
    """Read what can be read of a DOTA label file, of which lines may be wrong.

    Returns:
        Objects, each with the number of its line, and for each other line its number and what is wrong with it.

    Raises:
        ValueError: naming the file, where it is not text.
    """
    path = Path(path)
    numbered_rows = _split_rows(read_text(path))
    try:
        objects = _parse_rows(path, numbered_rows, None)
        return [(line, labeled) for (line, _), labeled in zip(numbered_rows, objects, strict=True)], []
    except ValueError:
        found: list[tuple[int, LabeledObject]] = []
        wrong: list[tuple[int, str]] = []
    for line, row in numbered_rows:
        try:
            found += [(line, labeled) for labeled in _parse_rows(path, [(line, row)], None)]
        except ValueError as error:
            wrong.append((line, str(error).removeprefix(f'{path}:{line}: ')))
    return found, wrong


def write_dota(path: str | os.PathLike, objects: Iterable[LabeledObject]) -> None:
    """Write objects as a DOTA label file; coordinates read back to the bit. Scores are no part of the format.

    Raises:
        ValueError: naming file and object, where a quad is not four finite corners or a class name cannot be read
            back.
    """
    lines = []
    for index, labeled in enumerate(objects):
        quad = np.asarray(labeled.quad, dtype=np.float64)
        if quad.shape != (4, 2) or not np.isfinite(quad).all():
            raise ValueError(f'{path}: object {index}: expected a quad of 4 finite corners, got {quad.tolist()}')
        if not _is_readable(labeled.name):
            raise ValueError(
                f'{path}: object {index}: expected a class name of words and single spaces that starts with no '
                f'number, got {labeled.name!r} (--class-map of convert renames it)'
            )
        # Adding zero turns -0.0 into 0.0.
        coordinates = ' '.join(repr(value).removesuffix('.0') for value in (quad.ravel() + 0.0).tolist())
        lines.append(f'{coordinates} {labeled.name} {int(labeled.difficult)}\n')
    write_text(path, ''.join(lines))


def check_dota_classes(classes: Iterable[str]) -> None:
    """Refuse classes that a label file cannot tell apart: "type" marked difficult reads as "type 1".

    Raises:
        ValueError: naming two of them.
    """
    names = set(classes)
    for name in names:
        other = next((f'{name} {flag}' for flag in _DIFFICULT_FLAGS if f'{name} {flag}' in names), None)
        if other:
            raise ValueError(
                f'classes {name!r} and {other!r}: a DOTA label file cannot tell them apart, expected other names '
                '(--class-map renames them)'
            )


def _split_rows(text: str) -> list[tuple[int, list[str]]]:
    rows = ((number, line.split()) for number, line in enumerate(text.split('\n'), start=1))
    return [(number, row) for number, row in rows if row and not row[0].lower().startswith(_HEADERS)]


def _parse_rows(
    path: Path, numbered_rows: Sequence[tuple[int, list[str]]], classes: Collection[str] | None
) -> list[LabeledObject]:
    if not numbered_rows:
        return []
    lines, rows = zip(*numbered_rows, strict=True)
    quads = _parse_quads(path, lines, rows)
    labels = [_parse_label(path, line, row, classes) for line, row in numbered_rows]
    return [LabeledObject(quad, name, difficult) for quad, (name, difficult) in zip(quads, labels, strict=True)]


def _parse_quads(path: Path, lines: Sequence[int], rows: Sequence[list[str]]) -> np.ndarray:
    """(N, 4, 2) ordered quads of all rows at once; on any error the first bad row is looked up for the message."""
    try:
        numbers = np.fromiter(map(float, chain.from_iterable(row[:8] for row in rows)), dtype=np.float64)
        complete = len(numbers) == 8 * len(rows) and (np.abs(numbers) <= MAX_COORDINATE).all()
    except ValueError:
        complete = False
    if not complete:
        _raise_bad_row(path, lines, rows)
    quads = order_quads(numbers.reshape(-1, 4, 2))
    empty = np.flatnonzero(quad_areas(quads) < MIN_QUAD_AREA)
    if len(empty):
        first = int(empty[0])
        found = ' '.join(rows[first][:8])
        raise ValueError(f'{path}:{lines[first]}: the quad {found} has no area, expected corners around an object')
    return quads


def _raise_bad_row(path: Path, lines: Sequence[int], rows: Sequence[list[str]]) -> NoReturn:
    for line, row in zip(lines, rows, strict=True):
        for column, token in enumerate(row[:8], start=1):
            try:
                number = float(token)
            except ValueError:
                number = math.nan
            if math.isfinite(number) and abs(number) > MAX_COORDINATE:
                raise ValueError(f'{path}:{line}: column {column} is {token}, expected at most {MAX_COORDINATE:g} px')
            if not math.isfinite(number):
                raise ValueError(
                    f'{path}:{line}: column {column} is {token!r}, expected a finite number '
                    f'(columns separated by blanks: {_COLUMNS})'
                )
        if len(row) < 8:
            raise ValueError(f'{path}:{line}: {len(row)} columns, expected 9 or 10: {_COLUMNS}')
    raise AssertionError('every row is eight coordinates')


def _parse_label(path: Path, line: int, row: list[str], classes: Collection[str] | None) -> tuple[str, bool]:
    """Class name and difficult flag of a row; the last word is the flag where it can be one."""
    words = row[8:]
    readings = []
    if len(words) > 1 and words[-1] in _DIFFICULT_FLAGS:
        readings.append((' '.join(words[:-1]), _DIFFICULT_FLAGS[words[-1]]))
    if words:
        readings.append((' '.join(words), False))
    if not readings:
        raise ValueError(f'{path}:{line}: {len(row)} columns, expected 9 or 10: {_COLUMNS}')
    if classes is None:
        name, has_flag = readings[0][0], len(readings) > 1
        if not _may_be_name(name.split(), has_flag):
            raise ValueError(
                f'{path}:{line}: found {" ".join(words)!r} after 8 coordinates, expected 9 or 10 columns: {_COLUMNS}'
            )
        return readings[0]
    known = [reading for reading in readings if reading[0] in classes]
    if not known:
        raise UnknownClassError(
            f'{path}:{line}: unknown class {readings[0][0]!r}, expected one of: {", ".join(map(str, classes))}'
        )
    if len(known) > 1:
        raise ValueError(f'{path}:{line}: {" ".join(words)!r} may be class {known[0][0]!r} or {known[1][0]!r}')
    return known[0]


def _may_be_name(words: Sequence[str], has_flag: bool) -> bool:
    """Whether words are a class's name and not a score or one corner more.

    A name such as "Type 45" or "052" has numbers, too, but there the row has all its columns.
    """
    numbers = [word for word in words if is_number(word)]
    if not numbers:
        return True
    starts_with_number = is_number(words[0]) and len(words) > 1
    return has_flag and not starts_with_number and all(re.fullmatch('[0-9]+', word) for word in numbers)


@lru_cache
def _is_readable(name: str) -> bool:
    """Whether a name that is written is read again, whatever classes are known."""
    words = name.split()
    return '\0' not in name and name == ' '.join(words) and bool(words) and _may_be_name(words, has_flag=True)


def is_number(word: str) -> bool:
    """Whether a word of a label file is a number."""
    try:
        float(word)
    except ValueError:
        return False
    return True
