"""Whether boxes lie along their objects, read off the image.

Inside a circle around a box's centre, as wide as the box is long, the edges of an elongated object run along it: hull,
deck and neighbours moored in parallel. The gradient's structure tensor gives their direction as a vector of the doubled
angle; its length is 1 where all edges are parallel and 0 where they have no direction. The circle does not turn with
the box, so the measure is the same for boxes of right and of wrong angles. The image is smoothed by a share of the
box's width first: what lies on a deck, such as bays of containers across it, goes, and the hull stays.

A box's alignment is the component of that vector along the box's own doubled angle: 1 along the edges, -1 across them,
0 on average for an angle that has nothing to do with the object.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ship_det.progress import count_noun
from ship_det.raster import SceneReader, read_shrunk

# A squarer or smaller box has no direction to speak of.
_MIN_ASPECT = 1.5
_MIN_LENGTH = 8.0
# No ship is longer, px: one of 400 m has 4000 px of 0.1 m.
_MAX_LENGTH = 4096.0
# Larger squares are read averaged to this side, px.
_READ_SIDE = 1024
# Side of the patch that a circle is sampled to, px, and the standard deviation of its weights in radii.
_PATCH = 33
_SPREAD = 0.5
# Standard deviation of the smoothing, in widths of the box. Twice as much takes the gaps between moored neighbours too.
_SMOOTHING = 0.2
_DISTANCE = np.hypot(*np.mgrid[-1 : 1 : _PATCH * 1j, -1 : 1 : _PATCH * 1j])
_WEIGHTS = np.where(_DISTANCE < 1, np.exp(-((_DISTANCE / _SPREAD) ** 2) / 2), 0)

# Less gradient than this share of the brightness, both squared, is rounding.
_ROUNDING = 1e-9

# Right angles give means from 0.46 (a crowded marina) to 0.68 (simulated ships), degrees read as radians and mirrored
# angles at most 0.12.
_ALIGNED = 0.3
# Where the set as a whole is right, a class is taken for wrong below this. Right ones have 0.39 (container ships) and
# more.
_CLASS_ALIGNED = 0.2
_MIN_BOXES = 20
# In one image neighbours share their surroundings; there only boxes across their objects are sure enough. Of 480 images
# of HIT-UAV, rightly labelled, the least has -0.05.
_MIN_BOXES_OF_IMAGE = 8
_ACROSS = -0.1
# Boxes within this of horizontal or vertical, as |sin(2 theta)|, look the same mirrored.
_AXIS_ALIGNED = 0.05
_MOSTLY = 0.95


@dataclass(frozen=True)
class Orientation:
    """How boxes lie to the objects in the image.

    Attributes:
        number: of boxes that tell.
        alignment: mean of them, as they are.
        mirrored: mean with the sense of the angles reversed.
        axis_aligned: share of boxes that lie horizontally or vertically.
    """

    number: int
    alignment: float
    mirrored: float
    axis_aligned: float

    @property
    def wrong(self) -> bool:
        """Whether there are enough boxes to tell, and they do not follow their objects."""
        # Axis-aligned boxes around objects of any direction are horizontal labels: that says nothing about angles.
        return self.number >= _MIN_BOXES and self.alignment < (-_ALIGNED if self.horizontal else _ALIGNED)

    @property
    def wrong_class(self) -> bool:
        """Whether the boxes of a class do not follow their objects, in a set whose boxes do."""
        return self.number >= _MIN_BOXES and self.alignment < (-_ALIGNED if self.horizontal else _CLASS_ALIGNED)

    @property
    def across(self) -> bool:
        """Whether the boxes of an image lie across their objects rather than along them."""
        return self.number >= _MIN_BOXES_OF_IMAGE and self.alignment < _ACROSS

    @property
    def horizontal(self) -> bool:
        """Whether these look like horizontal boxes."""
        return self.number >= _MIN_BOXES and self.axis_aligned >= _MOSTLY

    def explanation(self) -> str:
        """What the boxes look like."""
        boxes = count_noun(self.number, 'elongated box')
        figures = f'{boxes}, mean alignment {self.alignment:.2f} (1 along the objects, -1 across)'
        if self.mirrored > _ALIGNED and self.mirrored > -self.alignment:
            return f'{figures}; {self.mirrored:.2f} with the angles mirrored: do they run the other way round?'
        if self.alignment < -_ALIGNED:
            return f'{figures}: turned by 90 degrees, are width and height swapped?'
        return f'{figures}: angles unrelated to the objects, are they in another unit?'


def edge_directions(reader: SceneReader, boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Direction of the edges around each box, of which the image is read there alone.

    Args:
        reader: image.
        boxes: (N, 5), px and rad.

    Returns:
        (N, 2) mean (cos, sin) of twice the edges' angle; NaN for a box without a direction or without edges.
    """
    directions = np.full((len(boxes), 2), np.nan)
    cx, cy, long, short = boxes[:, :4].T
    width, height = reader.size
    inside = (cx >= 0) & (cx < width) & (cy >= 0) & (cy < height)
    rows = np.flatnonzero(inside & (long >= _MIN_ASPECT * short) & (long >= _MIN_LENGTH) & (long <= _MAX_LENGTH))
    # The squares around the circles.
    corners = np.round(boxes[rows, :2] - long[rows, None] / 2).astype(np.int64)
    sides = np.maximum(np.round(long[rows]), 2).astype(np.int64)
    squares = np.column_stack([corners, sides, sides])
    for index in reader.file_order(squares):
        patch = _read_patch(reader, *squares[index].tolist()[:3])
        if patch is not None:
            width = _PATCH * short[rows[index]] / long[rows[index]]
            smooth = cv2.GaussianBlur(patch, (0, 0), max(_SMOOTHING * width, 0.1), borderType=cv2.BORDER_REPLICATE)
            directions[rows[index]] = _edge_direction(np.asarray(smooth, dtype=np.float32))
    return directions


