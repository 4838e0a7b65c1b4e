"""Ships in a whole scene: a detector looks at windows, and what they show is merged."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import PurePosixPath
from typing import TypeVar

import numpy as np
import shapely
from numpy.typing import NDArray

from ship_det.geometry import quad_to_rbox, rbox_to_quad
from ship_det.raster import PixelChoices
from ship_det.scenes.areas import Polygons, polygons_in_scene
from ship_det.scenes.detector import Detections, Detector
from ship_det.scenes.merging import MERGE_IOU, WindowDetections, Windows, merge_windows, to_scene
from ship_det.scenes.scene import describe_scene
from ship_det.scenes.view import SceneView, open_view

#: Side of a window, px that a detector sees.
WINDOW = 1000
# Share of a window that neighbours have in common, where the length of the longest ship is not known; and the most.
_OVERLAP, _MOST_OVERLAP = 0.2, 0.5
# Beyond the longest ship: its box may be that much longer, and its surroundings tell what it is.
_ROOM = 1.1
# Windows read before the detector asks for them.
_AHEAD = 4

#: Least score of a detector with whose weights none is stored.
MIN_SCORE = 0.3

T = TypeVar('T')
OnProgress = Callable[[int, int], None]


@dataclass(frozen=True)
class DetectionOptions(PixelChoices):
    """How a detector looks at a scene, and how the scene's values are read.

    Attributes:
        window: side of a window, px that the detector sees.
        overlap: px of these that neighbours share; None for the longest ship that the detector knows, at most half a
            window, else a fifth of the window.
        min_score: least score; None for the detector's own threshold.
        land: polygons that ships do not lie on, see :func:`ship_det.scenes.areas.read_polygons`; windows with nothing
            else are not looked at.
        area: polygons that ships are looked for in.
        iou_threshold: IoU above which two boxes of one class are one ship.
        bands: as of :class:`PixelChoices`; None for those that the file calls red, green and blue, else the first.
    """

    window: int = WINDOW
    overlap: int | None = None
    min_score: float | None = None
    land: Polygons | None = None
    area: Polygons | None = None
    iou_threshold: float = MERGE_IOU

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.window < 1:
            raise ValueError(f'window: expected at least 1 px, found {self.window}')
        if self.overlap is not None and not 0 <= self.overlap < self.window:
            raise ValueError(f'overlap: expected 0 <= overlap < window ({self.window} px), found {self.overlap}')
        if self.min_score is not None and not 0 <= self.min_score <= 1:
            raise ValueError(f'min_score: expected 0 to 1, found {self.min_score}')
        if not 0 <= self.iou_threshold <= 1:
            raise ValueError(f'iou_threshold: expected 0 to 1, found {self.iou_threshold}')

    def settle(self, detector: Detector) -> 'DetectionOptions':
        """The same for a detector: the overlap for the ships that it knows, and a window that it need not pad.

        A detector that works on sides of a multiple of ``size_divisor`` px pads others, and may take the border of the
        padding for a ship's side; a window up to that multiple shows px of the scene there.
        """
        divisor = getattr(detector, 'size_divisor', 1)
        window = -(-self.window // divisor) * divisor
        overlap, longest, gsd = self.overlap, getattr(detector, 'longest_ship', None), detector.gsd
        if overlap is None and longest is not None and gsd is not None:
            overlap = int(min(_ROOM * longest / gsd, window * _MOST_OVERLAP))
        elif overlap is None:
            overlap = int(window * _OVERLAP)
        return replace(self, window=window, overlap=overlap)


@dataclass(frozen=True)
class Search:
    """A view of a scene and the windows of it that a detector is to look at.

    Attributes:
        view: open view.
        windows: windows that are looked at, in the order in which they are read.
        land: where no ship lies, px of the scene; None where nothing is known.
        area: where ships are looked for, px of the scene; None for all of it.
    """

    view: SceneView
    windows: Windows
    land: shapely.Geometry | None = None
    area: shapely.Geometry | None = None

    def keeps(self, corners: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Which ships (N, 4, 2) px of the scene have their centre in the scene, off the land and in the area."""
        centers = corners.mean(axis=1)
        # The windows of a warped scene reach over its border.
        kept = ((centers >= 0) & (centers <= self.view.scene.size)).all(axis=1)
        if self.land is not None:
            kept &= ~shapely.contains_xy(self.land, *centers.T)
        if self.area is not None:
            kept &= shapely.intersects_xy(self.area, *centers.T)
        return kept


