"""Images made smaller by averaging, from pieces, so that the whole need not be in memory."""

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

if TYPE_CHECKING:
    from scipy.sparse import csr_array


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
        values = np.asarray(pixels)
        if values.strides[2] == 0:
            # One grey channel that stands for all.
            values = values[..., :1]
        lines = down @ values.astype(np.float32).reshape(h, -1)
        cells = across @ lines.reshape(len(lines), w, -1).swapaxes(0, 1).reshape(w, -1)
        self._sums[rows, columns] += cells.reshape(len(cells), len(lines), -1).swapaxes(0, 1)

    def result(self) -> NDArray[np.float32]:
        """(h, w, channels) means, once all pixels are added."""
        return self._sums


def _weights(length: int, cells: int, start: int, stop: int) -> tuple[slice, 'csr_array']:
    """The cells that pixels from start to stop lie in, and (cells, pixels) the part of each cell that a pixel fills."""
    # To import it takes as long as to cut ten chips, which do not need it.
    from scipy.sparse import csr_array

    scale = cells / length
    first, last = math.floor(start * scale), min(math.ceil(stop * scale), cells)
    edges = np.arange(start, stop + 1) * scale
    # A pixel lies in the cell of its left edge and, where that ends within it, in those up to its right edge.
    left = np.minimum(edges[:-1].astype(int), last - 1)
    number = np.minimum(np.ceil(edges[1:]).astype(int), last) - left
    pixel = np.repeat(np.arange(stop - start), number)
    cell = left[pixel] + np.arange(len(pixel)) - np.repeat(np.cumsum(number) - number, number)
    overlap = np.minimum(cell + 1, edges[pixel + 1]) - np.maximum(cell, edges[pixel])
    shape = last - first, stop - start
    return slice(first, last), csr_array((overlap.astype(np.float32), (cell - first, pixel)), shape=shape)
