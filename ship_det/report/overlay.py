"""Boxes over a picture, which the page can filter."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ship_det.geometry import rbox_to_quad
from ship_det.report.measures import describe_ships
from ship_det.report.runs import Run
from ship_det.scenes.scene import Scene

# Detections of less score than this are not in the page, whatever its slider says.
MIN_SHOWN_SCORE = 0.05
# A picture holds all detections that count, and this many of those of less score at most, the best.
_MAX_WEAK = 80


@dataclass(frozen=True)
class View:
    """A part of an image.

    Attributes:
        image: index of the image.
        window: (x, y, width, height) in the image, px.
        place: where the image lies, for lengths and headings.
    """

    image: int
    window: tuple[int, int, int, int]
    place: Scene

    def shows(self, quads: NDArray[np.float64]) -> NDArray[np.bool_]:
        """(N,) whether the surroundings of (N, 4, 2) quads touch the window."""
        corner, extent = np.array(self.window[:2]), np.array(self.window[2:])
        low, high = quads.min(axis=1), quads.max(axis=1)
        return ((low <= corner + extent) & (high >= corner)).all(axis=1)


@dataclass(frozen=True)
class Box:
    """A box over a picture.

    Attributes:
        quad: (4, 2) corners, px of the image.
        kind: classes of its style: ``truth`` or ``found``, and what of.
        title: what it says of itself.
        label: class; None of what is shown whatever class is chosen.
        run: of which run it is; None for all.
        score: of a detection.
        found: of a ground truth, the score of the detection that finds it in each run; nan where none does.
    """

    quad: NDArray[np.float64]
    kind: str
    title: str
    label: int | None = None
    run: int | None = None
    score: float | None = None
    found: Sequence[float] = ()

    @property
    def points(self) -> str:
        """Corners as SVG has them."""
        return ' '.join(f'{x:.1f},{y:.1f}' for x, y in self.quad.tolist())


def truth_boxes(runs: Sequence[Run], view: View, marked: int = -1) -> list[Box]:
    """Ground truths and ignore regions that a view shows; ``marked``: row of the one that stands out.

    Those that the first run misses look so, until the page says of which run and from which score on.
    """
    truths, classes = runs[0].matches.ground_truths, runs[0].classes
    scores = np.stack([_found_scores(run) for run in runs], axis=1)
    regions = truths.regions.quads[truths.regions.image == view.image]
    boxes = [Box(quad, 'truth difficult', 'ignore region') for quad in regions[view.shows(regions)]]
    rows = np.flatnonzero(truths.image == view.image)
    rows = rows[view.shows(truths.quads[rows])]
    for row, size in zip(rows.tolist(), describe_ships(truths.quads[rows], view.place), strict=True):
        label, difficult = int(truths.labels[row]), truths.difficult[row]
        state = ' difficult' if difficult else ' missed' if runs[0].missed[row] else ''
        kind = f'truth{state}{" marked" if row == marked else ""}'
        title = f'{classes[label]}{", difficult" if difficult else ""}, {size}'
        found = () if difficult else tuple(scores[row].tolist())
        boxes.append(Box(truths.quads[row], kind, title, label, found=found))
    return boxes


def _found_scores(run: Run) -> NDArray[np.float64]:
    """Score of the detection that finds each ground truth, (T,); nan where none does."""
    matches = run.matches
    scores = np.full(len(matches.ground_truths.labels), np.nan)
    scores[matches.ground_truth[matches.right]] = matches.detections.scores[matches.right]
    return scores


def detection_boxes(run: Run, index: int, view: View, marked: int | None = None) -> list[Box]:
    """Detections that a view shows, those of lower score first, so that higher ones lie above.

    ``index`` is the number of the run on the page. In a picture of detections that count, ``marked`` is the row of the
    one that stands out, -1 for none; it is None in one of all.
    """
    matches, found = run.matches, run.matches.detections
    rows = np.flatnonzero((found.image == view.image) & (found.scores >= MIN_SHOWN_SCORE))
    rows = rows[view.shows(rbox_to_quad(found.boxes[rows]))]
    rows = rows[np.argsort(-found.scores[rows], kind='stable')]
    strong = int((found.scores[rows] >= run.main.score_threshold).sum())
    rows = rows[: strong + (_MAX_WEAK if marked is None else 0)][::-1]
    quads = rbox_to_quad(found.boxes[rows])
    boxes = []
    for row, quad, size in zip(rows.tolist(), quads, describe_ships(quads, view.place), strict=True):
        label, score = int(found.labels[row]), float(found.scores[row])
        verdict = 'ignored' if matches.ignored[row] else 'right' if matches.right[row] else 'wrong'
        kind = f'found {verdict}{" marked" if row == marked else ""}'
        title = f'{run.classes[label]} {score:.2f}, {verdict}, IoU {matches.overlaps.iou[row]:.2f}, {size}'
        boxes.append(Box(quad, kind, title, label, index, score))
    return boxes


def outcome_boxes(run: Run, index: int, image: int, place: Callable[[NDArray], NDArray]) -> list[Box]:
    """What a run, number ``index`` on the page, made of the ships of an image: missed ones, and detections that count.

    ``place`` moves (N, 4, 2) corners in the image to where they are drawn.
    """
    found, truths = run.matches.detections, run.matches.ground_truths
    missed = np.flatnonzero(run.missed & (truths.image == image))
    boxes = [
        Box(quad, 'truth missed', f'{run.classes[label]}, missed', int(label), index)
        for quad, label in zip(place(truths.quads[missed]), truths.labels[missed], strict=True)
    ]
    shown = np.flatnonzero(run.shown & (found.image == image))
    for row, quad in zip(shown.tolist(), place(rbox_to_quad(found.boxes[shown])), strict=True):
        label, score = int(found.labels[row]), float(found.scores[row])
        verdict = 'right' if run.matches.right[row] else 'wrong'
        boxes.append(Box(quad, f'found {verdict}', f'{run.classes[label]} {score:.2f}, {verdict}', label, index, score))
    return boxes
