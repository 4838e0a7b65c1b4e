"""Merging what overlapping windows of a scene show into one set of detections.

An object in the overlap of two windows is found twice, and one that a window's border cuts is found as a piece. Rotated
NMS alone removes the second find of a whole object but not a piece: a short piece has a low IoU with the whole ship and
survives, and a long one of high score even displaces it. So a box that reaches a border of its window inside the scene
is suspected to be a piece. In each window NMS of each class comes first, by score. Then:

1. A suspected box goes where another window shows all of its object: a box that is not suspected, of any class and
   score, agrees with it in the px that both windows see. A window that shows all of an object is the better witness.
   It goes for a larger suspected box too, where the window of that sees all of it and the two are much alike.
2. Suspected boxes that agree with each other are of one object if one box explains what each window shows of it. Those
   that show it as a whole are kept as they were found: the best of them, and what its window has of other classes.
3. If none of them does, no window shows the object whole: the pieces are joined into the box that spans them, whether
   two or a chain over several windows. Its class is that of its main piece, of highest score times area; its score is
   the highest of its pieces of that class. Each class that the main piece has in its window gives such a box.
4. Of what is left, NMS of each class keeps the best box of each object; suspected boxes come last, whatever the scores.

A suspected box that agrees with no other stays as it was found. ``pieces`` says what agreeing means. Pieces that a
border cuts lengthwise are joined only where the windows share px.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from ship_det.geometry import aligned_iou, iou_of_pairs, quad_to_rbox, rbox_to_quad, rotated_nms
from ship_det.geometry.boxes import FloatArray, as_boxes
from ship_det.scenes.pieces import SeenBoxes, compare_views, join, near_pairs, reach_borders

#: IoU above which two boxes of one class are one object.
MERGE_IOU = 0.3
# IoU with the box that all pieces of an object add up to from which one of them shows it as a whole.
_WHOLE = 0.75
# Largest area of a piece of a box that shows all of its object, as share of that of the box: both are a little off.
_LARGER = 1.25
# The same where that box is suspected itself; of two that show nearly as much of an object the better one is kept. What
# is not so alike is a witness of where the object lies.
_PART, _ALIKE = 0.6, 0.25


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

    def __getitem__(self, rows: slice | NDArray) -> 'Windows':
        """Some of the windows, by rows."""
        return Windows(self.windows[rows], self.images[rows], self.scene)

    @staticmethod
    def join(parts: Sequence['Windows']) -> 'Windows':
        """The windows of some parts of one scene."""
        windows, images = (np.concatenate([getattr(part, name) for part in parts]) for name in ('windows', 'images'))
        return Windows(windows, images, parts[0].scene)

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

    @staticmethod
    def join(parts: Sequence['WindowDetections']) -> 'WindowDetections':
        """The detections in some parts of the windows of one scene."""
        none = np.empty(0, dtype=np.intp)
        parts = [WindowDetections(np.empty((0, 5)), np.empty(0), none, none), *parts]
        return WindowDetections(
            *(np.concatenate(arrays) for arrays in zip(*(vars(part).values() for part in parts), strict=True))
        )


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
    scores, labels, window = detections.scores.copy(), detections.labels, detections.window
    seen = see_boxes(detections, windows)
    boxes = seen.boxes.copy()
    suspected = reach_borders(seen, windows.scene)
    # A window shows an object once, and its best box may well be near a border.
    in_window = rotated_nms(boxes, scores, iou_threshold, window * (labels.max(initial=0) + 1) + labels)
    stays = np.zeros(len(boxes), dtype=bool)
    stays[in_window] = True
    links, more = _compare(seen, detections, suspected, stays)
    joined = np.zeros(len(boxes), dtype=bool)
    for members, box in _group(seen, window, links, more):
        stays[members] = False
        kept, is_joined = _represent(detections, members, box)
        stays[kept], joined[kept] = True, is_joined
        if is_joined:
            boxes[kept] = box
            scores[kept] = [detections.scores[members[labels[members] == label]].max() for label in labels[kept]]
    rows = np.flatnonzero(stays)
    # Scores are at most 1, so that a whole box precedes any piece.
    priority = scores[rows] + (~suspected | joined)[rows]
    rows = rows[rotated_nms(boxes[rows], priority, iou_threshold, labels[rows])]
    rows = rows[np.lexsort([rows, -scores[rows]])]
    return MergedDetections(boxes[rows], scores[rows], labels[rows], rows, joined[rows])


def see_boxes(detections: WindowDetections, windows: Windows) -> SeenBoxes:
    """The boxes of detections and the windows that they were found in."""
    return SeenBoxes(
        as_boxes(detections.boxes), windows.views[detections.window], windows.scale.max(axis=1)[detections.window]
    )


def _compare(
    seen: SeenBoxes, detections: WindowDetections, suspected: NDArray[np.bool_], stays: NDArray[np.bool_]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Compare suspected boxes with those of other windows; clear in ``stays``, (N,), those of which others show more.

    Returns:
        (L, 2) rows of suspected boxes that are of one object, the most alike first; and (N,) row of the suspected box
        that shows more of the object of another, or its own.
    """
    boxes, window, labels = seen.boxes, detections.window, detections.labels
    areas = boxes[:, 2] * boxes[:, 3]
    compared = stays & (areas > 0)
    pieces, others = near_pairs(seen, np.flatnonzero(suspected & compared))
    whole = ~suspected[others]
    # Of two suspected boxes, the smaller is compared with the larger.
    possible = (window[pieces] != window[others]) & compared[others]
    possible &= whole | (areas[others] > areas[pieces]) | ((areas[others] == areas[pieces]) & (others < pieces))
    pieces, others, whole = pieces[possible], others[possible], whole[possible]
    unlike, inside = compare_views(seen[others], seen[pieces])
    same = unlike < np.inf
    share = areas[pieces] / areas[others]
    goes = np.where(whole, share < _LARGER, (share < _PART) & (unlike < _ALIKE))
    goes &= same & inside
    stays[pieces[goes]] = False
    more = np.arange(len(boxes))
    order = np.lexsort([others, -unlike])
    order = order[(goes & ~whole)[order]]
    more[pieces[order]] = others[order]
    while (more != more[more]).any():
        more = more[more]
    # What is linked to a box that goes for a larger one is linked to that.
    others = np.where(stays[others], others, more[others])
    # Two boxes of one class and all of the object are left to NMS.
    alike = (labels[pieces] == labels[others]) & (iou_of_pairs(boxes, boxes, pieces, others) > _WHOLE)
    linked = same & ~whole & ~alike & stays[pieces] & stays[others] & (pieces != others)
    order = np.lexsort([others[linked], pieces[linked], unlike[linked]])
    return np.column_stack([pieces[linked], others[linked]])[order], more


