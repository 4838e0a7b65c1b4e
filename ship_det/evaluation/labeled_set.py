"""A labelled set of images as an evaluation needs it, and how often training saw each class."""

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from ship_det.annotations.dota import read_dota
from ship_det.annotations.files import read_text
from ship_det.annotations.folders import dota_label_path, list_images
from ship_det.annotations.objects import LabeledObject
from ship_det.evaluation.instances import GroundTruths, gather_ground_truths, ground_truth_record
from ship_det.evaluation.predictions import Predictions

OtherClasses = Literal['error', 'background', 'ignore']


@dataclass(frozen=True)
class LabeledSet:
    """Images and ground truth of an evaluation.

    Attributes:
        classes: names.
        images: files.
        records: ground truth of each image, as ``evaluate`` takes it.
        truths: the same, joined.
        quads: (M, 4, 2) corners as labelled, in the order of ``truths``.
        region_quads: (K, 4, 2) corners of the ignore regions, in the order of ``truths.regions``.
    """

    classes: tuple[str, ...]
    images: tuple[Path, ...]
    records: tuple[dict[str, Any], ...]
    truths: GroundTruths
    quads: NDArray[np.float64]
    region_quads: NDArray[np.float64]


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
        list_file: a file with one image name a line, below ``root`` or anywhere; None for every image.
        other_classes: what an object of another class is: an error, background, or an ignore region without a class.

    Raises:
        ValueError: a folder, list, image or label file is missing, or a label file is wrong; the message names it.
    """
    images = _image_paths(Path(root), list_file)
    labels = [read_objects(root, image, classes, other_classes) for image in images]
    records = [
        {'file': image.name, **ground_truth_record(objects, classes, regions)}
        for image, (objects, regions) in zip(images, labels, strict=True)
    ]
    return LabeledSet(
        tuple(classes),
        tuple(images),
        tuple(records),
        gather_ground_truths(records, classes),
        _corners(one for objects, _ in labels for one in objects),
        _corners(one for _, regions in labels for one in regions),
    )


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
        raise ValueError(
            f'{source}: no predictions for {len(missing)} of {len(names)} images, first {missing[0]}{hint}'
        )
    unknown = sorted(by_file.keys() - set(names))
    if unknown and not subset:
        raise ValueError(f'{source}: predictions for {len(unknown)} unknown images, first {unknown[0]}')
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
    counts: Counter[str] = Counter()
    for image in _image_paths(Path(root), list_file):
        objects, _ = read_objects(root, image, classes, other_classes)
        counts.update(one.name for one in objects if not one.difficult)
    return np.array([counts[name] for name in classes], dtype=np.int64)


def read_objects(
    root: str | os.PathLike, image: Path, classes: Sequence[str], other_classes: OtherClasses
) -> tuple[list[LabeledObject], list[LabeledObject]]:
    """Objects of one image, and its ignore regions: those of other classes, where ``other_classes`` is 'ignore'."""
    if other_classes not in get_args(OtherClasses):
        raise ValueError(f'other_classes: expected one of {get_args(OtherClasses)}, found {other_classes!r}')
    path = dota_label_path(root, image)
    if not path.is_file():
        raise ValueError(f'{path}: no such file, expected the labels of {image.name} (an empty file if it has none)')
    objects = read_dota(path, classes if other_classes == 'error' else None)
    others = [one for one in objects if one.name not in classes] if other_classes == 'ignore' else []
    return [one for one in objects if one.name in classes], others


def _corners(objects: Iterable[LabeledObject]) -> NDArray[np.float64]:
    return np.array([one.quad for one in objects], dtype=np.float64).reshape(-1, 4, 2)


def _image_paths(root: Path, list_file: str | os.PathLike | None) -> list[Path]:
    folder = root / 'images'
    if not root.is_dir():
        raise ValueError(f'{root}: no such folder, expected a data set with images/ and labelTxt/')
    if list_file is None:
        return list_images(folder)
    path = next((path for path in (root / list_file, Path(list_file)) if path.is_file()), None)
    if path is None:
        raise ValueError(f'{list_file}: no such file, neither in {root} nor here; expected one image name a line')
    numbered = [(number, line.strip()) for number, line in enumerate(read_text(path).split('\n'), start=1)]
    numbered = [(number, name) for number, name in numbered if name]
    if not numbered:
        raise ValueError(f'{path}: names no image, expected one file name a line')
    seen: dict[str, int] = {}
    for number, name in numbered:
        if name in seen:
            raise ValueError(f'{path}:{number}: {name} is on line {seen[name]} already, expected each image once')
        seen[name] = number
        if not (folder / name).is_file():
            raise ValueError(f'{path}:{number}: {folder / name} does not exist')
    return [folder / name for name in seen]
