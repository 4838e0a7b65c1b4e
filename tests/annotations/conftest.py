"""Real label files, where the environment names their folder."""

import os
from pathlib import Path

import pytest


@pytest.fixture
def data_root() -> Path:
    root = os.environ.get('SHIP_DET_DATA')
    if not root:
        pytest.skip('SHIP_DET_DATA is not set')
    return Path(root)
