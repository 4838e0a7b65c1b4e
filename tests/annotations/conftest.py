"""Real label files, where the environment names their folder."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image


@pytest.fixture
def same_corners():
    """Assert that two lists of objects agree, corners within 1e-3 px, whichever corner comes first."""

    def check(found, expected):
        assert [(o.name, o.difficult) for o in found] == [(o.name, o.difficult) for o in expected]
        for ours, theirs in zip(found, expected, strict=True):
            turns = [np.abs(np.roll(ours.quad, turn, axis=0) - theirs.quad).max() for turn in range(4)]
            assert min(turns) < 1e-3

    return check


@pytest.fixture
def image():
    """A function that writes an image of noise, 40 x 20 px by default."""

    def write(path: Path, width: int = 40, height: int = 20) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.random.default_rng(0).integers(0, 255, (height, width, 3), dtype=np.uint8)).save(path)

    return write
