"""YOLO-OBB text files: a class index and coordinates as shares of the image's width and height.

Two kinds of line are read: ``class x1 y1 x2 y2 x3 y3 x4 y4`` (Ultralytics; the one that is written) and
``class cx cy w h angle``, width and height measured along the box and given as shares of the image's, angle in radians
clockwise on screen. A tenth number after corners is a detection's score.
"""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from ship_det.annotations.angles import to_radians
from ship_det.annotations.dota import UnknownClassError
from ship_det.annotations.objects import MAX_COORDINATE, LabeledObject, object_corners
from ship_det.files import read_text, write_text
from ship_det.geometry import rbox_to_quad


def read_yolo_obb(
    path: str | os.PathLike, size: tuple[int, int], classes: Sequence[str], angle_unit: str = 'radians'
) -> list[LabeledObject]:
    """Read the objects of an image of a size (width, height) px, by class names in the order of their indices.

    ``angle_unit``, radians or degrees, is that of lines with an angle.

    Raises:
        ValueError: naming file and line.
    """
    rows = [(f'{path}:{number}', line.split()) for number, line in enumerate(read_text(path).split('\n'), start=1)]
    return [_parse_row(where, row, size, classes, angle_unit) for where, row in rows if row]


def write_yolo_obb(
    path: str | os.PathLike, objects: Iterable[LabeledObject], size: tuple[int, int], classes: Sequence[str]
) -> None:
    """Write objects by their corners. The format has no difficult flag.

    Raises:
        ValueError: naming the file; an object's class is none of ``classes``, or its centre is not in the image.
    """
    indices = {name: index for index, name in enumerate(classes)}
    lines = []
    for number, labeled in enumerate(objects):
        if labeled.name not in indices:
            raise ValueError(f'{path}: unknown class {labeled.name!r}, expected one of: {", ".join(classes)}')
        if labeled.score is None:
            _check_center(f'{path}: object {number}', (labeled.quad / size).mean(axis=0))
        numbers = ((labeled.quad / size).ravel() + 0.0).tolist()
        if labeled.score is not None:
            numbers.append(labeled.score)
        lines.append(f'{indices[labeled.name]} {" ".join(map(repr, numbers))}\n')
    write_text(path, ''.join(lines))


def read_class_names(root: str | os.PathLike) -> list[str]:
    """Class names of a data set: ``names`` of its data.yaml, or the lines of its classes.txt or labels/classes.txt.

    Raises:
        ValueError: naming the file; there is none, no list in it, or two of them differ.
    """
    root = Path(root)
    readers = {'data.yaml': read_yaml_names, 'classes.txt': _read_lines, 'labels/classes.txt': _read_lines}
    found = {root / name: read(root / name) for name, read in readers.items() if (root / name).is_file()}
    if not found:
        raise ValueError(
            f'{root}: no data.yaml or classes.txt, expected the class names of the label files (or --classes)'
        )
    first, names = next(iter(found.items()))
    for path, others in found.items():
        if others != names:
            raise ValueError(
                f'{path}: classes {", ".join(others)}, expected those of {first}: {", ".join(names)} '
                '(--classes says which)'
            )
    return names


def read_yaml_names(path: Path) -> list[str]:
    """Class names of a YAML file, in the order of their indices.

    Raises:
        ValueError: naming the file; there is no list in it, or ``nc`` is another number.
    """
    # Late: few formats have any YAML.
    from ship_det.annotations.plain_yaml import read_yaml

    expected = 'names: [..], each a different text, or names: {0: .., 1: ..}'
    content = read_yaml(path, expected)
    content = content if isinstance(content, dict) else {}
    names = content.get('names')
    if isinstance(names, dict):
        names = [names.get(str(index)) for index in range(len(names))]
    if not isinstance(names, list) or not all(isinstance(name, str) and name for name in names):
        raise ValueError(f'{path}: no list of class names, expected {expected}')
    count = content.get('nc')
    if count is not None and count != str(len(names)):
        raise ValueError(f'{path}: nc: {count}, expected {len(names)}, the number of names')
    return _different(path, names)


def _read_lines(path: Path) -> list[str]:
    """Class names of a list, of which the number of the line is the class's number."""
    names = [line.strip() for line in read_text(path).rstrip().split('\n')]
    if '' in names:
        raise ValueError(f'{path}:{names.index("") + 1}: an empty line, expected the name of class {names.index("")}')
    return _different(path, names)


def _different(path: Path, names: list[str]) -> list[str]:
    for index, name in enumerate(names):
        if name in names[:index]:
            raise ValueError(f'{path}: the class name {name!r} twice, expected each once')
    return names


def _parse_row(
    where: str, row: list[str], size: tuple[int, int], classes: Sequence[str], angle_unit: str
) -> LabeledObject:
    try:
        numbers = np.array([float(word) for word in row])
    except ValueError as error:
        raise ValueError(f'{where}: {error}, expected numbers') from None
    if len(numbers) not in (6, 9, 10) or not (np.abs(numbers) <= MAX_COORDINATE).all():
        raise ValueError(
            f'{where}: found {" ".join(row)!r}, expected 9 finite numbers (class x1 y1 .. x4 y4), 10 with a score, '
            'or 6 (class cx cy w h angle)'
        )
    index = numbers[0]
    if index not in range(len(classes)):
        raise UnknownClassError(
            f'{where}: class {row[0]}, expected an index below {len(classes)} ({", ".join(classes)})'
        )
    score = float(numbers[9]) if len(numbers) == 10 else None
    if len(numbers) >= 9:
        shares = numbers[1:9].reshape(4, 2)
        if score is None:
            _check_center(where, shares.mean(axis=0))
        quad = shares * size
    else:
        _check_center(where, numbers[1:3])
        if (numbers[3:5] <= 0).any():
            raise ValueError(f'{where}: a box of {row[3]} x {row[4]}, expected positive sides')
        angle = to_radians(numbers[5], angle_unit, where)
        quad = rbox_to_quad(np.append(numbers[1:5] * [*size, *size], angle)[None])[0]
    return LabeledObject(object_corners(where, quad), classes[int(index)], score=score)


def _check_center(where: str, center: np.ndarray) -> None:
    """A box may reach over the image's border; one whose centre lies beyond is given in px."""
    if not ((center >= 0) & (center <= 1)).all():
        raise ValueError(
            f"{where}: a box around {center[0]:g}, {center[1]:g}, expected shares of the image's width and height, "
            '0 to 1 (are they px?)'
        )
