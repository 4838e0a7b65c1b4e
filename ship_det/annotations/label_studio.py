"""Label Studio's JSON export: tasks whose regions are in percent of the image.

``value.x`` and ``value.y`` are the upper left corner of a rectangle. ``value.rotation`` turns it clockwise on screen
about that corner, by degrees.
"""

import json
import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np

from ship_det.annotations.data_set import AS_FOUND, DataSet, Format, LabeledImage, ReadOptions, refuse_angle_unit
from ship_det.annotations.objects import LabeledObject, object_corners
from ship_det.annotations.parts import add_listed_parts, part_of, write_lists
from ship_det.annotations.shapes import check_size, numbers, polygon_quad, read_points, rectangle_of, turned_rectangle
from ship_det.annotations.tool_exports import ExportedImages, find_exports, read_json
from ship_det.files import write_text
from ship_det.raster import image_size

# Label Studio puts such a prefix before the name of an uploaded file.
_UPLOAD = re.compile(r'^[0-9a-f]{8}-')
_EXPECTED = 'an export as "JSON": a list of tasks, each with data and annotations'


class LabelStudio(Format):
    """images/ and the exported JSON file, or one for each part."""

    def read(self, root: Path, options: ReadOptions = AS_FOUND) -> DataSet:
        """Read all JSON files of an export."""
        refuse_angle_unit(root, options, 'angles of Label Studio are in degrees')
        found = DataSet()
        images = ExportedImages(root)
        paths = find_exports(root, '.json', options.labels)
        for path in paths:
            part = part_of(path.stem) if len(paths) > 1 else None
            for index, task in enumerate(_read_tasks(path)):
                where = f'{path}: task {task.get("id", index)}'
                image = images.claim(where, _image_names(task), found)
                result = None if image is None else _result(where, task)
                if image is not None and result is None:
                    found.without_labels.append(image)
                elif image is not None:
                    objects = read_regions(where, result, image_size(image), found)
                    found.images.append(LabeledImage(image, path, objects, (part,) if part else ()))
        found.without_labels += images.left
        add_listed_parts(found, root)
        return found

    def write(self, root: Path, images: Sequence[LabeledImage], classes: Sequence[str]) -> None:
        """Write tasks.json, whose images are those of images/."""
        tasks = []
        for index, labeled in enumerate(images, start=1):
            size = image_size(labeled.image)
            result = [_region(f'{index}-{number}', found, size) for number, found in enumerate(labeled.objects)]
            data = {'image': f'/data/local-files/?d=images/{labeled.name}'}
            tasks.append({'id': index, 'data': data, 'annotations': [{'id': index, 'result': result}]})
        write_text(root / 'tasks.json', json.dumps(tasks, ensure_ascii=False))
        write_lists(root, images, with_suffix=True)


def read_regions(where: str, result: Any, size: tuple[int, int], found: DataSet) -> list[LabeledObject]:
    """Objects of an annotation's ``result``, its regions, on an image of a size (width, height) px.

    Regions without an outline are counted in ``found``.

    Raises:
        ValueError: naming file, task and region; or where the regions are of an image of another size, or turned.
    """
    if not isinstance(result, list) or not all(isinstance(region, dict) for region in result):
        raise ValueError(f'{where}: result is no list of regions, expected one')
    objects = []
    for index, region in enumerate(result):
        at, kind, value = f'{where}: region {region.get("id", index)}', region.get('type'), region.get('value')
        if kind not in ('rectanglelabels', 'polygonlabels'):
            found.skipped[str(kind)] += 1
            continue
        if region.get('image_rotation'):
            raise ValueError(f'{at}: the image was turned by {region["image_rotation"]} degrees, expected 0')
        if not isinstance(value, dict):
            raise ValueError(f'{at}: no value, expected one')
        check_size(at, (region.get('original_width'), region.get('original_height')), size)
        labels = value.get(kind)
        if not isinstance(labels, list) or len(labels) != 1 or not str(labels[0]).strip():
            raise ValueError(f'{at}: {kind} is {labels!r}, expected one class')
        quad = object_corners(at, _corners(at, kind, value, size, found), repr(labels[0]))
        meta = region.get('meta')
        notes = meta.get('text') if isinstance(meta, dict) else None
        objects.append(LabeledObject(quad, str(labels[0]).strip(), isinstance(notes, list) and 'difficult' in notes))
    return objects


def _corners(where: str, kind: str, value: dict[str, Any], size: tuple[int, int], found: DataSet) -> np.ndarray:
    if kind == 'polygonlabels':
        # Percent of either side: a rectangle is one in px alone.
        return polygon_quad(where, read_points(where, value.get('points')) * size / 100, found)
    keys = ('x', 'y', 'width', 'height')
    x, y, width, height = numbers(where, ', '.join(keys), [value.get(key) for key in keys])
    (angle,) = numbers(where, 'rotation', [value.get('rotation') or 0])
    if min(width, height) <= 0:
        raise ValueError(f'{where}: a rectangle of {width} x {height} percent, expected positive sides')
    px, py = size[0] / 100, size[1] / 100
    return turned_rectangle((x * px, y * py), (width * px, height * py), angle)


def _region(number: str, labeled: LabeledObject, size: tuple[int, int]) -> dict[str, Any]:
    box = rectangle_of(labeled.quad)
    shares = labeled.quad * 100 / size
    value: dict[str, Any]
    if box is None:
        kind, value = 'polygonlabels', {'points': shares.tolist()}
    else:
        first, second, _, fourth = labeled.quad
        along, down = second - first, fourth - first
        sides = {'width': float(np.hypot(*along)) * 100 / size[0], 'height': float(np.hypot(*down)) * 100 / size[1]}
        angle = math.degrees(math.atan2(along[1], along[0])) % 360
        kind, value = 'rectanglelabels', {'x': shares[0, 0], 'y': shares[0, 1], **sides, 'rotation': angle}
    region = {
        'id': number,
        'type': kind,
        'from_name': 'label',
        'to_name': 'image',
        'original_width': size[0],
        'original_height': size[1],
        'image_rotation': 0,
        'value': value | {kind: [labeled.name]},
    }
    return region | ({'meta': {'text': ['difficult']}} if labeled.difficult else {})


def _image_names(task: dict[str, Any]) -> list[str]:
    """What a task's image may be called: its data has a path, a URL, or a path that follows ``?d=``."""
    data = task.get('data')
    values = [value for value in data.values() if isinstance(value, str)] if isinstance(data, dict) else []
    names = [unquote(value.rpartition('?d=')[2].partition('?')[0]) for value in values]
    return names + [_UPLOAD.sub('', name.rpartition('/')[2]) for name in names]


def _read_tasks(path: Path) -> list[dict[str, Any]]:
    tasks = read_json(path, _EXPECTED)
    if not isinstance(tasks, list) or not all(isinstance(task, dict) and 'annotations' in task for task in tasks):
        raise ValueError(f'{path}: no list of tasks with annotations, expected {_EXPECTED}')
    return tasks


def _result(where: str, task: dict[str, Any]) -> Any:
    """The result of a task's annotation; None where nobody has annotated it."""
    made = task['annotations'] if isinstance(task['annotations'], list) else []
    made = [found for found in made if isinstance(found, dict) and not found.get('was_cancelled')]
    chosen = [found for found in made if found.get('ground_truth')] or made
    if len(chosen) > 1:
        raise ValueError(f'{where}: {len(chosen)} annotations, expected one, or one that is marked as ground truth')
    return chosen[0].get('result') if chosen else None
