"""Which scenes the chips of a test cover, and the windows that these show.

A scene is evaluated when all chips of its grid have predictions. Of another scene some objects were never looked at,
and whether others lie in a chip depends on how the chips were drawn; so it is left out and named. Chips that were added
on ships do not count: no label tells a detector where to look.
"""

import math
import os
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ship_det.annotations.dota_folder import DotaFolder
from ship_det.evaluation.labeled_set import OtherClasses
from ship_det.progress import count_noun
from ship_det.raster import image_size
from ship_det.scenes.merging import MERGE_IOU, Windows
from ship_det.tiling.chip_index import INDEX_NAME, Chip, read_chip_index


@dataclass(frozen=True)
class SceneData:
    """Where chips and the scenes they were cut from are.

    Attributes:
        chips: folder of the chips, with ``images/`` and ``chips.jsonl``.
        scenes: folder of the scenes, with ``images/`` and ``labelTxt/``.
        other_classes: what objects of other classes in the scenes are, see ``read_labeled_set``.
        merge_iou: threshold of ``merge_windows``.
        gsd: ground sampling distance of all scenes, m/px; None for what each scene's georeference says.
        unlabeled: scenes without a label file are merged and left out of the figures, where others have one, instead
            of being an error. Where no scene has one, so they are in any case.

    Raises:
        ValueError: a ground sampling distance that is none.
    """

    chips: str | os.PathLike
    scenes: str | os.PathLike
    other_classes: OtherClasses = 'error'
    merge_iou: float = MERGE_IOU
    gsd: float | None = None
    unlabeled: bool = False

    def __post_init__(self) -> None:
        if self.gsd is not None and not (math.isfinite(self.gsd) and self.gsd > 0):
            raise ValueError(f'gsd: expected metres a pixel, more than 0, found {self.gsd}')


@dataclass(frozen=True)
class ChosenScenes:
    """Which scenes can be evaluated, and which cannot.

    Attributes:
        whole: chips of the grid of each scene all of whose have predictions, by name of the scene.
        partial: scenes left out, as some of their chips have no predictions: chips with predictions, chips.
        absent: number of scenes left out, as none of their chips has predictions.
        num_added: predicted chips of the whole scenes that were left out, as they were added on ships; None where the
            index does not say which were.
        unlabeled: names of the whole scenes that have no labels.
    """

    whole: dict[str, list[Chip]]
    partial: dict[str, tuple[int, int]]
    absent: int
    num_added: int | None
    unlabeled: tuple[str, ...]

    def require_labels(self, scenes: str | os.PathLike, hint: str) -> None:
        """Raise a ValueError that ends in ``hint``, unless a scene has labels."""
        if len(self.unlabeled) == len(self.whole):
            expected = f'expected those of one or more of {count_noun(len(self.whole), "scene")}'
            raise ValueError(f'{DotaFolder(scenes).label_dir}: no labels of a scene, {expected}{hint}')


def choose_scenes(files: Collection[str], data: SceneData) -> ChosenScenes:
    """Find the scenes that a test on some chips, given by the names of their files, covers.

    Raises:
        ValueError: a file is not in ``chips.jsonl``, no scene has all chips of its grid among the files, a scene is
            missing, or some scenes have labels and others none.
    """
    index_chips = read_chip_index(data.chips)
    by_scene = group_by_scene(chip for chip in index_chips if not chip.added)
    unknown = set(files).difference(chip.file for chip in index_chips)
    if unknown:
        index = Path(data.chips) / INDEX_NAME
        raise ValueError(f'{index}: no line for {len(unknown)} of the images with predictions, first {min(unknown)}')
    tested = {scene: sum(chip.file in files for chip in chips) for scene, chips in by_scene.items()}
    whole = {scene: chips for scene, chips in by_scene.items() if tested[scene] == len(chips)}
    partial = {name: (some, len(by_scene[name])) for name, some in tested.items() if name not in whole and some}
    if not whole:
        example = ''.join(f'; {name} has {some} of {every}' for name, (some, every) in list(partial.items())[:1])
        raise ValueError(
            f'{data.chips}: no scene has predictions for all its chips{example}; expected a test on whole scenes, '
            'as ship-det split --by scene makes'
        )
    folder = DotaFolder(data.scenes)
    for scene in whole:
        path = folder.image_dir / scene
        if not path.is_file():
            raise ValueError(f'{path}: no such file, expected a scene that {data.chips} was cut from')
    unlabeled = tuple(scene for scene in whole if folder.find_labels(folder.image_dir / scene) is None)
    if 0 < len(unlabeled) < len(whole) and not data.unlabeled:
        path = folder.label_path(folder.image_dir / unlabeled[0])
        raise ValueError(
            f'{path}: no such file, expected the labels of {unlabeled[0]} (an empty file if it has none; --unlabeled '
            f'merges scenes without labels and leaves them out of the figures); {len(unlabeled)} of {len(whole)} '
            'scenes have none'
        )
    num_added = sum(bool(chip.added) and chip.scene in whole and chip.file in files for chip in index_chips)
    known = all(chip.added is not None for chips in whole.values() for chip in chips)
    absent = len(by_scene) - len(whole) - len(partial)
    return ChosenScenes(whole, partial, absent, num_added if known else None, unlabeled)


def group_by_scene(chips: Iterable[Chip]) -> dict[str, list[Chip]]:
    """The chips of each scene by its file name."""
    by_scene: dict[str, list[Chip]] = {}
    for chip in chips:
        by_scene.setdefault(chip.scene, []).append(chip)
    return by_scene


def chip_windows(chips: Sequence[Chip], size: tuple[int, int]) -> Windows:
    """The windows of chips of a scene of ``size``, (width, height) px."""
    windows = np.array([chip.window for chip in chips], dtype=np.int64)
    images = np.array([chip.size or chip.window[2:] for chip in chips], dtype=np.int64)
    return Windows(windows, images, size)


def read_windows(data: SceneData, scene: Path, chips: Sequence[Chip]) -> Windows:
    """The windows of chips of a scene, by its file.

    Raises:
        ValueError: naming a chip whose window lies outside the scene.
    """
    width, height = image_size(scene)
    found = chip_windows(chips, (width, height))
    windows = found.windows
    outside = ((windows[:, :2] < 0) | (windows[:, 2:] < 1) | (windows[:, :2] >= (width, height))).any(axis=1)
    if outside.any():
        chip = chips[int(np.argmax(outside))]
        raise ValueError(
            f'{Path(data.chips) / INDEX_NAME}: {chip.file}: window {list(chip.window)}, '
            f'expected one in {scene} of {width} x {height} px'
        )
    return found
