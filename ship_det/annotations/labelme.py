"""JSON files of labelme and X-AnyLabeling, one beside each image: shapes of class, kind and points.

Rectangles have two points, rotated ones (``rotation``, X-AnyLabeling's alone) four; polygons any number.
"""

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from ship_det.annotations.data_set import DataSet
from ship_det.annotations.objects import LabeledObject, object_corners
from ship_det.annotations.shapes import check_size, opposite_corners, polygon_quad, rectangle_of
from ship_det.annotations.tool_exports import read_json
from ship_det.files import write_text

# Shapes without an area of their own, or without corners.
_NO_OUTLINE = ('point', 'points', 'line', 'lines', 'linestrip', 'circle', 'mask', 'cuboid')


def read_labelme(path: str | os.PathLike, size: tuple[int, int], found: DataSet | None = None) -> list[LabeledObject]:
    """Read the objects of an image of a size (width, height) px; the order of a shape's points does not matter.

    Shapes that outline none, and outlines of other than four corners, are counted in ``found``.

    Raises:
        ValueError: naming file and shape; or where the labels are of an image of another size.
    """
    path, found = Path(path), found or DataSet()
    content = read_json(path, 'a labelme file')
    shapes = content.get('shapes') if isinstance(content, dict) else None
    if not isinstance(shapes, list):
        raise ValueError(f'{path}: no list of shapes, expected a labelme file')
    check_size(str(path), (content.get('imageWidth'), content.get('imageHeight')), size)
    objects = []
    for index, shape in enumerate(shapes):
        where = f'{path}: shape {index}'
        if not isinstance(shape, dict):
            raise ValueError(f'{where}: found {shape!r}, expected label, shape_type and points')
        kind = shape.get('shape_type') or 'polygon'
        if kind in _NO_OUTLINE:
            found.skipped[str(kind)] += 1
            continue
        name = shape.get('label')
        if not isinstance(name, str) or not name.strip():
            raise ValueError(f'{where}: label is {name!r}, expected the class')
        quad = object_corners(where, _corners(where, kind, shape.get('points'), found), repr(name))
        objects.append(LabeledObject(quad, name.strip(), _is_difficult(shape)))
    return objects


def write_labelme(path: str | os.PathLike, objects: Iterable[LabeledObject], image: str, size: tuple[int, int]) -> None:
    """Write rectangles as rotated ones, other quads as polygons; ``size`` is the image's (width, height) px."""
    shapes = []
    for labeled in objects:
        box = rectangle_of(labeled.quad)
        shape = {
            'label': labeled.name,
            'points': labeled.quad.tolist(),
            'group_id': None,
            'description': '',
            'difficult': bool(labeled.difficult),
            'shape_type': 'polygon' if box is None else 'rotation',
            'flags': {},
        }
        shapes.append(shape if box is None else shape | {'direction': float(box[4] % (2 * np.pi))})
    file = {'imagePath': image, 'imageData': None, 'imageHeight': size[1], 'imageWidth': size[0]}
    content: dict[str, Any] = {'version': '2.4.0', 'flags': {}, 'shapes': shapes, **file}
    write_text(path, json.dumps(content, ensure_ascii=False, indent=1))


def _corners(where: str, kind: Any, points: Any, found: DataSet) -> np.ndarray:
    if kind == 'rectangle':
        return opposite_corners(where, points)
    if kind in ('rotation', 'polygon', 'quadrilateral'):
        quad = polygon_quad(where, points, found)
        if kind != 'polygon' and len(points) not in (4, 5):
            raise ValueError(f'{where}: a {kind} of {len(points)} points, expected four')
        return quad
    raise ValueError(f'{where}: shape_type is {kind!r}, expected rectangle, rotation or polygon')


def _is_difficult(shape: dict[str, Any]) -> bool:
    """The flag of X-AnyLabeling, or one of labelme that is called so; either may be a text."""
    flags = shape.get('flags')
    flag = shape.get('difficult') or (flags.get('difficult') if isinstance(flags, dict) else False)
    return flag if isinstance(flag, bool) else str(flag).lower() in ('true', '1')
