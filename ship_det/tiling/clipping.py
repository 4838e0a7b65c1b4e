"""What a chip shows of the objects of its scene."""

from dataclasses import dataclass, replace

import numpy as np
import shapely
from numpy.typing import NDArray

from ship_det.annotations import LabeledObject
from ship_det.annotations.objects import MIN_QUAD_AREA, order_quads, quad_areas

#: How an object appears in a chip.
WHOLE, CUT, MARKED = 'whole', 'cut', 'marked difficult'

# What float64 may be off by in the coordinates of a scene, px.
_ROUNDING = 1e-6


@dataclass(frozen=True, slots=True)
class VisibleObject:
    """An object in the pixels of a chip.

    Attributes:
        source: index of the object among those of the scene.
        share: how much of its area is visible, 0 to 1.
        how: WHOLE, CUT (enough of it is visible to learn from) or MARKED (too little is: an ignore region).
        labeled: the label for the chip.
    """

    source: int
    share: float
    how: str
    labeled: LabeledObject

    def resized(self, factors: NDArray[np.float64], size: tuple[int, int]) -> 'VisibleObject':
        """The same in a chip resampled to ``size``, (w, h) px, by two factors."""
        quad = np.clip(self.labeled.quad * factors, 0, size)
        return replace(self, labeled=replace(self.labeled, quad=quad))


class SceneObjects:
    """The objects of a scene, ready to be cut into windows.

    Args:
        objects: objects of the scene, quads in scene pixels.
    """

    def __init__(self, objects: list[LabeledObject]):
        self.objects = objects
        self.quads = np.array([labeled.quad for labeled in objects], dtype=np.float64).reshape(-1, 4, 2)
        #: (N, 4) px: left, top, right, bottom.
        self.bounds = np.concatenate([self.quads.min(axis=1), self.quads.max(axis=1)], axis=1)
        self._tree = shapely.STRtree(_polygons(self.quads))

    def whole_in(self, windows: NDArray[np.int64]) -> NDArray[np.bool_]:
        """(N,) whether an object lies wholly inside one of the (K, 4) windows (x, y, w, h)."""
        whole = np.zeros(len(self.objects), dtype=bool)
        which, rows = self._tree.query(_window_boxes(windows), predicate='intersects')
        inside = _inside(self.bounds[rows], windows[which])
        whole[rows[inside]] = True
        return whole

    def visible(self, windows: NDArray[np.int64], min_visible: float) -> list[list[VisibleObject]]:
        """What each window shows, labels moved to the window's pixels.

        Labels are those of :func:`clip_quads`; where less than ``min_visible`` of an object's area is visible it is
        marked difficult. An object that only touches a window is not in it.

        Args:
            windows: (K, 4) int, (x, y, w, h) px of the scene.
            min_visible: share of the area, 0 to 1.

        Returns:
            K lists, objects in the order of the scene; no coordinate leaves [0, w] x [0, h].
        """
        shown: list[list[VisibleObject]] = [[] for _ in windows]
        which, rows = self._tree.query(_window_boxes(windows), predicate='intersects')
        order = np.lexsort([rows, which])
        which, rows = which[order], rows[order]
        quads, share, whole = clip_quads(self.quads[rows], windows[which])
        present = whole | (quad_areas(quads) >= MIN_QUAD_AREA)
        for pair in np.flatnonzero(present):
            how = WHOLE if whole[pair] else CUT if share[pair] >= min_visible else MARKED
            source = self.objects[rows[pair]]
            labeled = LabeledObject(quads[pair], source.name, source.difficult or how == MARKED, source.score)
            shown[which[pair]].append(VisibleObject(int(rows[pair]), float(share[pair]), how, labeled))
        return shown


