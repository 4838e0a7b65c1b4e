"""What a run got wrong: misses, false alarms and confusions, and the confusion matrix with background."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ship_det.geometry import pairwise_iou
from ship_det.report.runs import Run

# A detection that overlaps an object of its class by this much, but not enough, is a badly placed box.
_NEAR_IOU = 0.1


@dataclass(frozen=True)
class Mistake:
    """A mistake.

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


class Tally(NamedTuple):
    """How many ships of a class there are, how many of these were missed or taken for another class, false alarms."""

    ships: int
    missed: int
    confused: int
    false_alarms: int


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

    def tally(self, label: int) -> Tally:
        """Mistakes of a class, from the confusion matrix."""
        row = self.confusion[label]
        confused = row[:-1].sum() - row[label]
        return Tally(int(row.sum()), int(row[-1]), int(confused), int(self.confusion[-1, label]))


def analyze(run: Run) -> Analysis:
    """Sort the detections of a run into right ones and kinds of mistakes.

    Right are those that the evaluation counts as right. Of the others, those that overlap a ground truth of another
    class by more than the IoU threshold are confusions, largest overlap first, one for each ground truth that is not
    found otherwise. The rest are false alarms; ground truths without either are misses. Difficult objects are left
    out, and so are detections of their class on them and those in ignore regions that are not right.
    """
    count, matches = len(run.classes), run.matches
    confusion = np.zeros((count + 1, count + 1), dtype=np.int64)
    found = matches.detections.labels
    right = run.shown & matches.right
    np.add.at(confusion, (matches.ground_truths.labels[matches.ground_truth[right]], found[right]), 1)
    mistakes = [mistake for image in range(run.main.num_images) for mistake in _find_mistakes(run, image)]
    for mistake in mistakes:
        row = count if mistake.kind == 'false alarm' else mistake.label
        column = count if mistake.kind == 'miss' else found[mistake.detection]
        confusion[row, column] += 1
    return Analysis(confusion, tuple(sorted(mistakes, key=lambda mistake: _rank(mistake, run))))


def _find_mistakes(run: Run, image: int) -> list[Mistake]:
    """The mistakes in an image: confusions, then false alarms, then misses."""
    found, truths = run.matches.detections, run.matches.ground_truths
    rows = np.flatnonzero(run.shown & (found.image == image))
    columns = np.flatnonzero(truths.image == image)
    iou = pairwise_iou(found.boxes[rows], truths.shapes[columns])
    wrong, missed = ~run.matches.right[rows], run.missed[columns]
    other_class = found.labels[rows][:, None] != truths.labels[columns]
    pairs = _pair_up(np.where(wrong[:, None] & missed & other_class, iou, 0), run.main.iou_threshold)
    mistakes = []
    for row, column in pairs:
        wrong[row] = missed[column] = False
        mistakes.append(_confusion(run, int(rows[row]), int(columns[column]), float(iou[row, column])))
    mistakes += [_false_alarm(run, int(rows[row]), columns, iou[row]) for row in np.flatnonzero(wrong)]
    return mistakes + [_miss(run, int(columns[column]), rows, iou[:, column]) for column in np.flatnonzero(missed)]


def _pair_up(iou: NDArray[np.float64], threshold: float) -> list[tuple[int, int]]:
    """Pairs of a row and a column above the threshold, each used once, largest first."""
    candidates = np.argwhere(iou > threshold)
    order = np.argsort(-iou[iou > threshold], kind='stable')
    pairs: list[tuple[int, int]] = []
    for row, column in candidates[order].tolist():
        if all(row != used_row and column != used_column for used_row, used_column in pairs):
            pairs.append((row, column))
    return pairs


def _confusion(run: Run, row: int, truth: int, iou: float) -> Mistake:
    found, label = run.matches.detections, int(run.matches.ground_truths.labels[truth])
    reason = f'{run.classes[label]} taken for {run.classes[found.labels[row]]}'
    return Mistake('confusion', int(found.image[row]), label, row, truth, iou, reason)


def _false_alarm(run: Run, row: int, truth_rows: NDArray[np.intp], iou: NDArray[np.float64]) -> Mistake:
    """A wrong detection and why it is wrong; ``iou``: (T,) with the objects of its image."""
    found, truths = run.matches.detections, run.matches.ground_truths
    label, image = int(found.labels[row]), int(found.image[row])
    if iou.max(initial=0) <= _NEAR_IOU:
        return Mistake('false alarm', image, label, row, -1, 0.0, 'no object there')
    of_class = np.where(truths.labels[truth_rows] == label, iou, 0)
    best = int(np.argmax(of_class if of_class.max() > _NEAR_IOU else iou))
    truth, overlap = int(truth_rows[best]), float(iou[best])
    same, name = truths.labels[truth] == label, run.classes[truths.labels[truth]]
    if truths.difficult[truth]:
        reason = 'on an object marked difficult'
    elif overlap <= run.main.iou_threshold:
        reason = 'box badly placed' if same else f'overlaps {name}'
    else:
        reason = 'object found already' if same else f'{name} found already'
    return Mistake('false alarm', image, label, row, truth, overlap, reason)


def _miss(run: Run, truth: int, rows: NDArray[np.intp], iou: NDArray[np.float64]) -> Mistake:
    """An object that was not found; ``iou``: (R,) with the detections of its image."""
    found, truths = run.matches.detections, run.matches.ground_truths
    label, image = int(truths.labels[truth]), int(truths.image[truth])
    if iou.max(initial=0) <= _NEAR_IOU:
        return Mistake('miss', image, label, -1, truth, 0.0, 'no detection there')
    best = int(np.argmax(iou))
    name = run.classes[found.labels[rows[best]]]
    reason = 'box badly placed' if name == run.classes[label] else f'only overlapped by {name}'
    return Mistake('miss', image, label, int(rows[best]), truth, float(iou[best]), reason)


def _rank(mistake: Mistake, run: Run) -> tuple:
    """Sort key, worst first; image and rows make the order definite."""
    if mistake.kind == 'miss':
        worst = (round(mistake.iou, 1), -float(run.matches.ground_truths.boxes[mistake.truth, 2:4].prod()))
    else:
        worst = (-float(run.matches.detections.scores[mistake.detection]), 0.0)
    return (mistake.kind, *worst, mistake.image, mistake.truth, mistake.detection)
