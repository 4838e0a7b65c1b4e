"""Pixels of a scene through windows, never the whole scene in memory."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.windows import Window

from ship_det.annotations.files import naming
from ship_det.annotations.images import open_image

#: GDAL's drivers that decode from the first line on; windows of such a scene are read in one go from top to bottom.
SEQUENTIAL_DRIVERS = ('PNG', 'JPEG', 'GIF')

# Run-length deflate is twice as fast as GDAL's PNG writer at its lowest level, and smaller on aerial images.
_ENCODER_OPTIONS = {
    'png': [cv2.IMWRITE_PNG_COMPRESSION, 1, cv2.IMWRITE_PNG_STRATEGY, cv2.IMWRITE_PNG_STRATEGY_RLE],
    'jpg': [cv2.IMWRITE_JPEG_QUALITY, 95],
    'tif': [cv2.IMWRITE_TIFF_COMPRESSION, cv2.IMWRITE_TIFF_COMPRESSION_ADOBE_DEFLATE],
}

#: Formats that chips can be written in.
CHIP_FORMATS = tuple(_ENCODER_OPTIONS)


@contextmanager
def open_scene(path: str | os.PathLike) -> Iterator[rasterio.DatasetReader]:
    """Open a scene.

    Raises:
        ValueError: naming the file: it is no image, is damaged, or its pixels are not 8 bit in 1, 3 or 4 bands.
    """
    with open_image(path) as scene:
        if set(scene.dtypes) != {'uint8'} or scene.count not in (1, 3, 4):
            kinds = '/'.join(dict.fromkeys(scene.dtypes))
            raise ValueError(f'{path}: {scene.count} bands of {kinds}, expected 1, 3 or 4 bands of uint8')
        yield scene


def read_window(scene: rasterio.DatasetReader, window: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Read (3, h, w) RGB of a window (x, y, w, h); one band is repeated, a fourth (alpha, infrared) left out."""
    bands = [1] if scene.count == 1 else [1, 2, 3]
    pixels = scene.read(bands, window=Window(*map(int, window)))
    return np.repeat(pixels, 3 // len(bands), axis=0)


def write_chip(path: str | os.PathLike, pixels: NDArray[np.uint8]) -> None:
    """Write (3, h, w) RGB; the format follows from the name's end.

    Raises:
        OSError: naming the file, where it cannot be written.
    """
    path = Path(path)
    options = _ENCODER_OPTIONS[path.suffix.removeprefix('.')]
    blue_green_red = np.ascontiguousarray(pixels[::-1].transpose(1, 2, 0))
    _, encoded = cv2.imencode(path.suffix, blue_green_red, options)
    with naming(path):
        path.write_bytes(encoded.tobytes())
