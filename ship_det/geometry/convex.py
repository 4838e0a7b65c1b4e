"""Many convex polygons at once: clipping to rotated boxes, and area.

Polygons are (P, K, 2) corners in order, all of P padded to K by repeating a corner; an empty one repeats a point.
"""

import numpy as np
from numpy.typing import NDArray

from ship_det.geometry.boxes import FloatArray


def clip_to_boxes(polygons: FloatArray, boxes: FloatArray) -> FloatArray:
    """What of polygons, (P, K, 2), lies in rotated boxes, (P, 5); by Sutherland and Hodgman, side by side."""
    cos, sin = np.cos(boxes[:, 4]), np.sin(boxes[:, 4])
    for normal, half in (((cos, sin), boxes[:, 2] / 2), ((-sin, cos), boxes[:, 3] / 2)):
        axis = np.stack(normal, axis=1)
        for direction in (axis, -axis):
            polygons = _clip(polygons, direction, (boxes[:, :2] * direction).sum(axis=1) + half)
    return polygons


def clip_to_views(polygons: FloatArray, views: FloatArray) -> FloatArray:
    """What of polygons, (P, K, 2), lies in upright rectangles, (P, 4) left, top, right and bottom."""
    size = np.maximum(views[:, 2:] - views[:, :2], 0)
    return clip_to_boxes(polygons, np.column_stack([views[:, :2] + size / 2, size, np.zeros(len(size))]))


def areas(polygons: FloatArray) -> FloatArray:
    """(P,) areas of polygons, (P, K, 2)."""
    x, y = np.moveaxis(polygons - polygons[:, :1], 2, 0)
    return np.abs((x * np.roll(y, -1, axis=1) - y * np.roll(x, -1, axis=1)).sum(axis=1)) / 2


def _clip(polygons: FloatArray, normal: FloatArray, offset: FloatArray) -> FloatArray:
    """Polygons where ``normal * x <= offset``, (P, 2) and (P,)."""
    count = polygons.shape[1]
    height = np.einsum('pkd,pd->pk', polygons, normal) - offset[:, None]
    if (height <= 0).all():
        return polygons
    following, height_there = np.roll(polygons, -1, axis=1), np.roll(height, -1, axis=1)
    inside = height <= 0
    crosses = inside != (height_there <= 0)
    way = np.divide(height, height - height_there, out=np.zeros_like(height), where=crosses)
    crossing = polygons + way[..., None] * (following - polygons)
    points = np.stack([polygons, crossing], axis=2).reshape(len(polygons), 2 * count, 2)
    kept: NDArray[np.bool_] = np.stack([inside, crosses], axis=2).reshape(len(polygons), 2 * count)
    # The points kept come first, in order; after them the first of them, again and again.
    order = np.argsort(~kept, axis=1, kind='stable')[:, : max(int(kept.sum(axis=1).max(initial=0)), 1)]
    order = np.where(np.take_along_axis(kept, order, axis=1), order, order[:, :1])
    return np.take_along_axis(points, order[..., None], axis=1)
