"""Intervals and the paired test."""

import math

import pytest

from ship_det.experiments.statistics import estimate, paired_p_value, student_central, student_quantile


@pytest.mark.parametrize(
    ('degrees', 'quantile'),
    # A printed table of Student's t, two-sided 95 %.
    [(1, 12.706), (2, 4.303), (3, 3.182), (4, 2.776), (9, 2.262), (19, 2.093), (60, 2.000), (99, 1.984)],
)
def test_quantiles(degrees, quantile):
    assert student_quantile(0.95, degrees) == pytest.approx(quantile, abs=5e-4)


def test_central_share_in_closed_form():
    # One degree is Cauchy's distribution; two have an elementary one.
    assert student_central(1.0, 1) == pytest.approx(0.5)
    assert student_central(3.0, 2) == pytest.approx(3 / math.sqrt(11))
    assert student_central(0.0, 7) == 0


def test_interval_by_hand():
    # Deviation 1, standard error 1 / sqrt 3, t = 4.3027.
    result = estimate([1.0, 2.0, 3.0])
    assert (result.mean, result.trials) == (2.0, 3)
    assert result.margin == pytest.approx(4.3027 / math.sqrt(3), abs=1e-4)
    assert math.isnan(estimate([0.5]).margin)
    with pytest.raises(ValueError, match='found none'):
        estimate([])


def test_paired_test_by_hand():
    # Differences 1, 2, 3: t = 2 sqrt 3 with two degrees, so p = 1 - t / sqrt(2 + t^2) = 1 - sqrt(12 / 14).
    assert paired_p_value([11, 22, 33], [10, 20, 30]) == pytest.approx(1 - math.sqrt(12 / 14))
    assert paired_p_value([10, 20, 30], [11, 22, 33]) == pytest.approx(1 - math.sqrt(12 / 14))
    assert paired_p_value([1, 2], [1, 2]) == 1
    assert paired_p_value([2, 3], [1, 2]) == 0
    assert math.isnan(paired_p_value([1], [2]))
