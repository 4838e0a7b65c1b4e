"""The galleries of a report: test chips, and the worst mistakes of each class."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

import numpy as np

from ship_det.evaluation.labeled_set import LabeledSet
from ship_det.geometry import rbox_to_quad
from ship_det.raster import SceneReader, open_rgb, read_shrunk
from ship_det.report.drawn_chips import draw_chip, write_chip
from ship_det.report.errors import Analysis, Mistake
from ship_det.report.overlay import Marks, detection_boxes, picture_html, truth_boxes
from ship_det.report.pictures import choose_images, cut_piece, window_around
from ship_det.report.runs import Run

# All pictures together stay far below 10 MB, which base64 makes a third larger.
_CHIP_BYTES = 4_000_000
_MISTAKE_BYTES = 1_600_000
_CHIP_SIDE = 900
_MISTAKE_SIDE = 480
# Drawn chips show every pixel, but for scenes larger than this.
DRAWN_SIDE = 4096
# More would not be seen, however few the pictures are.
_MAX_BYTES = 250_000
_MAX_MISTAKE_BYTES = 40_000
_KINDS = ('miss', 'false alarm', 'confusion')


@dataclass(frozen=True)
class Gallery:
    """HTML of pictures.

    Attributes:
        chips: cards of test chips.
        mistakes: by class name, cards of its mistakes in all runs.
    """

    chips: tuple[str, ...]
    mistakes: Mapping[str, tuple[str, ...]]


def make_gallery(
    runs: Sequence[Run],
    analyses: Sequence[Analysis],
    labeled: LabeledSet,
    out: Path,
    max_chips: int,
    examples: int,
) -> Gallery:
    """Make all cards, and write the drawn chips into ``out``/chips, for several runs a folder each.

    Each image is read once. ``examples`` mistakes of each kind and class are shown for each run.
    """
    chosen = choose_images(labeled.truths, len(labeled.images), len(labeled.classes), max_chips)
    mistakes = [(index, one) for index, analysis in enumerate(analyses) for one in _worst(analysis, examples)]
    places: dict[int, list[int]] = {image: [] for image in chosen}
    for place, (_, one) in enumerate(mistakes):
        places.setdefault(one.image, []).append(place)
    chip_cards: dict[int, str] = {}
    mistake_cards: dict[int, str] = {}
    for image, of_image in places.items():
        with open_rgb(labeled.images[image]) as picture:
            if image in chosen:
                budget = min(_CHIP_BYTES // len(chosen), _MAX_BYTES)
                chip_cards[image] = _chip_card(picture, runs, labeled, image, budget)
                pixels = read_shrunk(picture, (0, 0, *picture.size), DRAWN_SIDE)
                for run in runs:
                    folder = out / 'chips' / run.name if len(runs) > 1 else out / 'chips'
                    drawn = draw_chip(pixels, run, labeled, image, max(pixels.shape) / max(picture.size))
                    write_chip(folder / f'{labeled.images[image].stem}.png', drawn)
            for place in of_image:
                index, one = mistakes[place]
                budget = min(_MISTAKE_BYTES // len(mistakes), _MAX_MISTAKE_BYTES)
                mistake_cards[place] = _mistake_card(picture, runs[index], index, labeled, one, budget)
    by_class: dict[str, list[str]] = {name: [] for name in labeled.classes}
    for place, (_, one) in enumerate(mistakes):
        by_class[labeled.classes[one.label]].append(mistake_cards[place])
    return Gallery(
        tuple(chip_cards[image] for image in chosen), {name: tuple(cards) for name, cards in by_class.items()}
    )


def _worst(analysis: Analysis, examples: int) -> list[Mistake]:
    """The first mistakes of each kind and class, kinds in a fixed order."""
    taken: dict[tuple[str, int], list[Mistake]] = {}
    for one in analysis.mistakes:
        of_kind = taken.setdefault((one.kind, one.label), [])
        if len(of_kind) < examples:
            of_kind.append(one)
    return [one for kind in _KINDS for key, of_kind in taken.items() if key[0] == kind for one in of_kind]


def _chip_card(picture: SceneReader, runs: Sequence[Run], labeled: LabeledSet, image: int, budget: int) -> str:
    piece = cut_piece(picture, (0, 0, *picture.size), _CHIP_SIDE, budget)
    name = labeled.images[image].name
    of_image = labeled.truths.image == image
    boxes = truth_boxes(labeled, image, piece)
    for index, run in enumerate(runs):
        boxes += detection_boxes(run, labeled, image, piece, index)
    ships = int((of_image & ~labeled.truths.difficult).sum())
    return (
        f'<figure class="card chip" tabindex="0" data-name="{escape(name)}">{picture_html(piece, name, boxes)}'
        f'<figcaption><b>{escape(name)}</b><span>{ships} {"ship" if ships == 1 else "ships"}</span></figcaption>'
        '</figure>'
    )


def _mistake_card(picture: SceneReader, run: Run, index: int, labeled: LabeledSet, one: Mistake, budget: int) -> str:
    quads = []
    if one.detection >= 0:
        quads.append(rbox_to_quad(run.detections.boxes[one.detection : one.detection + 1])[0])
    if one.truth >= 0:
        quads.append(labeled.quads[one.truth])
    window = window_around(np.array(quads), picture.size)
    piece = cut_piece(picture, window, _MISTAKE_SIDE, budget)
    marks = Marks(one.detection, one.truth)
    boxes = truth_boxes(labeled, one.image, piece, marks)
    boxes += detection_boxes(run, labeled, one.image, piece, index, marks)
    name = labeled.images[one.image].name
    involved = {one.label} | ({int(run.detections.labels[one.detection])} if one.kind == 'confusion' else set())
    figures = []
    if one.kind != 'miss':
        figures.append(f'score {run.detections.scores[one.detection]:.2f}')
    if one.iou:
        figures.append(f'IoU {one.iou:.2f}')
    return (
        f'<figure class="card mistake" tabindex="0" data-name="{escape(name)}" data-kind="{one.kind}"'
        f' data-run="{index}" data-classes="{" ".join(map(str, sorted(involved)))}">{picture_html(piece, name, boxes)}'
        f'<figcaption><b class="kind">{one.kind}</b><span>{escape(", ".join([one.reason, *figures]))}</span>'
        f'<span class="file">{escape(name)}</span></figcaption></figure>'
    )
