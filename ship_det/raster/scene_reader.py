"""Pixels of a scene as 8-bit RGB through windows, never the whole scene in memory.

What is read and kept for the next window are tiles that follow the blocks of the file: GDAL copies pixels of a window
that cuts through blocks one by one, which takes longer than to decode them.
"""

import math
import os
from collections.abc import Hashable, Iterator
from contextlib import contextmanager

import numpy as np
import rasterio
import rasterio.windows
from numpy.typing import NDArray
from rasterio.enums import ColorInterp, MaskFlags

from ship_det.raster.choices import AS_FILED, PixelChoices
from ship_det.raster.colours import colour_table, grey_levels, is_inverted, scene_bands
from ship_det.raster.images import open_image
from ship_det.raster.orientation import Window, find_orientation
from ship_det.raster.stretch import Stretch, find_stretch
from ship_det.raster.tile_cache import Tile, TileCache

# GDAL's drivers that decode from the first line on.
_SEQUENTIAL_DRIVERS = ('PNG', 'JPEG', 'GIF', 'WEBP')

# GDAL's own cache of blocks, MB; the tiles here make it needless, but for formats whose blocks are lines.
_BLOCK_CACHE = 32
# Least sides of a tile, px; blocks are joined up to it, but not to more px than a tile may have.
_TILE_WIDTH, _TILE_HEIGHT, _TILE_PIXELS = 512, 256, 1 << 22
# A scene of at most this many px is one tile, read at one go: GDAL is faster so.
_SMALL_SCENE = 1 << 22
# Percentiles are taken from a scene thinned out to at most this many px a side.
_SAMPLE_SIDE = 1024


