"""Pieces of objects that the borders of windows cut: which boxes may be pieces, of one object, and what they add up to.

A detector's box of a piece ends about where the border is, a few per cent of its length before or beyond it. All
tolerances here grow with the box for that reason, and are a few px for small ones.
"""

import numpy as np
import shapely
from numpy.typing import NDArray

from ship_det.geometry import bounding_extents, rbox_to_quad, to_le90
from ship_det.geometry.boxes import FloatArray

# A box reaches a border that is nearer than this share of its extent towards the border: three standard deviations
# of an end that is off by 5 % of the length. What lies near by chance is only suspected and goes for a better find.
_REACH = 0.15
# How far off a side of a box may be, as share of the box: two such standard deviations. Larger, a box could take the
# place of its neighbour in a row.
_ERROR = np.array([0.15, 0.1])
# The least of both, in px of the image that was made of the window.
_LEAST = 2.0
# How much of a piece may be missing or too much, as share of its area.
_UNLIKE = 0.5
# Share of a piece that the window of its object shows: all, but for errors of its ends.
_INSIDE = 0.8
# Boxes are along each other, or along the border, up to this angle, rad.
_ASKEW = np.radians(10)
# Largest gap between two pieces from windows that do not overlap, as share of the length of the smaller: its end and
# that of the larger may both fall short.
_GAP = 0.1
# Pieces at least so broad, beside the largest, tell the width of an object; others show a strip or a corner of it.
_BROAD = 0.75


def reach_borders(boxes: FloatArray, views: FloatArray, scene: tuple[int, int], unit: FloatArray) -> NDArray[np.bool_]:
    """Which boxes reach, or nearly, a border of their window that is not a border of the scene: they may be pieces.

    Args:
        boxes: (N, 5) in px of the scene.
        views: (N, 4) left, top, right and bottom of the window of each box, px of the scene.
        scene: width and height of the scene, px.
        unit: (N,) px of the scene in a px of the image made of the window.

    Returns:
        (N,).
    """
    extents = bounding_extents(boxes)
    margin = np.maximum(_LEAST * unit[:, None], _REACH * 2 * extents)
    low, high = boxes[:, :2] - extents, boxes[:, :2] + extents
    first = (low < views[:, :2] + margin) & (views[:, :2] > 0)
    last = (high > views[:, 2:] - margin) & (views[:, 2:] < scene)
    return np.any(first | last, axis=1)


