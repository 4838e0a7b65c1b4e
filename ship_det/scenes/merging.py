"""Merging what overlapping windows of a scene show into one set of detections.

An object in the overlap of two windows is found twice, and one that a window's border cuts is found as a piece. Rotated
NMS alone removes the second find of a whole object but not a piece: a short piece has a low IoU with the whole ship and
survives, and a long one of high score even displaces it. So a box that reaches a border of its window inside the scene
is suspected to be a piece, and:

1. It goes where another window shows all of its object: a box that is not suspected, of any class and score, agrees
   with it in the px that both windows see. A window that shows all of an object is the better witness.
2. Suspected boxes that agree with each other are of one object. If the largest of them show as much of it as all
   together, the best of these is kept as it was found.
3. Otherwise no window shows the object whole, and the pieces are joined into one box that spans them. Its class is that
   of its main piece, of highest score times area; its score is the highest of its pieces of that class.
4. Of what is left, NMS of each class keeps the best box of each object; suspected boxes come last, whatever their score.

A suspected box that agrees with no other stays, as it was found. Where a window has several classes for its box of an
object, all stay or go together. Pieces that have no px in common, as those of windows that do not overlap, stay apart.
"""

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from ship_det.geometry import aligned_iou, bounding_extents, quad_to_rbox, rbox_to_quad, rotated_nms
from ship_det.geometry.boxes import FloatArray
from ship_det.scenes.pieces import compare_views, join, reach_borders

#: IoU above which two boxes of one class are one object.
MERGE_IOU = 0.3
# A piece shows an object as a whole from this share of the area that all pieces show together.
_WHOLE = 0.75


@dataclass(frozen=True)
class Windows:
    """The windows of one scene.

    Attributes:
        windows: (K, 4), (x, y, w, h) in px of the scene.
        images: (K, 2), width and height in px of the image made of each window, which may be resampled.
        scene: width and height of the scene in px.
    """

    windows: NDArray[np.int64]
    images: NDArray[np.int64]
    scene: tuple[int, int]

    @property
    def scale(self) -> FloatArray:
        """(K, 2) px of the scene in a px of the image, along x and y."""
        return self.windows[:, 2:] / self.images

    @property
    def views(self) -> FloatArray:
        """(K, 4) left, top, right and bottom of the windows, px of the scene."""
        return np.hstack([self.windows[:, :2], self.windows[:, :2] + self.windows[:, 2:]]).astype(np.float64)

    @property
    def covered(self) -> float:
        """Share of the scene's area inside a window."""
        x, y, w, h = self.windows.T
        width, height = self.scene
        inside = shapely.intersection(shapely.box(x, y, x + w, y + h), shapely.box(0, 0, width, height))
        return float(shapely.union_all(inside).area / (width * height))


@dataclass(frozen=True)
class WindowDetections:
    """N detections in all windows of a scene.

    Attributes:
        boxes: (N, 5), (cx, cy, w, h, theta) in px of the scene.
        scores: (N,).
        labels: (N,) class indices.
        window: (N,) row of the window each was found in.
    """

    boxes: FloatArray
    scores: FloatArray
    labels: NDArray[np.intp]
    window: NDArray[np.intp]


def to_scene(boxes: ArrayLike, window: NDArray[np.intp], windows: Windows) -> FloatArray:
    """Boxes in px of the images of their windows, (N, 5), as boxes in px of the scene.

    Where width and height are resampled differently, a box becomes a parallelogram and is replaced by its rectangle of
    minimum area.
    """
    boxes = np.asarray(boxes, dtype=np.float64).reshape(-1, 5)
    scale, offset = windows.scale[window], windows.windows[window, :2]
    result = boxes.copy()
    result[:, :4] *= scale[:, [0, 1, 0, 0]]
    result[:, :2] += offset
    uneven = scale[:, 0] != scale[:, 1]
    if uneven.any():
        quads = rbox_to_quad(boxes[uneven]) * scale[uneven, None] + offset[uneven, None]
        result[uneven] = quad_to_rbox(quads)
    return result


@dataclass(frozen=True)
class MergedDetections:
    """M objects of a scene.

    Attributes:
        boxes: (M, 5), (cx, cy, w, h, theta) in px of the scene.
        scores: (M,), descending.
        labels: (M,) class indices.
        rows: (M,) row of the detection that stays, or of the main piece of a joined box.
        joined: (M,) which boxes are joined from pieces.
    """

    boxes: FloatArray
    scores: FloatArray
    labels: NDArray[np.intp]
    rows: NDArray[np.intp]
    joined: NDArray[np.bool_]


