"""Images of any kind, written afresh for each test."""

import warnings
from pathlib import Path

import numpy as np
import pytest
import rasterio

DRIVERS = {
    '.tif': 'GTiff', '.png': 'PNG', '.jpg': 'JPEG', '.bmp': 'BMP', '.jp2': 'JP2OpenJPEG', '.webp': 'WEBP',
}  # fmt: skip


def _write_raster(path: Path, pixels: np.ndarray, **options) -> None:
    bands, height, width = pixels.shape
    profile = {'count': bands, 'width': width, 'height': height, 'dtype': pixels.dtype, **options}
    with warnings.catch_warnings():
        warnings.simplefilter('ignore', rasterio.errors.NotGeoreferencedWarning)
        with rasterio.open(path, 'w', driver=DRIVERS[path.suffix], **profile) as scene:
            scene.write(pixels)


@pytest.fixture(scope='session')
def write_raster():
    """Write (bands, h, w) pixels; the format follows from the name's end."""
    return _write_raster