@dataclass(frozen=True)
class FoundInWindows:
    """What a detector found in some windows of a scene.

    Attributes:
        detections: in px of the view; ``window`` is the row of each window in the scene's.
        looked_at: (L,) rows of the windows with data.
    """

    detections: WindowDetections
    looked_at: NDArray[np.intp]


def default_min_score(detector: Detector) -> float | None:
    """The least score where none is asked for: None for the detector's own, else ``MIN_SCORE``."""
    return MIN_SCORE if getattr(detector, 'min_scores', 0) is None else None


def detect_scene(
    detector: Detector,
    path: str | os.PathLike,
    window: int = WINDOW,
    overlap: int | None = None,
    *,
    min_score: float | None = None,
    gsd: float | None = None,
    bands: tuple[int, ...] | None = None,
    nodata: float | None = None,
    alpha: bool = True,
    land: Polygons | None = None,
    area: Polygons | None = None,
    iou_threshold: float = MERGE_IOU,
    on_progress: OnProgress | None = None,
) -> Detections:
    """Find the ships in a scene of any size; memory does not grow with it.

    The detector sees square pixels at its ``gsd``: the scene is resampled window by window, or warped to the local UTM
    zone where its own pixels are not squares on the ground.

    Args:
        detector: detector with ``predict``; several images go through ``predict_batch`` at a time, if it has one.
        path: image file or GDAL path.
        window: side of a window, px that the detector sees; more where it would pad.
        overlap: px of these that neighbours share; None for the length of the longest ship that the detector knows
            (``longest_ship``, m), else a fifth of the window.
        min_score: least score; None for the detector's own threshold.
        gsd: m a px of a scene that does not know where on Earth it is; None takes its pixels as they are.
        bands: the scene's bands, from 1, that become red, green and blue, or the one that becomes grey; None for those
            that the file calls so, else the first.
        nodata: value of pixels that show nothing, nan for no value; None for the one that the file names.
        alpha: whether a band that the file calls alpha says where there is data.
        land: polygons that ships do not lie on, as of :class:`DetectionOptions`.
        area: polygons that ships are looked for in.
        iou_threshold: IoU above which two boxes of one class are one ship.
        on_progress: called with the windows done and the windows in all.

    Returns:
        Ships in px of the scene, the surest first, with ``scene``.

    Raises:
        ValueError: naming the file that cannot be decoded or shown, or the option that is wrong.
    """
    options = DetectionOptions(
        window, overlap, min_score, land, area, iou_threshold, bands=bands, nodata=nodata, alpha=alpha
    ).settle(detector)
    scene = describe_scene(path, PurePosixPath(path).stem, gsd)
    with open_view(scene, detector.gsd, options.choices) as view:
        search = plan_search(view, options)
        total = len(search.windows.windows)
        parts = []
        for found in look_at(detector, view, search.windows, [1] * total, options.min_score):
            parts.append(found.detections)
            if on_progress is not None:
                on_progress(len(parts), total)
        return merge_found(parts, search, detector.classes, options.iou_threshold)


def plan_search(view: SceneView, options: DetectionOptions) -> Search:
    """Windows over a scene, by settled options, but for those on land alone and those outside the area."""
    assert options.overlap is not None
    windows = view.windows(options.window, options.overlap)
    if options.land is None and options.area is None:
        return Search(view, windows)
    land, area = (
        None if polygons is None else polygons_in_scene(polygons, view.scene)
        for polygons in (options.land, options.area)
    )
    footprints = shapely.polygons(view.to_scene(_outlines(windows.views)))
    looked_at = np.ones(len(footprints), dtype=bool)
    if land is not None:
        shapely.prepare(land)
        looked_at &= ~shapely.covers(land, footprints)
    if area is not None:
        shapely.prepare(area)
        looked_at &= shapely.intersects(area, footprints)
    return Search(view, windows[looked_at], land, area)


def searched_region(search: Search, looked_at: NDArray[np.intp]) -> shapely.Geometry:
    """Where a ship could be found, px of the scene: in a window with data, off the land and in the area."""
    views = search.windows.views[looked_at]
    if search.view.grid is None:
        region = shapely.union_all(shapely.box(*views.T))
    else:
        region = shapely.union_all(shapely.make_valid(shapely.polygons(search.view.to_scene(_outlines(views)))))
    region = shapely.intersection(region, shapely.box(0, 0, *search.view.scene.size))
    if search.land is not None:
        region = shapely.difference(region, search.land)
    return region if search.area is None else shapely.intersection(region, search.area)


