"""What a run got wrong: misses, false alarms and confusions, and the confusion matrix with background."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ship_det.evaluation.labeled_set import LabeledSet
from ship_det.geometry import pairwise_iou
from ship_det.report.runs import Run

# A detection that overlaps an object of its class by this much, but not enough, is a badly placed box.
_NEAR_IOU = 0.1


@dataclass(frozen=True)
class Mistake:
    """One mistake.

    Attributes:
        kind: 'miss', 'false alarm' or 'confusion'.
        image: index of the image.
        label: class of the ground truth, or of the detection for a false alarm.
        detection: row of the detection; for a miss the detection that overlaps most, -1 for none.
        truth: row of the ground truth; for a false alarm the one overlapped most, -1 for none.
        iou: of detection and ground truth.
        reason: in words.
    """

    kind: str
    image: int
    label: int
    detection: int
    truth: int
    iou: float
    reason: str


@dataclass(frozen=True)
class Analysis:
    """Judgement of the detections of at least the score threshold at the main IoU threshold.

    Attributes:
        confusion: (C + 1, C + 1) counts, ground truth in rows, detections in columns, background last.
        mistakes: worst first within each kind: the largest misses with the least overlap, then the false alarms and
            confusions of highest score.
    """

    confusion: NDArray[np.int64]
    mistakes: tuple[Mistake, ...]


def analyze(run: Run, labeled: LabeledSet) -> Analysis:
    """Sort the detections of a run into right ones and kinds of mistakes.

    Right are those that the evaluation counts as right. Of the others, those that overlap a ground truth of another
    class by more than the IoU threshold are confusions, largest overlap first, one for each ground truth that is not
    found otherwise. The rest are false alarms; ground truths without either are misses. Difficult objects are left
    out, and so are detections of their class on them and those in ignore regions that are not right.
    """
    count = len(labeled.classes)
    confusion = np.zeros((count + 1, count + 1), dtype=np.int64)
    labels = labeled.truths.labels
    found = _shown(run)
    right = found[run.matches.right[found]]
    np.add.at(confusion, (labels[run.matches.ground_truth[right]], run.detections.labels[right]), 1)
    mistakes: list[Mistake] = []
    for image in range(len(labeled.images)):
        mistakes.extend(_mistakes_of_image(run, labeled, image, found[run.detections.image[found] == image]))
    for one in mistakes:
        row = count if one.kind == 'false alarm' else one.label
        column = count if one.kind == 'miss' else run.detections.labels[one.detection]
        confusion[row, column] += 1
    return Analysis(confusion, tuple(sorted(mistakes, key=lambda one: _badness(one, run, labeled))))


def _shown(run: Run) -> NDArray[np.intp]:
    """Rows of the detections that count: of enough score and not ignored."""
    return np.flatnonzero((run.detections.scores >= run.main.score_threshold) & ~run.matches.ignored)


def _mistakes_of_image(run: Run, labeled: LabeledSet, image: int, rows: NDArray[np.intp]) -> list[Mistake]:
    truths, detections, matches = labeled.truths, run.detections, run.matches
    truth_rows = np.flatnonzero(truths.image == image)
    wrong = rows[~matches.right[rows]]
    taken = matches.ground_truth[rows[matches.right[rows]]]
    open_rows = np.setdiff1d(truth_rows[~truths.difficult[truth_rows]], taken)
    iou = pairwise_iou(detections.boxes[wrong], truths.shapes[truth_rows])
    position = {row: index for index, row in enumerate(truth_rows.tolist())}
    columns = [position[row] for row in open_rows.tolist()]
    allowed = detections.labels[wrong][:, None] != truths.labels[open_rows][None]
    pairs = _pair_up(np.where(allowed, iou[:, columns], 0), run.main.iou_threshold)
    mistakes = [_confusion(run, labeled, int(wrong[i]), int(open_rows[j]), float(iou[i, columns[j]])) for i, j in pairs]
    paired_wrong, paired_open = {i for i, _ in pairs}, {j for _, j in pairs}
    for index, row in enumerate(wrong.tolist()):
        if index not in paired_wrong:
            mistakes.append(_false_alarm(run, labeled, row, truth_rows, iou[index]))
    every_iou = pairwise_iou(detections.boxes[rows], truths.shapes[open_rows])
    for index, row in enumerate(open_rows.tolist()):
        if index not in paired_open:
            mistakes.append(_miss(run, labeled, row, rows, every_iou[:, index]))
    return mistakes


def _pair_up(iou: NDArray[np.float64], threshold: float) -> list[tuple[int, int]]:
    """Pairs of a row and a column above the threshold, each used once, largest first."""
    candidates = np.argwhere(iou > threshold)
    order = np.argsort(-iou[iou > threshold], kind='stable')
    pairs: list[tuple[int, int]] = []
    for i, j in candidates[order].tolist():
        if all(i != used_i and j != used_j for used_i, used_j in pairs):
            pairs.append((i, j))
    return pairs


def _confusion(run: Run, labeled: LabeledSet, row: int, truth: int, iou: float) -> Mistake:
    label = int(labeled.truths.labels[truth])
    taken_for = labeled.classes[run.detections.labels[row]]
    reason = f'{labeled.classes[label]} taken for {taken_for}'
    return Mistake('confusion', int(run.detections.image[row]), label, row, truth, iou, reason)


def _false_alarm(run: Run, labeled: LabeledSet, row: int, truth_rows: NDArray[np.intp], iou: NDArray) -> Mistake:
    """A wrong detection and why it is wrong."""
    label, image = int(run.detections.labels[row]), int(run.detections.image[row])
    best = int(np.argmax(iou)) if iou.size else -1
    if best < 0 or iou[best] <= _NEAR_IOU:
        return Mistake('false alarm', image, label, row, -1, 0.0, 'no object there')
    of_class = np.where(labeled.truths.labels[truth_rows] == label, iou, 0)
    if of_class.max() > _NEAR_IOU:
        best = int(np.argmax(of_class))
    truth, overlap = int(truth_rows[best]), float(iou[best])
    name = labeled.classes[labeled.truths.labels[truth]]
    if labeled.truths.difficult[truth]:
        reason = 'on an object marked difficult'
    elif overlap <= run.main.iou_threshold:
        reason = 'box badly placed' if name == labeled.classes[label] else f'overlaps {name}'
    else:
        reason = 'object found already' if name == labeled.classes[label] else f'{name} found already'
    return Mistake('false alarm', image, label, row, truth, overlap, reason)


def _miss(run: Run, labeled: LabeledSet, truth: int, rows: NDArray[np.intp], iou: NDArray) -> Mistake:
    """An object that was not found, and the detection that came nearest."""
    label, image = int(labeled.truths.labels[truth]), int(labeled.truths.image[truth])
    if not iou.size or iou.max() <= _NEAR_IOU:
        return Mistake('miss', image, label, -1, truth, 0.0, 'no detection there')
    best = int(np.argmax(iou))
    name = labeled.classes[run.detections.labels[rows[best]]]
    reason = 'box badly placed' if name == labeled.classes[label] else f'only overlapped by {name}'
    return Mistake('miss', image, label, int(rows[best]), truth, float(iou[best]), reason)


def _badness(one: Mistake, run: Run, labeled: LabeledSet) -> tuple:
    """Sort key, worst first; image and rows make the order definite."""
    if one.kind == 'miss':
        worst = (round(one.iou, 1), -float(labeled.truths.boxes[one.truth, 2:4].prod()))
    else:
        worst = (-float(run.detections.scores[one.detection]), 0.0)
    return (one.kind, *worst, one.image, one.truth, one.detection)
