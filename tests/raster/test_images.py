"""Images: sizes, and damage that is named."""

import warnings

import numpy as np
import pytest
import rasterio

from ship_det.raster.images import image_size, verify_image

DRIVERS = {'a.tif': 'GTiff', 'a.png': 'PNG', 'a.jpg': 'JPEG', 'a.bmp': 'BMP', 'a.jp2': 'JP2OpenJPEG', 'a.webp': 'WEBP'}


@pytest.fixture
def write_noise(tmp_path):
    def write(name, dtype='uint8', bands=3):
        pixels = np.random.default_rng(1).integers(0, 256, (bands, 480, 150)).astype(dtype)
        profile = {'count': bands, 'width': 150, 'height': 480, 'dtype': dtype}
        with warnings.catch_warnings():
            warnings.simplefilter('ignore', rasterio.errors.NotGeoreferencedWarning)
            with rasterio.open(tmp_path / name, 'w', driver=DRIVERS[name], **profile) as image:
                image.write(pixels)
        return tmp_path / name

    return write


@pytest.mark.parametrize('name', DRIVERS)
def test_truncated_image_is_named(write_noise, name):
    path = write_noise(name)
    verify_image(path)
    assert image_size(path) == (150, 480)
    whole = path.read_bytes()
    for share in (0.9, 0.5, 0.0):
        path.write_bytes(whole[: int(share * len(whole))])
        with pytest.raises(ValueError, match=rf'{name}: not an image or a truncated one'):
            verify_image(path)


def test_any_kind_of_pixel_can_be_verified(write_noise):
    verify_image(write_noise('a.tif', dtype='uint16', bands=5))


def test_missing_image_is_named(tmp_path):
    with pytest.raises(ValueError, match=r'nowhere\.png: no such file'):
        verify_image(tmp_path / 'nowhere.png')