def _outlines(views: NDArray[np.float64], points: int = 8) -> NDArray[np.float64]:
    """(K, 4 P, 2) points on the border of (K, 4) left, top, right, bottom, which need not stay straight."""
    share = np.arange(points) / points
    left, top, right, bottom = views.T[:, :, None]
    x = np.hstack([left + share * (right - left), right + 0 * share, right - share * (right - left), left + 0 * share])
    y = np.hstack([top + 0 * share, top + share * (bottom - top), bottom + 0 * share, bottom - share * (bottom - top)])
    return np.stack([x, y], axis=-1)


def look_at(
    detector: Detector, view: SceneView, windows: Windows, sizes: Sequence[int], min_score: float | None, first: int = 0
) -> Iterator[FoundInWindows]:
    """Let a detector look at windows, several at a time; those that come next are read meanwhile.

    Args:
        detector: detector.
        view: open view of the scene.
        windows: windows to look at.
        sizes: numbers of windows, one after the other, whose finds are given back together.
        min_score: least score; None for the detector's own threshold.
        first: row of the first window in the scene's.

    Raises:
        ValueError: naming the scene, where the detector gives a box or a score that is not finite.
    """
    size = getattr(detector, 'batch_size', 1)

    def read(row: int) -> NDArray[np.uint8] | None:
        return view.read(windows.windows[row], windows.images[row])

    ends = np.cumsum(sizes).tolist()
    found: dict[int, Detections] = {}
    start = done = 0
    images = _read_ahead(read, range(ends[-1] if ends else 0), _AHEAD + size)
    while batch := list(islice(images, size)):
        shown = [(row, image) for row, image in batch if image is not None]
        results = _predict(detector, [image for _, image in shown], min_score)
        for (row, _), result in zip(shown, results, strict=True):
            if not (np.isfinite(result.boxes).all() and np.isfinite(result.scores).all()):
                raise ValueError(f'{view.scene.path}: the detector gave a box or a score that is not finite')
            found[row] = result
        done += len(batch)
        while ends and done >= ends[0]:
            rows = [row for row in range(start, ends[0]) if row in found]
            yield _gather([found.pop(row) for row in rows], np.array(rows, dtype=np.intp), windows, first)
            start = ends.pop(0)


def _gather(results: Sequence[Detections], rows: NDArray[np.intp], windows: Windows, first: int) -> FoundInWindows:
    """Finds in windows, by their rows, in px of the view."""
    found = []
    for row, result in zip(rows, results, strict=True):
        window = np.full(len(result), row)
        boxes = to_scene(result.boxes, window, windows)
        found.append(WindowDetections(boxes, result.scores, result.labels, window + first))
    return FoundInWindows(WindowDetections.join(found), rows + first)


def merge_found(
    parts: Sequence[WindowDetections], search: Search, classes: tuple[str, ...], iou_threshold: float
) -> Detections:
    """What was found in all windows of a scene, each ship once, in px of the scene."""
    joined = WindowDetections.join(parts)
    # Whatever the order in which the windows were looked at.
    order = np.lexsort([-joined.scores, joined.window])
    detections = WindowDetections(**{name: values[order] for name, values in vars(joined).items()})
    merged = merge_windows(detections, search.windows, iou_threshold)
    boxes, corners = merged.boxes, None
    if search.view.grid is not None:
        corners = search.view.to_scene(rbox_to_quad(boxes))
        boxes = quad_to_rbox(corners)
    found = Detections(boxes, merged.scores, merged.labels, classes, corners, search.view.scene)
    return found[search.keeps(found.quads)]


def _predict(detector: Detector, images: list[NDArray[np.uint8]], min_score: float | None) -> Sequence[Detections]:
    if len(images) > 1 and hasattr(detector, 'predict_batch'):
        return detector.predict_batch(images, min_score)
    return [detector.predict(image, min_score) for image in images]


def _read_ahead(read: Callable[[int], T], rows: Iterable[int], number: int) -> Iterator[tuple[int, T]]:
    """(row, what was read of it), in order; a thread reads up to a number of rows before they are asked for."""
    waiting: deque[tuple[int, Future[T]]] = deque()
    with ThreadPoolExecutor(1) as thread:
        try:
            for row in rows:
                waiting.append((row, thread.submit(read, row)))
                if len(waiting) > number:
                    first, future = waiting.popleft()
                    yield first, future.result()
            while waiting:
                first, future = waiting.popleft()
                yield first, future.result()
        finally:
            for _, future in waiting:
                future.cancel()
