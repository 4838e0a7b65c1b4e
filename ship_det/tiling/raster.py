"""Pixels of a scene through windows, never the whole scene in memory."""

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.windows import Window

#: Block cache of GDAL, MB: a row of 1000 px windows over a 12544 px scene is 38 MB.
_CACHE_MB = 96

_GDAL_OPTIONS = {
    'GDAL_CACHEMAX': _CACHE_MB,
    # Without these two a truncated JPEG or PNG is read as far as it goes, and garbage after that.
    'GDAL_ERROR_ON_LIBJPEG_WARNING': True,
    'GDAL_PNG_WHOLE_IMAGE_OPTIM': False,
    # No .aux.xml files beside the images.
    'GDAL_PAM_ENABLED': False,
}

#: GDAL's drivers that decode from the first line on; windows of such a scene are read in one go from top to bottom.
SEQUENTIAL_DRIVERS = ('PNG', 'JPEG', 'GIF')

_DRIVERS = {'png': ('PNG', {'zlevel': 1}), 'jpg': ('JPEG', {'quality': 95}), 'tif': ('GTiff', {'compress': 'deflate'})}

#: Formats that chips can be written in.
CHIP_FORMATS = tuple(_DRIVERS)


@contextmanager
def open_scene(path: str | os.PathLike) -> Iterator[rasterio.DatasetReader]:
    """Open a scene; every failure to decode becomes a ValueError that names the file.

    Raises:
        ValueError: the file is no image, is damaged, or its pixels are not 8 bit in 1, 3 or 4 bands.
    """
    path = Path(path)
    try:
        with rasterio.Env(**_GDAL_OPTIONS), _no_georeference_needed(), rasterio.open(path) as scene:
            if set(scene.dtypes) != {'uint8'} or scene.count not in (1, 3, 4):
                kinds = '/'.join(dict.fromkeys(scene.dtypes))
                raise ValueError(f'{path}: {scene.count} bands of {kinds}, expected 1, 3 or 4 bands of uint8')
            yield scene
    except RasterioError as error:
        if not path.exists():
            raise ValueError(f'{path}: no such file, expected an image') from error
        raise ValueError(f'{path}: not an image or a truncated one ({_reason(error)})') from error


def read_window(scene: rasterio.DatasetReader, window: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Read (3, h, w) RGB of a window (x, y, w, h); one band is repeated, a fourth (alpha, infrared) left out."""
    bands = [1] if scene.count == 1 else [1, 2, 3]
    pixels = scene.read(bands, window=Window(*map(int, window)))
    return np.repeat(pixels, 3 // len(bands), axis=0)


def verify_image(path: str | os.PathLike) -> None:
    """Decode all of an image, a strip at a time.

    Raises:
        ValueError: naming the file, where a part of it cannot be decoded.
    """
    with open_scene(path) as scene:
        for top in range(0, scene.height, 512):
            read_window(scene, np.array([0, top, scene.width, min(512, scene.height - top)]))


def write_chip(path: str | os.PathLike, pixels: NDArray[np.uint8]) -> None:
    """Write (3, h, w) RGB; the format follows from the name's end.

    Raises:
        OSError: naming the file, where it cannot be written.
    """
    path = Path(path)
    driver, options = _DRIVERS[path.suffix.removeprefix('.')]
    bands, height, width = pixels.shape
    profile = {'driver': driver, 'count': bands, 'height': height, 'width': width, 'dtype': 'uint8', **options}
    with rasterio.Env(**_GDAL_OPTIONS), _no_georeference_needed(), rasterio.MemoryFile() as memory:
        with memory.open(**profile) as chip:
            chip.write(pixels)
        path.write_bytes(memory.getbuffer())


@contextmanager
def _no_georeference_needed() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter('ignore', NotGeoreferencedWarning)
        yield


def _reason(error: BaseException) -> str:
    """The innermost message: rasterio's own says no more than 'see previous exception'."""
    while error.__cause__ is not None:
        error = error.__cause__
    return str(error).strip()
