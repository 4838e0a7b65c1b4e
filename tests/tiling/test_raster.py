"""Pixels through windows: what is read equals what was written, and damage is named."""

import numpy as np
import pytest

from ship_det.annotations.images import verify_image
from ship_det.tiling.raster import open_scene, read_window, write_chip

WINDOW = np.array([20, 10, 30, 40])


@pytest.fixture
def noise():
    return np.random.default_rng(1).integers(0, 256, (4, 120, 150), dtype=np.uint8)


@pytest.mark.parametrize(('bands', 'expected'), [(1, [0, 0, 0]), (3, [0, 1, 2]), (4, [0, 1, 2])])
@pytest.mark.parametrize('name', ['scene.tif', 'scene.png'])
def test_window_of_one_three_and_four_bands(tmp_path, write_raster, noise, name, bands, expected):
    write_raster(tmp_path / name, noise[:bands])
    with open_scene(tmp_path / name) as scene:
        np.testing.assert_array_equal(read_window(scene, WINDOW), noise[expected, 10:50, 20:50])


@pytest.mark.parametrize(
    ('bands', 'dtype', 'found'), [(3, 'uint16', '3 bands of uint16'), (2, 'uint8', '2 bands of uint8')]
)
def test_other_pixels_are_refused(tmp_path, write_raster, bands, dtype, found):
    write_raster(tmp_path / 'scene.tif', np.zeros((bands, 20, 20), dtype=dtype))
    with (
        pytest.raises(ValueError, match=rf'scene\.tif: {found}, expected 1, 3 or 4 bands of uint8'),
        open_scene(tmp_path / 'scene.tif'),
    ):
        pass


@pytest.mark.parametrize('name', ['scene.tif', 'scene.png', 'scene.jpg', 'scene.bmp', 'scene.jp2'])
def test_truncated_image_is_named(tmp_path, write_raster, noise, name):
    path = tmp_path / name
    write_raster(path, np.tile(noise[:3], (1, 4, 4)))
    verify_image(path)
    whole = path.read_bytes()
    for share in (0.9, 0.5, 0.0):
        path.write_bytes(whole[: int(share * len(whole))])
        with pytest.raises(ValueError, match=rf'{name}: not an image or a truncated one'):
            verify_image(path)


def test_missing_image_is_named(tmp_path):
    with pytest.raises(ValueError, match=r'nowhere\.png: no such file'):
        verify_image(tmp_path / 'nowhere.png')


@pytest.mark.parametrize('name', ['chip.png', 'chip.tif'])
def test_lossless_chips_read_back(tmp_path, noise, name):
    write_chip(tmp_path / name, noise[:3])
    with open_scene(tmp_path / name) as chip:
        np.testing.assert_array_equal(read_window(chip, np.array([0, 0, 150, 120])), noise[:3])
