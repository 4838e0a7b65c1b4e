"""Merging what overlapping windows of a scene show into one set of detections.

An object in the overlap of two windows is found twice, and one that a window's border cuts is found as a piece. Rotated
NMS alone removes the second find of a whole object but not a piece: a short piece has a low IoU with the whole ship and
survives, and a long one of high score even displaces it. A box that reaches a border of its window inside the scene may
be such a piece, so:

1. From NMS a box that may be a piece comes after every box that is none, whatever the scores: a window that shows all
   of an object is the better witness.
2. Of the boxes kept, one that may be a piece goes where a larger box of its class, from another window and reaching out
   of the window of the piece, covers more than the threshold of it.

Nothing is cut, joined or averaged: what is kept is as it was found, with its score. So an object that no window shows
whole keeps its largest or best piece.
"""

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from ship_det.geometry import bounding_extents, iou_of_pairs, quad_to_rbox, rbox_to_quad, rotated_nms
from ship_det.geometry.boxes import FloatArray

#: IoU above which two boxes of one class are one object, and share of a piece that a box of its object covers.
MERGE_IOU = 0.3
# How near to the border of its window, in px of the image made of the window, a box counts as reaching it: the label of
# a cut object ends on the border, a detector's box about there.
_BORDER = 2.0


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


def merge_windows(detections: WindowDetections, windows: Windows, iou_threshold: float = MERGE_IOU) -> NDArray[np.intp]:
    """Choose one detection for each object of a scene.

    Args:
        detections: of all windows.
        windows: of the scene.
        iou_threshold: in [0, 1].

    Returns:
        (M,) rows of the detections that stay, by descending score, of equal ones in the order given.

    Raises:
        ValueError: as ``rotated_nms``.
    """
    piece = may_be_pieces(detections, windows)
    # Scores are at most 1, so that a whole box precedes any piece.
    priority = detections.scores + ~piece
    parts: list[NDArray[np.intp]] = [np.zeros(0, dtype=np.intp)]
    for label in np.unique(detections.labels):
        rows = np.flatnonzero(detections.labels == label)
        kept = rows[rotated_nms(detections.boxes[rows], priority[rows], iou_threshold)]
        parts.append(kept[~_covered(detections, windows, kept, piece, iou_threshold)])
    chosen = np.concatenate(parts)
    return chosen[np.lexsort([chosen, -detections.scores[chosen]])]


def may_be_pieces(detections: WindowDetections, windows: Windows) -> NDArray[np.bool_]:
    """(N,) which boxes reach a border of their window that is not a border of the scene."""
    low, high = _bounds(detections.boxes)
    corner, size = windows.windows[detections.window, :2], windows.windows[detections.window, 2:]
    near = _BORDER * windows.scale[detections.window]
    first = (low < corner + near) & (corner > 0)
    last = (high > corner + size - near) & (corner + size < windows.scene)
    return np.any(first | last, axis=1)


def _covered(
    detections: WindowDetections,
    windows: Windows,
    kept: NDArray[np.intp],
    piece: NDArray[np.bool_],
    threshold: float,
) -> NDArray[np.bool_]:
    """Which of the kept rows, all of one class, are pieces of an object that a larger kept box shows more of."""
    boxes, window = detections.boxes[kept], detections.window[kept]
    low, high = _bounds(boxes)
    shapes = shapely.box(*low.T, *high.T)
    candidates = np.flatnonzero(piece[kept])
    rows, others = shapely.STRtree(shapes).query(shapes[candidates])
    rows = candidates[rows]
    areas = boxes[:, 2] * boxes[:, 3]
    possible = (window[rows] != window[others]) & (areas[others] > areas[rows])
    rows, others = rows[possible], others[possible]
    corner, size = windows.windows[window[rows], :2], windows.windows[window[rows], 2:]
    beyond = ((low[others] < corner) | (high[others] > corner + size)).any(axis=1)
    rows, others = rows[beyond], others[beyond]
    iou = iou_of_pairs(boxes, boxes, rows, others)
    shared = iou / (1 + iou) * (areas[rows] + areas[others])
    covered = np.zeros(len(kept), dtype=bool)
    covered[rows[shared > threshold * areas[rows]]] = True
    return covered


def _bounds(boxes: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Lowest and highest x and y of boxes, (N, 2) each."""
    extents = bounding_extents(boxes)
    return boxes[:, :2] - extents, boxes[:, :2] + extents
