"""Data sets of small grey images with one class each: MNIST and MSTAR."""

import gzip
import os
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import NamedTemporaryFile

import numpy as np
from torchvision.datasets.mnist import read_sn3_pascalvincent_tensor

from ship_det.experiments.class_folders import class_files, list_classes, read_image


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
    train, test = (_read_idx_part(Path(root), part) for part in ('train', 't10k'))
    classes = int(max(train.labels.max(), test.labels.max())) + 1
    _check_size(root, test, train)
    return _check_classes(root, ImageSet(tuple(map(str, range(classes))), train, test))


def load_class_folders(root: str | os.PathLike) -> ImageSet:
    """Load a set of grey images in folders ``train/CLASS`` and ``test/CLASS``, as MSTAR comes.

    Classes and images are taken in the order of their names.

    Raises:
        ValueError: if a folder is missing or empty, an image cannot be read, or images differ in size.
    """
    parts = [Path(root) / part for part in ('train', 'test')]
    names, of_test = (list_classes(part) for part in parts)
    if not names or names != of_test:
        raise ValueError(f'{parts[1]}: found classes {of_test}, expected {names or "class folders"} as in training')
    train, test = (_read_part(class_files(part)) for part in parts)
    _check_size(parts[1], test, train)
    return _check_classes(root, ImageSet(tuple(names), train, test))


LOADERS = {'mnist': load_mnist, 'class_folders': load_class_folders}


def _read_idx_part(root: Path, part: str) -> LabeledImages:
    image_file, label_file = (_find_idx(root, f'{part}-{name}') for name in ('images-idx3', 'labels-idx1'))
    images, labels = _read_idx(image_file, 3), _read_idx(label_file, 1)
    if not len(images) or len(images) != len(labels):
        raise ValueError(f'{label_file}: found {len(labels)} labels, expected one for each of {len(images)} images')
    return LabeledImages(images, labels.astype(np.int64))


def _find_idx(root: Path, name: str) -> Path:
    for candidate in (f'{name}-ubyte', f'{name}-ubyte.gz'):
        if (root / candidate).is_file():
            return root / candidate
    raise ValueError(f'{root}: found no {name}-ubyte, expected it there, plain or as .gz')


def _read_idx(path: Path, dimensions: int) -> np.ndarray:
    """Read an idx file of unsigned bytes, compressed with gzip or not, whatever its name ends in."""
    content = path.read_bytes()
    if content.startswith(b'\x1f\x8b'):
        try:
            content = gzip.decompress(content)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise ValueError(f'{path}: found damaged gzip data ({error}), expected a whole file') from error
    start = bytes([0, 0, 8, dimensions])
    if content[:4] != start:
        raise ValueError(
            f'{path}: found a start of {content[:4].hex(" ")}, expected {start.hex(" ")}, that of an idx file of '
            f'unsigned bytes in {dimensions} dimensions'
        )
    with NamedTemporaryFile() as plain:
        plain.write(content)
        plain.flush()
        try:
            return read_sn3_pascalvincent_tensor(plain.name).numpy()
        except (AssertionError, ValueError) as error:
            raise ValueError(f'{path}: found {len(content)} bytes, expected as many as the header says') from error


def _read_part(files: Mapping[str, Sequence[Path]]) -> LabeledImages:
    """Grey images of class folders, which have to be of one size."""
    paths = [path for of_class in files.values() for path in of_class]
    images = [np.asarray(read_image(path).convert('L')) for path in paths]
    for path, image in zip(paths, images, strict=True):
        if image.shape != images[0].shape:
            raise ValueError(f'{path}: found {image.shape} px, expected {images[0].shape} as in the first image')
    return LabeledImages(np.stack(images), np.repeat(np.arange(len(files)), list(map(len, files.values()))))


def _check_size(place: str | os.PathLike, test: LabeledImages, train: LabeledImages) -> None:
    found, expected = (part.images.shape[1:] for part in (test, train))
    if found != expected:
        raise ValueError(f'{place}: found test images of {found} px, expected {expected} as in training')


def _check_classes(root: str | os.PathLike, data: ImageSet) -> ImageSet:
    """``data``, where there are two classes or more and both parts have images of each."""
    if len(data.classes) < 2:
        raise ValueError(f'{root}: found the class {data.classes[0]} only, expected two or more')
    for part, labels in (('training', data.train.labels), ('test', data.test.labels)):
        counts = np.bincount(labels, minlength=len(data.classes))
        if not counts.all():
            raise ValueError(f'{root}: found no {part} image of class {data.classes[counts.argmin()]}, expected some')
    return data
