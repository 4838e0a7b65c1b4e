"""Images as 8-bit RGB: whole, in pieces, or small for the eye."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray

from .scene_reader import SceneReader, open_scene
from .shrinking import Shrinker
from .stretch import DEFAULT_PERCENTILES
from .tile_cache import TileCache

#: An image of more px is not read as a whole: 268 million px take 805 MB.
MAX_PIXELS = 1 << 28


@contextmanager
def open_rgb(path: str | os.PathLike, tiles: TileCache | None = None) -> Iterator[SceneReader]:
    """Open an image to be read through windows, stretched by the default percentiles where it is not 8 bit.

    Raises:
        ValueError: naming the file, where it cannot be decoded or shown, within the block too.
    """
    with open_scene(path) as scene:
        reader = SceneReader(scene, tiles=tiles)
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
                'data_tools/tile.py cuts it into chips'
            )
        pixels = np.zeros((height, width, 3), dtype=np.uint8)
        for (x, y, w, h), part in reader.read_parts():
            if part is not None:
                pixels[y : y + h, x : x + w] = part
    return pixels


def read_preview(path: str | os.PathLike, side: int) -> tuple[NDArray[np.uint8], float]:
    """A small version of an image of any size: (h, w, 3) RGB of at most ``side`` px, averaged, and its scale.

    Raises:
        ValueError: naming the file, where it cannot be decoded or shown.
    """
    with open_rgb(path, TileCache(0)) as reader:
        width, height = reader.size
        scale = min(side / max(width, height), 1.0)
        shrinker = Shrinker(reader.size, (max(round(width * scale), 1), max(round(height * scale), 1)))
        for window, part in reader.read_parts():
            if part is not None:
                shrinker.add(window, part)
    return np.rint(shrinker.result()).astype(np.uint8), scale