def _group(
    seen: SeenBoxes, window: NDArray[np.intp], links: NDArray[np.intp], more: NDArray[np.intp]
) -> list[tuple[NDArray[np.intp], FloatArray]]:
    """Put linked boxes together while one box fits them all: rows of the boxes of an object, and that box.

    A box that shows less than another, row ``more``, is a witness of where in its window the object lies.
    """
    witnesses: dict[int, list[int]] = {}
    for row, owner in enumerate(more.tolist()):
        witnesses.setdefault(owner, []).append(row)
    groups = {row: (np.array([row]), seen.boxes[row]) for row in np.unique(links).tolist()}
    tried = set()
    for first, second in links.tolist():
        members = np.union1d(groups[first][0], groups[second][0])
        if groups[first] is groups[second] or members.tobytes() in tried:
            continue
        tried.add(members.tobytes())
        shown = np.array([row for member in members.tolist() for row in witnesses.get(member, [])])
        if _at_two_places(seen.boxes[shown], window[shown]):
            continue
        box = join(seen[members])
        if box is not None:
            groups.update(dict.fromkeys(members.tolist(), (members, box)))
    return [(members, box) for row, (members, box) in groups.items() if len(members) > 1 and row == members[0]]


def _at_two_places(boxes: FloatArray, window: NDArray[np.intp]) -> bool:
    """Whether a window shows two of the boxes apart from each other."""
    first, second = np.triu_indices(len(boxes), k=1)
    pairs = window[first] == window[second]
    return bool((aligned_iou(boxes[first[pairs]], boxes[second[pairs]]) < MERGE_IOU).any())


def _represent(
    detections: WindowDetections, members: NDArray[np.intp], box: FloatArray
) -> tuple[NDArray[np.intp], bool]:
    """Which boxes of an object, (M,) rows, stand for it, all of one window; and whether they become the joined box."""
    boxes, scores, window = detections.boxes[members], detections.scores[members], detections.window[members]
    whole = aligned_iou(boxes, np.tile(box, (len(members), 1))) > _WHOLE
    if whole.any():
        main = window[np.argmax(np.where(whole, scores, -np.inf))]
        return members[whole & (window == main)], False
    main = window[np.argmax(scores * boxes[:, 2] * boxes[:, 3])]
    return members[window == main], True
