"""Areas of quads and the order of their corners."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ship_det.geometry.boxes import FloatArray, as_rows


def as_quads(quads: ArrayLike, name: str = 'quads') -> FloatArray:
    """Return the quads as a float64 array of shape (N, 4, 2) after checking them.

    Raises:
        ValueError: the shape is not (N, 4, 2), or a coordinate is not finite; names the first bad row.
    """
    return as_rows(quads, (4, 2), 'corners (x, y)', name)


def quad_areas(quads: FloatArray) -> FloatArray:
    """Signed areas of quads.

    Args:
        quads: (N, 4, 2) corners in pixels.

    Returns:
        (N,) px^2, positive where the corners run clockwise on screen (y down).
    """
    # Relative to the first corner, so that far-away quads lose no digits.
    corners = quads - quads[:, :1]
    following = np.roll(corners, -1, axis=1)
    return 0.5 * _cross(corners, following).sum(axis=1)


def order_quads(quads: ArrayLike) -> FloatArray:
    """Order the corners of quads clockwise on screen, the first corner staying first.

    A self-crossing quad (two corners swapped by the annotator) becomes the simple quad over the same four corners.

    Args:
        quads: (N, 4, 2) corners in pixels, in any order.

    Returns:
        (N, 4, 2) float64, a new array.
    """
    quads = np.array(quads, dtype=np.float64).reshape(-1, 4, 2)
    # Where sides 0-1 and 2-3 cross they are the diagonals; likewise 1-2 and 3-0.
    swapped = _segments_cross(quads[:, 0], quads[:, 1], quads[:, 2], quads[:, 3])
    quads[swapped] = quads[swapped][:, [0, 2, 1, 3]]
    swapped = _segments_cross(quads[:, 1], quads[:, 2], quads[:, 3], quads[:, 0])
    quads[swapped] = quads[swapped][:, [0, 1, 3, 2]]
    backwards = quad_areas(quads) < 0
    quads[backwards] = quads[backwards][:, [0, 3, 2, 1]]
    return quads


def _cross(a: FloatArray, b: FloatArray) -> FloatArray:
    return a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]


def _segments_cross(a: FloatArray, b: FloatArray, c: FloatArray, d: FloatArray) -> NDArray[np.bool_]:
    """Whether segment a-b properly crosses segment c-d; all (N, 2), result (N,) bool."""
    c_and_d_apart = _cross(b - a, c - a) * _cross(b - a, d - a) < 0
    a_and_b_apart = _cross(d - c, a - c) * _cross(d - c, b - c) < 0
    return c_and_d_apart & a_and_b_apart
