"""The labelled object that every format reads to and writes from."""

from dataclasses import dataclass

import numpy as np

from ship_det.geometry.quads import order_quads, quad_areas

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


def object_corners(where: str, quad: np.ndarray, what: str = 'the box') -> np.ndarray:
    """Corners of one labelled object, px, put in order: see ``order_quads``; (4, 2) float64.

    Raises:
        ValueError: naming ``where`` and ``what``: a corner lies beyond any image, or the quad has no area.
    """
    if not (np.abs(quad) <= MAX_COORDINATE).all():
        far = np.abs(quad).max()
        raise ValueError(f'{where}: {what} has a coordinate of {far:g} px, expected none beyond {MAX_COORDINATE:g}')
    (ordered,) = order_quads(quad)
    if quad_areas(ordered[None])[0] < MIN_QUAD_AREA:
        raise ValueError(f'{where}: {what} has no area, expected corners around the object')
    return ordered
