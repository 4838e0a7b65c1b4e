"""Pixels of any kind of image."""

import warnings

import numpy as np
import pytest
import rasterio

from ship_det.dataset_checks.images import read_gray, read_preview


@pytest.fixture
def write(tmp_path):
    def call(pixels):
        profile = {'driver': 'GTiff', 'count': len(pixels), 'width': pixels.shape[2], 'height': pixels.shape[1]}
        with warnings.catch_warnings():
            warnings.simplefilter('ignore', rasterio.errors.NotGeoreferencedWarning)
            with rasterio.open(tmp_path / 'a.tif', 'w', dtype=pixels.dtype, **profile) as image:
                image.write(pixels)
        return tmp_path / 'a.tif'

    return call


def test_gray_is_the_mean_of_the_colours(write):
    pixels = np.random.default_rng(0).integers(0, 256, (4, 1100, 30), dtype=np.uint8)
    gray = read_gray(write(pixels))
    np.testing.assert_array_equal(gray, pixels[:3].mean(axis=0).astype(np.uint8))
    single = pixels[:1].astype(np.uint16) * 100
    np.testing.assert_array_equal(read_gray(write(single)), single[0])


def test_preview_is_small_and_stretched(write):
    ramp = np.tile(np.linspace(1000, 3000, 200, dtype=np.uint16), (100, 1))
    preview, scale = read_preview(write(ramp[None]), 50)
    assert (preview.shape, preview.dtype, scale) == ((25, 50, 3), np.uint8, 0.25)
    assert preview[:, 0].max() < 10 < 245 < preview[:, -1].min()
    assert read_preview(write(ramp[None]), 500)[1] == 1
