"""Evaluation of whole scenes: the detections of chips, put back where their chips were cut and merged.

Where chips without objects were not cut, false alarms that a detector would have there are not seen, so the share of
the scenes that chips cover belongs to the figures.
"""

import math
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ship_det.annotations.dota_folder import DotaFolder
from ship_det.evaluation.instances import ImageRecord, ground_truth_record
from ship_det.evaluation.labeled_set import read_objects
from ship_det.evaluation.predictions import Predictions, write_predictions
from ship_det.evaluation.result import EvaluationResult, SearchedArea
from ship_det.evaluation.scene_chips import ChosenScenes, SceneData, choose_scenes, read_windows
from ship_det.evaluation.voc import evaluate_thresholds
from ship_det.progress import count_noun
from ship_det.raster import pixel_area
from ship_det.scenes.merging import WindowDetections, Windows, merge_windows, to_scene
from ship_det.tiling.chip_index import INDEX_NAME


@dataclass(frozen=True)
class MergedScenes:
    """Predictions of whole scenes.

    Attributes:
        predictions: one record a scene, boxes in px of the scene.
        ground_truths: labels of those of the scenes that have some.
        chosen: which scenes these are, the chips of their grids, and which scenes were left out.
        num_detections: detections on these chips.
        covered: share of the area of the labelled scenes that lies in a chip.
        searched: the area of the labelled scenes in a chip, each place once.
        merge_iou: the threshold they were merged with.
        without_gsd: labelled scenes whose ground sampling distance is not known.
    """

    predictions: Predictions
    ground_truths: tuple[ImageRecord, ...]
    chosen: ChosenScenes
    num_detections: int
    covered: float
    searched: SearchedArea
    merge_iou: float
    without_gsd: tuple[str, ...]

    def evaluate(self, iou_thresholds: Sequence[float], **options: Any) -> dict[float, EvaluationResult]:
        """``evaluate_thresholds`` with the labelled scenes as images, and the area for the rate of false alarms.

        Returns:
            A result for each threshold; none where no scene has labels.
        """
        if not self.ground_truths:
            return {}
        records = [record for record in self.predictions.images if record['file'] not in self.chosen.unlabeled]
        options['searched'] = self.searched
        return evaluate_thresholds(records, self.ground_truths, self.predictions.classes, iou_thresholds, **options)

    def write(self, path: str | os.PathLike) -> None:
        """Write the merged predictions: a predictions file whose images are the scenes."""
        write_predictions(path, self.predictions.classes, self.predictions.images)

    def table(self, results: Iterable[EvaluationResult]) -> str:
        """Tables of some results of these scenes, and what was merged."""
        return '\n'.join([*(result.table('scene') for result in results), *self.notes()])

    def notes(self) -> list[str]:
        """What was merged and what was left out, a sentence each."""
        chosen, kept = self.chosen, sum(len(record['scores']) for record in self.predictions.images)
        chips, scenes = sum(map(len, chosen.whole.values())), count_noun(len(self.predictions.images), 'scene')
        notes = [
            f'Merged {count_noun(self.num_detections, "detection")} on {count_noun(chips, "chip")} into {kept} on '
            f'{scenes}: rotated NMS of each class at IoU {self.merge_iou:g}, pieces of objects that chips cut removed '
            'or joined.',
        ]
        if self.ground_truths:
            notes += [self._coverage(), self._area()]
        if chosen.unlabeled:
            scenes = count_noun(len(chosen.unlabeled), 'scene')
            notes.append(
                f'No figures of {scenes} without labels, first {chosen.unlabeled[0]}; their chips count as chips '
                'without objects, where chips are evaluated.'
            )
        if chosen.num_added is None:
            notes.append(
                f'{INDEX_NAME} does not say which chips were added on ships, so that labels chose some of those merged.'
            )
        elif chosen.num_added:
            notes.append(f'Left out {count_noun(chosen.num_added, "chip")} added on ships: only the grid counts.')
        if chosen.partial:
            name, (predicted, total) = next(iter(chosen.partial.items()))
            scenes = count_noun(len(chosen.partial), 'scene')
            notes.append(
                f'Left out {scenes} of which only some chips were tested, first {name}: {predicted} of {total}.'
            )
        if chosen.absent:
            notes.append(f'Left out {count_noun(chosen.absent, "scene")} none of whose chips was tested.')
        return notes

    def _coverage(self) -> str:
        if self.covered > 1 - 1e-9:
            return 'The chips cover 100 % of the scenes, so that a false alarm counts wherever it is.'
        # Rounded down: 99.99 % is not all.
        share = math.floor(1e3 * self.covered) / 10 if self.covered > 0.99 else 100 * self.covered
        return (
            f'The chips cover {share:.3g} % of the scenes; what a detector finds elsewhere does not show. There is no '
            'data, or no chip was cut since it shows no ship (ship-det tile --keep-empty 1 cuts those).'
        )

    def _area(self) -> str:
        searched = self.searched
        if searched.km2 is not None:
            area = f'{searched.km2:.3g} km2'
        else:
            scenes = f'{len(self.without_gsd)} of {count_noun(len(self.ground_truths), "scene")}'
            area = (
                f'{searched.megapixels:.3g} Mpx, as {scenes} have no georeference, first {self.without_gsd[0]} (--gsd '
                'gives metres a pixel)'
            )
        return f'False alarms are counted on {area}, the area in a chip; the last line has those of all classes.'