def merge_windows(detections: WindowDetections, windows: Windows, iou_threshold: float = MERGE_IOU) -> MergedDetections:
    """Make one detection of all that windows show of an object.

    Args:
        detections: detections in all windows of a scene.
        windows: windows over the scene.
        iou_threshold: IoU above which two boxes of one class are one object, in [0, 1].

    Returns:
        By descending score, of equal ones in the order given.

    Raises:
        ValueError: as ``rotated_nms``.
    """
    boxes, scores, labels = detections.boxes.copy(), detections.scores.copy(), detections.labels
    suspected = may_be_pieces(detections, windows)
    stays, links = _compare(detections, windows, suspected)
    joined = np.zeros(len(boxes), dtype=bool)
    for members in _groups(detections, windows, links):
        stays[members] = False
        kept, box = _represent(detections, windows, members)
        stays[kept] = True
        if box is not None:
            boxes[kept], joined[kept] = box, True
            scores[kept] = [detections.scores[members[labels[members] == labels[row]]].max() for row in kept]
    rows = np.flatnonzero(stays)
    # Scores are at most 1, so that a whole box precedes any piece.
    priority = scores[rows] + (~suspected | joined)[rows]
    rows = rows[rotated_nms(boxes[rows], priority, iou_threshold, labels[rows])]
    rows = rows[np.lexsort([rows, -scores[rows]])]
    return MergedDetections(boxes[rows], scores[rows], labels[rows], rows, joined[rows])


def may_be_pieces(detections: WindowDetections, windows: Windows) -> NDArray[np.bool_]:
    """(N,) which boxes reach, or nearly, a border of their window that is not a border of the scene."""
    window = detections.window
    return reach_borders(detections.boxes, windows.views[window], windows.scene, _units(windows)[window])


def _units(windows: Windows) -> FloatArray:
    """(K,) px of the scene in a px of the image of each window."""
    return windows.scale.max(axis=1)


def _compare(
    detections: WindowDetections, windows: Windows, suspected: NDArray[np.bool_]
) -> tuple[NDArray[np.bool_], NDArray[np.intp]]:
    """Compare suspected boxes with those of other windows.

    Returns:
        (N,) which detections stay beside whole ones, and (L, 2) rows of those among the suspected that agree.
    """
    boxes, window = detections.boxes, detections.window
    areas = boxes[:, 2] * boxes[:, 3]
    low, high = _bounds(boxes)
    candidates = np.flatnonzero(suspected & (areas > 0))
    reach = 0.15 * boxes[:, 2:3] + 2
    tree = shapely.STRtree(shapely.box(*(low - reach).T, *(high + reach).T))
    pieces, others = tree.query(
        shapely.box(*low[candidates].T, *high[candidates].T)
    )
    pieces = candidates[pieces]
    # Of two suspected boxes, the smaller is the piece.
    order = np.argsort(np.lexsort([detections.scores, areas]))
    possible = (window[pieces] != window[others]) & (areas[others] > 0)
    possible &= ~suspected[others] | (order[others] > order[pieces])
    pieces, others = pieces[possible], others[possible]
    views, units = windows.views, _units(windows)
    misfit, inside = compare_views(
        boxes[others], boxes[pieces], views[window[others]], views[window[pieces]], units[window[pieces]]
    )
    same, whole = misfit < np.inf, ~suspected[others]
    stays = np.ones(len(boxes), dtype=bool)
    stays[pieces[same & whole & inside]] = False
    linked = same & ~whole & stays[pieces] & stays[others]
    pieces, others = pieces[linked], others[linked]
    return stays, np.column_stack([pieces, others])[np.lexsort([others, pieces, misfit[linked]])]


def _groups(detections: WindowDetections, windows: Windows, links: NDArray[np.intp]) -> list[NDArray[np.intp]]:
    """Rows of the suspected boxes of one object each, put together along the links while one box fits all of them."""
    group = {row: [row] for row in np.unique(links).tolist()}
    for first, second in links.tolist():
        if group[first] is group[second]:
            continue
        trial = np.array(group[first] + group[second])
        if _may_be_joined(detections, windows, trial) :
            members = trial.tolist()
            group.update((row, members) for row in members)
    return [np.array(members) for row, members in group.items() if row == members[0] and len(members) > 1]


def _may_be_joined(detections: WindowDetections, windows: Windows, members: NDArray[np.intp]) -> bool:
    """Whether boxes may be of one object: one box fits them all, and no window shows it at two places."""
    boxes, window = detections.boxes[members], detections.window[members]
    first, second = np.triu_indices(len(members), k=1)
    twice = window[first] == window[second]
    if (aligned_iou(boxes[first[twice]], boxes[second[twice]]) < MERGE_IOU).any():
        return False
    return join(boxes, windows.views[window], _units(windows)[window].max()) is not None


def _represent(
    detections: WindowDetections, windows: Windows, members: NDArray[np.intp]
) -> tuple[NDArray[np.intp], FloatArray | None]:
    """What stands for boxes of one object: rows of one window, and the joined box where none shows it whole."""
    boxes, scores, window = detections.boxes[members], detections.scores[members], detections.window[members]
    box = join(boxes, windows.views[window], _units(windows)[window].max())
    assert box is not None
    whole = aligned_iou(boxes, np.tile(box, (len(members), 1))) > _WHOLE
    weight = np.where(whole, scores, -1.0) if whole.any() else scores * boxes[:, 2] * boxes[:, 3]
    same_window = window == window[np.argmax(weight)]
    if whole.any():
        return members[whole & same_window], None
    return members[same_window], box


def _bounds(boxes: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Lowest and highest x and y of boxes, (N, 2) each."""
    extents = bounding_extents(boxes)
    return boxes[:, :2] - extents, boxes[:, :2] + extents
