"""The labelled object that every format reads to and writes from, and the order of a quad's corners."""

from dataclasses import dataclass

import numpy as np

#: A quad of less area than this (px^2) covers nothing and is a labelling error.
MIN_QUAD_AREA = 1e-6
#: No image reaches so far (px); beyond it areas lose their digits, and in the end overflow.
MAX_COORDINATE = 1e7


@dataclass(slots=True, eq=False)
class LabeledObject:
    """One object of an image.

    Attributes:
        quad: (4, 2) float64, the corners in pixels, clockwise on screen (y down).
        name: class name.
        difficult: an ignore region: neither an object to find nor background.
        score: confidence of a detection, None for a label.
    """

    quad: np.ndarray
    name: str
    difficult: bool = False
    score: float | None = None

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, LabeledObject):
            return NotImplemented
        same_label = (self.name, self.difficult, self.score) == (other.name, other.difficult, other.score)
        return same_label and np.array_equal(self.quad, other.quad)


def quad_areas(quads: np.ndarray) -> np.ndarray:
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


def object_corners(where: str, quad: np.ndarray, what: str = 'the box') -> np.ndarray:
    """Corners of one labelled object in order, see ``order_quads``.

    Args:
        where: file and place in it, for messages.
        quad: (4, 2) or (1, 4, 2) corners in pixels, in any order.
        what: how messages call the object.

    Returns:
        (4, 2) float64.

    Raises:
        ValueError: a corner lies beyond any image, or the quad has no area.
    """
    if not (np.abs(quad) <= MAX_COORDINATE).all():
        far = np.abs(quad).max()
        raise ValueError(f'{where}: {what} has a coordinate of {far:g} px, expected none beyond {MAX_COORDINATE:g}')
    (ordered,) = order_quads(quad)
    if quad_areas(ordered[None])[0] < MIN_QUAD_AREA:
        raise ValueError(f'{where}: {what} has no area, expected corners around the object')
    return ordered


def order_quads(quads: np.ndarray) -> np.ndarray:
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


def _cross(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]


def _segments_cross(a: np.ndarray, b: np.ndarray, c: np.ndarray, d: np.ndarray) -> np.ndarray:
    """Whether segment a-b properly crosses segment c-d; all (N, 2), result (N,) bool."""
    c_and_d_apart = _cross(b - a, c - a) * _cross(b - a, d - a) < 0
    a_and_b_apart = _cross(d - c, a - c) * _cross(d - c, b - c) < 0
    return c_and_d_apart & a_and_b_apart
