"""Evaluation of what ``ship-det detect`` found: ships of whole scenes against labels in DOTA's layout or of a GIS."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import shapely

from ship_det.annotations.dota_folder import DotaFolder, OtherClasses
from ship_det.annotations.folders import has_images
from ship_det.annotations.objects import LabeledObject
from ship_det.evaluation.instances import ImageRecord, ground_truth_record
from ship_det.evaluation.labeled_set import read_objects
from ship_det.evaluation.result import EvaluationResult, SearchedArea
from ship_det.evaluation.voc import evaluate_thresholds
from ship_det.geometry.boxes import FloatArray
from ship_det.progress import count_noun
from ship_det.scenes import Detections
from ship_det.scenes.label_layers import place_labels, read_label_layer
from ship_det.scenes.run_folder import FinishedScene, read_run


@dataclass(frozen=True)
class DetectedScenes:
    """Ships that were found in scenes, and the labels of the same scenes.

    Attributes:
        classes: names.
        predictions: a record of each scene, boxes in px.
        ground_truths: labels of the same scenes.
        searched: area where ships were looked for.
        without_gsd: scenes whose ground sampling distance is not known.
        unlabeled: scenes that were left out, as they have no labels.
        left_out: number of labelled objects where no ship was looked for: without data, on land, outside the area.
    """

    classes: tuple[str, ...]
    predictions: tuple[ImageRecord, ...]
    ground_truths: tuple[ImageRecord, ...]
    searched: SearchedArea
    without_gsd: tuple[str, ...]
    unlabeled: tuple[str, ...]
    left_out: int

    def evaluate(self, iou_thresholds: Sequence[float], **options: Any) -> dict[float, EvaluationResult]:
        """``evaluate_thresholds`` with the scenes as images, and their area for the rate of false alarms."""
        options['searched'] = self.searched
        return evaluate_thresholds(self.predictions, self.ground_truths, self.classes, iou_thresholds, **options)


def read_detected(
    run: str | os.PathLike,
    labels: str | os.PathLike,
    other_classes: OtherClasses = 'error',
    gsd: float | None = None,
    class_column: str = 'class',
) -> DetectedScenes:
    """Read what a run found and the labels of its scenes.

    Args:
        run: output folder of ``ship-det detect``.
        labels: folder of the scenes with labelTxt/ and images/, or the images beside labelTxt/; or a vector file of
            polygons with a class each, where a scene has those whose centre lies in it.
        other_classes: what a label of a class that the detector does not know is.
        gsd: ground sampling distance of all scenes, m/px; None for what each knows of itself.
        class_column: column of a vector file that has the class.

    Raises:
        ValueError: naming the file or folder that is missing or wrong.
    """
    finished = read_run(run)
    classes = finished[0].found.classes if finished else ()
    found = [scene.found for scene in finished]
    if Path(labels).is_file():
        objects = _read_layer(found, labels, class_column)
        named = [_sort_by_class(each, classes, other_classes, labels) for each in objects]
        expected = ', expected polygons whose centre lies in one'
    else:
        name = PurePosixPath(_file(found[0])).stem if found else 'NAME'
        expected = f', expected files such as {Path(labels, "labelTxt", name)}.txt (empty where there is no ship)'
        named = _read_folder(found, labels, classes, other_classes)
    labeled = [(scene, truth) for scene, truth in zip(finished, named, strict=True) if truth is not None]
    if not labeled:
        raise ValueError(f'{labels}: has labels of none of the {count_noun(len(found), "scene")} of {run}{expected}')
    predictions, truths, left_out = [], [], 0
    for scene, (known, regions) in labeled:
        each = scene.found
        # What was not looked for cannot be missed.
        within = [labeled for labeled in known if shapely.intersects_xy(scene.searched, *labeled.quad.mean(axis=0))]
        left_out += len(known) - len(within)
        predictions.append({'file': _file(each), 'boxes': each.boxes, 'scores': each.scores, 'labels': each.labels})
        truths.append({'file': _file(each), **ground_truth_record(within, classes, regions)})
    searched, without_gsd = _area([scene for scene, _ in labeled], gsd)
    unlabeled = tuple(_file(each) for each, truth in zip(found, named, strict=True) if truth is None)
    return DetectedScenes(classes, tuple(predictions), tuple(truths), searched, without_gsd, unlabeled, left_out)


Labels = tuple[list[LabeledObject], list[LabeledObject]]


def _file(detections: Detections) -> str:
    assert detections.scene is not None
    return PurePosixPath(detections.scene.path).name


def _read_folder(
    found: Sequence[Detections], root: str | os.PathLike, classes: Sequence[str], other_classes: OtherClasses
) -> list[Labels | None]:
    """Objects and ignore regions of each scene; None of one that the folder has no labels of."""
    beside = Path(root).is_dir() and not Path(root, 'images').is_dir() and has_images(Path(root))
    folder = DotaFolder(root, images=root if beside else None)
    images = {image.stem: image for image in folder.images}
    stems = [PurePosixPath(_file(detections)).stem for detections in found]
    labels: list[Labels | None] = []
    for detections, stem in zip(found, stems, strict=True):
        image = images.get(stem)
        if image is not None and stems.count(stem) > 1:
            # Of scenes that share a name, the one that lies in the folder.
            path = detections.scene.path if detections.scene else ''
            image = image if os.path.exists(path) and os.path.samefile(path, image) else None
        is_labeled = image is not None and folder.find_labels(image) is not None
        labels.append(read_objects(folder, image, classes, other_classes) if image and is_labeled else None)
    return labels


def _read_layer(
    found: Sequence[Detections], path: str | os.PathLike, class_column: str
) -> list[list[LabeledObject] | None]:
    """Objects whose centre lies in each scene; None of a scene that does not know where it is."""
    layer = read_label_layer(path, class_column)
    if layer.skipped:
        reasons = ', '.join(f'{count} {why}' for why, count in layer.skipped.items())
        raise ValueError(f'{path}: found features that are no polygon ({reasons}), expected one a ship')
    scenes = [detections.scene for detections in found]
    on_map = [scene for scene in scenes if scene is not None and scene.georeference is not None]
    placed = iter(place_labels(layer, on_map).objects)
    return [
        [labeled for labeled in next(placed) if _is_within(labeled.quad.mean(axis=0), scene.size)]
        if scene is not None and scene.georeference is not None
        else None
        for scene in scenes
    ]


def _is_within(point: FloatArray, size: tuple[int, int]) -> bool:
    return bool((point >= 0).all() and (point < size).all())


def _sort_by_class(
    objects: list[LabeledObject] | None, classes: Sequence[str], other_classes: OtherClasses, path: str | os.PathLike
) -> Labels | None:
    """Objects of known classes, and the ignore regions that others become."""
    if objects is None:
        return None
    known = [labeled for labeled in objects if labeled.name in classes]
    others = [labeled for labeled in objects if labeled.name not in classes]
    if others and other_classes == 'error':
        raise ValueError(
            f'{path}: unknown class {others[0].name}, expected one of {", ".join(classes)}; --other-classes as ignore '
            'or background leaves it out'
        )
    return known, others if other_classes == 'ignore' else []


def _area(finished: Sequence[FinishedScene], gsd: float | None) -> tuple[SearchedArea, tuple[str, ...]]:
    """The area where ships were looked for, and the scenes whose ground sampling distance is not known."""
    pixels = np.array([scene.searched.area for scene in finished], dtype=np.float64)
    gsds = [scene.found.scene.gsd if gsd is None and scene.found.scene else gsd for scene in finished]
    unknown = tuple(_file(scene.found) for scene, known in zip(finished, gsds, strict=True) if known is None)
    km2 = None if unknown else float(np.dot(pixels, np.square(np.array(gsds, dtype=np.float64)))) / 1e6
    return SearchedArea(float(pixels.sum()) / 1e6, km2), unknown
