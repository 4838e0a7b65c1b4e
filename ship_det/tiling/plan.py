"""What is to be cut, decided from labels and image sizes alone, before a pixel is read."""

import zlib
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ship_det.annotations import DotaFolder, LabeledObject, read_dota
from ship_det.annotations.objects import MIN_QUAD_AREA, quad_areas
from ship_det.geometry import sliding_windows
from ship_det.raster import Georeference, SceneReader, find_georeference, open_scene
from ship_det.tiling.chip_index import Chip, check_file_name
from ship_det.tiling.clipping import CUT, MARKED, WHOLE, SceneObjects, VisibleObject
from ship_det.tiling.options import TilingOptions
from ship_det.tiling.windows import plan_windows


@dataclass(frozen=True, slots=True)
class PlannedChip:
    """A chip to be cut and what it shows, in its own pixels."""

    chip: Chip
    visible: list[VisibleObject]


@dataclass(frozen=True, slots=True)
class ScenePlan:
    """Everything to be cut from one scene.

    Attributes:
        image: the scene.
        objects: how many it has.
        passes: for each scale the chips, in the order in which they are read.
        empty: windows left out because they show no object.
        sequential: the scene can only be decoded from the top.
        needs_stretch: its values become 8 bit by percentiles.
        without_data: what may leave its pixels out, for a message.
        has_alpha: one of its bands says where there is data.
        reordered: its first bands are not red, green and blue, by its own colour names; nobody asked for others.
    """

    image: Path
    objects: int
    passes: list[list[PlannedChip]]
    empty: int
    sequential: bool
    needs_stretch: bool
    without_data: str
    has_alpha: bool
    reordered: bool = False

    @property
    def chips(self) -> list[Chip]:
        """Those of all scales."""
        return [planned.chip for chips in self.passes for planned in chips]

    def tally(self, without_data: Collection[str]) -> Counter[str]:
        """What becomes of objects and windows, by name, where some files are not written for want of data."""
        chips = [planned for chips in self.passes for planned in chips if planned.chip.file not in without_data]
        planned = sum(map(len, self.passes))
        tally = Counter({'scenes': 1, 'chips': len(chips), 'empty chips skipped': self.empty})
        tally['chips without data skipped'] = planned - len(chips)
        tally['chips added on ships'] = sum(bool(planned.chip.added) for planned in chips)
        tally['empty chips'] = sum(planned.chip.empty for planned in chips)
        tally['scenes of another band order'] = int(self.reordered)
        visible = [found for planned in chips for found in planned.visible]
        tally.update({f'labels {how}': 0 for how in (WHOLE, CUT, MARKED)})
        tally.update(f'labels {found.how}' for found in visible)
        whole = {found.source for found in visible if found.how == WHOLE}
        seen = {found.source for found in visible}
        tally['objects'] = self.objects
        tally['objects whole in a chip'] = len(whole)
        tally['objects in no chip'] = self.objects - len(seen)
        return tally


def plan_scenes(root: Path, options: TilingOptions) -> list[ScenePlan]:
    """Plan all scenes of a data set folder (images/, labelTxt/).

    Raises:
        ValueError: naming the file, where a scene has no label file, a label file no scene, or either is bad.
    """
    folder = DotaFolder(root)
    plans = []
    for image in folder.select(unlabeled=options.unlabeled, hint='; --unlabeled cuts a scene without'):
        check_file_name(image.name)
        label_path = folder.find_labels(image)
        plans.append(plan_scene(image, read_dota(label_path) if label_path else [], options))
    return plans


def plan_scene(image: Path, objects: list[LabeledObject], options: TilingOptions) -> ScenePlan:
    """Windows and labels of one scene."""
    with open_scene(image) as scene:
        reader = SceneReader(scene, options)
        georeference = find_georeference(scene)
    scene_objects = SceneObjects(objects)
    passes, empty = [], 0
    for scale in options.scales:
        chips, skipped = _plan_pass(image, reader, scene_objects, scale, options, georeference)
        passes.append(chips)
        empty += skipped
    needs_stretch = options.stretch is not None or reader.needs_stretch
    reordered = options.bands is None and len(reader.bands) == 3 and reader.bands != (1, 2, 3)
    has_alpha = reader.alpha_band is not None
    return ScenePlan(
        image,
        len(objects),
        passes,
        empty,
        reader.sequential,
        needs_stretch,
        reader.without_data,
        has_alpha,
        reordered,
    )


def _plan_pass(
    image: Path,
    reader: SceneReader,
    scene_objects: SceneObjects,
    scale: float,
    options: TilingOptions,
    georeference: Georeference | None,
) -> tuple[list[PlannedChip], int]:
    """Chips of a scene at one scale, and how many windows are left out because they are empty."""
    side, overlap = options.window_at(scale)
    windows = plan_windows(*reader.size, side, overlap, scene_objects if options.whole else None)
    added = np.arange(len(windows)) >= len(sliding_windows(*reader.size, side, overlap))
    order = reader.file_order(windows)
    windows, added = windows[order], added[order]
    shown = scene_objects.visible(windows, options.min_visible)
    kept = _chosen(image, shown, options.keep_empty)
    chips = []
    for index in np.flatnonzero(kept):
        window = tuple(windows[index].tolist())
        chip_size = None
        visible = shown[index]
        if side != options.chip or scale != 1:
            chip_size = tuple(max(1, round(length * options.chip / side)) for length in window[2:])
            factors = np.array(chip_size) / window[2:]
            resized = [found.resized(factors, chip_size) for found in visible]
            visible = [found for found in resized if quad_areas(found.labeled.quad[None])[0] >= MIN_QUAD_AREA]
        counts = Counter(found.labeled.name for found in visible if not found.labeled.difficult)
        ending = '' if scale == 1 else f'__{scale:g}'
        file = f'{image.stem}__{window[0]}_{window[1]}{ending}.{options.format}'
        chip = Chip(file, image.name, window, dict(sorted(counts.items())), chip_size, bool(added[index]))
        chips.append(PlannedChip(chip.placed(georeference), visible))
    return chips, int((~kept).sum())


def _chosen(image: Path, shown: list[list[VisibleObject]], keep_empty: float) -> NDArray[np.bool_]:
    """Windows to cut: all that show an object to learn from, and a share of the others drawn by the scene's name."""
    kept = np.array([any(not visible.labeled.difficult for visible in objects) for objects in shown], dtype=bool)
    empty = np.flatnonzero(~kept)
    rng = np.random.default_rng(zlib.crc32(image.name.encode()))
    kept[rng.permutation(empty)[: round(keep_empty * len(empty))]] = True
    return kept