def compare_views(
    boxes: FloatArray, others: FloatArray, views: FloatArray, other_views: FloatArray, unit: FloatArray
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Whether two boxes from two windows are of one object: where both windows look, both must show the same.

    The boxes are compared in the px that both windows see. If they see all of the smaller box, it may be a piece that is
    shorter than the error of the box of its object: the sides of the larger box are moved towards the piece, by no more
    than they may be off. Width and length must fit all the same, so that a small ship is no piece of the large one that
    it lies alongside.

    Args:
        boxes: (P, 5) in px of the scene, the larger of each pair.
        others: (P, 5) likewise, the smaller.
        views: (P, 4) left, top, right and bottom of the windows of ``boxes``, px of the scene.
        other_views: (P, 4) of the windows of ``others``.
        unit: (P,) px of the scene in a px of the image made of the window.

    Returns:
        (P,) how unlike they are where both windows look, as share of the piece, infinite where they show different
        objects; and (P,) whether the windows of ``boxes`` see all of ``others``.
    """
    common = np.hstack([np.maximum(views[:, :2], other_views[:, :2]), np.minimum(views[:, 2:], other_views[:, 2:])])
    overlap = (common[:, 2:] - common[:, :2]).min(axis=1)
    misfit, inside = np.full(len(boxes), np.inf), np.zeros(len(boxes), dtype=bool)
    rows = np.flatnonzero(overlap > 0)
    parts = _visible(others[rows], common[rows])
    areas = shapely.area(parts)
    inside[rows] = areas > _INSIDE * shapely.area(_visible(others[rows], other_views[rows]))
    error = _errors(boxes[rows], unit[rows])
    # Where a window sees only the end of a large piece, that of its neighbour in the row may lie within the error.
    error[~inside[rows], 0] = 0
    same = _fits(boxes[rows], others[rows], common[rows], error)
    differing = shapely.area(shapely.symmetric_difference(_visible(boxes[rows], common[rows]), parts))
    misfit[rows[same]] = differing[same] / areas[same]
    rows = np.flatnonzero((overlap > -1) & (overlap < 2 * _LEAST * unit))
    gap = shapely.distance(*(shapely.polygons(rbox_to_quad(pieces[rows])) for pieces in (boxes, others)))
    meet = gap < _GAP * others[rows, 2] + _LEAST * unit[rows]
    misfit[rows[meet]] = 1 + gap[meet] / others[rows[meet], 2]
    return misfit, inside


def join(pieces: FloatArray, views: FloatArray, unit: float) -> FloatArray | None:
    """The box that pieces of one object add up to, if there is one.

    Each piece suggests a box that those along its axes add up to; that box is taken of which the windows show most
    nearly what was found. A rectangle around a corner that lies along a border suggests none that fits the others.

    Args:
        pieces: (M, 5) in px of the scene.
        views: (M, 4) left, top, right and bottom of their windows, px of the scene.
        unit: px of the scene in a px of the image made of the window.

    Returns:
        (5,) in ``le90``; None where it does not fit all pieces.
    """
    found = _visible(pieces, views)
    best, least = pieces[0], np.inf
    for reference in pieces:
        box = _span(reference, pieces, unit)
        misfit = shapely.area(shapely.symmetric_difference(_visible(np.tile(box, (len(pieces), 1)), views), found)).sum()
        if misfit < least:
            best, least = box, misfit
    boxes = np.tile(best, (len(pieces), 1))
    fits = _fits(boxes, pieces, views, _errors(boxes, np.full(len(pieces), unit)))
    return best if fits.all() else None


def _span(reference: FloatArray, pieces: FloatArray, unit: float) -> FloatArray:
    """The box, (5,), from the first to the last end of those of (M, 5) pieces that lie along a reference, (5,).

    Its axis fits the ends of the pieces by least squares weighted by area. Each of its sides is the mean of the pieces
    that reach about as far as the one that reaches furthest.
    """
    # The visible end of an object may be wider than long: of a piece the axis nearer to that of the reference counts.
    quarters = np.round((pieces[:, 4] - reference[4]) / (np.pi / 2))
    theta = pieces[:, 4] - quarters * np.pi / 2
    sides = np.where(quarters[:, None] % 2 == 0, pieces[:, 2:4], pieces[:, 3:1:-1])
    along = (np.abs(theta - reference[4]) < _ASKEW) & (sides[:, 1] > _BROAD * reference[3])
    theta, sides, centers = theta[along], sides[along], pieces[along, :2]
    areas = sides[:, 0] * sides[:, 1]
    step = sides[:, :1] / 2 * np.column_stack([np.cos(theta), np.sin(theta)])
    ends = np.stack([centers - step, centers + step])
    middle = np.average(centers, axis=0, weights=areas)
    offsets = (ends - middle).reshape(-1, 2) * np.sqrt(np.tile(areas, 2))[:, None]
    axis = np.linalg.eigh(offsets.T @ offsets).eigenvectors[:, 1]
    frame = np.array([axis, [-axis[1], axis[0]]])
    lengths = np.sort((ends - middle) @ frame[0], axis=0)
    widths = (centers - middle) @ frame[1] + sides[:, 1] / 2 * np.array([[-1], [1]])
    error = _ERROR * (np.ptp(lengths), reference[3]) + _LEAST * unit
    low, high = np.transpose([_outermost(lengths, areas, error[0]), _outermost(widths, areas, error[1])])
    center = middle + (low + high) / 2 @ frame
    return to_le90([[*center, *(high - low), np.arctan2(axis[1], axis[0])]])[0]


def _errors(boxes: FloatArray, unit: FloatArray) -> FloatArray:
    """(N, 2) px by which the ends and the sides of boxes may be off."""
    return _ERROR * boxes[:, 2:4] + _LEAST * unit[:, None]


def _fits(boxes: FloatArray, pieces: FloatArray, views: FloatArray, error: FloatArray) -> NDArray[np.bool_]:
    """Whether windows, (P, 4), that show pieces may show boxes whose sides are off by (P, 2) px at most; both (P, 5).

    A piece must lie in the largest box possible and hold what the window shows of the box with its sides moved towards
    those of the piece, but for a share of its area. The rectangle around a corner may lie along the border, and then
    half of it is outside: it must fit the bounds of the corner.
    """
    parts = _visible(pieces, views)
    areas = shapely.area(parts)
    fits = areas > 0
    boxes, pieces, views, error, parts, areas = (
        values[fits] for values in (boxes, pieces, views, error, parts, areas)
    )
    allowed = _UNLIKE * areas
    half = boxes[:, 2:4] / 2
    inner, outer, near = half - np.minimum(error, half / 2), half + error, half + error / 3
    shown = _visible(_with_sides(boxes, -outer, outer), views)
    beyond = shapely.area(shapely.difference(parts, shown))
    beyond_bounds = shapely.area(shapely.difference(parts, shapely.envelope(shown)))
    upright, askew = (np.abs(np.sin(2 * angle)) for angle in (pieces[:, 4], pieces[:, 4] - boxes[:, 4]))
    corner = (upright < np.sin(2 * _ASKEW)) & (askew > np.sin(2 * _ASKEW)) & (beyond_bounds < allowed / 2)
    # A piece ahead of the box must be as broad as its end.
    low, high = _extents(boxes, parts)
    ahead = shapely.area(shapely.difference(parts, _visible(_with_sides(boxes, -near, near), views))) > allowed
    low, high = np.clip(low, -outer, -inner), np.clip(high, inner, outer)
    low[~ahead], high[~ahead] = -inner[~ahead], inner[~ahead]
    low[:, 1], high[:, 1] = -inner[:, 1], inner[:, 1]
    missing = shapely.area(shapely.difference(_visible(_with_sides(boxes, low, high), views), parts))
    fits[fits] = ((beyond < allowed) | corner) & (missing < allowed)
    return fits


def _frames(boxes: FloatArray) -> FloatArray:
    """(N, 2, 2) unit vectors along and across boxes, one a row."""
    cos, sin = np.cos(boxes[:, 4]), np.sin(boxes[:, 4])
    return np.stack([cos, sin, -sin, cos], axis=1).reshape(-1, 2, 2)


def _extents(boxes: FloatArray, parts: NDArray[np.object_]) -> tuple[FloatArray, FloatArray]:
    """Where (P,) polygons begin and end along and across (P, 5) boxes, px from their centres: (P, 2) each."""
    points, row = shapely.get_coordinates(parts, return_index=True)
    local = np.einsum('nij,nj->ni', _frames(boxes)[row], points - boxes[row, :2])
    low, high = np.full((len(boxes), 2), np.inf), np.full((len(boxes), 2), -np.inf)
    np.minimum.at(low, row, local)
    np.maximum.at(high, row, local)
    return low, high


def _with_sides(boxes: FloatArray, low: FloatArray, high: FloatArray) -> FloatArray:
    """Boxes from ``low`` to ``high``, (P, 2) px along and across from the centres of (P, 5) boxes."""
    center = boxes[:, :2] + np.einsum('nji,nj->ni', _frames(boxes), (low + high) / 2)
    return np.column_stack([center, high - low, boxes[:, 4]])


def _outermost(sides: FloatArray, weights: FloatArray, error: float) -> tuple[float, float]:
    """Where (2, M) low and high sides lie: means of those that are within an error of the furthest."""
    last = sides[0] <= sides[0].min() + error, sides[1] >= sides[1].max() - error
    low, high = (np.average(side[near], weights=weights[near]) for side, near in zip(sides, last, strict=True))
    return float(low), float(high)


def _visible(boxes: FloatArray, views: FloatArray) -> NDArray[np.object_]:
    """What windows, (P, 4), show of boxes: (P,) polygons."""
    return shapely.intersection(shapely.polygons(rbox_to_quad(boxes)), shapely.box(*views.T))
