"""Command lines run as a user runs them, and a small data set of scenes."""

import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
import rasterio

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture
def data_tool():
    """Run ``python data_tools/NAME ARGUMENT...``; the result has returncode, stdout and stderr."""

    def call(name: str, *arguments: object) -> subprocess.CompletedProcess:
        command = [sys.executable, REPOSITORY / 'data_tools' / name, *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True)

    return call


@pytest.fixture
def modules_of_help():
    """Names of the modules that ``python data_tools/NAME --help`` imports."""

    def call(name: str) -> set[str]:
        command = [sys.executable, '-X', 'importtime', REPOSITORY / 'data_tools' / name, '--help']
        result = subprocess.run(command, capture_output=True, text=True)
        assert result.returncode == 0
        assert result.stdout.startswith('usage:')
        return {line.split('|')[-1].strip() for line in result.stderr.splitlines() if line.startswith('import time:')}

    return call


@pytest.fixture
def scenes(tmp_path: Path) -> Path:
    """Two scenes of noise, 300 x 200 px, the one with a ship and a tanker, the other with two ships and a tanker."""
    root = tmp_path / 'scenes'
    for folder in ('images', 'labelTxt'):
        (root / folder).mkdir(parents=True)
    labels = {
        'port': '10 10 60 10 60 20 10 20 ship 0\n120 30 150 30 150 90 120 90 tanker 0\n',
        'bay': '10 10 60 10 60 20 10 20 ship 0\n80 30 90 30 90 60 80 60 ship 0\n200 9 210 9 210 60 200 60 tanker 0\n',
    }
    for seed, (name, text) in enumerate(labels.items()):
        pixels = np.random.default_rng(seed).integers(0, 256, (3, 200, 300), dtype=np.uint8)
        profile = {'driver': 'GTiff', 'count': 3, 'width': 300, 'height': 200, 'dtype': 'uint8'}
        with warnings.catch_warnings():
            warnings.simplefilter('ignore', rasterio.errors.NotGeoreferencedWarning)
            with rasterio.open(root / f'images/{name}.tif', 'w', **profile) as scene:
                scene.write(pixels)
        (root / f'labelTxt/{name}.txt').write_text(text)
    return root
