"""Turned images: the same from pieces as from the whole, whatever the size and the kind."""

import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from ship_det.tiling import rotation
from ship_det.tiling.png import PngWriter
from ship_det.tiling.rotation import rotate_image


@pytest.fixture
def scene(tmp_path):
    """A smooth scene as PNG, and its pixels."""
    y, x = np.mgrid[:300, :430]
    pixels = np.stack([128 + 120 * np.sin(x / 19 + y / 31 + phase) for phase in range(3)], axis=2).astype(np.uint8)
    Image.fromarray(pixels).save(tmp_path / 'scene.png')
    return tmp_path / 'scene.png', pixels


@pytest.mark.parametrize('quarters', [-1, 0, 1, 2, 5])
def test_quarter_turns_are_exact_from_pieces_too(scene, tmp_path, monkeypatch, quarters):
    monkeypatch.setattr(rotation, '_PIECE', 64)
    monkeypatch.setattr('ship_det.raster.reading._SEEKABLE', 0)
    path, pixels = scene
    turned = rotate_image(path, tmp_path / 'turned.png', 90 * quarters)
    found = np.asarray(Image.open(tmp_path / 'turned.png'))
    assert turned.size == (found.shape[1], found.shape[0])
    # Clockwise.
    np.testing.assert_array_equal(found, np.rot90(pixels, -quarters))
    assert sorted(file.name for file in tmp_path.iterdir()) == ['scene.png', 'turned.png']


def test_images_of_more_pixels_than_pillow_opens(scene, tmp_path, monkeypatch):
    """As those of DOTA-v2.0."""
    path, pixels = scene
    monkeypatch.setattr(Image, 'MAX_IMAGE_PIXELS', pixels.shape[0] * pixels.shape[1] // 3)
    with pytest.raises(Image.DecompressionBombError):
        Image.open(path)
    rotate_image(path, tmp_path / 'turned.png', 90)
    monkeypatch.setattr(Image, 'MAX_IMAGE_PIXELS', None)
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / 'turned.png')), np.rot90(pixels, -1))


@pytest.mark.parametrize('degrees', [30, -100.5])
def test_pieces_fit_together(scene, tmp_path, monkeypatch, degrees):
    path, _ = scene
    rotate_image(path, tmp_path / 'whole.png', degrees)
    monkeypatch.setattr(rotation, '_PIECE', 50)
    rotate_image(path, tmp_path / 'pieces.png', degrees)
    whole, pieces = (np.asarray(Image.open(tmp_path / f'{name}.png')).astype(int) for name in ('whole', 'pieces'))
    # OpenCV places samples on a grid of 1/32 px; at the scene's edge a step of that is 255 / 32 levels.
    difference = np.abs(whole - pieces)
    assert difference.max() <= 12
    assert difference.mean() < 0.05


def test_points_move_with_the_pixels(tmp_path):
    pixels = np.zeros((200, 320, 3), dtype=np.uint8)
    pixels[40:60, 250:270] = 255
    Image.fromarray(pixels).save(tmp_path / 'a.png')
    turned = rotate_image(tmp_path / 'a.png', tmp_path / 'b.png', 33)
    bright = np.asarray(Image.open(tmp_path / 'b.png'))[..., 0].astype(float)
    rows, columns = np.mgrid[: bright.shape[0], : bright.shape[1]] + 0.5
    center = [(bright * columns).sum() / bright.sum(), (bright * rows).sum() / bright.sum()]
    np.testing.assert_allclose(turned(np.array([260.0, 50.0])), center, atol=0.05)


MEMORY = """
import re, sys
from pathlib import Path
from ship_det.tiling.rotation import rotate_image
rotate_image(sys.argv[1], sys.argv[2], 45)
print(int(re.search(r'VmHWM:\\s*(\\d+) kB', Path('/proc/self/status').read_text())[1]) / 1024)
"""


def test_the_whole_image_is_never_in_memory(tmp_path):
    """81 million px, 243 MB, and twice as much when it is turned."""
    rows = np.tile(np.arange(9000, dtype=np.uint8)[:, None], (90, 1, 3))
    with (tmp_path / 'a.png').open('wb') as file:
        writer = PngWriter(file, 9000, 9000)
        for _ in range(100):
            writer.write(rows)
        writer.close()
    command = [sys.executable, '-c', MEMORY, tmp_path / 'a.png', tmp_path / 'b.png']
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    assert float(result.stdout) < 500
