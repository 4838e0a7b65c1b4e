"""Windows over a scene."""

import operator

import numpy as np
from numpy.typing import NDArray


def _starts(size: int, window: int, step: int) -> list[int]:
    """Offsets of the windows along one axis; the last one ends at the border."""
    last = max(size - window, 0)
    return [*range(0, last, step), last]


def sliding_windows(width: int, height: int, window: int, overlap: int) -> NDArray[np.int64]:
    """Windows that cover a scene, row by row, all inside it.

    Neighbours share ``overlap`` px; the last window of a row or column is shifted back so that it ends at the border,
    and shares more. Along an axis on which the scene is smaller than the window, one window takes the scene's size.

    Args:
        width: of the scene, px.
        height: of the scene, px.
        window: side of a window, px.
        overlap: px shared by neighbours, 0 or more and less than ``window``.

    Returns:
        (K, 4) int64, (x, y, w, h) px.

    Raises:
        ValueError: a size is below 1, or the overlap is not in [0, window).
    """
    width, height, window, overlap = map(operator.index, (width, height, window, overlap))
    for name, value in (('width', width), ('height', height), ('window', window)):
        if value < 1:
            raise ValueError(f'{name}: expected at least 1 px, found {value}')
    if not 0 <= overlap < window:
        raise ValueError(f'overlap: expected 0 <= overlap < window ({window} px), found {overlap}')
    step = window - overlap
    w, h = min(window, width), min(window, height)
    rows = [[x, y, w, h] for y in _starts(height, window, step) for x in _starts(width, window, step)]
    return np.array(rows, dtype=np.int64)
