"""Rotated COCO JSON: one file for a whole data set, a box of five numbers (cx, cy, w, h, angle) in each annotation.

The angle is in degrees, counterclockwise on screen (Detectron2's convention, and that of HRSID's rotated labels); some
tools write it clockwise, which no file says of itself.
"""

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ship_det.annotations.angles import to_radians
from ship_det.annotations.coco_corners import read_corners
from ship_det.annotations.objects import MAX_COORDINATE, LabeledObject, object_corners, quad_areas
from ship_det.files import parse_json, read_text, write_text
from ship_det.geometry import quad_to_rbox

_ENTRY = {'images': 'image', 'annotations': 'annotation', 'categories': 'category'}
_SIDES = ('width', 'height')
_EXPECTED = 'expected images, categories and annotations, each object with its own id'


@dataclass(slots=True)
class CocoImage:
    """An image of a COCO file: its name, (width, height) px where the file has them, and objects."""

    file: str
    size: tuple[int, int] | None
    objects: list[LabeledObject] = field(default_factory=list)


def read_coco(path: str | os.PathLike, clockwise: bool = False, angle_unit: str = 'degrees') -> list[CocoImage]:
    """Read a rotated COCO file, whose angles, in degrees or radians, may turn clockwise on screen.

    Corners are those of :func:`~ship_det.annotations.coco_corners.read_corners`.

    Raises:
        ValueError: naming file, annotation and key.
    """
    path = Path(path)
    try:
        content = parse_json(read_text(path))
    except ValueError as error:
        raise ValueError(f'{path}: not a COCO file ({str(error).removeprefix(f"{path}: ")}), {_EXPECTED}') from error
    images = {key: _read_image(path, image) for key, image in _by_id(path, content, 'images').items()}
    names = {key: _read_name(path, category) for key, category in _by_id(path, content, 'categories').items()}
    for index, annotation in enumerate(_entries(path, content, 'annotations')):
        where = f'{path}: annotation {annotation.get("id", f"number {index}")}'
        image, name = (
            _look_up(where, annotation, key, known) for key, known in (('image_id', images), ('category_id', names))
        )

        def to_theta(angle: float, where: str) -> float:
            return to_radians(angle, angle_unit, where) * (1 if clockwise else -1)

        quad = object_corners(where, read_corners(where, annotation, image.size, to_theta), repr(name))
        difficult = bool(annotation.get('iscrowd') or annotation.get('ignore') or annotation.get('difficult'))
        image.objects.append(LabeledObject(quad, name, difficult, annotation.get('score')))
    return list(images.values())


def write_coco(path: str | os.PathLike, images: Iterable[CocoImage], classes: Iterable[str]) -> None:
    """Write a rotated COCO file: five numbers in ``bbox``, the exact corners in ``segmentation``."""
    category_ids = {name: index for index, name in enumerate(classes, start=1)}
    content: dict[str, list] = {'images': [], 'annotations': [], 'categories': []}
    content['categories'] = [{'id': index, 'name': name} for name, index in category_ids.items()]
    for image_id, image in enumerate(images, start=1):
        size = dict(zip(_SIDES, image.size, strict=True)) if image.size else {}
        content['images'].append({'id': image_id, 'file_name': image.file, **size})
        for labeled in image.objects:
            cx, cy, w, h, theta = quad_to_rbox(labeled.quad[None])[0].tolist()
            annotation = {
                'id': len(content['annotations']) + 1,
                'image_id': image_id,
                'category_id': category_ids[labeled.name],
                'bbox': [cx, cy, w, h, -np.rad2deg(theta)],
                'segmentation': [labeled.quad.ravel().tolist()],
                'area': float(quad_areas(labeled.quad[None])[0]),
                'iscrowd': int(labeled.difficult),
            }
            content['annotations'].append(annotation)
    write_text(path, json.dumps(content))


def _look_up(where: str, annotation: dict[str, Any], key: str, known: dict[Any, Any]) -> Any:
    value = annotation.get(key)
    if isinstance(value, list | dict) or value not in known:
        raise ValueError(f'{where}: {key} is {value!r}, expected one that the file lists')
    return known[value]


def _entries(path: Path, content: Any, key: str) -> list[dict[str, Any]]:
    entries = content.get(key) if isinstance(content, dict) else None
    if not isinstance(entries, list):
        raise ValueError(f'{path}: not a COCO file (no list of {key}), {_EXPECTED}')
    for index, entry in enumerate(entries):
        if not isinstance(entry, dict):
            raise ValueError(f'{path}: {_ENTRY[key]} number {index} is no object, {_EXPECTED}')
    return entries


def _by_id(path: Path, content: Any, key: str) -> dict[Any, dict[str, Any]]:
    found: dict[Any, dict[str, Any]] = {}
    for index, entry in enumerate(_entries(path, content, key)):
        number = entry.get('id')
        if not isinstance(number, int | str):
            raise ValueError(f'{path}: {_ENTRY[key]} number {index} has the id {number!r}, {_EXPECTED}')
        if number in found:
            raise ValueError(f'{path}: not a COCO file ({key}: {number!r} is an id twice), {_EXPECTED}')
        found[number] = entry
    return found


def _read_image(path: Path, image: dict[str, Any]) -> CocoImage:
    """An image; its size is None where a side is missing or 0, as tools write that do not know it."""
    name, sides = image.get('file_name'), [image.get(side) or 0 for side in _SIDES]
    if not isinstance(name, str) or not name:
        raise ValueError(f'{path}: image {image["id"]}: file_name is {name!r}, expected a file name')
    if not all(isinstance(side, int | float) and 0 <= side <= MAX_COORDINATE for side in sides):
        raise ValueError(f'{path}: not a COCO file (image {image["id"]}: width and height are {sides}), {_EXPECTED}')
    return CocoImage(name, (int(sides[0]), int(sides[1])) if all(sides) else None)


def _read_name(path: Path, category: dict[str, Any]) -> str:
    name = category.get('name')
    if not isinstance(name, int | str) or isinstance(name, bool) or name == '':
        raise ValueError(f'{path}: category {category["id"]}: name is {name!r}, expected a class name')
    return str(name)
