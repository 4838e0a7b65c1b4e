"""Real label files, where the environment names their folder."""

import os
from pathlib import Path

import numpy as np
import pytest


@pytest.fixture
def data_root() -> Path:
    root = os.environ.get('SHIP_DET_DATA')
    if not root:
        pytest.skip('SHIP_DET_DATA is not set')
    return Path(root)


@pytest.fixture
def same_corners():
    """Assert that two lists of objects agree, corners within 1e-3 px, whichever corner comes first."""

    def check(found, expected):
        assert [(o.name, o.difficult) for o in found] == [(o.name, o.difficult) for o in expected]
        for ours, theirs in zip(found, expected, strict=True):
            turns = [np.abs(np.roll(ours.quad, turn, axis=0) - theirs.quad).max() for turn in range(4)]
            assert min(turns) < 1e-3

    return check
