"""Masks of COCO files as run lengths: whole numbers, or these packed into a text."""

from typing import Any

import numpy as np

from ship_det.annotations.objects import MAX_COORDINATE


def mask_outline(where: str, mask: dict[str, Any]) -> np.ndarray:
    """Corners of the outermost pixels of a mask.

    Args:
        where: file and annotation, for messages.
        mask: ``size``, (height, width) px, and ``counts``: run lengths down the columns, of background first.

    Returns:
        (N, 2) px; the rectangles around them are those around the mask.

    Raises:
        ValueError: naming the annotation, where it is no such mask or has no pixel.
    """
    height, width = _size(where, mask.get('size'))
    runs = _read_runs(where, mask.get('counts'))
    if sum(runs) != height * width:
        raise ValueError(f'{where}: a mask of {sum(runs)} px, expected {width} x {height} in all')
    bounds = np.cumsum([*runs, *[0] * (len(runs) % 2)], dtype=np.int64).reshape(-1, 2)
    starts, ends = bounds[bounds[:, 1] > bounds[:, 0]].T
    if not len(starts):
        raise ValueError(f'{where}: a mask without a pixel, expected one around the object')
    return _corners(starts, ends, height)


def _corners(starts: np.ndarray, ends: np.ndarray, height: int) -> np.ndarray:
    """Corners of runs of pixels: of the part in their first column, in their last one, and of whole columns between."""
    first, last = starts // height, (ends - 1) // height
    single = first == last
    top, bottom = starts % height, (ends - 1) % height + 1
    columns: list[tuple[np.ndarray, Any, Any]] = [
        (first, top, np.where(single, bottom, height)),
        (last, np.where(single, top, 0), bottom),
        *((column[last - first > 1], 0, height) for column in (first + 1, last - 1)),
    ]
    points = [
        np.stack(np.broadcast_arrays(column + right, row), axis=1)
        for column, upper, lower in columns
        for row in (upper, lower)
        for right in (0, 1)
    ]
    return np.concatenate(points).astype(np.float64)


def _size(where: str, size: Any) -> tuple[int, int]:
    if not isinstance(size, list) or len(size) != 2 or not all(type(side) is int for side in size):
        raise ValueError(f'{where}: the size of a mask is {size!r}, expected height and width')
    height, width = size
    if not (0 < height <= MAX_COORDINATE and 0 < width <= MAX_COORDINATE):
        raise ValueError(f'{where}: the size of a mask is {size!r}, expected 1 to {MAX_COORDINATE:g} px')
    return height, width


def _read_runs(where: str, counts: Any) -> list[int]:
    runs = _unpack(where, counts) if isinstance(counts, str) else counts
    if not isinstance(runs, list) or not all(type(run) is int and run >= 0 for run in runs):
        raise ValueError(f'{where}: a mask of {str(counts)[:80]!r}, expected run lengths')
    return runs


def _unpack(where: str, text: str) -> list[int]:
    """Run lengths of a text, as ``rleFrString`` of COCO's own tools has it.

    Five bits a character, the lowest first; from the fourth run on, differences to the last but one.
    """
    runs: list[int] = []
    value = shift = 0
    for character in text:
        bits = ord(character) - 48
        if not 0 <= bits < 64 or shift > 60:
            raise ValueError(f'{where}: a mask of {text[:80]!r}, expected packed run lengths')
        value |= (bits & 31) << shift
        shift += 5
        if bits & 32:
            continue
        if bits & 16:
            value -= 1 << shift
        runs.append(value + (runs[-2] if len(runs) > 2 else 0))
        value = shift = 0
    if shift:
        raise ValueError(f'{where}: a mask of {text[:80]!r}, which ends within a number')
    return runs
