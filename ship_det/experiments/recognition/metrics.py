"""Scores of a classifier on a test set."""

from dataclasses import dataclass

import numpy as np
from scipy import stats


@dataclass(frozen=True)
class Scores:
    """What a classifier reached.

    Attributes:
        accuracy: share of right answers.
        recalls: share of right answers among the images of each class, shape (C,).
        gmean: geometric mean of the recalls, 0 where one is 0.
        auc: mean over the classes of the area under the ROC curve of the class against all others.
    """

    accuracy: float
    recalls: np.ndarray
    gmean: float
    auc: float


def score(class_scores: np.ndarray, labels: np.ndarray) -> Scores:
    """Score a classifier; the class with the highest score is its answer.

    Args:
        class_scores: shape (N, C): softmax outputs, or their logarithms, which do not round to ties.
        labels: class indices, shape (N,); every class occurs.
    """
    classes = class_scores.shape[1]
    right = class_scores.argmax(axis=1) == labels
    totals = np.bincount(labels, minlength=classes)
    if not totals.all():
        raise ValueError(f'labels: found no image of class {totals.argmin()}, expected some of each of {classes}')
    recalls = np.bincount(labels[right], minlength=classes) / totals
    areas = [rank_auc(class_scores[:, label], labels == label) for label in range(classes)]
    return Scores(float(right.mean()), recalls, float(stats.gmean(recalls)), float(np.mean(areas)))


def rank_auc(values: np.ndarray, positive: np.ndarray) -> float:
    """Area under the ROC curve: chance that a positive has a higher value than a negative, ties counting half.

    Args:
        values: shape (N,).
        positive: bool, shape (N,), with both kinds.
    """
    positives = int(positive.sum())
    pairs = positives * (len(values) - positives)
    if not pairs:
        raise ValueError(f'positive: found {positives} positives of {len(values)}, expected both kinds')
    ranks = stats.rankdata(values)[positive].sum()
    return float((ranks - positives * (positives + 1) / 2) / pairs)
