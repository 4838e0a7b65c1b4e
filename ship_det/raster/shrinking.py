"""Images made smaller by averaging, from pieces, so that the whole need not be in memory."""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray


class Shrinker:
    """Averages pixels over the cells of a smaller grid; pixels that two cells share count for both by their parts.

    Args:
        size: width and height of the image, px.
        shrunk: width and height of the result, px.
        channels: of both.
    """

    def __init__(self, size: tuple[int, int], shrunk: tuple[int, int], channels: int = 3):
        self.size, self.shrunk = size, shrunk
        self._sums = np.zeros((shrunk[1], shrunk[0], channels), dtype=np.float32)

    def add(self, window: tuple[int, int, int, int], pixels: ArrayLike) -> None:
        """Add the pixels (h, w, channels) of a window (x, y, w, h)."""
        x, y, w, h = window
        columns, across = _weights(self.size[0], self.shrunk[0], x, x + w)
        rows, down = _weights(self.size[1], self.shrunk[1], y, y + h)
        values = np.asarray(pixels, dtype=np.float32)
        lines = (down @ values.reshape(h, -1)).reshape(len(down), w, -1)
        self._sums[rows, columns] += np.einsum('kw,hwc->hkc', across, lines, optimize=True)

    def result(self) -> NDArray[np.float32]:
        """(h, w, channels) means, once all pixels are added."""
        return self._sums


def _weights(length: int, cells: int, start: int, stop: int) -> tuple[slice, NDArray[np.float32]]:
    """The cells that pixels from start to stop lie in, and (cells, pixels) the part of each cell that a pixel fills."""
    scale = cells / length
    first, last = math.floor(start * scale), min(math.ceil(stop * scale), cells)
    cell, pixel = np.arange(first, last)[:, None], np.arange(start, stop)
    overlap = np.minimum(cell + 1, (pixel + 1) * scale) - np.maximum(cell, pixel * scale)
    return slice(first, last), np.maximum(overlap, 0).astype(np.float32)
