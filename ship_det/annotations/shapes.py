"""Shapes of labelling tools as quads: rectangles turned about a corner or their centre, and polygons."""

import math
from typing import Any

import numpy as np

from ship_det.annotations.data_set import DataSet
from ship_det.annotations.objects import MAX_COORDINATE
from ship_det.annotations.orientation import open_ring, outline_quad
from ship_det.annotations.xml_labels import bounds_quad
from ship_det.geometry import quad_to_rbox, rbox_to_quad

# A quad whose corners all lie so near to those of its rectangle, px, is one.
_RECTANGLE = 1e-4


def turned_rectangle(corner: tuple[float, float], size: tuple[float, float], angle: float) -> np.ndarray:
    """(4, 2) corners of a rectangle of a size (width, height) px that is turned clockwise on screen, by degrees.

    It turns about its first corner, the upper left one where it is not turned.
    """
    theta = math.radians(angle)
    along, down = np.array([math.cos(theta), math.sin(theta)]), np.array([-math.sin(theta), math.cos(theta)])
    first = np.array(corner, dtype=np.float64)
    return np.stack([first, first + size[0] * along, first + size[0] * along + size[1] * down, first + size[1] * down])


def polygon_quad(where: str, points: Any, found: DataSet) -> np.ndarray:
    """(4, 2) corners of a polygon: its own where it has four, else those of its rectangle of minimum area.

    Args:
        where: file and place in it, for messages.
        points: its corners (x, y), px; the first may be repeated at the end.
        found: counts those that became rectangles.

    Raises:
        ValueError: fewer than three points, one that is no pair of numbers, or a polygon without area.
    """
    corners = open_ring(read_points(where, points))
    quad = outline_quad(corners) if len(corners) > 2 else None
    if quad is None:
        raise ValueError(f'{where}: a polygon of {len(corners)} points without area, expected at least three')
    found.outlines += len(corners) != 4
    return quad


def opposite_corners(where: str, points: Any) -> np.ndarray:
    """(4, 2) corners of an upright rectangle, of which any two opposite ones are given, or all.

    Raises:
        ValueError: another number of points, or one that is no pair of numbers.
    """
    corners = read_points(where, points)
    if len(corners) not in (2, 4):
        raise ValueError(f'{where}: a rectangle of {len(corners)} points, expected two opposite ones or four')
    return bounds_quad(*corners.min(axis=0), *corners.max(axis=0)) if len(corners) == 2 else corners


def read_points(where: str, points: Any) -> np.ndarray:
    """(N, 2) points of a label file.

    Raises:
        ValueError: naming ``where``, where they are no pairs of finite numbers.
    """
    flat = numbers(where, 'points', points, nested=True)
    if np.shape(points) != (len(flat) // 2, 2):
        raise ValueError(f'{where}: points is {points!r}, expected pairs of numbers')
    return flat.reshape(-1, 2)


def numbers(where: str, key: str, values: Any, nested: bool = False) -> np.ndarray:
    """Finite numbers of a label file, a single one too, as float64, flat.

    Raises:
        ValueError: naming ``where`` and ``key``; also of lists in a list, unless they may be ``nested``.
    """
    try:
        found = np.array(values, dtype=np.float64)
    except (ValueError, TypeError, OverflowError):
        found = np.full(1, np.nan)
    if (found.ndim > 1 and not nested) or not (np.abs(found) <= MAX_COORDINATE).all():
        raise ValueError(f'{where}: {key} is {repr(values)[:80]}, expected finite numbers up to {MAX_COORDINATE:g}')
    return found.ravel()


def rectangle_of(quad: np.ndarray) -> np.ndarray | None:
    """Centre, sides and angle (5,) of a quad that is a rectangle, its angle clockwise on screen in rad; else None."""
    box = quad_to_rbox(quad[None])
    corners = rbox_to_quad(box)[0]
    away = min(np.abs(np.roll(corners, turn, axis=0) - quad).max() for turn in range(4))
    return box[0] if away < _RECTANGLE else None


def check_size(where: str, stated: tuple[Any, Any], size: tuple[int, int]) -> None:
    """Raise a ValueError where labels state another size (width, height) than their image has, or one that is none.

    A size that they do not state, None, is right.
    """
    if stated == (None, None):
        return
    stated = tuple(numbers(where, 'width and height of the image', stated).tolist())
    if tuple(map(float, stated)) != tuple(map(float, size)):
        raise ValueError(
            f'{where}: labels of an image of {stated[0]:g} x {stated[1]:g} px, but it has {size[0]} x {size[1]} px; '
            'expected the image that was labelled'
        )
