"""Pictures of a scene for the map page: an overview, and tiles of finer levels where ships are.

Level 0 is the overview, each further level has twice its resolution, and the last one has the scene's own pixels.
A pixel of a level is the mean of those it covers, and the grids of all levels start in the scene's upper left corner.
"""

import json
import math
import os
import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ship_det.files import parse_json, staged_folder
from ship_det.raster import SceneReader, open_seekable

#: Side of a tile, px.
TILE_SIDE = 512
#: Side that the overview has at most, px.
OVERVIEW_SIDE = 2048
#: What is shown around a ship at each level, px of the level.
MARGIN = 64

_QUALITY = 75
_INDEX = 'tiles.json'

Progress = Callable[[int, int], None]
#: Opens a scene for reading, given its path and a folder for a temporary copy.
OpenPixels = Callable[[str, Path], AbstractContextManager[SceneReader]]


def count_levels(size: tuple[int, int]) -> int:
    """How many levels lie above the overview of a scene of this width and height, px."""
    return max(math.ceil(math.log2(max(size) / OVERVIEW_SIDE)), 0)


def grid_size(size: tuple[int, int], level: int) -> tuple[int, int]:
    """Columns and rows of tiles at a level."""
    side = TILE_SIDE << (count_levels(size) - level)
    return math.ceil(size[0] / side), math.ceil(size[1] / side)


def find_tiles(size: tuple[int, int], quads: NDArray[np.float64]) -> list[NDArray[np.bool_]]:
    """Where ships, (N, 4, 2) corners in px, and a margin around them are: (rows, columns) of each level from 1 on."""
    levels = count_levels(size)
    wanted: list[NDArray[np.bool_]] = []
    for level in range(1, levels + 1):
        columns, rows = grid_size(size, level)
        tiles = np.zeros((rows, columns), dtype=bool)
        corners = quads / (1 << (levels - level))
        low = np.floor((corners.min(axis=1) - MARGIN) / TILE_SIDE).astype(int).clip(0, (columns - 1, rows - 1))
        high = np.floor((corners.max(axis=1) + MARGIN) / TILE_SIDE).astype(int).clip(0, (columns - 1, rows - 1))
        for (left, top), (right, bottom) in zip(low, high, strict=True):
            tiles[top : bottom + 1, left : right + 1] = True
        wanted.append(tiles)
    return wanted


def write_tiles(
    folder: Path,
    path: str,
    size: tuple[int, int],
    quads: NDArray[np.float64],
    progress: Progress | None = None,
    open_pixels: OpenPixels = open_seekable,
) -> None:
    """Write overview.jpg and LEVEL/COLUMN_ROW.jpg, unless they are there already and show the same scene.

    The scene is read once, a row of tiles at a time.

    Args:
        folder: where they go to; it belongs to them alone.
        path: the scene.
        size: its width and height, px as shown.
        quads: (N, 4, 2) corners of the ships, px of the scene.
        progress: called with how many tiles of the scene are done, and of how many.
        open_pixels: opens the scene.

    Raises:
        ValueError: naming the scene, where it cannot be decoded or has another size.
        OSError: where the pictures cannot be written.
    """
    wanted = find_tiles(size, quads)
    columns, rows = grid_size(size, count_levels(size))
    source = _identify(path)
    if not _is_complete(folder, source, size, wanted):
        shutil.rmtree(folder, ignore_errors=True)
        # Moved in alphabetical order, so what says that all is there comes last.
        with staged_folder(folder) as stage:
            with open_pixels(path, stage) as reader:
                if reader.size != tuple(size):
                    found, expected = (f'{width} x {height} px' for width, height in (reader.size, size))
                    raise ValueError(f'{path}: {found}, expected {expected} as when it was searched')
                _Pyramid(stage, size, wanted).write(reader, progress or (lambda done, total: None))
            tiles = [list_tiles(level) for level in wanted]
            (stage / _INDEX).write_text(json.dumps({'source': source, 'size': size, 'tiles': tiles}), encoding='utf-8')
    if progress:
        progress(columns * rows, columns * rows)


def list_tiles(wanted: NDArray[np.bool_]) -> list[str]:
    """Names of the tiles of a level, COLUMN_ROW."""
    return [f'{column}_{row}' for row, column in np.argwhere(wanted).tolist()]


