"""Means with intervals and a paired test, by Student's t distribution."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike


@dataclass(frozen=True)
class Estimate:
    """A mean of trials.

    Attributes:
        mean: over the trials.
        margin: half the width of the interval around it; NaN for a single trial.
        trials: how many there are.
    """

    mean: float
    margin: float
    trials: int


def estimate(values: ArrayLike, confidence: float = 0.95) -> Estimate:
    """Mean of independent trials with a t interval."""
    array = np.asarray(values, dtype=np.float64)
    if array.size == 0:
        raise ValueError('values: found none, expected at least one trial')
    if array.size == 1:
        return Estimate(float(array[0]), math.nan, 1)
    error = array.std(ddof=1) / math.sqrt(array.size)
    return Estimate(float(array.mean()), float(student_quantile(confidence, array.size - 1) * error), array.size)


def paired_p_value(values: ArrayLike, baseline: ArrayLike) -> float:
    """Two-sided p of the paired t test: how likely so large a mean difference is where the true one is 0.

    NaN for a single pair; where all differences are the same, 1 if they are 0, else 0.
    """
    differences = np.asarray(values, dtype=np.float64) - np.asarray(baseline, dtype=np.float64)
    if differences.size < 2:
        return math.nan
    mean, deviation = float(differences.mean()), float(differences.std(ddof=1))
    if deviation == 0:
        return 0.0 if mean else 1.0
    return 1 - student_central(abs(mean) / deviation * math.sqrt(differences.size), differences.size - 1)


def student_central(t: float, degrees: int) -> float:
    """Chance that Student's t with whole degrees of freedom lies within -t to t.

    The finite series 26.7.3 and 26.7.4 of Abramowitz and Stegun, Handbook of Mathematical Functions.
    """
    angle = math.atan(t / math.sqrt(degrees))
    square = math.cos(angle) ** 2
    if degrees % 2 == 0:
        term, total = 1.0, 1.0
        for i in range(1, degrees // 2):
            term *= square * (2 * i - 1) / (2 * i)
            total += term
        return math.sin(angle) * total
    term, total = math.cos(angle), 0.0
    for i in range(1, (degrees - 1) // 2 + 1):
        total += term
        term *= square * (2 * i) / (2 * i + 1)
    return 2 / math.pi * (angle + math.sin(angle) * total)


def student_quantile(confidence: float, degrees: int) -> float:
    """The t for which Student's t lies within -t to t with chance ``confidence``."""
    low, high = 0.0, 1.0
    while student_central(high, degrees) < confidence:
        high *= 2
    for _ in range(80):
        middle = (low + high) / 2
        if student_central(middle, degrees) < confidence:
            low = middle
        else:
            high = middle
    return high
