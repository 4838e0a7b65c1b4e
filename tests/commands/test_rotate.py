"""data_tools/rotate.py: pixels and labels turn together."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ship_det.annotations import read_dota

TOOL = Path(__file__).resolve().parents[2] / 'data_tools' / 'rotate.py'


def rotate(*arguments: object) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, TOOL, *map(str, arguments)], capture_output=True, text=True, check=False)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    root = tmp_path / 'source'
    for folder in ('images', 'labelTxt'):
        (root / folder).mkdir(parents=True)
    pixels = np.zeros((80, 120, 3), np.uint8)
    pixels[10:20, 30:70] = 255
    Image.fromarray(pixels).save(root / 'images' / 'a.png')
    (root / 'labelTxt' / 'a.txt').write_text('30 10 70 10 70 20 30 20 tanker 1\n')
    return root


def test_quarter_turn_is_exact(source, tmp_path):
    assert rotate(source, tmp_path / 'out', '--degrees', 90).returncode == 0
    pixels = np.asarray(Image.open(tmp_path / 'out' / 'images' / 'a.png'))
    # Clockwise: the top row becomes the right column.
    assert np.array_equal(pixels, np.rot90(np.asarray(Image.open(source / 'images' / 'a.png')), -1))
    (obj,) = read_dota(tmp_path / 'out' / 'labelTxt' / 'a.txt')
    assert obj.difficult
    assert obj.quad.tolist() == pytest.approx(np.array([[70, 30], [70, 70], [60, 70], [60, 30]]), abs=1e-6)


def test_ship_stays_under_its_label(source, tmp_path):
    assert rotate(source, tmp_path / 'out', '--degrees', 30).returncode == 0
    bright = np.asarray(Image.open(tmp_path / 'out' / 'images' / 'a.png'))[..., 0] / 255
    (obj,) = read_dota(tmp_path / 'out' / 'labelTxt' / 'a.txt')
    rows, columns = np.mgrid[: bright.shape[0], : bright.shape[1]] + 0.5
    center = (bright * columns).sum() / bright.sum(), (bright * rows).sum() / bright.sum()
    assert center == pytest.approx(tuple(obj.quad.mean(axis=0)), abs=0.05)


def test_folder_in_use_is_an_error(source):
    result = rotate(source, source)
    assert result.returncode == 2
    assert 'expected a new or empty folder' in result.stderr
