"""Small scenes with labels, written afresh for each test."""

import warnings
from pathlib import Path

import numpy as np
import pytest
import rasterio

from ship_det.annotations import LabeledObject, write_dota
from ship_det.geometry import rbox_to_quad


def _write_raster(path: Path, pixels: np.ndarray, **options) -> None:
    drivers = {'.tif': 'GTiff', '.png': 'PNG', '.jpg': 'JPEG', '.bmp': 'BMP', '.jp2': 'JP2OpenJPEG'}
    bands, height, width = pixels.shape
    profile = {'count': bands, 'width': width, 'height': height, 'dtype': pixels.dtype, **options}
    with warnings.catch_warnings():
        warnings.simplefilter('ignore', rasterio.errors.NotGeoreferencedWarning)
        with rasterio.open(path, 'w', driver=drivers[path.suffix], **profile) as scene:
            scene.write(pixels)


@pytest.fixture(scope='session')
def write_raster():
    """Write (bands, h, w) pixels; the format follows from the name's end."""
    return _write_raster


@pytest.fixture
def scenes(tmp_path: Path) -> Path:
    """Two scenes of noise, 700 x 500 px: a tiled GeoTIFF with 30 ships and a PNG with 5 boats."""
    rng = np.random.default_rng(0)
    root = tmp_path / 'scenes'
    (root / 'images').mkdir(parents=True)
    (root / 'labelTxt').mkdir()
    tiled = {'tiled': True, 'blockxsize': 256, 'blockysize': 256, 'compress': 'deflate'}
    for name, count, ship, options in (('port.tif', 30, 'ship', tiled), ('bay.png', 5, 'boat', {})):
        _write_raster(root / 'images' / name, rng.integers(0, 256, (3, 500, 700), dtype=np.uint8), **options)
        boxes = np.column_stack(
            [rng.uniform(0, [700, 500], (count, 2)), rng.uniform(8, 90, (count, 2)), rng.uniform(-1.5, 1.5, count)]
        )
        objects = [LabeledObject(quad, ship) for quad in rbox_to_quad(boxes)]
        write_dota(root / 'labelTxt' / f'{Path(name).stem}.txt', objects)
    return root
