"""Test chips as picture files, with ground truth and detections drawn in."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ship_det.drawing.boxes import (
    GROUND_TRUTH_COLOR,
    MISSED_COLOR,
    RIGHT_COLOR,
    WRONG_COLOR,
    add_legend,
    draw_boxes,
)
from ship_det.drawing.nouns import object_noun
from ship_det.files import replacing
from ship_det.geometry import rbox_to_quad
from ship_det.report.runs import Run

# With more boxes than this, only mistakes are labelled: labels of all would hide the ships.
_CROWDED = 40


def draw_chip(pixels: NDArray[np.uint8], run: Run, image: int, scale: float = 1.0) -> NDArray[np.uint8]:
    """Draw what counts: ground truths, missed ones with their names, and detections of at least the score threshold.

    Args:
        pixels: (H, W, 3) uint8, RGB.
        run: evaluated run.
        image: index of the image.
        scale: size of the pixels drawn on, as a share of the image's.

    Returns:
        (H + lines, W, 3) uint8, with a legend below.
    """
    found, truths = run.matches.detections, run.matches.ground_truths
    shown = run.shown & (found.image == image)
    right = shown & run.matches.right
    missed = run.missed & (truths.image == image)
    easy = (truths.image == image) & ~truths.difficult & ~missed
    # A class name says nothing where there is one class.
    names = [f'{name} ' if len(run.classes) > 1 else '' for name in run.classes]
    quads, labels = [truths.quads[missed]], [names[label].strip() for label in truths.labels[missed]]
    colors = [MISSED_COLOR] * len(labels)
    crowded = int(missed.sum() + shown.sum()) > _CROWDED
    for rows, color in ((shown & ~right, WRONG_COLOR), (right, RIGHT_COLOR)):
        texts = [
            f'{names[label]}{score:.2f}' for label, score in zip(found.labels[rows], found.scores[rows], strict=True)
        ]
        quads.append(rbox_to_quad(found.boxes[rows]))
        colors += [color] * len(texts)
        labels += [''] * len(texts) if crowded and color == RIGHT_COLOR else texts
    drawn = draw_boxes(pixels, truths.quads[easy] * scale, None, GROUND_TRUTH_COLOR, width=3)
    legend = [
        ('label, found', GROUND_TRUTH_COLOR),
        (f'missed {object_noun(run.classes)}', MISSED_COLOR),
        ('right detection', RIGHT_COLOR),
        ('wrong detection', WRONG_COLOR),
    ]
    return add_legend(draw_boxes(drawn, np.concatenate(quads) * scale, labels, colors), legend)


def write_chip(path: Path, pixels: NDArray[np.uint8]) -> None:
    """Write a PNG; the file appears when it is complete."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as temporary:
        # Far faster than the default level, and little larger on photographs.
        Image.fromarray(pixels).save(temporary, 'PNG', compress_level=3)
