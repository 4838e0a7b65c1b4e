"""Exact skew IoU and IoF of rotated boxes with rotated boxes or quads, in float64.

A pair is looked at in the frame of a box, which is then the axis-aligned rectangle |x| <= W, |y| <= H: of two boxes the
smaller one. By Green's theorem the area of a polygon inside it is the sum over the polygon's edges of the signed
integral of clamp(y(x), -H, H) over the part of the edge with |x| <= W: at each x a section [y_low, y_high] of the
polygon meets [-H, H] in a piece of length clamp(y_high) - clamp(y_low). That holds for any simple polygon, with a dent
too. Every edge is a closed form without branches, so thousands of pairs are done at once, and a box meets itself with
IoU 1 whatever its angle and size.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ship_det.geometry.boxes import FloatArray, as_boxes, bounding_extents
from ship_det.geometry.quads import as_quads, order_quads, quad_areas

IndexArray = NDArray[np.intp]

# Pairs worked on at a time: the temporaries (4 edges a pair, float64) stay in the processor's cache.
_CHUNK_PAIRS = 4096
# Entries of the (N, M) prefilter made at a time: bounds its memory to some tens of MB.
_CHUNK_ENTRIES = 1 << 20
# Relative inflation of the bounds in the prefilter, far above rounding: no overlapping pair is lost.
_BOUNDS_SLACK = 1e-9
# An overlap below this share of the box whose frame it is found in is rounding of a disjoint or touching pair, and
# reads 0.
_OVERLAP_FLOOR = 1e-14


def _share(part: FloatArray, whole: FloatArray) -> FloatArray:
    """``part / whole`` kept in [0, 1]; 0 where ``whole`` is 0."""
    with np.errstate(over='ignore', divide='ignore', invalid='ignore'):
        return np.clip(np.where(whole == 0, 0.0, part / whole), 0.0, 1.0)


def _overlap_of_boxes(inner: FloatArray, outer: FloatArray) -> FloatArray:
    """Areas shared by aligned pairs of boxes, (P, 5) each, with the frame on ``inner``."""
    cos, sin = np.cos(inner[:, 4]), np.sin(inner[:, 4])
    dx, dy = outer[:, 0] - inner[:, 0], outer[:, 1] - inner[:, 1]
    x, y = dx * cos + dy * sin, dy * cos - dx * sin
    turn = outer[:, 4] - inner[:, 4]
    cos, sin = np.cos(turn), np.sin(turn)
    ux, uy = outer[:, 2] / 2 * cos, outer[:, 2] / 2 * sin
    vx, vy = -outer[:, 3] / 2 * sin, outer[:, 3] / 2 * cos
    x_corners = x + np.stack([-ux - vx, ux - vx, ux + vx, vx - ux])
    y_corners = y + np.stack([-uy - vy, uy - vy, uy + vy, vy - uy])
    return _area_inside(inner[:, 2] / 2, inner[:, 3] / 2, x_corners, y_corners)


def _overlap_with_quads(boxes: FloatArray, x: FloatArray, y: FloatArray) -> FloatArray:
    """Areas shared by aligned pairs of boxes, (P, 5), and quads whose corners, (4, P) each, run clockwise on screen."""
    cos, sin = np.cos(boxes[:, 4]), np.sin(boxes[:, 4])
    dx, dy = x - boxes[:, 0], y - boxes[:, 1]
    return _area_inside(boxes[:, 2] / 2, boxes[:, 3] / 2, dx * cos + dy * sin, dy * cos - dx * sin)


def _area_inside(half_w: FloatArray, half_h: FloatArray, x0: FloatArray, y0: FloatArray) -> FloatArray:
    """(P,) areas of polygons, (K, P) corners clockwise on screen, within |x| <= half_w and |y| <= half_h, (P,) each."""
    x1, y1 = np.roll(x0, -1, axis=0), np.roll(y0, -1, axis=0)
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
        b: (M, 5) boxes or (M, 4, 2) quads, see ``pairwise_iou``.
        index_a: (P,) rows of ``a``.
        index_b: (P,) rows of ``b``.

    Returns:
        (P,) float64 in [0, 1]. A shape without area has IoU 0 with everything, itself included.
    """
    shared, area_a, area_b = _areas_of_pairs(a, b, index_a, index_b)
    union = area_a + area_b - shared
    return np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)


def iof_of_pairs(a: ArrayLike, b: ArrayLike, index_a: ArrayLike, index_b: ArrayLike) -> FloatArray:
    """Share of the area of a[index_a[k]] that lies in b[index_b[k]], the intersection over the foreground (IoF).

    Arguments are those of :func:`iou_of_pairs`.

    Returns:
        (P,) float64 in [0, 1]; 0 where the box of ``a`` has no area.
    """
    shared, area_a, _ = _areas_of_pairs(a, b, index_a, index_b)
    return np.divide(shared, area_a, out=np.zeros_like(shared), where=area_a > 0)