def _identify(path: str) -> list[Any]:
    """What tells a scene from another that takes its place; of what is not a file, its path."""
    try:
        status = os.stat(path)
    except OSError:
        return [path]
    return [path, status.st_size, status.st_mtime_ns]


def _is_complete(folder: Path, source: list[Any], size: tuple[int, int], wanted: list[NDArray[np.bool_]]) -> bool:
    try:
        index = parse_json((folder / _INDEX).read_text(encoding='utf-8'))
        same = index['source'][: len(source)] == source and tuple(index['size']) == tuple(size)
        return same and all(
            set(list_tiles(level)) <= set(names) for level, names in zip(wanted, index['tiles'], strict=True)
        )
    except (OSError, ValueError, KeyError, TypeError):
        return False


class _Pyramid:
    """Tiles of a scene, each level made from the next finer one.

    Args:
        folder: where pictures go to.
        size: width and height of the scene, px.
        wanted: (rows, columns) which tiles to write, of each level from 1 on.
    """

    def __init__(self, folder: Path, size: tuple[int, int], wanted: list[NDArray[np.bool_]]):
        self.folder, self.size, self.wanted = folder, size, wanted
        self.levels = count_levels(size)
        width, height = self._level_size(0)
        self._overview = np.zeros((height, width, 3), dtype=np.uint8)
        # Tiles whose children have not all been seen: pixels, None before the first, and how many are missing.
        self._open: dict[tuple[int, int, int], tuple[NDArray[np.uint8] | None, int]] = {}
        for level in range(1, self.levels + 1):
            (folder / str(level)).mkdir()

    def write(self, reader: SceneReader, progress: Progress) -> None:
        """Read the scene and write all pictures."""
        columns, rows = grid_size(self.size, self.levels)
        for row in range(rows):
            for column in range(columns):
                x, y, w, h = self._place(self.levels, column, row)
                self._add(self.levels, column, row, reader.read((x, y, w, h)))
                progress(row * columns + column, rows * columns)
        _save(self._overview, self.folder / 'overview.jpg')

    def _level_size(self, level: int) -> tuple[int, int]:
        shrinking = 1 << (self.levels - level)
        return math.ceil(self.size[0] / shrinking), math.ceil(self.size[1] / shrinking)

    def _place(self, level: int, column: int, row: int) -> tuple[int, int, int, int]:
        """A tile (x, y, w, h) in px of its level."""
        width, height = self._level_size(level)
        x, y = column * TILE_SIDE, row * TILE_SIDE
        return x, y, min(TILE_SIDE, width - x), min(TILE_SIDE, height - y)

    def _add(self, level: int, column: int, row: int, pixels: NDArray[np.uint8] | None) -> None:
        """Take in a tile, None where it shows nothing, and its parents once their last child is there."""
        x, y, w, h = self._place(level, column, row)
        if level == 0:
            if pixels is not None:
                self._overview[y : y + h, x : x + w] = pixels
            return
        if self.wanted[level - 1][row, column]:
            shown = np.zeros((h, w, 3), dtype=np.uint8) if pixels is None else pixels
            _save(shown, self.folder / f'{level}/{column}_{row}.jpg')
        parent = level - 1, column // 2, row // 2
        canvas, missing = self._open.pop(parent, (None, self._count_children(*parent)))
        if pixels is not None:
            left, top, width, height = self._place(*parent)
            if canvas is None:
                canvas = np.zeros((height, width, 3), dtype=np.uint8)
            half = _halve(pixels)
            left, top = x // 2 - left, y // 2 - top
            canvas[top : top + half.shape[0], left : left + half.shape[1]] = half
        if missing == 1:
            self._add(*parent, canvas)
        else:
            self._open[parent] = canvas, missing - 1

    def _count_children(self, level: int, column: int, row: int) -> int:
        columns, rows = grid_size(self.size, level + 1)
        return min(2, columns - 2 * column) * min(2, rows - 2 * row)


def _halve(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Means of two by two pixels; a last odd row or column counts twice."""
    height, width = pixels.shape[:2]
    even = cv2.copyMakeBorder(pixels, 0, height % 2, 0, width % 2, cv2.BORDER_REPLICATE)
    half = cv2.resize(even, ((width + 1) // 2, (height + 1) // 2), interpolation=cv2.INTER_AREA)
    return np.asarray(half, dtype=np.uint8)


def _save(pixels: NDArray[np.uint8], path: Path) -> None:
    Image.fromarray(pixels).save(path, quality=_QUALITY)
