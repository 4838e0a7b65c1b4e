"""A small set of class folders, its classes told apart by their colour."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image


def write_classes(root: Path, part: str, classes: int, images: int, size: int = 16) -> None:
    rng = np.random.default_rng(sum(map(ord, part)))
    for index in range(classes):
        folder = root / part / f'{part}_{index}'
        folder.mkdir(parents=True)
        color = rng.integers(0, 256, 3)
        for number in range(images):
            pixels = np.clip(color + rng.normal(0, 20, (size, size, 3)), 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(folder / f'{number:02}.png')


@pytest.fixture(scope='session')
def class_folders(tmp_path_factory) -> Path:
    """train/ with 6 classes, val/ and test/ with 3, 12 images of 16 x 16 px each; read only."""
    root = tmp_path_factory.mktemp('few_shot')
    for part, classes in {'train': 6, 'val': 3, 'test': 3}.items():
        write_classes(root, part, classes, 12)
    return root
