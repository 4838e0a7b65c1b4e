"""Pieces of objects that the borders of windows cut: which boxes may be pieces, of one object, and what they add up to.

The box of a piece ends about where the border is: a detector is some per cent of the length off. So all tolerances here
grow with the box, and are a few px for small ones.
"""

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from ship_det.geometry import bounding_extents, iof_of_pairs, rbox_to_quad, to_le90
from ship_det.geometry.boxes import FloatArray
from ship_det.geometry.convex import areas, clip_to_boxes, clip_to_views

# A box reaches a border that is nearer than this share of its extent: three standard deviations of an end that is off
# by 5 % of the length.
_REACH = 0.15
# How far off the ends and the sides of a box may be, as share of its length and width. A wider margin at the sides
# would take in what lies alongside.
_ERROR = np.array([0.15, 0.1])
# The least of these margins, in px of the image made of the window.
_LEAST = 2.0
# How much of a piece may be missing or too much, as share of its area.
_UNLIKE = 0.5
# Share of a piece that another window shows where it sees all of it, but for errors of its ends.
_INSIDE = 0.8
# Largest gap between pieces from windows that share no px, as share of the length of the smaller.
_GAP = 0.1
# Ends of pieces are the same end of an object up to this share of its length: one standard deviation, so that the end
# of a piece is not taken for that of the object.
_SAME_END = 0.05
# Boxes lie along each other, or along a border, up to this angle, rad.
_ASKEW = np.radians(10)
# Pieces at least so broad, beside another, tell the width of an object; narrower ones show a strip or a corner of it.
_BROAD = 0.75


@dataclass(frozen=True)
class SeenBoxes:
    """N boxes and what was looked at where they were found.

    Attributes:
        boxes: (N, 5), (cx, cy, w, h, theta) in px of the scene.
        views: (N, 4) left, top, right and bottom of their windows, px of the scene.
        units: (N,) px of the scene in a px of the image made of the window.
    """

    boxes: FloatArray
    views: FloatArray
    units: FloatArray

    def __getitem__(self, rows: NDArray) -> 'SeenBoxes':
        return SeenBoxes(self.boxes[rows], self.views[rows], self.units[rows])

    @property
    def errors(self) -> FloatArray:
        """(N, 2) px by which ends and sides may be off."""
        return _ERROR * self.boxes[:, 2:4] + _LEAST * self.units[:, None]


def reach_borders(seen: SeenBoxes, scene: tuple[int, int]) -> NDArray[np.bool_]:
    """(N,) which boxes reach, or nearly, a border of their window that is none of the scene, (width, height) px."""
    bounds = _bounds(seen.boxes)
    low, high = bounds[:, :2], bounds[:, 2:]
    margin = np.maximum(_LEAST * seen.units[:, None], _REACH * (high - low))
    first = (low < seen.views[:, :2] + margin) & (seen.views[:, :2] > 0)
    last = (high > seen.views[:, 2:] - margin) & (seen.views[:, 2:] < scene)
    return np.any(first | last, axis=1)