def merge_scenes(predictions: Predictions, data: SceneData) -> MergedScenes:
    """Merge the predictions on chips into predictions on their scenes.

    Raises:
        ValueError: a predicted image is not in ``chips.jsonl``, no scene has all its chips predicted, or a scene, chip
            or label file is missing or wrong; the message names it.
    """
    by_file = {record['file']: record for record in predictions.images}
    chosen = choose_scenes(by_file, data)
    folder = DotaFolder(data.scenes)
    records, truths, sizes, covered, pixel_areas = [], [], [], [], []
    without_gsd = []
    for scene, chips in chosen.whole.items():
        image = folder.image_dir / scene
        windows = read_windows(data, image, chips)
        records.append(merge_scene(image.name, [by_file[chip.file] for chip in chips], windows, data.merge_iou))
        if scene in chosen.unlabeled:
            continue
        objects, regions = read_objects(folder, image, predictions.classes, data.other_classes)
        truths.append({'file': image.name, **ground_truth_record(objects, predictions.classes, regions)})
        sizes.append(windows.scene[0] * windows.scene[1])
        covered.append(windows.covered)
        area = data.gsd**2 if data.gsd is not None else pixel_area(image)
        if area is None:
            without_gsd.append(scene)
        else:
            pixel_areas.append(area)
    searched = np.multiply(covered, sizes)
    km2 = None if without_gsd else float(np.dot(searched, pixel_areas)) / 1e6
    return MergedScenes(
        predictions=Predictions(predictions.classes, tuple(records)),
        ground_truths=tuple(truths),
        chosen=chosen,
        num_detections=sum(len(by_file[chip.file]['scores']) for chips in chosen.whole.values() for chip in chips),
        covered=float(searched.sum() / max(sum(sizes), 1)),
        searched=SearchedArea(float(searched.sum()) / 1e6, km2),
        merge_iou=data.merge_iou,
        without_gsd=tuple(without_gsd),
    )


def merge_scene(name: str, records: Sequence[ImageRecord], windows: Windows, merge_iou: float) -> dict[str, Any]:
    """The record of one scene from those of its chips."""
    window = np.repeat(np.arange(len(records)), [len(record['scores']) for record in records])
    boxes = np.concatenate([np.asarray(record['boxes'], dtype=np.float64).reshape(-1, 5) for record in records])
    joined = {key: np.concatenate([np.asarray(record[key]) for record in records]) for key in ('scores', 'labels')}
    found = WindowDetections(to_scene(boxes, window, windows), joined['scores'], joined['labels'], window)
    merged = merge_windows(found, windows, merge_iou)
    return {'file': name, 'boxes': merged.boxes, 'scores': merged.scores, 'labels': merged.labels}
