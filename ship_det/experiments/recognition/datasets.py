"""Data sets of small grey images with one class each: MNIST and MSTAR."""

import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from ship_det.experiments.class_folders import class_folders, find_class_images, read_image
from ship_det.experiments.recognition.idx import read_idx


@dataclass(frozen=True)
class LabeledImages:
    """Grey images with labels.

    Attributes:
        images: shape (N, H, W), uint8.
        labels: class indices, shape (N,), int64.
    """

    images: np.ndarray
    labels: np.ndarray

    @cached_property
    def pixel_scale(self) -> tuple[float, float]:
        """Mean and standard deviation of all grey values."""
        # A part at a time: bincount makes eight bytes of each.
        parts = (self.images[start : start + 1000].ravel() for start in range(0, len(self.images), 1000))
        histogram = sum(np.bincount(part, minlength=256) for part in parts) / self.images.size
        values = np.arange(256)
        mean = float(histogram @ values)
        # Images of one grey value have none.
        return mean, float(np.sqrt(histogram @ (values - mean) ** 2)) or 1.0


@dataclass(frozen=True)
class ImageSet:
    """A data set in two parts.

    Attributes:
        classes: class names, C of them.
        train: what training sets are sampled from.
        test: the whole test set.
    """

    classes: tuple[str, ...]
    train: LabeledImages
    test: LabeledImages

    @property
    def train_counts(self) -> np.ndarray:
        """Training images of each class, shape (C,), int64."""
        return np.bincount(self.train.labels, minlength=len(self.classes))


def load_mnist(root: str | os.PathLike) -> ImageSet:
    """Load MNIST, or a set in its format, from four idx files with their usual names, with or without ``.gz``.

    Raises:
        ValueError: if a file is missing or damaged, or images and labels differ in number.
    """
    train, test = (_load_idx_part(Path(root), part) for part in ('train', 't10k'))
    classes = int(max(train.labels.max(), test.labels.max())) + 1
    if train.images.shape[1:] != test.images.shape[1:]:
        raise ValueError(
            f'{root}: found test images of {test.images.shape[1:]} px, expected {train.images.shape[1:]} as in training'
        )
    return _checked(root, ImageSet(tuple(map(str, range(classes))), train, test))


def load_class_folders(root: str | os.PathLike) -> ImageSet:
    """Load a set of grey images in folders ``train/CLASS`` and ``test/CLASS``, as MSTAR comes.

    Classes and images are taken in the order of their names.

    Raises:
        ValueError: if a folder is missing or empty, an image cannot be read, or images differ in size.
    """
    parts = [Path(root) / part for part in ('train', 'test')]
    names = []
    for part in parts:
        if not part.is_dir():
            raise ValueError(f'{part}: found no such folder, expected one folder a class in it')
        names.append([entry.name for entry in class_folders(part)])
    if not names[0] or names[0] != names[1]:
        raise ValueError(f'{parts[1]}: found classes {names[1]}, expected {names[0] or "class folders"} as in training')
    size: list[tuple[int, int]] = []
    train, test = (_load_part(part, names[0], size) for part in parts)
    return _checked(root, ImageSet(tuple(names[0]), train, test))


LOADERS = {'mnist': load_mnist, 'class_folders': load_class_folders}


def _load_idx_part(root: Path, part: str) -> LabeledImages:
    image_file, label_file = (_find_idx(root, f'{part}-{name}') for name in ('images-idx3', 'labels-idx1'))
    images, labels = read_idx(image_file, 3), read_idx(label_file, 1)
    if not len(images) or len(images) != len(labels):
        raise ValueError(f'{label_file}: found {len(labels)} labels, expected one for each of {len(images)} images')
    return LabeledImages(images, labels.astype(np.int64))


def _find_idx(root: Path, name: str) -> Path:
    for candidate in (f'{name}-ubyte', f'{name}-ubyte.gz'):
        if (root / candidate).is_file():
            return root / candidate
    raise ValueError(f'{root}: found no {name}-ubyte, expected it there, plain or as .gz')


def _load_part(part: Path, classes: list[str], size: list[tuple[int, int]]) -> LabeledImages:
    images, labels = [], []
    for label, name in enumerate(classes):
        files = find_class_images(part / name)
        images += [_load_image(file, size) for file in files]
        labels += [label] * len(files)
    return LabeledImages(np.stack(images), np.array(labels, dtype=np.int64))


def _load_image(file: Path, size: list[tuple[int, int]]) -> np.ndarray:
    """Read one image as grey; ``size`` holds that of the first image read."""
    pixels = np.asarray(read_image(file).convert('L'))
    if not size:
        size.append(pixels.shape)
    if pixels.shape != size[0]:
        raise ValueError(f'{file}: found {pixels.shape} px, expected {size[0]} as in the first image')
    return pixels


def _checked(root: str | os.PathLike, data: ImageSet) -> ImageSet:
    """``data``, where there are two classes or more and both parts have images of each."""
    if len(data.classes) < 2:
        raise ValueError(f'{root}: found the class {data.classes[0]} only, expected two or more')
    for part, labels in (('training', data.train.labels), ('test', data.test.labels)):
        counts = np.bincount(labels, minlength=len(data.classes))
        if not counts.all():
            raise ValueError(f'{root}: found no {part} image of class {data.classes[counts.argmin()]}, expected some')
    return data
