"""The runs that a report shows: predictions, evaluated on one labelled set, each with its training log."""

import math
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ship_det.evaluation.curves import average_precision, precision_recall_curve
from ship_det.evaluation.instances import GroundTruthForm, GroundTruths
from ship_det.evaluation.labeled_set import LabeledSet, OtherClasses, select_predictions
from ship_det.evaluation.matching import Matches, judge
from ship_det.evaluation.predictions import Predictions, read_predictions
from ship_det.evaluation.result import EvaluationResult
from ship_det.evaluation.scene_chips import SceneData
from ship_det.evaluation.scenes import MergedScenes, merge_scenes
from ship_det.evaluation.voc import evaluate_thresholds
from ship_det.report.training_log import TrainingLog, read_training_log
from ship_det.scenes.merging import MERGE_IOU

#: The usual threshold, reported beside the one asked for.
COMMON_IOU = 0.5


@dataclass(frozen=True)
class RunFiles:
    """Where a run is on disk.

    Attributes:
        name: how the report calls it.
        predictions: predictions file.
        log: MMEngine's scalars.json, or a work dir with one; None for none.
    """

    name: str
    predictions: str | os.PathLike
    log: str | os.PathLike | None = None

    def __post_init__(self) -> None:
        # Charts and folders of a comparison are called after it.
        if not re.fullmatch(r'\w[\w.+@ -]*', self.name):
            raise ValueError(f'run name {self.name!r}: expected letters, digits, blanks, "_", "-", "+", "@" or "."')


@dataclass(frozen=True)
class ReportOptions:
    """What a report shows.

    Attributes:
        list_file: image names to evaluate, one a line; None for the list of the data set whose images are predicted, or
            for all images.
        train_list: image names of the training part, for training instances; None for train.txt where there is one.
        iou_threshold: overlap a right detection needs.
        score_threshold: of precision and recall, the confusion matrix, the mistakes and the pictures.
        other_classes: what labels of classes that the predictions do not know are: 'error', 'background', 'ignore'.
        chips: most test chips to show.
        examples: most mistakes to show of each kind and class.
        views: most scenes to show, where the images are chips.
        title: of the page; None for 'Ship detection report', or 'Object ...' where classes are not ships.
        scenes: folder of the scenes that the images were cut from, to evaluate whole scenes too; None leaves them out.
        merge_iou: see ``ship_det.evaluation.merge_windows``.
        gsd: ground sampling distance of the scenes, m/px; None for what their georeference says.
        unlabeled: scenes without labels are left out of the figures of scenes, instead of being an error.
        ground_truth: what detections are compared with: the quads as labelled or 'rectangles' around them.
    """

    list_file: str | os.PathLike | None = None
    train_list: str | os.PathLike | None = None
    iou_threshold: float = 0.6
    score_threshold: float = 0.5
    other_classes: OtherClasses = 'error'
    chips: int = 24
    examples: int = 4
    views: int = 6
    title: str | None = None
    scenes: str | os.PathLike | None = None
    merge_iou: float = MERGE_IOU
    gsd: float | None = None
    unlabeled: bool = False
    ground_truth: GroundTruthForm = 'quads'


@dataclass(frozen=True)
class SceneResults:
    """The predictions of a run merged into whole scenes.

    Attributes:
        merged: predictions and labels of the scenes.
        results: by IoU threshold, those of the run's images.
    """

    merged: MergedScenes
    results: dict[float, EvaluationResult]


@dataclass(frozen=True)
class Run:
    """An evaluated run.

    Attributes:
        name: how the report calls it.
        source: predictions file.
        results: by IoU threshold, the main one first.
        left_out: predicted images that are not of the labelled set.
        log: training curves or None.
        scenes: results on whole scenes; None where not asked for.
    """

    name: str
    source: Path
    results: dict[float, EvaluationResult]
    left_out: int
    log: TrainingLog | None
    scenes: SceneResults | None = None

    @property
    def main(self) -> EvaluationResult:
        """Result at the main IoU threshold."""
        return next(iter(self.results.values()))

    @property
    def matches(self) -> Matches:
        """What became of each detection at the main IoU threshold."""
        return self.main.matches

    @property
    def classes(self) -> tuple[str, ...]:
        """Names."""
        return tuple(self.main.classes)

    @cached_property
    def shown(self) -> NDArray[np.bool_]:
        """(N,) detections that count: of at least the score threshold and not ignored."""
        return (self.matches.detections.scores >= self.main.score_threshold) & ~self.matches.ignored

    @cached_property
    def missed(self) -> NDArray[np.bool_]:
        """(M,) objects that no detection of at least the score threshold finds."""
        return self.matches.missed(self.main.score_threshold)


