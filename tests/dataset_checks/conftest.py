"""A small data set of drawn ships, written afresh for each test."""

from contextlib import ExitStack
from pathlib import Path

import cv2
import numpy as np
import pytest

from ship_det.annotations import LabeledObject, write_dota
from ship_det.geometry import rbox_to_quad
from ship_det.raster import SceneReader, open_rgb


def _boxes(seed: int) -> np.ndarray:
    """12 boxes of 60 x 12 px that keep clear of each other in an image of 400 x 300 px, in directions of their own."""
    rng = np.random.default_rng(seed)
    x, y = np.meshgrid(np.arange(50, 400, 100), np.arange(50, 300, 100))
    return np.column_stack([x.ravel(), y.ravel(), np.full(12, 60), np.full(12, 12), rng.uniform(-1.5, 1.5, 12)])


def _draw(boxes: np.ndarray, seed: int) -> np.ndarray:
    """Bright boxes on dark, noisy water: (300, 400) uint8."""
    pixels = np.random.default_rng(seed).normal(60, 6, (300, 400))
    for quad in rbox_to_quad(boxes):
        cv2.fillPoly(pixels, [quad.round().astype(np.int32)], 190)
    return np.clip(pixels, 0, 255).astype(np.uint8)


@pytest.fixture
def boxes():
    """Boxes of a seed, (12, 5)."""
    return _boxes


@pytest.fixture
def draw():
    """Draw boxes, with noise of a seed."""
    return _draw


@pytest.fixture
def opened(tmp_path_factory):
    """Write grey pixels as PNG and open it, for as long as the test runs."""
    with ExitStack() as stack:

        def call(pixels: np.ndarray) -> SceneReader:
            path = tmp_path_factory.mktemp('image') / 'a.png'
            cv2.imwrite(str(path), pixels)
            return stack.enter_context(open_rgb(path))

        yield call


@pytest.fixture
def harbor(tmp_path: Path) -> Path:
    """Four images of 12 ships each, whose names are a to d; half of the ships are tugs."""
    root = tmp_path / 'harbor'
    for folder in ('images', 'labelTxt'):
        (root / folder).mkdir(parents=True)
    for seed, name in enumerate('abcd'):
        found = _boxes(seed)
        cv2.imwrite(str(root / f'images/{name}.png'), _draw(found, seed))
        objects = [LabeledObject(quad, ('ship', 'tug')[index % 2]) for index, quad in enumerate(rbox_to_quad(found))]
        write_dota(root / f'labelTxt/{name}.txt', objects)
    return root
