"""The galleries of a report: test chips, and the worst mistakes of each class."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ship_det.evaluation.labeled_set import LabeledSet
from ship_det.geometry import rbox_to_quad
from ship_det.raster import SceneReader, open_rgb, read_shrunk
from ship_det.report.drawn_chips import draw_chip, write_chip
from ship_det.report.errors import Analysis, Mistake
from ship_det.report.measures import ShipSize, describe_ships
from ship_det.report.overlay import Box, View, detection_boxes, truth_boxes
from ship_det.report.pictures import choose_images, cut_piece, window_around
from ship_det.report.runs import Run
from ship_det.scenes.scene import Scene

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
class Card:
    """A picture of the page.

    Attributes:
        name: of the image.
        uri: the picture.
        window: what it shows of the image, (x, y, width, height) px.
        boxes: drawn over it.
    """

    name: str
    uri: str
    window: tuple[int, int, int, int]
    boxes: Sequence[Box]


@dataclass(frozen=True)
class ShipRow:
    """A labelled ship in the table of its chip.

    Attributes:
        label: its class.
        size: length and heading.
        outcomes: of each run, what became of it.
    """

    label: int
    size: ShipSize
    outcomes: Sequence[str]


@dataclass(frozen=True)
class ChipCard(Card):
    """A test chip; ``ships`` are those to find on it."""

    ships: Sequence[ShipRow]


@dataclass(frozen=True)
class MistakeCard(Card):
    """A mistake of the run number ``run``; ``figures`` say more of it, ``labels`` are the classes it is about."""

    mistake: Mistake
    run: int
    labels: Sequence[int]
    figures: Sequence[str]


@dataclass(frozen=True)
class Gallery:
    """Pictures of the page.

    Attributes:
        chips: test chips.
        mistakes: by class name, its mistakes in all runs.
    """

    chips: Sequence[ChipCard]
    mistakes: Mapping[str, Sequence[MistakeCard]]


def make_gallery(
    runs: Sequence[Run],
    analyses: Sequence[Analysis],
    labeled: LabeledSet,
    locate: Callable[[Path], Scene],
    out: Path,
    max_chips: int,
    examples: int,
) -> Gallery:
    """Make all cards, and write the drawn chips into ``out``/chips, for several runs a folder each.

    Each image is read once. ``locate`` says where an image lies. ``examples`` mistakes of each kind and class are shown
    for each run.
    """
    chosen = choose_images(runs[0].matches.ground_truths, len(labeled.images), len(labeled.classes), max_chips)
    mistakes = [(index, mistake) for index, analysis in enumerate(analyses) for mistake in _worst(analysis, examples)]
    chip_cards: dict[int, ChipCard] = {}
    mistake_cards: dict[int, MistakeCard] = {}
    for image in dict.fromkeys([*chosen, *(mistake.image for _, mistake in mistakes)]):
        place = locate(labeled.images[image])
        with open_rgb(labeled.images[image]) as picture:
            if image in chosen:
                view = View(image, (0, 0, *picture.size), place)
                uri = cut_piece(picture, view.window, _CHIP_SIDE, min(_CHIP_BYTES // len(chosen), _MAX_BYTES))
                chip_cards[image] = _chip_card(uri, runs, labeled, view)
                _write_drawn(picture, runs, labeled.images[image], image, out / 'chips')
            for number, (index, mistake) in enumerate(mistakes):
                if mistake.image == image:
                    view = View(image, window_around(_quads(mistake, runs[index]), picture.size), place)
                    budget = min(_MISTAKE_BYTES // len(mistakes), _MAX_MISTAKE_BYTES)
                    uri = cut_piece(picture, view.window, _MISTAKE_SIDE, budget)
                    name = labeled.images[image].name
                    mistake_cards[number] = _mistake_card(name, uri, runs, index, mistake, view)
    by_class: dict[str, list[MistakeCard]] = {name: [] for name in labeled.classes}
    for number, (_, mistake) in enumerate(mistakes):
        by_class[labeled.classes[mistake.label]].append(mistake_cards[number])
    return Gallery([chip_cards[image] for image in chosen], by_class)


def _worst(analysis: Analysis, examples: int) -> list[Mistake]:
    """The first mistakes of each kind and class, kinds in a fixed order."""
    taken: dict[tuple[str, int], list[Mistake]] = {}
    for mistake in analysis.mistakes:
        taken.setdefault((mistake.kind, mistake.label), []).append(mistake)
    return [
        mistake for kind in _KINDS for key, of_kind in taken.items() if key[0] == kind for mistake in of_kind[:examples]
    ]


def _write_drawn(picture: SceneReader, runs: Sequence[Run], path: Path, image: int, folder: Path) -> None:
    pixels = read_shrunk(picture, (0, 0, *picture.size), DRAWN_SIDE)
    for run in runs:
        drawn = draw_chip(pixels, run, image, max(pixels.shape) / max(picture.size))
        write_chip((folder / run.name if len(runs) > 1 else folder) / f'{path.stem}.png', drawn)


def _chip_card(uri: str, runs: Sequence[Run], labeled: LabeledSet, view: View) -> ChipCard:
    truths = runs[0].matches.ground_truths
    boxes = truth_boxes(runs, view)
    for index, run in enumerate(runs):
        boxes += detection_boxes(run, index, view)
    rows = np.flatnonzero((truths.image == view.image) & ~truths.difficult)
    sizes = describe_ships(truths.quads[rows], view.place)
    outcomes = [_outcomes(run) for run in runs]
    ships = [
        ShipRow(int(truths.labels[row]), size, [of_run.get(row, 'missed') for of_run in outcomes])
        for row, size in zip(rows.tolist(), sizes, strict=True)
    ]
    return ChipCard(labeled.images[view.image].name, uri, view.window, boxes, ships)


def _outcomes(run: Run) -> dict[int, str]:
    """What is said of each ground truth that a run found."""
    matches = run.matches
    found = np.flatnonzero(run.shown & matches.right)
    return {int(matches.ground_truth[row]): f'found, {matches.detections.scores[row]:.2f}' for row in found}


def _quads(mistake: Mistake, run: Run) -> np.ndarray:
    """Corners of the boxes that a mistake is about."""
    quads = []
    if mistake.detection >= 0:
        quads.append(rbox_to_quad(run.matches.detections.boxes[mistake.detection][None])[0])
    if mistake.truth >= 0:
        quads.append(run.matches.ground_truths.quads[mistake.truth])
    return np.array(quads)


def _mistake_card(name: str, uri: str, runs: Sequence[Run], index: int, mistake: Mistake, view: View) -> MistakeCard:
    run = runs[index]
    found = run.matches.detections
    boxes = truth_boxes(runs, view, mistake.truth)
    boxes += detection_boxes(run, index, view, mistake.detection)
    labels, figures = {mistake.label}, []
    if mistake.kind == 'confusion':
        labels.add(int(found.labels[mistake.detection]))
    if mistake.kind != 'miss':
        figures.append(f'score {found.scores[mistake.detection]:.2f}')
    if mistake.iou:
        figures.append(f'IoU {mistake.iou:.2f}')
    # Of the ship, and where there is none of what was taken for it.
    quad = _quads(mistake, run)[-1 if mistake.kind != 'false alarm' else 0]
    (size,) = describe_ships(quad[None], view.place)
    return MistakeCard(name, uri, view.window, boxes, mistake, index, sorted(labels), [*figures, str(size)])
