"""Where a scene is cut: a grid of windows, and windows on the ships that the grid leaves whole nowhere."""

import numpy as np
from numpy.typing import NDArray

from ship_det.geometry import sliding_windows
from ship_det.tiling.clipping import SceneObjects


def plan_windows(
    width: int, height: int, chip: int, overlap: int, whole_objects: SceneObjects | None = None
) -> NDArray[np.int64]:
    """Windows over a scene, (K, 4) int64, (x, y, w, h) px: the grid row by row, then the added ones.

    With ``whole_objects``, windows are added until every object that fits in a chip is whole in at least one. A scene
    smaller than a chip gives smaller windows. All lengths are px.
    """
    grid = sliding_windows(width, height, chip, overlap)
    if whole_objects is None:
        return grid
    open_bounds = whole_objects.bounds[~whole_objects.whole_in(grid)]
    return np.concatenate([grid, windows_around(open_bounds, width, height, chip)])


def windows_around(bounds: NDArray[np.float64], width: int, height: int, chip: int) -> NDArray[np.int64]:
    """Few windows that hold each of the given bounds whole, as far as those fit in a chip and in the scene.

    Greedy: from the topmost bounds on, neighbours are taken along, nearest first, as long as all fit in one chip; the
    window is centred on what it was made for.

    Args:
        bounds: (N, 4) px, left, top, right, bottom.
        width: of the scene, px.
        height: of the scene, px.
        chip: side of a window, px.

    Returns:
        (K, 4) int64, (x, y, w, h) px.
    """
    size = np.minimum(chip, [width, height])
    low, high = np.floor(bounds[:, :2]).astype(np.int64), np.ceil(bounds[:, 2:]).astype(np.int64)
    fits = ((high - low <= size) & (low >= 0) & (high <= [width, height])).all(axis=1)
    low, high = low[fits], high[fits]
    order = np.lexsort([low[:, 0], low[:, 1]])
    low, high = low[order], high[order]
    windows = []
    while len(low):
        start, end = low[0], high[0]
        near = np.flatnonzero((np.maximum(high, end) - np.minimum(low, start) <= size).all(axis=1))
        distances = np.abs(low[near] + high[near] - start - end).max(axis=1)
        for index in near[np.argsort(distances, kind='stable')]:
            joint_start, joint_end = np.minimum(start, low[index]), np.maximum(end, high[index])
            if (joint_end - joint_start <= size).all():
                start, end = joint_start, joint_end
        corner = np.clip((start + end - size) // 2, 0, [width, height] - size)
        windows.append([*corner, *size])
        held = ((low >= corner) & (high <= corner + size)).all(axis=1)
        low, high = low[~held], high[~held]
    return np.array(windows, dtype=np.int64).reshape(-1, 4)
