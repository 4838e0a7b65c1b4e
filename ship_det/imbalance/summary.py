"""What a list of class counts says, in one place: shares, factors, ratio and degree."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from ship_det.imbalance.measures import class_factors, factor_exponent, imbalance_degree, imbalance_ratio
from ship_det.progress import count_noun


@dataclass(frozen=True)
class ImbalanceSummary:
    """Counts of a training set and what follows from them; classes without instances have factor 1.

    Attributes:
        classes: class names, C of them.
        counts: instances of each class, shape (C,), int64.
        factors: factor f of each class in the CI loss, shape (C,).
        ratio: imbalance ratio rho over the classes that occur.
        degree: imbalance degree lambda over the classes that occur.
        exponent: power of N_max / N in the factors.
    """

    classes: tuple[str, ...]
    counts: np.ndarray
    factors: np.ndarray
    ratio: float
    degree: float
    exponent: float

    @property
    def shares(self) -> np.ndarray:
        """Share of each class in all instances, shape (C,)."""
        return self.counts / self.counts.sum()

    @property
    def absent(self) -> tuple[str, ...]:
        """Names of the classes without instances."""
        return tuple(name for name, count in zip(self.classes, self.counts, strict=True) if count == 0)

    @property
    def advice(self) -> str:
        """What to do beyond lambda = 1, where eq. (5) flattens the factors; empty elsewhere."""
        if self.exponent != 1 / 8:
            return ''
        return 'degree above 1: f is the power 1/8 of N_max / N, eq. (5); --loss ci_sqrt keeps the square root'

    def __str__(self) -> str:
        width = max(len(name) for name in ('class', *self.classes))
        lines = [f'{"class":{width}}  {"count":>9}  {"share":>7}  {"f":>7}']
        for name, count, share, factor in zip(self.classes, self.counts, self.shares, self.factors, strict=True):
            lines.append(f'{name:{width}}  {count:9d}  {share:7.2%}  {factor:7.3f}')
        instances = count_noun(self.counts.sum(), 'instance')
        lines.append(f'{instances}, imbalance ratio {self.ratio:.4g}, degree {self.degree:.4f}')
        lines += [self.advice] if self.advice else []
        return '\n'.join(lines)


def summarize(classes: Sequence[str], counts: ArrayLike, exponent: float | None = None) -> ImbalanceSummary:
    """Summarize the instances of each class, shape (C,); ``exponent`` of the factors in place of eq. (5)'s.

    Raises:
        ValueError: if names and counts differ in number, a count is negative, or there is no instance at all.
    """
    values = np.asarray(counts, dtype=np.int64)
    if len(values) != len(classes):
        raise ValueError(f'class counts: found {len(values)} counts, expected one for each of {len(classes)} classes')
    if exponent is None:
        exponent = factor_exponent(values, allow_absent=True)
    factors = class_factors(values, allow_absent=True, exponent=exponent)
    ratio = imbalance_ratio(values, allow_absent=True)
    degree = imbalance_degree(values, allow_absent=True)
    return ImbalanceSummary(tuple(classes), values, factors, ratio, degree, exponent)
