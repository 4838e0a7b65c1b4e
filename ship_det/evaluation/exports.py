"""Predictions in the forms that other tools read: DOTA Task1 files, COCO results, YOLO-OBB files, map layers."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ship_det.annotations.objects import LabeledObject
from ship_det.annotations.yolo_obb import write_yolo_obb
from ship_det.evaluation.chip_scenes import LocatedPredictions
from ship_det.evaluation.instances import ImageRecord
from ship_det.evaluation.predictions import Predictions
from ship_det.files import parse_json, read_text, staged_folder, write_text
from ship_det.geometry import rbox_to_quad
from ship_det.progress import count_noun
from ship_det.scenes.detector import Detections
from ship_det.scenes.layers import write_table
from ship_det.scenes.ship_table import tabulate_ships

#: Ends of the names of map layers.
LAYER_SUFFIXES = ('.gpkg', '.geojson', '.parquet', '.csv')


def at_least(predictions: Predictions, min_score: float) -> tuple[Predictions, int]:
    """Predictions of at least a score, and how many others there were.

    Raises:
        ValueError: a score below 0 or above 1.
    """
    if not 0 <= min_score <= 1:
        raise ValueError(f'min score: expected 0 to 1, found {min_score:g}')
    images, dropped = [], 0
    for record in predictions.images:
        kept = np.asarray(record['scores']) >= min_score
        dropped += int((~kept).sum())
        images.append({'file': record['file'], **{key: record[key][kept] for key in ('boxes', 'scores', 'labels')}})
    return Predictions(predictions.classes, tuple(images)), dropped


def write_task1(folder: str | os.PathLike, predictions: Predictions) -> None:
    """Write ``Task1_CLASS.txt`` of every class, as DOTA's evaluation server takes it.

    A line is ``image score x1 y1 x2 y2 x3 y3 x4 y4``: the image's name without suffix, corners clockwise on screen, px.

    Raises:
        ValueError: a class or an image whose name cannot be written so, or two images of one name.
    """
    for name in predictions.classes:
        if '/' in name:
            raise ValueError(f'class {name!r}: expected a name that a file can have, for Task1_CLASS.txt')
    stems = _different_stems(predictions, folder)
    for stem in stems:
        if len(stem.split()) != 1:
            raise ValueError(f'{folder}: the image name {stem!r} has blanks, which separate the columns of Task1 files')
    lines: dict[str, list[str]] = {name: [] for name in predictions.classes}
    for stem, record in zip(stems, predictions.images, strict=True):
        for quad, score, label in _rows(record):
            numbers = ' '.join(repr(value) for value in [score, *quad.ravel().tolist()])
            lines[predictions.classes[label]].append(f'{stem} {numbers}\n')
    with staged_folder(folder) as stage:
        for name, of_class in lines.items():
            write_text(stage / f'Task1_{name}.txt', ''.join(of_class))


def write_coco_results(
    path: str | os.PathLike, predictions: Predictions, coco: str | os.PathLike | None = None
) -> None:
    """Write COCO results: a JSON list, an object a detection.

    ``bbox`` is the upright box (x, y, width, height) around it and ``segmentation`` its corners, which COCO's
    evaluation takes; ``rotated_bbox`` is (cx, cy, w, h, degrees counterclockwise on screen), Detectron2's form.

    Args:
        path: file to write.
        predictions: of images.
        coco: COCO file whose ids of images and categories are used, found by name. Without it images are numbered from
            1 in the order of the predictions, categories from 1 in the order of the classes.

    Raises:
        ValueError: the file lacks an image or a class.
    """
    image_ids: Mapping[str, Any] = {record['file']: n for n, record in enumerate(predictions.images, start=1)}
    category_ids: Mapping[str, Any] = {name: n for n, name in enumerate(predictions.classes, start=1)}
    if coco is not None:
        image_ids, category_ids = _read_ids(coco, predictions)
    results = []
    for record in predictions.images:
        for (quad, score, label), box in zip(_rows(record), np.asarray(record['boxes']).tolist(), strict=True):
            name = predictions.classes[label]
            low, high = quad.min(axis=0), quad.max(axis=0)
            result = {
                'image_id': image_ids[record['file']],
                'category_id': category_ids[name],
                'score': score,
                'bbox': [*low.tolist(), *(high - low).tolist()],
                'segmentation': [quad.ravel().tolist()],
                'rotated_bbox': [*box[:4], -np.degrees(box[4])],
                'file_name': record['file'],
                'category_name': name,
            }
            results.append(json.dumps(result, ensure_ascii=False))
    write_text(path, '[' + ',\n'.join(results) + ']\n')


def write_yolo_predictions(folder: str | os.PathLike, located: LocatedPredictions) -> int:
    """Write ``labels/NAME.txt`` of every image and ``classes.txt``.

    A line is ``class x1 y1 x2 y2 x3 y3 x4 y4 score``, corners as shares of the image's width and height, as Ultralytics
    saves them (``save_txt``, ``save_conf``).

    Returns:
        How many boxes reach beyond their image, and so below 0 or above 1.

    Raises:
        ValueError: two images of one name.
    """
    predictions = located.predictions
    stems = _different_stems(predictions, folder)
    beyond = 0
    with staged_folder(folder) as stage:
        (stage / 'labels').mkdir()
        for stem, record, scene in zip(stems, predictions.images, located.scenes, strict=True):
            rows = list(_rows(record))
            objects = [LabeledObject(quad, predictions.classes[label], score=score) for quad, score, label in rows]
            beyond += sum(bool((quad < 0).any() or (quad > scene.size).any()) for quad, _, _ in rows)
            write_yolo_obb(stage / 'labels' / f'{stem}.txt', objects, scene.size, predictions.classes)
        write_text(stage / 'classes.txt', ''.join(f'{name}\n' for name in predictions.classes))
    return beyond


def write_prediction_layer(path: str | os.PathLike, located: LocatedPredictions) -> list[str]:
    """Write the predictions as a map layer: ``.gpkg``, ``.geojson``, ``.parquet``, or ``.csv``, which holds px too.

    Returns:
        Names of images that are left out, as nobody knows where they lie; ``.csv`` has them.

    Raises:
        ValueError: naming the file, where its name ends otherwise, or no image knows where it lies.
    """
    suffix = Path(path).suffix.lower()
    check_layer_name(path)
    found = []
    for record, scene in zip(located.predictions.images, located.scenes, strict=True):
        detections = Detections(record['boxes'], record['scores'], record['labels'], located.predictions.classes)
        order = np.argsort(-detections.scores, kind='stable')
        found.append(replace(detections[order], scene=scene))
    missing = [scene.name for scene in located.scenes if scene.georeference is None and suffix != '.csv']
    if found and len(missing) == len(found):
        raise ValueError(
            f'{path}: none of {count_noun(len(missing), "image")} knows where on Earth it lies, expected '
            'georeferenced ones (--scenes names the folder of the scenes of chips), or a layer in .csv'
        )
    write_table(path, tabulate_ships([each for each in found if each.scene and each.scene.name not in missing]))
    return missing


def check_layer_name(path: str | os.PathLike) -> None:
    """Raise ValueError where a file's name does not end as that of a layer, or the file is there already."""
    if Path(path).suffix.lower() not in LAYER_SUFFIXES:
        raise ValueError(f'{path}: expected a layer whose name ends in one of: {", ".join(LAYER_SUFFIXES)}')
    check_new_file(path)


