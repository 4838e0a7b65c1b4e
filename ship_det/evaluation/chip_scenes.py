"""Predictions of chips put back into the scenes that they were cut from, which need no labels here."""

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ship_det.annotations.dota_folder import DotaFolder
from ship_det.annotations.folders import list_images
from ship_det.evaluation.predictions import Predictions
from ship_det.evaluation.scene_chips import chip_windows, group_by_scene
from ship_det.evaluation.scenes import merge_scene
from ship_det.progress import count_noun
from ship_det.scenes.merging import MERGE_IOU
from ship_det.scenes.scene import Scene, describe_scene
from ship_det.tiling.chip_index import INDEX_NAME, Chip, read_chip_index


@dataclass(frozen=True)
class LocatedPredictions:
    """Predictions, and the images that they are of.

    Attributes:
        predictions: a record an image.
        scenes: the image of each record.
        notes: what was done to get there, a sentence each.
    """

    predictions: Predictions
    scenes: tuple[Scene, ...]
    notes: tuple[str, ...] = ()


def merge_chips(
    predictions: Predictions, chips: str | os.PathLike, scenes: str | os.PathLike | None = None
) -> LocatedPredictions:
    """Merge the predictions of chips of each scene, as ``evaluate --merge`` does it.

    Of a scene of which some chips have no predictions, those that have are merged. Chips that were added on ships are
    left out: labels chose them.

    Args:
        predictions: of chips.
        chips: folder with ``chips.jsonl``, which says where the chips lie.
        scenes: folder of the scenes, where the index does not know where on Earth they are.

    Raises:
        ValueError: a predicted image is no chip, or a scene is not in its folder.
    """
    index = read_chip_index(chips)
    by_file = {record['file']: record for record in predictions.images}
    unknown = set(by_file).difference(chip.file for chip in index)
    if unknown:
        raise ValueError(
            f'{Path(chips) / INDEX_NAME}: no line for {len(unknown)} of '
            f'{count_noun(len(by_file), "image")} with predictions, first {min(unknown)}'
        )
    records, described, partial = [], [], []
    num_chips = num_detections = num_added = 0
    for name, of_this in group_by_scene(index).items():
        predicted = [chip for chip in of_this if chip.file in by_file]
        grid = [chip for chip in predicted if not chip.added]
        num_added += len(predicted) - len(grid)
        if not grid:
            continue
        if len(grid) < sum(not chip.added for chip in of_this):
            partial.append(name)
        scene = _describe(name, of_this, scenes)
        chosen = [by_file[chip.file] for chip in grid]
        records.append(merge_scene(name, chosen, chip_windows(grid, scene.size), MERGE_IOU))
        described.append(scene)
        num_chips += len(grid)
        num_detections += sum(len(record['scores']) for record in chosen)
    kept = sum(len(record['scores']) for record in records)
    merged = f'{count_noun(num_detections, "detection")} on {count_noun(num_chips, "chip")}'
    notes = [f'merged {merged} into {kept} in {count_noun(len(records), "scene")}']
    if partial:
        notes.append(f'scenes of which only some chips have predictions: {len(partial)}, first {partial[0]}')
    if num_added:
        notes.append(f'left out {count_noun(num_added, "chip")} that labels added on ships: only the grid counts')
    if not records:
        raise ValueError(f'{chips}: no chip of a grid has predictions, expected some to merge')
    return LocatedPredictions(Predictions(predictions.classes, tuple(records)), tuple(described), tuple(notes))


def locate_images(predictions: Predictions, folder: str | os.PathLike) -> LocatedPredictions:
    """Find the images that predictions are of, in their folder or in ``images/`` of a data set.

    Raises:
        ValueError: naming one that is not there.
    """
    images = {image.name: image for image in list_images(_image_folder(folder))}
    files = [record['file'] for record in predictions.images]
    missing = [file for file in files if file not in images]
    if missing:
        raise ValueError(
            f'{_image_folder(folder)}: lacks {len(missing)} of {count_noun(len(files), "image")} with predictions, '
            f'first {missing[0]}'
        )
    return LocatedPredictions(predictions, tuple(describe_scene(images[file], Path(file).stem) for file in files))


def _describe(name: str, chips: list[Chip], folder: str | os.PathLike | None) -> Scene:
    if folder is not None:
        path = _image_folder(folder) / name
        if not path.is_file():
            raise ValueError(f'{path}: no such file, expected a scene that chips were cut from')
        return describe_scene(path, Path(name).stem)
    georeference = next((chip.scene_georeference for chip in chips if chip.crs is not None), None)
    # The grid reaches all borders, but where nothing but nodata lies there.
    x, y, w, h = np.array([chip.window for chip in chips]).T
    return Scene(Path(name).stem, name, (int((x + w).max()), int((y + h).max())), georeference)


def _image_folder(root: str | os.PathLike) -> Path:
    folder = DotaFolder(root).image_dir
    return folder if folder.is_dir() else Path(root)
