"""Pixels of a scene as 8-bit RGB through windows, never the whole scene in memory.

What is read and kept for the next window are tiles that follow the blocks of the file: GDAL copies pixels of a window
that cuts through blocks one by one, which takes longer than to decode them.
"""

import math
import os
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.enums import ColorInterp, MaskFlags
from rasterio.windows import Window

from ship_det.annotations.images import open_image
from ship_det.tiling.stretch import Stretch, find_stretch

#: GDAL's drivers that decode from the first line on; windows of such a scene are best read from top to bottom.
SEQUENTIAL_DRIVERS = ('PNG', 'JPEG', 'GIF')

# GDAL's own cache of blocks, MB; the tiles here make it needless, but for formats whose blocks are lines.
_BLOCK_CACHE = 32
# Bytes of tiles that a process keeps. Two block rows of a 12544 px scene are 38 MB.
_TILE_CACHE = 80 << 20
# Least sides of a tile, px; blocks are joined up to it.
_TILE_WIDTH, _TILE_HEIGHT = 512, 256
# Percentiles are taken from a scene thinned out to at most this many px a side.
_SAMPLE_SIDE = 1024


@dataclass(frozen=True, slots=True)
class Tile:
    """A decoded piece of a scene.

    Attributes:
        pixels: (h, w, 1 or 3) 8 bit, 0 where there is no data.
        valid: (h, w) where there is data; None where everywhere.
    """

    pixels: NDArray[np.uint8]
    valid: NDArray[np.bool_] | None


class TileCache:
    """The tiles used last, of all scenes that a process reads; those of the window at hand are never given up.

    Args:
        limit: bytes.
    """

    def __init__(self, limit: int = _TILE_CACHE):
        self.limit = limit
        self._tiles: OrderedDict[Hashable, Tile] = OrderedDict()
        self._bytes = 0

    def get(self, key: Hashable, load: Callable[[], Tile]) -> Tile:
        """The tile of a key, loaded where it is not there."""
        if key in self._tiles:
            self._tiles.move_to_end(key)
        else:
            self._tiles[key] = load()
            self._bytes += _tile_bytes(self._tiles[key])
        return self._tiles[key]

    def clear(self) -> None:
        self._tiles.clear()
        self._bytes = 0

    def trim(self, keep: int) -> None:
        """Give up the tiles not used for longest until the limit is kept, but not the ``keep`` used last."""
        while self._bytes > self.limit and len(self._tiles) > keep:
            self._bytes -= _tile_bytes(self._tiles.popitem(last=False)[1])


