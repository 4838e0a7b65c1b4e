"""Counting the instances of each class in a folder of labels or in a data set."""

import operator
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np


def count_instances(source: Any, classes: Sequence[str] | None = None) -> np.ndarray:
    """Count what training sees as ground truth: every object that is not an ignore region.

    Args:
        source: a folder of DOTA label files, or a data set root with ``labelTxt/`` and ``images/``, of whose images the
            labels count; difficult objects are ignore regions. Or a data set with MMEngine's interface
            (``get_data_info``, ``metainfo``), also wrapped in ConcatDataset, RepeatDataset, ClassBalancedDataset or
            torch's Subset, whose repetitions count; or one that knows its ``expected_instances()``. No image is read
            and no pipeline runs.
        classes: class names; a data set brings its own, which must be the same.

    Returns:
        Instances of each class, shape (C,), int64.

    Raises:
        ValueError: if there is no label file, a class is unknown, or a data set's classes are not ``classes``.
    """
    if isinstance(source, str | Path):
        if classes is None:
            raise ValueError(f'{source}: counting a folder of labels needs class names, found None')
        return _count_folder(Path(source), classes)
    own = dataset_classes(source)
    if classes is not None and list(classes) != own:
        raise ValueError(f'{type(source).__name__}: found classes {own}, expected {list(classes)}')
    counts = np.zeros(len(own), dtype=np.int64)
    _count_dataset(source, np.ones(len(source), dtype=np.int64), counts)
    return counts


def dataset_classes(dataset: Any) -> list[str]:
    """Class names of a data set, wrapped or not."""
    while not hasattr(dataset, 'metainfo') and hasattr(dataset, 'dataset'):
        dataset = dataset.dataset
    classes = getattr(dataset, 'metainfo', {}).get('classes')
    if not classes:
        raise ValueError(f"{type(dataset).__name__}: found no metainfo['classes'], expected a list of class names")
    return list(classes)


def _count_folder(folder: Path, classes: Sequence[str]) -> np.ndarray:
    from ship_det.annotations import read_dota
    from ship_det.annotations.classes import check_classes
    from ship_det.annotations.dota_folder import find_label_files

    check_classes(classes)
    objects = (labeled for file in find_label_files(folder) for labeled in read_dota(file, classes))
    counts = Counter(labeled.name for labeled in objects if not labeled.difficult)
    return np.array([counts[name] for name in classes], dtype=np.int64)


def _count_dataset(dataset: Any, uses: np.ndarray, counts: np.ndarray) -> None:
    """Add to ``counts`` the instances of ``dataset``, item ``i`` of which occurs ``uses[i]`` times."""
    if hasattr(dataset, 'datasets'):
        ends = np.cumsum([len(part) for part in dataset.datasets])
        for part, part_uses in zip(dataset.datasets, np.split(uses, ends[:-1]), strict=True):
            _count_dataset(part, part_uses, counts)
    elif hasattr(dataset, 'dataset'):
        inner = dataset.dataset
        picks = getattr(dataset, 'repeat_indices', getattr(dataset, 'indices', None))
        if picks is None:
            picks = np.arange(len(dataset)) % len(inner)
        inner_uses = np.zeros(len(inner), dtype=np.int64)
        np.add.at(inner_uses, np.asarray(picks, dtype=np.int64), uses)
        _count_dataset(inner, inner_uses, counts)
    elif hasattr(dataset, 'expected_instances'):
        # Its items are drawn at random, and too many to be counted.
        counts += np.rint(dataset.expected_instances() * (uses.sum() / len(dataset))).astype(np.int64)
    else:
        for index in np.flatnonzero(uses):
            _count_item(dataset.get_data_info(int(index)), uses[index], counts)


def _count_item(info: dict, times: int, counts: np.ndarray) -> None:
    for instance in info['instances']:
        if instance.get('ignore_flag', 0):
            continue
        label = instance['bbox_label']
        try:
            known = 0 <= operator.index(label) < len(counts)
        except TypeError:
            known = False
        if not known:
            name = info.get('img_path', info.get('img_id', 'an image'))
            raise ValueError(f'{name}: found bbox_label {label!r}, expected a class index from 0 to {len(counts) - 1}')
        counts[label] += times
