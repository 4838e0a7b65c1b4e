"""Exact skew IoU and IoF of rotated boxes in float64.

A pair is looked at in the frame of its smaller box, which is then the axis-aligned rectangle |x| <= W, |y| <= H. By
Green's theorem the area of a polygon inside it is the sum over the polygon's edges of the signed integral of
clamp(y(x), -H, H) over the part of the edge with |x| <= W: at each x the section [y_low, y_high] of the polygon meets
[-H, H] in a piece of length clamp(y_high) - clamp(y_low). Every edge is a closed form without branches, so thousands
of pairs are done at once, and a box meets itself with IoU 1 whatever its angle and size.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ship_det.geometry.boxes import FloatArray, as_boxes, bounding_extents

IndexArray = NDArray[np.intp]

# Pairs worked on at a time: the temporaries (4 edges a pair, float64) stay in the processor's cache.
_CHUNK_PAIRS = 4096
# Entries of the (N, M) prefilter made at a time: bounds its memory to some tens of MB.
_CHUNK_ENTRIES = 1 << 20
# Relative inflation of the bounds in the prefilter, far above rounding: no overlapping pair is lost.
_BOUNDS_SLACK = 1e-9
# An overlap below this share of the smaller box is rounding of a disjoint or touching pair, and reads 0.
_OVERLAP_FLOOR = 1e-14


def _share(part: FloatArray, whole: FloatArray) -> FloatArray:
    """``part / whole`` kept in [0, 1]; 0 where ``whole`` is 0."""
    with np.errstate(over='ignore', divide='ignore', invalid='ignore'):
        return np.clip(np.where(whole == 0, 0.0, part / whole), 0.0, 1.0)


def _overlap(inner: FloatArray, outer: FloatArray) -> FloatArray:
    """Areas shared by aligned pairs of boxes, (P, 5) each, with the frame on ``inner``."""
    cos, sin = np.cos(inner[:, 4]), np.sin(inner[:, 4])
    dx, dy = outer[:, 0] - inner[:, 0], outer[:, 1] - inner[:, 1]
    x, y = dx * cos + dy * sin, dy * cos - dx * sin
    turn = outer[:, 4] - inner[:, 4]
    cos, sin = np.cos(turn), np.sin(turn)
    ux, uy = outer[:, 2] / 2 * cos, outer[:, 2] / 2 * sin
    vx, vy = -outer[:, 3] / 2 * sin, outer[:, 3] / 2 * cos
    x0 = x + np.stack([-ux - vx, ux - vx, ux + vx, vx - ux])
    y0 = y + np.stack([-uy - vy, uy - vy, uy + vy, vy - uy])
    x1, y1 = np.roll(x0, -1, axis=0), np.roll(y0, -1, axis=0)

    half_w, half_h = inner[:, 2] / 2, inner[:, 3] / 2
    # The part of each edge with |x| <= W, as (xa, ya) to (xb, yb).
    xa, xb = np.clip(x0, -half_w, half_w), np.clip(x1, -half_w, half_w)
    run, rise = x1 - x0, y1 - y0
    ya = y0 + rise * _share(xa - x0, run)
    yb = y1 - rise * _share(x1 - xb, run)
    # On it y runs from ya to yb, and its clamp is constant, linear, constant; ta and tb are where the linear part lies.
    ca, cb = np.clip(ya, -half_h, half_h), np.clip(yb, -half_h, half_h)
    ta, tb = _share(ca - ya, yb - ya), _share(cb - ya, yb - ya)
    mean = ((ta + tb) * ca + (2.0 - ta - tb) * cb) / 2
    return -np.sum((xb - xa) * mean, axis=0)


def iou_of_pairs(a: ArrayLike, b: ArrayLike, index_a: ArrayLike, index_b: ArrayLike) -> FloatArray:
    """IoU of the pairs (a[index_a[k]], b[index_b[k]]).

    Args:
        a: (N, 5) boxes.
        b: (M, 5) boxes.
        index_a: (P,) rows of ``a``.
        index_b: (P,) rows of ``b``.

    Returns:
        (P,) float64 in [0, 1]. A box without area has IoU 0 with everything, itself included.
    """
    return _measure_pairs(a, b, index_a, index_b, _intersection_over_union)


def iof_of_pairs(a: ArrayLike, b: ArrayLike, index_a: ArrayLike, index_b: ArrayLike) -> FloatArray:
    """Share of the area of a[index_a[k]] that lies in b[index_b[k]], the intersection over the foreground (IoF).

    Args:
        a: (N, 5) boxes.
        b: (M, 5) boxes.
        index_a: (P,) rows of ``a``.
        index_b: (P,) rows of ``b``.

    Returns:
        (P,) float64 in [0, 1]; 0 where the box of ``a`` has no area.
    """
    return _measure_pairs(a, b, index_a, index_b, _intersection_over_first)


def _intersection_over_union(shared: FloatArray, area_a: FloatArray, area_b: FloatArray) -> FloatArray:
    union = area_a + area_b - shared
    return np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)


def _intersection_over_first(shared: FloatArray, area_a: FloatArray, _: FloatArray) -> FloatArray:
    return np.divide(shared, area_a, out=np.zeros_like(shared), where=area_a > 0)


def _measure_pairs(
    a: ArrayLike,
    b: ArrayLike,
    index_a: ArrayLike,
    index_b: ArrayLike,
    measure: Callable[[FloatArray, FloatArray, FloatArray], FloatArray],
) -> FloatArray:
    """``measure(shared area, area of a, area of b)`` of each pair: (P,)."""
    a, b = as_boxes(a, 'a'), as_boxes(b, 'b')
    index_a, index_b = np.asarray(index_a, dtype=np.intp), np.asarray(index_b, dtype=np.intp)
    if index_a.shape != index_b.shape or index_a.ndim != 1:
        raise ValueError(f'expected two index vectors of one length, found shapes {index_a.shape} and {index_b.shape}')
    areas_a, areas_b = a[:, 2] * a[:, 3], b[:, 2] * b[:, 3]
    result = np.zeros(len(index_a))
    for start in range(0, len(index_a), _CHUNK_PAIRS):
        part = slice(start, start + _CHUNK_PAIRS)
        rows_a, rows_b = index_a[part], index_b[part]
        boxes_a, boxes_b = a[rows_a], b[rows_b]
        area_a, area_b = areas_a[rows_a], areas_b[rows_b]
        swap = (area_a > area_b)[:, None]
        inner, outer = np.where(swap, boxes_b, boxes_a), np.where(swap, boxes_a, boxes_b)
        smaller = np.minimum(area_a, area_b)
        shared = np.minimum(_overlap(inner, outer), smaller)
        shared[shared <= _OVERLAP_FLOOR * smaller] = 0.0
        result[part] = measure(shared, area_a, area_b)
    return result


def meeting_bounds(a: FloatArray, b: FloatArray) -> tuple[IndexArray, IndexArray]:
    """Pairs of rows of ``a`` and ``b`` whose axis-aligned bounds meet."""
    extent_a, extent_b = bounding_extents(a) * (1 + _BOUNDS_SLACK), bounding_extents(b) * (1 + _BOUNDS_SLACK)
    found_a, found_b = [], []
    step = max(_CHUNK_ENTRIES // max(len(b), 1), 1)
    for start in range(0, len(a), step):
        part = slice(start, start + step)
        near = np.abs(a[part, None, 0] - b[:, 0]) <= extent_a[part, None, 0] + extent_b[:, 0]
        near &= np.abs(a[part, None, 1] - b[:, 1]) <= extent_a[part, None, 1] + extent_b[:, 1]
        rows, columns = np.nonzero(near)
        found_a.append(rows + start)
        found_b.append(columns)
    return np.concatenate(found_a), np.concatenate(found_b)


def pairwise_iou(a: ArrayLike, b: ArrayLike) -> FloatArray:
    """IoU of each box of ``a`` with each box of ``b``, exact in float64.

    Args:
        a: (N, 5) boxes (cx, cy, w, h, theta).
        b: (M, 5) boxes.

    Returns:
        (N, M) float64 in [0, 1]. A box without area has IoU 0 with everything, itself included.

    Raises:
        ValueError: another shape, a value that is not finite, or a negative side.
    """
    a, b = as_boxes(a, 'a'), as_boxes(b, 'b')
    result = np.zeros((len(a), len(b)))
    if result.size:
        rows, columns = meeting_bounds(a, b)
        result[rows, columns] = iou_of_pairs(a, b, rows, columns)
    return result


def aligned_iou(a: ArrayLike, b: ArrayLike) -> FloatArray:
    """IoU of row k of ``a`` with row k of ``b``, exact in float64: (N, 5) and (N, 5) to (N,)."""
    a, b = as_boxes(a, 'a'), as_boxes(b, 'b')
    if len(a) != len(b):
        raise ValueError(f'expected as many boxes in a as in b, found {len(a)} and {len(b)}')
    rows = np.arange(len(a))
    return iou_of_pairs(a, b, rows, rows)
