"""Rotated boxes (cx, cy, w, h, theta) and quads, and the way from one to the other.

A box is in ``le90``: w >= h and theta in [-pi/2, pi/2) radians, measured from x to y, so clockwise on screen
(y points down). Lengths are in px. A quad is four corners (x, y), clockwise on screen.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]

# Corners of a box in units of (w/2, h/2), clockwise on screen.
_CORNERS = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]], dtype=np.float64)

# The six directions between two of four points: every edge of their convex hull is among them.
_FIRST, _SECOND = np.triu_indices(4, k=1)


def as_boxes(boxes: ArrayLike, name: str = 'boxes') -> FloatArray:
    """Return the boxes as a float64 array of shape (N, 5) after checking them.

    Raises:
        ValueError: the shape is not (N, 5), a value is not finite, or a side is negative; names the first bad row.
    """
    array = as_rows(boxes, (5,), '(cx, cy, w, h, theta)', name)
    negative = (array[:, 2:4] < 0).any(axis=1)
    if negative.any():
        row = int(np.argmax(negative))
        raise ValueError(f'{name}: row {row} has a negative side: {array[row].tolist()}')
    return array


def as_rows(rows: ArrayLike, shape: tuple[int, ...], meaning: str, name: str) -> FloatArray:
    """Return rows of a shape, such as (5,), as a float64 array (N, ...) after checking them.

    Raises:
        ValueError: another shape, or a value that is not finite; says what a row means, and names the first bad one.
    """
    array = np.asarray(rows, dtype=np.float64)
    if array.size == 0 and array.ndim <= 1 + len(shape):
        return array.reshape(0, *shape)
    if array.shape[1:] != shape or not array.ndim:
        expected = ', '.join(map(str, ('N', *shape)))
        raise ValueError(f'{name}: expected shape ({expected}) as {meaning}, found shape {array.shape}')
    finite = np.isfinite(array).reshape(len(array), -1).all(axis=1)
    if not finite.all():
        row = int(np.argmin(finite))
        raise ValueError(f'{name}: row {row} is not finite: {array[row].tolist()}')
    return array


def to_le90(boxes: ArrayLike) -> FloatArray:
    """Write boxes of any angle and side order as ``le90``; the region each covers stays the same.

    Args:
        boxes: (N, 5), theta in radians, any range.

    Returns:
        (N, 5) with w >= h and theta in [-pi/2, pi/2). Boxes that are in ``le90`` come back bit for bit.
    """
    result = as_boxes(boxes).copy()
    upright = result[:, 2] < result[:, 3]
    result[upright, 2:4] = result[upright, 3:1:-1]
    theta = result[:, 4]
    theta[upright] += np.pi / 2
    outside = (theta < -np.pi / 2) | (theta >= np.pi / 2)
    wrapped = np.mod(theta[outside] + np.pi / 2, np.pi) - np.pi / 2
    # np.mod rounds to pi itself for an angle just below the range.
    theta[outside] = np.where(wrapped >= np.pi / 2, -np.pi / 2, wrapped)
    return result


def rbox_to_quad(boxes: ArrayLike) -> FloatArray:
    """Corners of rotated boxes.

    Args:
        boxes: (N, 5), (cx, cy, w, h, theta).

    Returns:
        (N, 4, 2), clockwise on screen; at theta 0 they start with the top left corner.
    """
    boxes = as_boxes(boxes)
    cos, sin = np.cos(boxes[:, 4, None]), np.sin(boxes[:, 4, None])
    along = _CORNERS[:, 0] * boxes[:, 2, None] / 2
    across = _CORNERS[:, 1] * boxes[:, 3, None] / 2
    x = boxes[:, 0, None] + along * cos - across * sin
    y = boxes[:, 1, None] + along * sin + across * cos
    return np.stack([x, y], axis=-1)


def quad_to_rbox(quads: ArrayLike) -> FloatArray:
    """Rectangles of minimum area around quads.

    One side of such a rectangle lies on an edge of the convex hull, and the hull of four points has all its edges among
    the six lines through two of them, so the best of six directions is exact. The quad may have any corner order.

    Args:
        quads: (N, 4, 2) or (N, 8), corners in px.

    Returns:
        (N, 5) in ``le90``. Four equal points give w = h = theta = 0.

    Raises:
        ValueError: another shape, or a coordinate that is not finite.
    """
    array = np.asarray(quads, dtype=np.float64)
    if array.size == 0:
        return np.zeros((0, 5))
    if array.ndim < 2 or array.shape[1:] not in ((4, 2), (8,)):
        raise ValueError(f'quads: expected shape (N, 4, 2) or (N, 8), found shape {array.shape}')
    array = as_rows(array.reshape(-1, 4, 2), (4, 2), 'corners (x, y)', 'quads')

    # Coordinates relative to the first corner: a small quad keeps its precision far from the origin.
    origin = array[:, :1]
    points = array - origin
    edges = points[:, _SECOND] - points[:, _FIRST]
    length = np.hypot(edges[..., 0], edges[..., 1])
    empty = length == 0
    axis = np.where(empty[..., None], (1.0, 0.0), edges / np.where(empty, 1.0, length)[..., None])
    normal = np.stack([-axis[..., 1], axis[..., 0]], axis=-1)

    along = np.einsum('nkd,npd->nkp', axis, points)
    across = np.einsum('nkd,npd->nkp', normal, points)
    low = np.stack([along.min(axis=2), across.min(axis=2)], axis=-1)
    high = np.stack([along.max(axis=2), across.max(axis=2)], axis=-1)
    area = np.prod(high - low, axis=-1)
    area[empty & ~empty.all(axis=1, keepdims=True)] = np.inf
    best = np.argmin(area, axis=1)

    rows = np.arange(len(array))
    axis, normal, low, high = axis[rows, best], normal[rows, best], low[rows, best], high[rows, best]
    middle = (low + high) / 2
    center = origin[:, 0] + middle[:, :1] * axis + middle[:, 1:] * normal
    theta = np.arctan2(axis[:, 1], axis[:, 0])
    return to_le90(np.column_stack([center, high - low, theta]))


def bounding_extents(boxes: ArrayLike) -> FloatArray:
    """Half width and half height of the axis-aligned bounds of rotated boxes: (N, 5) to (N, 2), px."""
    boxes = as_boxes(boxes)
    cos, sin = np.abs(np.cos(boxes[:, 4])), np.abs(np.sin(boxes[:, 4]))
    w, h = boxes[:, 2], boxes[:, 3]
    return np.column_stack([w * cos + h * sin, w * sin + h * cos]) / 2
