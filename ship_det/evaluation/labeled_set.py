"""A labelled set of images as an evaluation needs it, and how often training saw each class."""

import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ship_det.annotations.dota_folder import PARTS, DotaFolder, OtherClasses
from ship_det.annotations.objects import LabeledObject
from ship_det.evaluation.instances import ground_truth_record
from ship_det.evaluation.predictions import Predictions
from ship_det.progress import count_noun

_OTHER_CLASSES = '; --other-classes, or other_classes in the config, as ignore or background leaves them out'


@dataclass(frozen=True)
class LabeledSet:
    """Images and ground truth of an evaluation.

    Attributes:
        classes: names.
        images: files by name, as the metric of a test sorts them: detections of one score keep one order in both.
        records: ground truth of each image, as ``evaluate`` takes it.
    """

    classes: tuple[str, ...]
    images: tuple[Path, ...]
    records: tuple[dict[str, Any], ...]


def read_labeled_set(
    root: str | os.PathLike,
    classes: Sequence[str],
    list_file: str | os.PathLike | None = None,
    other_classes: OtherClasses = 'error',
) -> LabeledSet:
    """Read the labels of a data set in DOTA layout (``images/``, ``labelTxt/``).

    Args:
        root: folder of the data set.
        classes: names.
        list_file: a file with one image name a line, below ``root`` or anywhere, see
            :meth:`ship_det.annotations.DotaFolder.read_list`; None for every image.
        other_classes: what an object of another class is: an error, background, or an ignore region without a class.

    Raises:
        ValueError: a folder, list, image or label file is missing, or a label file is wrong; the message names it.
    """
    folder = DotaFolder(root)
    images = sorted(folder.select(list_file), key=lambda image: image.name)
    records = []
    for image in images:
        objects, regions = read_objects(folder, image, classes, other_classes)
        records.append({'file': image.name, **ground_truth_record(objects, classes, regions)})
    return LabeledSet(tuple(classes), tuple(images), tuple(records))


def find_predicted_list(root: str | os.PathLike, files: Iterable[str]) -> Path | None:
    """The list of a data set whose images are just those with predictions, given by their names.

    Returns:
        Path of test.txt, val.txt or train.txt; None where all images are predicted, or no list has just these.
    """
    folder, names = DotaFolder(root), set(files)
    if names == {image.name for image in folder.images}:
        return None
    for part in reversed(PARTS):
        path = folder.lists.get(part)
        # A list that cannot be read is none that was predicted.
        with suppress(ValueError):
            if path is not None and names == {image.name for image in folder.scan_list(path)[0]}:
                return path
    return None


def select_predictions(
    source: str | os.PathLike, predictions: Predictions, labeled: LabeledSet, subset: bool = False
) -> tuple[Predictions, int]:
    """The predictions of the images of a labelled set, in its order, and how many images were left out.

    Args:
        source: file of the predictions, which messages name.
        predictions: read from there.
        labeled: images and ground truth.
        subset: the labelled set is a part of what was predicted, so predictions of other images are left out.

    Raises:
        ValueError: an image has no predictions, or without ``subset`` there are predictions of an unknown image.
    """
    by_file = {record['file']: record for record in predictions.images}
    names = [record['file'] for record in labeled.records]
    missing = [name for name in names if name not in by_file]
    if missing:
        hint = '' if subset else '; --list names the images to evaluate'
        missed = f'{len(missing)} of {count_noun(len(names), "image")}'
        raise ValueError(f'{source}: no predictions for {missed}, first {missing[0]}{hint}')
    unknown = sorted(by_file.keys() - set(names))
    if unknown and not subset:
        images = count_noun(len(unknown), 'unknown image')
        raise ValueError(f'{source}: predictions for {images}, first {unknown[0]}')
    return Predictions(predictions.classes, tuple(by_file[name] for name in names)), len(unknown)


def count_training(
    root: str | os.PathLike,
    classes: Sequence[str],
    list_file: str | os.PathLike,
    other_classes: OtherClasses = 'error',
) -> NDArray[np.int64]:
    """Instances of each class in the images of a training list, difficult ones left out: (C,).

    Raises:
        ValueError: as ``read_labeled_set``.
    """
    folder = DotaFolder(root)
    counts = folder.count(folder.select(list_file), classes, other_classes, _OTHER_CLASSES).instances
    return np.array([counts[name] for name in classes], dtype=np.int64)


def read_objects(
    folder: DotaFolder, image: Path, classes: Sequence[str], other_classes: OtherClasses
) -> tuple[list[LabeledObject], list[LabeledObject]]:
    """Objects of one image, and its ignore regions: those of other classes, where ``other_classes`` is 'ignore'."""
    objects, others = folder.read_objects(image, classes, other_classes, _OTHER_CLASSES)
    return objects, others if other_classes == 'ignore' else []