class SceneReader:
    """Windows of an open scene as RGB. All places are in px of the scene as it is shown, see :mod:`.orientation`.

    Args:
        scene: from :func:`open_scene`.
        choices: how its values are read, where that is not left to the file.
        stretch: how values become 8 bit; None for 8-bit scenes that stay as they are.
        tiles: where tiles are kept.

    Attributes:
        bands: numbers, from 1, of the bands that are shown.
        size: width and height, px.
        orientation: how the scene is shown.
        needs_stretch: its values are not 8 bit.
        sequential: it can only be decoded from its first line on.
        has_palette: its values are places in a table of colours.
        alpha_band: number, from 1, of the band that says where there is data; None where none does.

    Raises:
        ValueError: naming the file, where it lacks a band or its pixels are no numbers that can be shown.
    """

    def __init__(
        self,
        scene: rasterio.DatasetReader,
        choices: PixelChoices = AS_FILED,
        stretch: Stretch | None = None,
        tiles: TileCache | None = None,
    ):
        self.scene = scene
        self.bands = scene_bands(scene, choices.bands)
        self.stretch = stretch
        self.orientation = find_orientation(scene)
        self._stored_size = scene.width, scene.height
        self.size = self.orientation.size(self._stored_size)
        self.sequential = scene.driver in _SEQUENTIAL_DRIVERS
        self._dtype = np.result_type(*(scene.dtypes[band - 1] for band in self.bands))
        if self._dtype.kind not in 'uif':
            raise ValueError(f'{scene.name}: pixels of {self._dtype}, expected integers or floating point numbers')
        self._nodata = [scene.nodatavals[band - 1] if choices.nodata is None else choices.nodata for band in self.bands]
        self._colours = colour_table(scene, self.bands)
        self._levels = grey_levels(scene, self.bands)
        self._inverted = self._colours is None and is_inverted(scene)
        self.needs_stretch = self._colours is None and self._dtype != np.uint8
        alphas = [band for band, kind in enumerate(scene.colorinterp, start=1) if kind == ColorInterp.alpha]
        # A file may call its infrared band alpha; whoever asks for it means its values.
        self.alpha_band = alphas[0] if choices.alpha and alphas and alphas[0] not in self.bands else None
        # A mask of the whole data set that is not one of its bands.
        self._has_mask = not alphas and MaskFlags.per_dataset in scene.mask_flag_enums[self.bands[0] - 1]
        self.has_palette = self._colours is not None
        self._tile_size = _tile_size(self._stored_size, scene.block_shapes[self.bands[0] - 1])
        self._tiles = tiles or TileCache()
        # Values of a scene of one tile, from finding its stretch to showing it.
        self._kept: tuple[NDArray, NDArray[np.bool_] | None] | None = None
        self._identity = _identity(scene)

    @property
    def without_data(self) -> str:
        """What may leave pixels of the scene out, for a message."""
        nodata = sorted({f'{value:g}' for value in self._nodata if value is not None and np.isfinite(value)})
        reasons = [f'of the value {", ".join(nodata)} (nodata)'] if nodata else []
        if self._dtype.kind == 'f':
            reasons.append('not a number')
        if self._has_mask:
            reasons.append('masked')
        if self.alpha_band is not None:
            reasons.append(f'0 in band {self.alpha_band}, which the file calls alpha')
        return ' or '.join(reasons) or 'left out'

    def read(self, window: Window) -> NDArray[np.uint8] | None:
        """(h, w, 3) RGB of a window (x, y, w, h) px, 0 where there is no data; None where there is none at all."""
        x, y, w, h = self.orientation.stored_window(window, self._stored_size)
        pixels = np.empty((h, w, 3), dtype=np.uint8)
        any_valid, count = False, 0
        for (left, top, width, height), part, valid in self._pieces(x, y, w, h):
            # One grey channel goes into all three.
            pixels[top - y : top - y + height, left - x : left - x + width] = part
            any_valid = any_valid or valid
            count += 1
        self._tiles.trim(count)
        if not any_valid:
            return None
        return np.ascontiguousarray(self.orientation.show(pixels))

    def read_parts(self, window: Window | None = None) -> Iterator[tuple[Window, NDArray[np.uint8] | None]]:
        """All of the scene, or of a window, in the order of the file: windows and what :meth:`read` gives of each."""
        x, y, w, h = self.orientation.stored_window(window or (0, 0, *self.size), self._stored_size)
        for place, part, valid in self._pieces(x, y, w, h):
            self._tiles.trim(1)
            pixels = self.orientation.show(np.broadcast_to(part, (*part.shape[:2], 3))) if valid else None
            yield self.orientation.shown_window(place, self._stored_size), pixels

    def _pieces(self, x: int, y: int, w: int, h: int) -> Iterator[tuple[Window, NDArray[np.uint8], bool]]:
        """What the tiles hold of a stored window: where it is stored, its pixels, whether any of them is valid."""
        tile_width, tile_height = self._tile_size
        for top in range(y // tile_height * tile_height, y + h, tile_height):
            for left in range(x // tile_width * tile_width, x + w, tile_width):
                tile = self._tile(left, top)
                rows = slice(max(y - top, 0), min(y + h - top, tile_height))
                columns = slice(max(x - left, 0), min(x + w - left, tile_width))
                part = tile.pixels[rows, columns]
                valid = tile.valid is None or bool(tile.valid[rows, columns].any())
                yield (left + columns.start, top + rows.start, part.shape[1], part.shape[0]), part, valid

    def file_order(self, windows: NDArray[np.int64]) -> NDArray[np.int64]:
        """The order in which to read windows (N, 4), so that neighbours find each other's pixels in the cache."""
        x, y, w, h = windows.T
        stored = self.orientation.stored_window((x, y, w, h), self._stored_size)
        return np.lexsort([stored[0], stored[1]])

    def find_stretch(self, percentiles: tuple[float, float]) -> Stretch:
        """The stretch between two percentiles of the scene, of its valid pixels, thinned out."""
        width, height = self.scene.width, self.scene.height
        step = math.ceil(max(width, height) / _SAMPLE_SIDE)
        if self.scene.overviews(self.bands[0]):
            parts = [
                self._read_values(
                    rasterio.windows.Window(0, 0, width, height), (math.ceil(height / step), math.ceil(width / step))
                )
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
                if self._tile_size == self._stored_size:
                    self._kept = values, valid
                chosen = slice(-top % step, None, step), slice(-left % step, None, step)
                yield values[chosen].copy(), None if valid is None else valid[chosen]

    def _tile_window(self, left: int, top: int) -> rasterio.windows.Window:
        width, height = self._tile_size
        return rasterio.windows.Window(
            left, top, min(width, self.scene.width - left), min(height, self.scene.height - top)
        )

    def _tile(self, left: int, top: int) -> Tile:
        return self._tiles.get((*self._identity, left, top), lambda: self._load(self._tile_window(left, top)))

    def _load(self, window: rasterio.windows.Window) -> Tile:
        values, valid = self._kept or self._read_values(window)
        self._kept = None
        if self._colours is not None:
            colours = self._colours[values[..., 0]]
            pixels, opaque = np.ascontiguousarray(colours[..., :3]), colours[..., 3] > 0
            if not opaque.all():
                valid = opaque if valid is None else valid & opaque
        elif self.stretch:
            pixels = self.stretch(values)
        else:
            pixels = values if self._levels is None else self._levels[values]
        if self._inverted:
            pixels = ~pixels
        if valid is not None:
            if valid.all():
                valid = None
            else:
                pixels[~valid] = 0
        return Tile(pixels, valid)

    def _read_values(
        self, window: rasterio.windows.Window, shape: tuple[int, int] | None = None
    ) -> tuple[NDArray, NDArray[np.bool_] | None]:
        """(h, w, bands) values of a window and where they are valid, at its own resolution or at another."""
        height, width = shape or (window.height, window.width)
        bands = [*self.bands, *([self.alpha_band] if self.alpha_band else [])]
        values = np.empty((height, width, len(bands)), dtype=self._dtype)
        self.scene.read(bands, window=window, out=values.transpose(2, 0, 1))
        valid = None
        if self.alpha_band:
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


def _identity(scene: rasterio.DatasetReader) -> tuple[Hashable, ...]:
    """What tells a scene's tiles from those of others: one that is replaced by another of its name has other tiles."""
    try:
        status = os.stat(scene.name)
    except (OSError, ValueError):
        # GDAL's path: within an archive, on a server, or a warped view.
        return scene.name, scene.width, scene.height, *scene.transform
    return scene.name, status.st_size, status.st_mtime_ns


def _tile_size(size: tuple[int, int], block: tuple[int, int]) -> tuple[int, int]:
    """Width and height of tiles that follow blocks of this height and width, px; a small scene is one."""
    if size[0] * size[1] <= _SMALL_SCENE:
        return size
    height, width = block
    tile_width = width * max(1, _TILE_WIDTH // width)
    tile_height = min(max(height, _TILE_HEIGHT), max(_TILE_PIXELS // tile_width, 1))
    return tile_width, height * max(1, tile_height // height)


def _has_data(values: NDArray, nodata: float | None) -> NDArray[np.bool_]:
    found = np.isfinite(values)
    return found if nodata is None or np.isnan(nodata) else found & (values != nodata)
