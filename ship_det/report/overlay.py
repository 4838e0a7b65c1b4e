"""Pictures with boxes as HTML: a JPEG under an SVG overlay, whose boxes the page can filter."""

from dataclasses import dataclass
from html import escape

import numpy as np
from numpy.typing import NDArray

from ship_det.evaluation.labeled_set import LabeledSet
from ship_det.geometry import rbox_to_quad
from ship_det.report.pictures import Piece
from ship_det.report.runs import Run

# Detections of less score than this are not in the page, whatever its slider says.
MIN_SHOWN_SCORE = 0.05
# A picture holds all detections that count, and this many of those of less score at most, the best.
_MAX_WEAK = 80


@dataclass(frozen=True)
class Marks:
    """What an overlay makes stand out: rows of one detection and one ground truth, -1 for none."""

    detection: int = -1
    truth: int = -1


#: Nothing stands out.
NO_MARKS = Marks()


def picture_html(piece: Piece, name: str, boxes: list[str]) -> str:
    """A picture with the boxes of ``truth_boxes`` and ``detection_boxes`` over it."""
    x, y, width, height = piece.window
    return (
        f'<div class="picture" style="aspect-ratio:{width}/{height}">'
        f'<img src="{piece.uri}" alt="{escape(name)}" loading="lazy" decoding="async">'
        f'<svg viewBox="{x} {y} {width} {height}" preserveAspectRatio="none" aria-hidden="true">'
        f'{"".join(boxes)}</svg></div>'
    )


def truth_boxes(labeled: LabeledSet, image: int, piece: Piece, marks: Marks = NO_MARKS) -> list[str]:
    """Ground truths and ignore regions of an image that touch the piece."""
    regions = labeled.region_quads[labeled.truths.regions.image == image]
    boxes = [_polygon(quad, 'truth difficult', None, 'ignore region', '') for quad in regions if _inside(quad, piece)]
    for row in np.flatnonzero(labeled.truths.image == image).tolist():
        if _inside(labeled.quads[row], piece):
            name = labeled.classes[labeled.truths.labels[row]]
            difficult = bool(labeled.truths.difficult[row])
            kind = 'truth difficult' if difficult else 'truth'
            label = int(labeled.truths.labels[row])
            text = f'{name}, difficult' if difficult else name
            # Its label says only what it is; an ignore region needs none.
            boxes.append(_polygon(labeled.quads[row], _kind(kind, row, marks.truth), label, text, ''))
    return boxes


def detection_boxes(
    run: Run, labeled: LabeledSet, image: int, piece: Piece, run_index: int, marks: Marks = NO_MARKS
) -> list[str]:
    """Detections of an image that touch the piece, those of lower score first, so that higher ones lie above."""
    found = run.detections
    rows = np.flatnonzero((found.image == image) & (found.scores >= MIN_SHOWN_SCORE))
    quads = rbox_to_quad(found.boxes[rows])
    order = [index for index in np.argsort(-found.scores[rows], kind='stable') if _inside(quads[index], piece)]
    strong = int((found.scores[rows[order]] >= run.main.score_threshold).sum())
    # A picture of a mistake is about detections that count.
    shown = order[: strong + _MAX_WEAK] if marks == NO_MARKS else order[:strong]
    boxes = []
    for index in reversed(shown):
        row, quad = int(rows[index]), quads[index]
        label, score = int(found.labels[row]), float(found.scores[row])
        verdict = 'ignored' if run.matches.ignored[row] else 'right' if run.matches.right[row] else 'wrong'
        kind = _kind(f'found {verdict}', row, marks.detection)
        data = f' data-run="{run_index}" data-score="{score:.3f}"'
        title = f'{labeled.classes[label]} {score:.2f}, {verdict}, IoU {run.overlaps.iou[row]:.2f}'
        boxes.append(_polygon(quad, kind, label, title, data))
    return boxes


def _kind(kind: str, row: int, marked: int) -> str:
    return f'{kind} marked' if row == marked else kind


def _inside(quad: NDArray[np.float64], piece: Piece) -> bool:
    x, y, width, height = piece.window
    low, high = quad.min(axis=0), quad.max(axis=0)
    return bool((low <= (x + width, y + height)).all() and (high >= (x, y)).all())


def _polygon(quad: NDArray[np.float64], kind: str, label: int | None, title: str, data: str) -> str:
    """A box; one without a label is shown whatever class is chosen."""
    points = ' '.join(f'{x:.1f},{y:.1f}' for x, y in quad.tolist())
    of_class = '' if label is None else f' data-class="{label}"'
    return f'<polygon class="{kind}"{of_class}{data} points="{points}"><title>{escape(title)}</title></polygon>'