@dataclass(frozen=True)
class SizeBin:
    """Objects of some sizes.

    Attributes:
        mean_ap: mean over the classes with such objects; nan where there are none.
        count: number of objects.
    """

    mean_ap: float
    count: int


def read_all_predictions(files: Sequence[RunFiles]) -> list[Predictions]:
    """Read the predictions of runs that are to be compared.

    Raises:
        ValueError: their classes differ, two runs have one name, or a file is wrong.
    """
    if not files:
        raise ValueError('expected at least one predictions file, found none')
    names = [run.name for run in files]
    if len(set(names)) != len(names):
        raise ValueError(f'a name occurs twice in the runs {names}, expected NAME=FILE with different names')
    predictions = [read_predictions(run.predictions) for run in files]
    for run, read in zip(files, predictions, strict=True):
        if read.classes != predictions[0].classes:
            raise ValueError(
                f'{run.predictions}: found classes {list(read.classes)}, expected those of '
                f'{files[0].predictions}: {list(predictions[0].classes)}'
            )
    return predictions


def evaluate_run(files: RunFiles, predictions: Predictions, labeled: LabeledSet, options: ReportOptions) -> Run:
    """Evaluate a run at the main IoU threshold and at the common one.

    With a list, predictions of other images are left out.

    Raises:
        ValueError: an image has no predictions, or without a list there are predictions of an unknown image.
    """
    subset = options.list_file is not None
    selected, left_out = select_predictions(files.predictions, predictions, labeled, subset)
    results = evaluate_thresholds(
        selected.images,
        labeled.records,
        labeled.classes,
        list(dict.fromkeys([options.iou_threshold, COMMON_IOU])),
        score_threshold=options.score_threshold,
        ground_truth=options.ground_truth,
    )
    log = read_training_log(files.log) if files.log is not None else None
    return Run(files.name, Path(files.predictions), results, left_out, log)


def merge_run(run: Run, predictions: Predictions, labeled: LabeledSet, data: SceneData) -> Run:
    """The same run with its predictions on the labelled set merged into whole scenes.

    Raises:
        ValueError: as ``merge_scenes``, and where no scene has labels.
    """
    selected, _ = select_predictions(run.source, predictions, labeled, subset=True)
    merged = merge_scenes(selected, data)
    merged.chosen.require_labels(data.scenes, '; without --merge the page is about the images alone')
    results = merged.evaluate(
        list(run.results), score_threshold=run.main.score_threshold, ground_truth=run.main.ground_truth
    )
    return replace(run, scenes=SceneResults(merged, results))


def size_edges(truths: GroundTruths, bins: int = 4) -> NDArray[np.float64]:
    """Edges between sizes, the root of the area in px, that put equally many objects into each bin: (bins + 1,).

    Fewer where objects are alike; the first is 0 and the last infinity.
    """
    sizes = _sizes(truths.boxes)[~truths.difficult]
    inner = np.unique(np.quantile(sizes, np.arange(1, bins) / bins).round()) if len(sizes) else np.zeros(0)
    return np.concatenate([[0.0], inner[inner > 0], [np.inf]])


def ap_by_size(run: Run, edges: NDArray[np.float64]) -> list[SizeBin]:
    """Mean AP at the main IoU threshold of the objects of each size, between the edges, (B + 1,), of ``size_edges``.

    In each bin the objects of other sizes are ignore regions, and so are the wrong detections of other sizes that lie
    on no object (as in COCO's evaluation).
    """
    truths, found = run.matches.ground_truths, run.matches.detections
    truth_bin = np.digitize(_sizes(truths.boxes), edges) - 1
    found_bin = np.digitize(_sizes(found.boxes), edges) - 1
    bins = []
    for index in range(len(edges) - 1):
        counted = ~truths.difficult & (truth_bin == index)
        of_size = replace(truths, difficult=~counted)
        matches = judge(found, of_size, run.matches.overlaps, run.main.iou_threshold, run.main.min_iou)
        used = ~matches.ignored & ((matches.ground_truth >= 0) | (found_bin == index))
        values = []
        for label in np.unique(truths.labels[counted]):
            of_class, total = used & (found.labels == label), int((counted & (truths.labels == label)).sum())
            curve = precision_recall_curve(matches.right[of_class], found.scores[of_class], total)
            values.append(average_precision(curve.true_positives, total, run.main.ap_mode))
        bins.append(SizeBin(float(np.mean(values)) if values else math.nan, int(counted.sum())))
    return bins


def _sizes(boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.sqrt(boxes[:, 2] * boxes[:, 3])