class SceneReader:
    """Windows of an open scene as RGB.

    Args:
        scene: from :func:`open_scene`.
        bands: numbers, from 1, of the bands that become red, green and blue, or of the one that becomes grey.
        stretch: how values become 8 bit; None for 8-bit scenes that stay as they are.
        tiles: where tiles are kept.
    """

    def __init__(
        self,
        scene: rasterio.DatasetReader,
        bands: tuple[int, ...] | None = None,
        stretch: Stretch | None = None,
        tiles: TileCache | None = None,
    ):
        self.scene = scene
        self.bands = scene_bands(scene, bands)
        self.stretch = stretch
        self._dtype = np.result_type(*(scene.dtypes[band - 1] for band in self.bands))
        if self._dtype.kind not in 'uif':
            raise ValueError(f'{scene.name}: pixels of {self._dtype}, expected integers or floating point numbers')
        self._nodata = [scene.nodatavals[band - 1] for band in self.bands]
        self._palette = _palette(scene, self.bands)
        alpha = [band for band, kind in enumerate(scene.colorinterp, start=1) if kind == ColorInterp.alpha]
        # A file may call its infrared band alpha; whoever asks for it means its values.
        self._alpha = alpha[0] if alpha and alpha[0] not in self.bands else None
        # A mask of the whole data set that is not one of its bands.
        self._has_mask = not alpha and MaskFlags.per_dataset in scene.mask_flag_enums[self.bands[0] - 1]
        height, width = scene.block_shapes[self.bands[0] - 1]
        self._tile_size = width * max(1, _TILE_WIDTH // width), height * max(1, _TILE_HEIGHT // height)
        self._tiles = tiles or TileCache()
        # A scene that is replaced by another of its name has other tiles.
        status = os.stat(scene.name)
        self._identity = scene.name, status.st_size, status.st_mtime_ns

    def read(self, window: tuple[int, int, int, int]) -> NDArray[np.uint8] | None:
        """(h, w, 3) RGB of a window (x, y, w, h) px, 0 where there is no data; None where there is none at all."""
        x, y, w, h = window
        tile_width, tile_height = self._tile_size
        pixels = np.empty((h, w, 3), dtype=np.uint8)
        any_valid, count = False, 0
        for top in range(y // tile_height * tile_height, y + h, tile_height):
            for left in range(x // tile_width * tile_width, x + w, tile_width):
                tile = self._tile(left, top)
                rows = slice(max(y - top, 0), min(y + h - top, tile_height))
                columns = slice(max(x - left, 0), min(x + w - left, tile_width))
                # One grey channel goes into all three.
                part = pixels[top + rows.start - y : top + rows.stop - y, left + columns.start - x :]
                part[:, : columns.stop - columns.start] = tile.pixels[rows, columns]
                any_valid = any_valid or tile.valid is None or bool(tile.valid[rows, columns].any())
                count += 1
        self._tiles.trim(count)
        return pixels if any_valid else None

    def find_stretch(self, percentiles: tuple[float, float]) -> Stretch:
        """The stretch between two percentiles of the scene, of its valid pixels, thinned out."""
        width, height = self.scene.width, self.scene.height
        step = math.ceil(max(width, height) / _SAMPLE_SIDE)
        if self.scene.overviews(self.bands[0]):
            parts = [
                self._read_values(Window(0, 0, width, height), (math.ceil(height / step), math.ceil(width / step)))
            ]
        else:
            parts = list(self._thinned_out(step))
        samples = []
        for band in range(len(self.bands)):
            chosen = [values[..., band] if valid is None else values[valid, band] for values, valid in parts]
            samples.append(np.concatenate([values.ravel() for values in chosen]))
        return find_stretch(samples, percentiles)

    def _thinned_out(self, step: int) -> Iterator[tuple[NDArray, NDArray[np.bool_] | None]]:
        """Every ``step``-th pixel of every ``step``-th row, tile by tile."""
        tile_width, tile_height = self._tile_size
        for top in range(0, self.scene.height, tile_height):
            for left in range(0, self.scene.width, tile_width):
                values, valid = self._read_values(self._tile_window(left, top))
                chosen = slice(-top % step, None, step), slice(-left % step, None, step)
                yield values[chosen].copy(), None if valid is None else valid[chosen]

    def _tile_window(self, left: int, top: int) -> Window:
        width, height = self._tile_size
        return Window(left, top, min(width, self.scene.width - left), min(height, self.scene.height - top))

    def _tile(self, left: int, top: int) -> Tile:
        return self._tiles.get((*self._identity, left, top), lambda: self._load(self._tile_window(left, top)))

    def _load(self, window: Window) -> Tile:
        values, valid = self._read_values(window)
        if self._palette is not None:
            pixels = self._palette[values[..., 0]]
        else:
            pixels = self.stretch(values) if self.stretch else values
        if valid is not None:
            if valid.all():
                valid = None
            else:
                pixels[~valid] = 0
        return Tile(pixels, valid)

    def _read_values(
        self, window: Window, shape: tuple[int, int] | None = None
    ) -> tuple[NDArray, NDArray[np.bool_] | None]:
        """(h, w, bands) values of a window and where they are valid, at its own resolution or at another."""
        height, width = shape or (window.height, window.width)
        bands = [*self.bands, *([self._alpha] if self._alpha else [])]
        values = np.empty((height, width, len(bands)), dtype=self._dtype)
        self.scene.read(bands, window=window, out=values.transpose(2, 0, 1))
        valid = None
        if self._alpha:
            values, valid = values[..., :-1], values[..., -1] > 0
        elif self._has_mask:
            valid = self.scene.read_masks(self.bands[0], window=window, out_shape=(height, width)) > 0
        if self._dtype.kind == 'f' or any(value is not None for value in self._nodata):
            shown = np.any([_has_data(values[..., band], value) for band, value in enumerate(self._nodata)], axis=0)
            valid = shown if valid is None else valid & shown
        return values, valid


@contextmanager
def open_scene(path: str | os.PathLike) -> Iterator[rasterio.DatasetReader]:
    """Open a scene; every failure to decode it, within the block too, becomes a ValueError that names the file."""
    with open_image(path) as scene, rasterio.Env(GDAL_CACHEMAX=_BLOCK_CACHE):
        yield scene


def scene_bands(scene: rasterio.DatasetReader, bands: tuple[int, ...] | None) -> tuple[int, ...]:
    """The bands to show: those asked for, else the first three, else the first.

    Raises:
        ValueError: naming the file, where it has no such band.
    """
    chosen = bands or ((1, 2, 3) if scene.count >= 3 else (1,))
    if max(chosen) > scene.count:
        raise ValueError(f'{scene.name}: has {scene.count} bands, expected a band {max(chosen)}')
    return chosen


def _tile_bytes(tile: Tile) -> int:
    return tile.pixels.nbytes + (0 if tile.valid is None else tile.valid.nbytes)


def _palette(scene: rasterio.DatasetReader, bands: tuple[int, ...]) -> NDArray[np.uint8] | None:
    """(256, 3) colours of a band that holds indices of colours."""
    if len(bands) > 1 or scene.colorinterp[bands[0] - 1] != ColorInterp.palette:
        return None
    table = np.zeros((256, 3), dtype=np.uint8)
    for index, colour in scene.colormap(bands[0]).items():
        table[index % 256] = colour[:3]
    return table


def _has_data(values: NDArray, nodata: float | None) -> NDArray[np.bool_]:
    found = np.isfinite(values)
    return found if nodata is None or np.isnan(nodata) else found & (values != nodata)