def check_new_file(path: str | os.PathLike) -> None:
    """Raise ValueError where there is one already."""
    if Path(path).exists():
        raise ValueError(f'{path}: already there, expected a new file')


def check_new_folder(path: str | os.PathLike) -> None:
    """Raise ValueError where there is one already that holds something."""
    if Path(path).exists() and (not Path(path).is_dir() or any(Path(path).iterdir())):
        raise ValueError(f'{path}: already there, expected a new or empty folder')


def _rows(record: ImageRecord) -> list[tuple[np.ndarray, float, int]]:
    """Corners (4, 2), score and label of each detection."""
    quads = rbox_to_quad(record['boxes']) + 0.0
    scores, labels = np.asarray(record['scores'], dtype=np.float64).tolist(), np.asarray(record['labels']).tolist()
    return list(zip(quads, scores, labels, strict=True))


def _different_stems(predictions: Predictions, where: str | os.PathLike) -> list[str]:
    stems = [Path(record['file']).stem for record in predictions.images]
    seen: dict[str, str] = {}
    for stem, record in zip(stems, predictions.images, strict=True):
        if stem in seen:
            raise ValueError(f'{where}: {seen[stem]} and {record["file"]} share a name, expected different ones')
        seen[stem] = record['file']
    return stems


def _read_ids(path: str | os.PathLike, predictions: Predictions) -> tuple[dict[str, Any], dict[str, Any]]:
    """Ids of images by the files of predictions, and of categories by name."""
    try:
        content = parse_json(read_text(path))
        files = [str(image['file_name']).replace('\\', '/').rpartition('/')[2] for image in content['images']]
        images = {file: image['id'] for file, image in zip(files, content['images'], strict=True)}
        categories = {str(category['name']): category['id'] for category in content['categories']}
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f'{path}: not a COCO file ({error!r}), expected images and categories') from error
    if len(images) < len(files):
        raise ValueError(f'{path}: two images of one file name, expected different ones')
    _require(path, 'image', [record['file'] for record in predictions.images], images)
    used = {predictions.classes[label] for record in predictions.images for label in np.unique(record['labels'])}
    _require(path, 'category', sorted(used), categories)
    return images, categories


def _require(path: str | os.PathLike, what: str, names: Sequence[str], known: Mapping[str, Any]) -> None:
    missing = [name for name in names if name not in known]
    if missing:
        some = ', '.join(list(known)[:5]) + (', ...' if len(known) > 5 else '')
        raise ValueError(f'{path}: no {what} {missing[0]!r} of the predictions ({len(missing)} lack), found {some}')