def _areas_of_pairs(
    a: ArrayLike, b: ArrayLike, index_a: ArrayLike, index_b: ArrayLike
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """(P,) area that each pair shares, and the areas of its two shapes."""
    a, b = as_boxes(a, 'a'), as_shapes(b, 'b')
    index_a, index_b = np.asarray(index_a, dtype=np.intp), np.asarray(index_b, dtype=np.intp)
    if index_a.shape != index_b.shape or index_a.ndim != 1:
        raise ValueError(f'expected two index vectors of one length, found shapes {index_a.shape} and {index_b.shape}')
    all_a, quads = a[:, 2] * a[:, 3], order_quads(b) if b.ndim == 3 else None
    all_b = b[:, 2] * b[:, 3] if quads is None else quad_areas(quads)
    shared, area_a, area_b = np.zeros(len(index_a)), all_a[index_a], all_b[index_b]
    for start in range(0, len(index_a), _CHUNK_PAIRS):
        part = slice(start, start + _CHUNK_PAIRS)
        boxes, smallest = a[index_a[part]], np.minimum(area_a[part], area_b[part])
        if quads is None:
            others, swap = b[index_b[part]], (area_a[part] > area_b[part])[:, None]
            found = _overlap_of_boxes(np.where(swap, others, boxes), np.where(swap, boxes, others))
            frame = smallest
        else:
            x, y = np.ascontiguousarray(quads[index_b[part]].T)
            found, frame = _overlap_with_quads(boxes, x, y), area_a[part]
        found = np.minimum(found, smallest)
        found[found <= _OVERLAP_FLOOR * frame] = 0.0
        shared[part] = found
    return shared, area_a, area_b


def as_shapes(shapes: ArrayLike, name: str) -> FloatArray:
    """Return boxes (N, 5) or quads (N, 4, 2) as a float64 array after checking them.

    Raises:
        ValueError: as ``as_boxes`` and ``as_quads``.
    """
    array = np.asarray(shapes, dtype=np.float64)
    return as_quads(array, name) if array.ndim == 3 else as_boxes(array, name)


def centers_and_extents(shapes: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Axis-aligned bounds of boxes (N, 5) or quads (N, 4, 2): (N, 2) centres and (N, 2) half sides, px."""
    if shapes.ndim == 3:
        low, high = shapes.min(axis=1), shapes.max(axis=1)
        return (low + high) / 2, (high - low) / 2
    return shapes[:, :2], bounding_extents(shapes)


def meeting_bounds(a: FloatArray, b: FloatArray) -> tuple[IndexArray, IndexArray]:
    """Pairs of rows of ``a`` and ``b``, boxes or quads, whose axis-aligned bounds meet."""
    (center_a, extent_a), (center_b, extent_b) = centers_and_extents(a), centers_and_extents(b)
    extent_a, extent_b = extent_a * (1 + _BOUNDS_SLACK), extent_b * (1 + _BOUNDS_SLACK)
    found_a, found_b = [], []
    step = max(_CHUNK_ENTRIES // max(len(b), 1), 1)
    for start in range(0, len(a), step):
        part = slice(start, start + step)
        near = np.abs(center_a[part, None, 0] - center_b[:, 0]) <= extent_a[part, None, 0] + extent_b[:, 0]
        near &= np.abs(center_a[part, None, 1] - center_b[:, 1]) <= extent_a[part, None, 1] + extent_b[:, 1]
        rows, columns = np.nonzero(near)
        found_a.append(rows + start)
        found_b.append(columns)
    return np.concatenate(found_a), np.concatenate(found_b)


def pairwise_iou(a: ArrayLike, b: ArrayLike) -> FloatArray:
    """IoU of each box of ``a`` with each box or quad of ``b``, exact in float64.

    Args:
        a: (N, 5) boxes (cx, cy, w, h, theta).
        b: (M, 5) boxes, or (M, 4, 2) quads: corners either way round, with a dent too. Those of a self-crossing quad
            are put in order first, as label files are read, see ``ship_det.geometry.quads.order_quads``.

    Returns:
        (N, M) float64 in [0, 1]. A shape without area has IoU 0 with everything, itself included.

    Raises:
        ValueError: another shape, a value that is not finite, or a negative side.
    """
    a, b = as_boxes(a, 'a'), as_shapes(b, 'b')
    result = np.zeros((len(a), len(b)))
    if result.size:
        rows, columns = meeting_bounds(a, b)
        result[rows, columns] = iou_of_pairs(a, b, rows, columns)
    return result


def aligned_iou(a: ArrayLike, b: ArrayLike) -> FloatArray:
    """IoU of row k of ``a`` with row k of ``b``, exact in float64: (N, 5) and (N, 5) or (N, 4, 2) to (N,)."""
    a, b = as_boxes(a, 'a'), as_shapes(b, 'b')
    if len(a) != len(b):
        raise ValueError(f'expected as many boxes in a as in b, found {len(a)} and {len(b)}')
    rows = np.arange(len(a))
    return iou_of_pairs(a, b, rows, rows)
