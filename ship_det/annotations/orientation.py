"""How a label says that its box is turned, and what of it must not be lost."""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import shapely

from ship_det.geometry import quad_to_rbox, rbox_to_quad

# Corners of a box along the image's sides differ by less than this (px) from it.
_ALONG = 1e-6
_TURN = re.compile(
    r'rotat|(?<![a-z])rot|(?<![a-z])angle|theta|orient|(?<![a-z])direction|heading|obb|robnd|rb+ox|poly|(?<![a-z])points'
)


def is_upright(quads: np.ndarray) -> np.ndarray:
    """Which of (N, 4, 2) quads are rectangles along the image's sides, (N,) bool."""
    quads = np.asarray(quads, dtype=np.float64).reshape(-1, 4, 2)
    along = np.abs(np.roll(quads, -1, axis=1) - quads) < _ALONG
    # Opposite sides run along the same axis, neighbours along the other one.
    return (along[:, :2] == along[:, 2:]).all(axis=(1, 2)) & (along[:, 0] != along[:, 1]).all(axis=1)


def choose_turned(candidates: Sequence[np.ndarray]) -> np.ndarray | None:
    """The first of some (4, 2) quads of one object that is turned, else the first of all; None of none.

    Many tools write an upright outline beside the turned box.
    """
    return next((quad for quad in candidates if not is_upright(quad)[0]), candidates[0] if candidates else None)


def open_ring(points: np.ndarray) -> np.ndarray:
    """(N, 2) points without the last one, where it is the first one again."""
    return points[:-1] if len(points) > 1 and (points[0] == points[-1]).all() else points


def outline_quad(points: np.ndarray) -> np.ndarray | None:
    """(4, 2) corners of an outline of points (N, 2) px: these where they are four, else their minimum-area rectangle.

    None where the points lie on a line.
    """
    if len(points) == 4:
        return points
    rectangle = shapely.oriented_envelope(shapely.MultiPoint(points))
    return shapely.get_coordinates(rectangle)[:4] if isinstance(rectangle, shapely.Polygon) else None


def turn_box(bounds: np.ndarray, degrees: float) -> np.ndarray:
    """Turn the (4, 2) corners of an upright box about its centre, clockwise on screen, as CVAT does."""
    box = quad_to_rbox(bounds[None])
    box[:, 4] += math.radians(degrees)
    return rbox_to_quad(box)[0]


def find_turn(content: Any) -> str:
    """The first key of nested settings that speaks of an orientation other than 0, with its value; '' where none does.

    Args:
        content: mappings, lists and plain values; a mapping of ``name`` and ``value`` is a setting, too.
    """
    found = ((key, value) for key, value in _settings(content) if _TURN.search(key) and _counts(value))
    return next((f'{key} {str(value)[:80]}' for key, value in found), '')


def _settings(content: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(content, Mapping):
        if 'name' in content and 'value' in content:
            yield str(content['name']).lower(), content['value']
        for key, value in content.items():
            yield str(key).lower(), value
            yield from _settings(value)
    elif isinstance(content, list):
        for value in content:
            yield from _settings(value)


def _counts(value: Any) -> bool:
    """Whether a value is, or holds, a number other than 0."""
    if isinstance(value, Mapping):
        return any(map(_counts, value.values()))
    if isinstance(value, list):
        return any(map(_counts, value))
    text = '' if isinstance(value, bool) else str(value)
    return bool(re.search('[1-9]', text)) and bool(re.fullmatch(r'[-+0-9.,;eE\s]+', text))