def near_pairs(seen: SeenBoxes, rows: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows of some boxes, and of those that meet them if they are longer and wider by their error: (P,) each."""
    wider = seen.boxes.copy()
    wider[:, 2:4] += 2 * seen.errors
    first, second = _bounds(seen.boxes[rows]), _bounds(wider)
    pairs, others = shapely.STRtree(shapely.box(*second.T)).query(shapely.box(*first.T))
    meet = iof_of_pairs(seen.boxes[rows], wider, pairs, others) > 0
    return rows[pairs[meet]], others[meet]


def _bounds(boxes: FloatArray) -> FloatArray:
    """(N, 4) left, top, right and bottom of boxes."""
    extents = bounding_extents(boxes)
    return np.hstack([boxes[:, :2] - extents, boxes[:, :2] + extents])


def compare_views(larger: SeenBoxes, smaller: SeenBoxes) -> tuple[FloatArray, NDArray[np.bool_]]:
    """Whether boxes of P pairs are of one object: in the px that the windows of both see, both must show the same.

    Where the windows share next to none, one must be the continuation of the other.

    Returns:
        (P,) how unlike they are, as share of the smaller one; infinite where they are two objects. And (P,) whether the
        window of the larger box sees all of the smaller one.
    """
    common = np.hstack([
        np.maximum(larger.views[:, :2], smaller.views[:, :2]),
        np.minimum(larger.views[:, 2:], smaller.views[:, 2:]),
    ])  # fmt: skip
    overlap = (common[:, 2:] - common[:, :2]).min(axis=1)
    unlike, inside = np.full(len(common), np.inf), np.zeros(len(common), dtype=bool)

    rows = np.flatnonzero(overlap > 0)
    first, second, views = larger[rows], smaller[rows], common[rows]
    parts = _visible(second.boxes, views)
    inside[rows] = areas(parts) > _INSIDE * areas(_visible(second.boxes, second.views))
    errors = first.errors
    # Of a large piece only the end may be in both windows; within the error there is the end of the next in the row.
    errors[~inside[rows], 0] = 0
    fits = _fits(first.boxes, errors, second.boxes, views)
    unlike[rows[fits]] = _difference(first.boxes[fits], parts[fits], views[fits]) / areas(parts[fits])

    # A strip that is narrower than the errors tells nothing: the axis of one must run into the other.
    rows = np.flatnonzero((overlap >= 0) & (overlap < 2 * _LEAST * smaller.units))
    first, second = larger[rows], smaller[rows]
    forward = _frames(first.boxes)[:, 0] * first.boxes[:, 2:3] / 2
    axes = shapely.linestrings(first.boxes[:, None, :2] + forward[:, None] * np.array([[-1], [1]]))
    steps = np.diff(
        shapely.get_coordinates(shapely.shortest_line(axes, shapely.polygons(rbox_to_quad(second.boxes)))).reshape(
            -1, 2, 2
        ),
        axis=1,
    )
    gap = np.abs(np.einsum('nij,nj->ni', _frames(first.boxes), steps[:, 0]))
    allowed = (
        np.column_stack([_GAP * second.boxes[:, 2], _ERROR[1] * first.boxes[:, 3]]) + _LEAST * second.units[:, None]
    )
    meet = (gap < allowed).all(axis=1)
    unlike[rows[meet]] = 1 + gap[meet, 0] / second.boxes[meet, 2]
    return unlike, inside


def join(pieces: SeenBoxes) -> FloatArray | None:
    """The box, (5,) in ``le90``, that M pieces of one object add up to; None where windows show something else of it.

    Each piece suggests a box: from the first to the last end of the pieces that lie along it, and of all of these but
    one. The box is taken of which the windows show most nearly what was found. A rectangle around a visible corner may
    lie along the border instead of along the object; what it suggests does not fit the others.
    """
    count = len(pieces.boxes)
    sets = [pieces]
    if count > 2:
        sets += [pieces[np.delete(np.arange(count), left_out)] for left_out in range(count)]
    suggested = np.array([_span(reference, some) for some in sets for reference in some.boxes])
    of_box, of_piece = np.divmod(np.arange(len(suggested) * count), count)
    parts = _visible(pieces.boxes, pieces.views)
    unlike = _difference(suggested[of_box], parts[of_piece], pieces.views[of_piece])
    box = suggested[np.argmin(unlike.reshape(-1, count).sum(axis=1))]
    whole = SeenBoxes(np.tile(box, (count, 1)), pieces.views, pieces.units)
    return box if _fits(whole.boxes, whole.errors, pieces.boxes, pieces.views).all() else None


def _span(reference: FloatArray, pieces: SeenBoxes) -> FloatArray:
    """The box, (5,), from the first to the last end of those pieces that lie along a reference, (5,).

    Its axis fits the ends of the pieces by least squares weighted by area. Each of its sides is the mean of the pieces
    that reach about as far as the one that reaches furthest.
    """
    boxes = pieces.boxes
    # A short piece is broader than long: its axis is the one nearer to that of the reference.
    quarters = np.round((boxes[:, 4] - reference[4]) / (np.pi / 2))
    theta = boxes[:, 4] - quarters * np.pi / 2
    sizes = np.where(quarters[:, None] % 2 == 0, boxes[:, 2:4], boxes[:, 3:1:-1])
    along = (np.abs(theta - reference[4]) < _ASKEW) & (sizes[:, 1] > _BROAD * reference[3])
    theta, sizes, centers = theta[along], sizes[along], boxes[along, :2]
    weights = sizes.prod(axis=1)
    step = sizes[:, :1] / 2 * np.column_stack([np.cos(theta), np.sin(theta)])
    ends = np.stack([centers - step, centers + step])
    middle = np.average(centers, axis=0, weights=weights)
    offsets = (ends - middle).reshape(-1, 2) * np.sqrt(np.tile(weights, 2))[:, None]
    axis = np.linalg.eigh(offsets.T @ offsets).eigenvectors[:, 1]
    frame = np.array([axis, [-axis[1], axis[0]]])
    lengths = np.sort((ends - middle) @ frame[0], axis=0)
    widths = (centers - middle) @ frame[1] + sizes[:, 1] / 2 * np.array([[-1], [1]])
    error = (_SAME_END, _ERROR[1]) * np.array([np.ptp(lengths), reference[3]]) + _LEAST * pieces.units.max()
    low, high = np.transpose([_outermost(lengths, weights, error[0]), _outermost(widths, weights, error[1])])
    center = middle + (low + high) / 2 @ frame
    return to_le90([[*center, *(high - low), np.arctan2(axis[1], axis[0])]])[0]


def _outermost(sides: FloatArray, weights: FloatArray, error: float) -> tuple[float, float]:
    """Where (2, M) low and high sides lie: means of those that are within an error of the furthest."""
    last = sides[0] <= sides[0].min() + error, sides[1] >= sides[1].max() - error
    low, high = (np.average(side[near], weights=weights[near]) for side, near in zip(sides, last, strict=True))
    return float(low), float(high)


def _fits(boxes: FloatArray, errors: FloatArray, pieces: FloatArray, views: FloatArray) -> NDArray[np.bool_]:
    """Whether windows that show pieces may show boxes there, whose ends and sides are off by an error at most.

    A piece must lie in the largest box possible and hold what the window shows of the smallest, but for a share of its
    area. A small ship alongside a large one lies outside; inside its rectangle, at the bow, it is too small a piece.
    Of P boxes (P, 5), errors (P, 2), pieces (P, 5) and views (P, 4), all in px of the scene: (P,).
    """
    fits = np.zeros(len(boxes), dtype=bool)
    parts = _visible(pieces, views)
    size = areas(parts)
    half = boxes[:, 2:4] / 2
    inner, outer, near = half - np.minimum(errors, half / 2), half + errors, half + errors / 3

    widest = _with_sides(boxes, -outer, outer)
    beyond = size - areas(clip_to_boxes(parts, widest)) >= _UNLIKE * size
    # Half of a rectangle around a corner that lies along the border is outside; it fits the bounds of the corner.
    upright, askew = (np.abs(np.sin(2 * angle)) for angle in (pieces[:, 4], pieces[:, 4] - boxes[:, 4]))
    rows = np.flatnonzero(beyond & (size > 0) & (upright < np.sin(2 * _ASKEW)) & (askew > np.sin(2 * _ASKEW)))
    corner = _visible(widest[rows], views[rows])
    within = areas(clip_to_views(parts[rows], np.hstack([corner.min(axis=1), corner.max(axis=1)])))
    beyond[rows] = size[rows] - within >= _UNLIKE / 2 * size[rows]

    rows = np.flatnonzero(~beyond & (size > 0))
    along_box = (upright >= np.sin(2 * _ASKEW)) & (askew <= np.sin(2 * _ASKEW))
    boxes, parts, views, size, half, inner, outer, near, along_box = (
        values[rows] for values in (boxes, parts, views, size, half, inner, outer, near, along_box)
    )
    # The ends of the box are where those of the piece are, if its rectangle tells and they may be. A piece ahead of a
    # box that is too short must be as broad as the box made longer; otherwise it is a neighbour.
    ahead = size - areas(clip_to_boxes(parts, _with_sides(boxes, -near, near))) > _UNLIKE * size
    furthest = np.where(ahead, outer[:, 0], np.where(along_box, half[:, 0], inner[:, 0]))
    reach = np.einsum('nkd,nd->nk', parts - boxes[:, None, :2], _frames(boxes)[:, 0])
    low, high = -inner, inner.copy()
    low[:, 0] = np.clip(reach.min(axis=1), -furthest, -inner[:, 0])
    high[:, 0] = np.clip(reach.max(axis=1), inner[:, 0], furthest)
    least = _with_sides(boxes, low, high)
    fits[rows] = areas(_visible(least, views)) - areas(clip_to_boxes(parts, least)) < _UNLIKE * size
    return fits


def _difference(boxes: FloatArray, parts: FloatArray, views: FloatArray) -> FloatArray:
    """(P,) px^2 by which what windows show of boxes and parts of what they show differ."""
    return areas(_visible(boxes, views)) + areas(parts) - 2 * areas(clip_to_boxes(parts, boxes))


def _visible(boxes: FloatArray, views: FloatArray) -> FloatArray:
    """What windows, (P, 4), show of boxes, (P, 5): (P, K, 2) corners."""
    return clip_to_views(rbox_to_quad(boxes), views)


def _frames(boxes: FloatArray) -> FloatArray:
    """(P, 2, 2) unit vectors along and across boxes, one a row."""
    cos, sin = np.cos(boxes[:, 4]), np.sin(boxes[:, 4])
    return np.stack([cos, sin, -sin, cos], axis=1).reshape(-1, 2, 2)


def _with_sides(boxes: FloatArray, low: FloatArray, high: FloatArray) -> FloatArray:
    """Boxes from ``low`` to ``high``, (P, 2) px along and across from the centres of (P, 5) boxes."""
    center = boxes[:, :2] + np.einsum('nji,nj->ni', _frames(boxes), (low + high) / 2)
    return np.column_stack([center, high - low, boxes[:, 4]])