def clip_quads(
    quads: NDArray[np.float64], windows: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
    """What a window shows of a quad, pair by pair.

    A quad wholly inside is moved as it is. Of one cut by the border the label is the minimum-area rectangle of its
    visible part, a corner of that rectangle outside the window slid along a side to the border.

    Args:
        quads: (N, 4, 2) corners in scene pixels, clockwise on screen.
        windows: (N, 4) int, (x, y, w, h) px of the scene.

    Returns:
        Labels (N, 4, 2) in window pixels, all zero where nothing is visible; shares (N,) of the quads' areas that are
        visible, 1 where whole, 0 for a cut quad without area; whether a quad is whole, (N,).
    """
    bounds = np.concatenate([quads.min(axis=1), quads.max(axis=1)], axis=1)
    whole = _inside(bounds, windows)
    labels, shares = quads - windows[:, None, :2], np.ones(len(quads))
    cut = np.flatnonzero(~whole)
    if len(cut):
        polygons = _polygons(quads[cut])
        parts, areas = shapely.intersection(polygons, _window_boxes(windows[cut])), shapely.area(polygons)
        shares[cut] = np.divide(shapely.area(parts), areas, out=np.zeros(len(cut)), where=areas > 0)
        labels[cut] = bounding_quads(parts, windows[cut])
    return labels, shares, whole


def bounding_quads(parts: NDArray[np.object_], windows: NDArray[np.int64]) -> NDArray[np.float64]:
    """Minimum-area rectangles of visible parts, as quads that stay inside their window.

    Every side of such a rectangle touches the part, which is in the window; so a corner outside can slide along a side
    until it is inside. Of the two sides it could slide along, the one that leaves the larger quad is taken: of a ship
    cut askew that is the ship's long side, and the minimum-area rectangle of the quad is the rectangle again.

    Args:
        parts: (N,) geometries inside their window, in scene pixels.
        windows: (N, 4) int, (x, y, w, h).

    Returns:
        (N, 4, 2) in window pixels; all zero where a part has no area.
    """
    quads = np.zeros((len(parts), 4, 2))
    rectangles = shapely.oriented_envelope(parts)
    solid = np.flatnonzero(
        (shapely.get_type_id(rectangles) == shapely.GeometryType.POLYGON) & (shapely.area(parts) > 0)
    )
    corners = shapely.get_coordinates(rectangles[solid]).reshape(-1, 5, 2)[:, :4]
    corners = order_quads(corners - windows[solid, None, :2])
    size = windows[solid, None, 2:].astype(np.float64)
    # A corner that rounding alone puts outside would slide along all of a side that runs along the border.
    corners = np.where(np.abs(corners) < _ROUNDING, 0.0, corners)
    corners = np.where(np.abs(corners - size) < _ROUNDING, size, corners)
    candidates = [_slide(corners, partners, size) for partners in ([1, 0, 3, 2], [3, 2, 1, 0])]
    areas = [quad_areas(candidate) for candidate in candidates]
    best = np.where((areas[0] >= areas[1])[:, None, None], *candidates)
    quads[solid] = np.clip(best, 0, size)
    return quads


def _slide(corners: NDArray[np.float64], partners: list[int], size: NDArray[np.float64]) -> NDArray[np.float64]:
    """Move each corner towards its partner until it is inside [0, size]; both (N, 4, 2) px."""
    step = corners[:, partners] - corners
    with np.errstate(divide='ignore', invalid='ignore'):
        # For each axis the share of the side to walk to the violated border; nan on a side along that border.
        beyond = np.where(corners < 0, -corners / step, np.where(corners > size, (size - corners) / step, 0.0))
    share = np.clip(np.nan_to_num(beyond, posinf=0.0, neginf=0.0), 0.0, 1.0).max(axis=2, keepdims=True)
    return corners + share * step


def _polygons(quads: NDArray[np.float64]) -> NDArray[np.object_]:
    polygons = shapely.polygons(quads)
    # A corner on another side makes a polygon that GEOS refuses to cut.
    crossed = ~shapely.is_valid(polygons)
    polygons[crossed] = shapely.make_valid(polygons[crossed])
    return polygons


def _inside(bounds: NDArray[np.float64], windows: NDArray[np.int64]) -> NDArray[np.bool_]:
    low, high = windows[:, :2], windows[:, :2] + windows[:, 2:]
    return np.all((bounds[:, :2] >= low) & (bounds[:, 2:] <= high), axis=1)


def _window_boxes(windows: NDArray[np.int64]) -> NDArray[np.object_]:
    x, y, w, h = windows.T
    return shapely.box(x, y, x + w, y + h)
