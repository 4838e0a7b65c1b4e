"""What is to be cut, decided from labels and image sizes alone, before a pixel is read."""

import zlib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ship_det.annotations import LabeledObject, read_dota
from ship_det.annotations.folders import dota_label_path, list_images

from .chip_index import Chip
from .clipping import CUT, MARKED, WHOLE, SceneObjects, VisibleObject
from .raster import CHIP_FORMATS, SEQUENTIAL_DRIVERS, open_scene
from .windows import plan_windows


@dataclass(frozen=True)
class TilingOptions:
    """How scenes are cut.

    Attributes:
        chip: side of a chip, px.
        overlap: px shared by neighbouring chips.
        min_visible: an object cut by the border stays an object where at least this share of its area is visible.
        keep_empty: share of the chips without an object that is kept.
        format: png, jpg or tif.
        whole: add windows so that every object that fits in a chip is whole in at least one.
        unlabeled: a scene without a label file has no objects, instead of being an error.
    """

    chip: int = 1000
    overlap: int = 200
    min_visible: float = 0.7
    keep_empty: float = 0.0
    format: str = 'png'
    whole: bool = True
    unlabeled: bool = False

    def __post_init__(self):
        for name in ('min_visible', 'keep_empty'):
            value = getattr(self, name)
            if not 0 <= value <= 1:
                raise ValueError(f'{name}: expected a share between 0 and 1, found {value}')
        if self.chip < 1:
            raise ValueError(f'chip: expected at least 1 px, found {self.chip}')
        if not 0 <= self.overlap < self.chip:
            raise ValueError(f'overlap: expected 0 <= overlap < chip ({self.chip} px), found {self.overlap}')
        if self.format not in CHIP_FORMATS:
            raise ValueError(f'format: expected one of {", ".join(CHIP_FORMATS)}, found {self.format!r}')


@dataclass(frozen=True, slots=True)
class PlannedChip:
    """A chip to be cut and its labels."""

    chip: Chip
    objects: list[LabeledObject]


@dataclass(frozen=True, slots=True)
class ScenePlan:
    """Everything to be cut from one scene.

    Attributes:
        image: the scene.
        chips: in the order in which they are read.
        sequential: the scene can only be decoded from the top.
        tally: what becomes of objects and windows, by name.
    """

    image: Path
    chips: list[PlannedChip]
    sequential: bool
    tally: Counter[str]


def plan_scenes(root: Path, options: TilingOptions) -> list[ScenePlan]:
    """Plan all scenes of a data set folder (images/, labelTxt/).

    Raises:
        ValueError: naming the file, where a scene has no label file, a label file no scene, or either is bad.
    """
    images = list_images(root / 'images')
    labels = {image.stem: dota_label_path(root, image) for image in images}
    orphans = sorted(path for path in (root / 'labelTxt').glob('*.txt') if path.stem not in labels)
    if orphans:
        raise ValueError(f'{orphans[0]}: labels without a scene, expected {root / "images" / orphans[0].stem}.*')
    missing = [path for path in labels.values() if not path.is_file()]
    if missing and not options.unlabeled:
        raise ValueError(f'{missing[0]}: no such file, expected the labels of a scene (--unlabeled cuts it without)')
    plans = []
    for image in images:
        label_path = labels[image.stem]
        plans.append(plan_scene(image, read_dota(label_path) if label_path.is_file() else [], options))
    return plans


def plan_scene(image: Path, objects: list[LabeledObject], options: TilingOptions) -> ScenePlan:
    """Windows and labels of one scene."""
    with open_scene(image) as scene:
        width, height, sequential = scene.width, scene.height, scene.driver in SEQUENTIAL_DRIVERS
    scene_objects = SceneObjects(objects)
    windows = plan_windows(width, height, options.chip, options.overlap, scene_objects if options.whole else None)
    # From top to bottom, so that neighbours find each other's blocks in the cache.
    windows = windows[np.lexsort([windows[:, 0], windows[:, 1]])]
    shown = scene_objects.visible(windows, options.min_visible)
    kept = _chosen(image, shown, options.keep_empty)
    chips = [
        _planned_chip(image, windows[index], [visible.labeled for visible in shown[index]], options)
        for index in np.flatnonzero(kept)
    ]
    tally = Counter({'scenes': 1, 'chips': int(kept.sum()), 'empty chips skipped': int((~kept).sum())})
    tally.update(_tally_objects(objects, [visible for index in np.flatnonzero(kept) for visible in shown[index]]))
    return ScenePlan(image, chips, sequential, tally)


def _chosen(image: Path, shown: list[list[VisibleObject]], keep_empty: float) -> NDArray[np.bool_]:
    """Windows to cut: all that show an object to learn from, and a share of the others drawn by the scene's name."""
    kept = np.array([any(not visible.labeled.difficult for visible in objects) for objects in shown], dtype=bool)
    empty = np.flatnonzero(~kept)
    rng = np.random.default_rng(zlib.crc32(image.name.encode()))
    kept[rng.permutation(empty)[: round(keep_empty * len(empty))]] = True
    return kept


def _planned_chip(
    image: Path, window: NDArray[np.int64], objects: list[LabeledObject], options: TilingOptions
) -> PlannedChip:
    x, y, w, h = window.tolist()
    counts = Counter(labeled.name for labeled in objects if not labeled.difficult)
    file = f'{image.stem}__{x}_{y}.{options.format}'
    return PlannedChip(Chip(file, image.name, (x, y, w, h), dict(sorted(counts.items()))), objects)


def _tally_objects(objects: list[LabeledObject], shown: list[VisibleObject]) -> Counter[str]:
    tally = Counter({f'labels {how}': 0 for how in (WHOLE, CUT, MARKED)})
    tally.update(f'labels {visible.how}' for visible in shown)
    whole = {visible.source for visible in shown if visible.how == WHOLE}
    seen = {visible.source for visible in shown}
    tally['objects'] = len(objects)
    tally['objects whole in a chip'] = len(whole)
    tally['objects in no chip'] = len(objects) - len(seen)
    return tally
