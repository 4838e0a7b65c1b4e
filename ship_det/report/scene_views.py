"""Scenes at a reduced size: the test chips of each put where they were cut, and what became of their ships."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ship_det.drawing.pages import data_uri
from ship_det.evaluation.labeled_set import LabeledSet
from ship_det.raster import read_preview, resize
from ship_det.report.gallery import Card
from ship_det.report.overlay import Box, outcome_boxes
from ship_det.report.pictures import encode_jpeg
from ship_det.report.runs import Run
from ship_det.tiling.chip_index import Chip

_SIDE = 1600
_BYTES = 1_500_000
_MAX_BYTES = 500_000
# Where no chip lies.
_NO_CHIP = (226, 230, 235)


def draw_scenes(runs: Sequence[Run], labeled: LabeledSet, chips: Mapping[str, Chip], limit: int) -> list[Card]:
    """A card for each of the scenes with most ships to find, at most ``limit``.

    ``chips`` is the index of the images that are chips, by file name. The boxes are those of the merged scene where
    predictions were merged, else those of each chip, so that a ship on two chips is there twice.
    """
    truths = runs[0].matches.ground_truths
    ships = np.bincount(truths.image[~truths.difficult], minlength=len(labeled.images))
    images: dict[str, list[int]] = {}
    for image, path in enumerate(labeled.images):
        if path.name in chips:
            images.setdefault(chips[path.name].scene, []).append(image)
    chosen = sorted(images, key=lambda name: (-ships[images[name]].sum(), name))[:limit]
    cards = []
    for name in chosen:
        placed = [(image, chips[labeled.images[image].name]) for image in images[name]]
        window = _bounds([chip for _, chip in placed])
        pixels = _put_together([(labeled.images[image], chip) for image, chip in placed], window)
        data = encode_jpeg(Image.fromarray(pixels), min(_BYTES // len(chosen), _MAX_BYTES))
        boxes = [box for index, run in enumerate(runs) for box in _boxes(run, index, name, placed)]
        cards.append(Card(name, data_uri('image/jpeg', data), window, boxes))
    return cards


def _bounds(chips: Sequence[Chip]) -> tuple[int, int, int, int]:
    """Window (x, y, w, h) of a scene that holds those of chips."""
    windows = np.array([chip.window for chip in chips])
    low, high = windows[:, :2].min(axis=0), (windows[:, :2] + windows[:, 2:]).max(axis=0)
    x, y, w, h = np.concatenate([low, high - low]).tolist()
    return x, y, w, h


def _put_together(chips: Sequence[tuple[Path, Chip]], window: tuple[int, int, int, int]) -> NDArray[np.uint8]:
    """(H, W, 3) of at most ``_SIDE`` px with chips, each a file and its place, where they lie in the window."""
    corner, extent = np.array(window[:2]), np.array(window[2:])
    scale = min(_SIDE / extent.max(), 1.0)
    width, height = np.maximum(np.rint(extent * scale).astype(int), 1)
    canvas = np.full((height, width, 3), _NO_CHIP, dtype=np.uint8)
    for path, chip in chips:
        low = np.rint((np.array(chip.window[:2]) - corner) * scale).astype(int)
        high = np.rint((np.array(chip.window[:2]) + chip.window[2:] - corner) * scale).astype(int)
        size = np.maximum(high - low, 1).tolist()
        pixels, _ = read_preview(path, max(size))
        part = canvas[low[1] : high[1], low[0] : high[0]]
        part[:] = resize(pixels, (size[0], size[1]))[: part.shape[0], : part.shape[1]]
    return canvas


def _boxes(run: Run, index: int, scene: str, placed: Sequence[tuple[int, Chip]]) -> list[Box]:
    """What a run made of the ships of a scene, px of the scene."""
    files = [record['file'] for record in run.scenes.merged.ground_truths] if run.scenes is not None else []
    if run.scenes is not None and scene in files:
        whole = replace(run, results=run.scenes.results)
        return outcome_boxes(whole, index, files.index(scene), lambda quads: quads)
    return [box for image, chip in placed for box in outcome_boxes(run, index, image, chip.to_scene)]
