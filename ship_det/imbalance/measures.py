"""Imbalance ratio, imbalance degree and class factors of a list of class counts.

Equation numbers are those of "Class Imbalance Loss for Imbalanced Object Recognition", IEEE JSTARS 13, 2020.
"""

import numpy as np
from numpy.typing import ArrayLike

#: Above this imbalance degree the exponent of the class factor falls from 1/2 to 1/8, eq. (5).
DEGREE_LIMIT = 1.0


def imbalance_ratio(counts: ArrayLike, *, allow_absent: bool = False) -> float:
    """Largest class count over the smallest, rho of eq. (1).

    Args:
        counts: instances of each class, shape (C,).
        allow_absent: leave classes with a count of 0 out; without it they are an error.

    Raises:
        ValueError: if ``counts`` is empty or a count is zero, negative or not finite.
    """
    present = _present(_checked(counts, allow_absent))
    return float(present.max() / present.min())


def imbalance_degree(counts: ArrayLike, *, allow_absent: bool = False) -> float:
    """Mean number of decades by which the classes fall short of the largest, lambda of eq. (2).

    Equal to log10 of the largest count over the geometric mean of the counts: 0 for a balanced set.
    Arguments and errors are those of :func:`imbalance_ratio`.
    """
    present = _present(_checked(counts, allow_absent))
    return float(-np.mean(np.log10(present / present.max()))) + 0.0


def factor_exponent(counts: ArrayLike, *, allow_absent: bool = False) -> float:
    """Power of N_max / N_i in the class factor, eq. (5): 1/2 while lambda <= 1, else 1/8.

    It jumps where lambda = 1, and natural settings (half of the classes cut 100:1) lie exactly there, so the comparison
    allows for rounding. Arguments and errors are those of :func:`imbalance_ratio`.
    """
    rounding = max(1e-9, _resolution(counts))
    return 1 / 2 if imbalance_degree(counts, allow_absent=allow_absent) <= DEGREE_LIMIT + rounding else 1 / 8


def class_factors(counts: ArrayLike, *, allow_absent: bool = False, exponent: float | None = None) -> np.ndarray:
    """Factor f of each class in the CI loss, eq. (5), shape (C,), float64.

    f = (N_max / N_i)^(1/2) while lambda <= 1, else (N_max / N_i)^(1/8), see :func:`factor_exponent`.
    With ``allow_absent`` a class without instances gets f = 1 and stays out of lambda and N_max. ``exponent`` takes the
    place of 1/2 and 1/8, whatever lambda. The other arguments and errors are those of :func:`imbalance_ratio`.
    """
    checked = _checked(counts, allow_absent)
    present = _present(checked)
    if exponent is None:
        exponent = factor_exponent(counts, allow_absent=allow_absent)
    elif not 0 <= exponent <= 1:
        raise ValueError(f'exponent: found {exponent}, expected 0 to 1, or None for eq. (5)')
    return np.where(checked > 0, (present.max() / np.where(checked > 0, checked, 1.0)) ** exponent, 1.0)


def _resolution(counts: ArrayLike) -> float:
    """Relative spacing of the numbers ``counts`` came in: counts may be shares stored in a short float type."""
    dtype = np.asarray(counts).dtype
    return float(np.finfo(dtype).eps) if np.issubdtype(dtype, np.floating) else 0.0


def _present(checked: np.ndarray) -> np.ndarray:
    return checked[checked > 0]


def _checked(counts: ArrayLike, allow_absent: bool) -> np.ndarray:
    values = np.asarray(counts, dtype=np.float64)
    if values.ndim != 1 or values.size == 0:
        raise ValueError(f'class counts: found shape {values.shape}, expected one count a class, shape (C,)')
    for index, value in enumerate(values):
        if not np.isfinite(value) or value < 0:
            raise ValueError(f'class counts: found {value} for class {index}, expected a finite number above 0')
        if value == 0 and not allow_absent:
            raise ValueError(
                f'class counts: found 0 for class {index}, expected a finite number above 0 '
                '(allow_absent=True leaves classes without instances out)'
            )
    if not values.any():
        raise ValueError('class counts: found 0 for every class, expected at least one instance')
    return values
