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
import shapely

from ship_det.annotations.angles import to_radians
from ship_det.annotations.objects import (
    MAX_COORDINATE,
    LabeledObject,
    object_corners,
    quad_areas,
)
from ship_det.annotations.xml_labels import bounds_quad
from ship_det.files import parse_json, read_text, write_text
from ship_det.geometry import quad_to_rbox, rbox_to_quad


@dataclass(slots=True)
class CocoImage:
    """An image of a COCO file: its name, (width, height) px and objects."""

    file: str
    size: tuple[int, int]
    objects: list[LabeledObject] = field(default_factory=list)


def read_coco(path: str | os.PathLike, clockwise: bool = False, angle_unit: str = 'degrees') -> list[CocoImage]:
    """Read a rotated COCO file.

    Corners are taken from a ``segmentation`` of exactly four points, otherwise from a ``bbox`` of five numbers,
    otherwise they are the minimum-area rectangle of the ``segmentation`` or the horizontal ``bbox`` of four numbers.

    Args:
        path: JSON file.
        clockwise: the angles turn clockwise on screen.
        angle_unit: degrees or radians.

    Raises:
        ValueError: naming file, annotation and key.
    """
    path = Path(path)
    expected = 'images, categories and annotations, each object with its own id'
    try:
        content = parse_json(read_text(path))
        images = {
            image['id']: CocoImage(str(image['file_name']), (int(image['width']), int(image['height'])))
            for image in content['images']
        }
        names = {category['id']: str(category['name']) for category in content['categories']}
        annotations = list(content['annotations'])
        if (len(images), len(names)) != (len(content['images']), len(content['categories'])):
            raise ValueError('an id twice')
    except (ValueError, KeyError, TypeError, OverflowError) as error:
        raise ValueError(f'{path}: not a COCO file ({error!r}), expected {expected}') from error
    for index, annotation in enumerate(annotations):
        if not isinstance(annotation, dict):
            raise ValueError(f'{path}: annotation number {index} is no object, expected {expected}')
        where = f'{path}: annotation {annotation.get("id", f"number {index}")}'
        image, name = (
            _look_up(where, annotation, key, known) for key, known in (('image_id', images), ('category_id', names))
        )
        quad = object_corners(where, _corners(where, annotation, clockwise, angle_unit), repr(name))
        difficult = bool(annotation.get('iscrowd') or annotation.get('ignore') or annotation.get('difficult'))
        image.objects.append(LabeledObject(quad, name, difficult, annotation.get('score')))
    return list(images.values())


def write_coco(path: str | os.PathLike, images: Iterable[CocoImage], classes: Iterable[str]) -> None:
    """Write a rotated COCO file: five numbers in ``bbox``, the exact corners in ``segmentation``."""
    category_ids = {name: index for index, name in enumerate(classes, start=1)}
    content: dict[str, list] = {'images': [], 'annotations': [], 'categories': []}
    content['categories'] = [{'id': index, 'name': name} for name, index in category_ids.items()]
    for image_id, image in enumerate(images, start=1):
        width, height = image.size
        content['images'].append({'id': image_id, 'file_name': image.file, 'width': width, 'height': height})
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


def _corners(where: str, annotation: dict[str, Any], clockwise: bool, angle_unit: str) -> np.ndarray:
    """(1, 4, 2) corners of an annotation, in any order."""
    box = _numbers(where, 'bbox', annotation.get('bbox') or [])
    polygons = annotation.get('segmentation')
    parts = [_numbers(where, 'segmentation', part) for part in polygons] if isinstance(polygons, list) else []
    if [len(part) for part in parts] == [8]:
        return parts[0].reshape(1, 4, 2)
    if len(box) == 5:
        angle = to_radians(box[4], angle_unit, where) * (1 if clockwise else -1)
        if (box[2:4] <= 0).any():
            raise ValueError(f'{where}: a box of {box[2]} x {box[3]} px, expected positive sides')
        return rbox_to_quad([[*box[:4], angle]])
    if parts and all(len(part) >= 6 and len(part) % 2 == 0 for part in parts):
        rectangle = shapely.oriented_envelope(shapely.MultiPoint(np.concatenate(parts).reshape(-1, 2)))
        if isinstance(rectangle, shapely.Polygon):
            return shapely.get_coordinates(rectangle)[None, :4]
    if len(box) == 4:
        return bounds_quad(box[0], box[1], box[0] + box[2], box[1] + box[3])[None]
    raise ValueError(f'{where}: neither a bbox of 4 or 5 numbers nor polygons in segmentation, expected one of them')


def _numbers(where: str, key: str, values: Any) -> np.ndarray:
    try:
        numbers = np.atleast_1d(np.array(values, dtype=np.float64))
    except (ValueError, TypeError, OverflowError):
        numbers = np.full(1, np.nan)
    if numbers.ndim != 1 or not (np.abs(numbers) <= MAX_COORDINATE).all():
        raise ValueError(f'{where}: {key} is {values!r}, expected finite numbers up to {MAX_COORDINATE:g}')
    return numbers
