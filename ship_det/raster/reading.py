"""Images as 8-bit RGB: whole, in pieces, or small for the eye."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import rasterio
import rasterio.windows
from numpy.typing import NDArray

from ship_det.raster.choices import AS_FILED, PixelChoices
from ship_det.raster.orientation import Window
from ship_det.raster.scene_reader import SceneReader, open_scene
from ship_det.raster.shrinking import shrink
from ship_det.raster.stretch import DEFAULT_PERCENTILES
from ship_det.raster.tile_cache import TileCache

#: An image of more px is not read as a whole: 268 million px take 805 MB.
MAX_PIXELS = 1 << 28

# An image of this many px is decoded from its first line on in a fraction of a second.
_SEEKABLE = 1 << 24


@contextmanager
def open_rgb(
    path: str | os.PathLike, tiles: TileCache | None = None, choices: PixelChoices = AS_FILED
) -> Iterator[SceneReader]:
    """Open an image to be read through windows, stretched by the default percentiles where it is not 8 bit.

    Raises:
        ValueError: naming the file, where it cannot be decoded or shown, within the block too.
    """
    with open_scene(path) as scene:
        reader = SceneReader(scene, choices, tiles=tiles)
        if reader.needs_stretch:
            reader.stretch = reader.find_stretch(DEFAULT_PERCENTILES)
        yield reader


def read_rgb(path: str | os.PathLike, max_pixels: int = MAX_PIXELS) -> NDArray[np.uint8]:
    """Read a whole image, (H, W, 3) RGB.

    Raises:
        ValueError: naming the file, where it cannot be decoded or shown, or is larger than ``max_pixels``.
    """
    with open_rgb(path, TileCache(0)) as reader:
        width, height = reader.size
        if width * height > max_pixels:
            raise ValueError(
                f'{path}: {width} x {height} px, expected at most {max_pixels} px to be read at once (max_pixels); '
                'ship-det tile cuts it into chips'
            )
        pixels = np.zeros((height, width, 3), dtype=np.uint8)
        for (x, y, w, h), part in reader.read_parts():
            if part is not None:
                pixels[y : y + h, x : x + w] = part
    return pixels


def read_shrunk(reader: SceneReader, window: Window, side: int) -> NDArray[np.uint8]:
    """A window (x, y, w, h) as (h', w', 3) RGB of at most ``side`` px, averaged where it is larger."""
    scale = min(side / max(window[2:]), 1.0)
    width, height = (max(round(length * scale), 1) for length in window[2:])
    means = shrink(reader.read_parts(window), window, (width, height))
    return np.zeros((height, width, 3), dtype=np.uint8) if means is None else np.rint(means).astype(np.uint8)


def read_preview(path: str | os.PathLike, side: int) -> tuple[NDArray[np.uint8], float]:
    """A small version of an image of any size: (h, w, 3) RGB of at most ``side`` px, averaged, and its scale.

    Raises:
        ValueError: naming the file, where it cannot be decoded or shown.
    """
    with open_rgb(path, TileCache(0)) as reader:
        pixels = read_shrunk(reader, (0, 0, *reader.size), side)
    return pixels, max(pixels.shape) / max(reader.size)


@contextmanager
def open_seekable(
    path: str | os.PathLike, folder: str | os.PathLike, choices: PixelChoices = AS_FILED
) -> Iterator[SceneReader]:
    """As :func:`open_rgb`, of an image whose windows are wanted in any order.

    A large one that can only be decoded from its first line on is copied to a tiled file in ``folder`` meanwhile.
    """
    with open_rgb(path, choices=choices) as reader:
        width, height = reader.size
        if not reader.sequential or width * height <= _SEEKABLE:
            yield reader
            return
        copy = Path(folder) / f'.{Path(path).name}.{os.getpid()}.tif'
        profile = {'count': 3, 'width': width, 'height': height, 'dtype': 'uint8', 'photometric': 'RGB'}
        tiled = {'tiled': True, 'interleave': 'pixel', 'BIGTIFF': 'IF_SAFER'}
        try:
            with rasterio.open(copy, 'w', driver='GTiff', **profile, **tiled) as file:
                for (x, y, w, h), part in reader.read_parts():
                    if part is not None:
                        file.write(np.moveaxis(part, 2, 0), window=rasterio.windows.Window(x, y, w, h))
            with open_rgb(copy) as seekable:
                yield seekable
        finally:
            copy.unlink(missing_ok=True)
