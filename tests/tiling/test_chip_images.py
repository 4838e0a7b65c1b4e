"""Chips on disk: what is read back, and that nothing half-written stays."""

import numpy as np
import pytest
import rasterio

from ship_det.tiling.chip_images import write_chip


@pytest.fixture
def noise():
    return np.random.default_rng(1).integers(0, 256, (120, 150, 3), dtype=np.uint8)


@pytest.mark.filterwarnings('ignore::rasterio.errors.NotGeoreferencedWarning')
@pytest.mark.parametrize('name', ['chip.png', 'chip.tif'])
def test_lossless_chips_read_back(tmp_path, noise, name):
    write_chip(tmp_path / name, noise)
    with rasterio.open(tmp_path / name) as chip:
        np.testing.assert_array_equal(chip.read().transpose(1, 2, 0), noise)
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.filterwarnings('ignore::rasterio.errors.NotGeoreferencedWarning')
def test_jpeg_is_near(tmp_path, noise):
    smooth = np.repeat(np.arange(120, dtype=np.uint8)[:, None, None], 90, axis=1) + np.array([0, 60, 120], np.uint8)
    write_chip(tmp_path / 'chip.jpg', smooth)
    with rasterio.open(tmp_path / 'chip.jpg') as chip:
        assert np.abs(chip.read().transpose(1, 2, 0).astype(int) - smooth).max() < 8


def test_what_cannot_be_written_names_the_file_and_leaves_nothing(tmp_path, noise):
    (tmp_path / 'chip.png').mkdir()
    with pytest.raises(OSError, match=r'chip\.png'):
        write_chip(tmp_path / 'chip.png', noise)
    assert [path.name for path in tmp_path.iterdir()] == ['chip.png']