def _edge_direction(patch: NDArray[np.float32]) -> NDArray[np.float64]:
    """(cos, sin) of twice the angle of the edges in a circle, as of :func:`edge_directions`."""
    vertical, horizontal = np.gradient(patch)
    across = (_WEIGHTS * horizontal**2).sum()
    down = (_WEIGHTS * vertical**2).sum()
    if across + down <= _ROUNDING * float((patch**2).mean()):
        return np.full(2, np.nan)
    mixed = (_WEIGHTS * horizontal * vertical).sum()
    # Edges run at right angles to the gradient, which is the opposite direction of the doubled angle.
    return -np.array([across - down, 2 * mixed]) / (across + down)


def measure(directions: NDArray[np.float64], angles: NDArray[np.float64]) -> Orientation:
    """How boxes with these angles, (N,) rad, lie to the edges around them, (N, 2)."""
    telling = np.isfinite(directions).all(axis=1)
    directions, angles = directions[telling], angles[telling]
    if not len(angles):
        return Orientation(0, 0.0, 0.0, 0.0)
    oblique = np.abs(np.sin(2 * angles)) > _AXIS_ALIGNED
    axis_aligned = 1 - float(oblique.mean())
    if oblique.sum() >= _MIN_BOXES:
        directions, angles = directions[oblique], angles[oblique]
    along = directions[:, 0] * np.cos(2 * angles)
    aside = directions[:, 1] * np.sin(2 * angles)
    return Orientation(len(angles), float((along + aside).mean()), float((along - aside).mean()), axis_aligned)


def _read_patch(reader: SceneReader, left: int, top: int, side: int) -> NDArray[np.float32] | None:
    """Brightness in a square, resampled to (_PATCH, _PATCH); None where the image has no data there."""
    width, height = reader.size
    x, y = max(left, 0), max(top, 0)
    window = x, y, min(left + side, width) - x, min(top + side, height) - y
    scale = min(_READ_SIDE / side, 1.0)
    pixels = reader.read(window) if scale == 1 else read_shrunk(reader, window, round(max(window[2:]) * scale))
    if pixels is None:
        return None
    beyond = (-top, top + side - height), (-left, left + side - width)
    missing = [tuple(round(max(length, 0) * scale) for length in lengths) for lengths in beyond]
    filled = np.pad(pixels.mean(axis=2, dtype=np.float32), missing, mode='edge')
    method = cv2.INTER_AREA if side >= _PATCH else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(filled, (_PATCH, _PATCH), interpolation=method), dtype=np.float32)
