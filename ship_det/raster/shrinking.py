"""Images made smaller by averaging, from pieces, so that the whole need not be in memory."""

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ship_det.raster.orientation import Window

if TYPE_CHECKING:
    from scipy.sparse import csr_array


def shrink(
    parts: Iterable[tuple[Window, NDArray[np.uint8] | None]], window: Window, size: tuple[int, int]
) -> NDArray[np.float32] | None:
    """Average the pixels of a window over the cells of a smaller grid.

    Pixels that two cells share count for both by their parts.

    Args:
        parts: all of the window: places (x, y, w, h) px and pixels (h, w, 3), None where there is no data.
        window: (x, y, w, h) px.
        size: width and height of the grid, cells.

    Returns:
        (height, width, 3) means, with 0 for what has no data; None where nothing has.
    """
    x, y, width, height = window
    means, has_data = np.zeros((size[1], size[0], 3), dtype=np.float32), False
    for (left, top, w, h), pixels in parts:
        if pixels is None:
            continue
        has_data = True
        columns, across = _weights(width, size[0], left - x, left - x + w)
        rows, down = _weights(height, size[1], top - y, top - y + h)
        # One grey channel may stand for all.
        values = pixels[..., :1] if pixels.strides[2] == 0 else pixels
        lines = down @ values.astype(np.float32).reshape(h, -1)
        cells = across @ lines.reshape(len(lines), w, -1).swapaxes(0, 1).reshape(w, -1)
        means[rows, columns] += cells.reshape(len(cells), len(lines), -1).swapaxes(0, 1)
    return means if has_data else None


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
