"""Scores of a classifier on a test set. NumPy only."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Scores:
    """What a classifier reached.

    Attributes:
        accuracy: share of right answers.
        recalls: share of right answers among the images of each class, shape (C,).
        gmean: geometric mean of the recalls.
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
    return Scores(float(right.mean()), recalls, geometric_mean(recalls), float(np.mean(areas)))


def geometric_mean(recalls: np.ndarray) -> float:
    """Geometric mean of recalls, shape (C,); 0 where one is 0."""
    if not recalls.all():
        return 0.0
    return float(np.exp(np.log(recalls).mean()))


def rank_auc(values: np.ndarray, positive: np.ndarray) -> float:
    """Area under the ROC curve: chance that a positive has a higher value than a negative, ties counting half.

    Args:
        values: shape (N,).
        positive: bool, shape (N,), with both kinds.
    """
    _, inverse, sizes = np.unique(values, return_inverse=True, return_counts=True)
    # The mean of the ranks, from 1, of each run of equal values.
    ranks = (np.cumsum(sizes) - (sizes - 1) / 2)[inverse]
    positives = int(positive.sum())
    negatives = len(values) - positives
    if not positives or not negatives:
        raise ValueError(f'positive: found {positives} positives of {len(values)}, expected both kinds')
    return float((ranks[positive].sum() - positives * (positives + 1) / 2) / (positives * negatives))
