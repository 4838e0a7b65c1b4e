"""Small data sets on disk and in memory."""

import gzip
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ship_det.experiments.recognition.datasets import ImageSet, LabeledImages


def _images(labels: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """28 x 28 px of noise with a bar of any brightness, the higher the class the lower it lies."""
    images = generator.integers(0, 60, size=(len(labels), 28, 28), dtype=np.uint8)
    for image, label in zip(images, labels, strict=True):
        image[6 * label + 3 : 6 * label + 6, 4:24] = generator.integers(90, 256)
    return images


@pytest.fixture
def bars() -> ImageSet:
    """Four classes of 28 x 28 px that a network tells apart after a few steps."""
    generator = np.random.default_rng(0)
    parts = []
    for per_class in (20, 8):
        labels = np.repeat(np.arange(4), per_class)
        parts.append(LabeledImages(_images(labels, generator), labels))
    return ImageSet(('0', '1', '2', '3'), *parts)


@pytest.fixture
def write_idx() -> Callable:
    """A function that writes an array of bytes as an idx file."""

    def write(path: Path, array: np.ndarray, compressed: bool = False) -> Path:
        header = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, '>u4').tobytes()
        content = header + array.astype(np.uint8).tobytes()
        path.write_bytes(gzip.compress(content) if compressed else content)
        return path

    return write


@pytest.fixture
def mnist_folder(bars, tmp_path, write_idx) -> Path:
    """``bars`` in MNIST's files, the training part compressed."""
    for part, name in ((bars.train, 'train'), (bars.test, 't10k')):
        end = '.gz' if name == 'train' else ''
        write_idx(tmp_path / f'{name}-images-idx3-ubyte{end}', part.images, bool(end))
        write_idx(tmp_path / f'{name}-labels-idx1-ubyte{end}', part.labels, bool(end))
    return tmp_path
