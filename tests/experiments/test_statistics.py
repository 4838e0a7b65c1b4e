"""Intervals and paired tests."""

import math
from itertools import product

import numpy as np
import pytest

from ship_det.experiments.statistics import estimate, estimate_median, holm, paired_p_value, paired_rank_p_value


@pytest.mark.parametrize(
    ('trials', 'quantile'),
    # A printed table of Student's t, two-sided 95 %.
    [(2, 12.706), (3, 4.303), (4, 3.182), (5, 2.776), (10, 2.262), (20, 2.093), (61, 2.000), (100, 1.984)],
)
def test_intervals_are_students(trials, quantile):
    values = [0.0] * (trials - 1) + [1.0]
    error = math.sqrt(1 / trials / trials)
    assert estimate(values).margin == pytest.approx(quantile * error, abs=5e-4 * error)


def test_interval_by_hand():
    # Deviation 1, standard error 1 / sqrt 3, t = 4.3027.
    result = estimate([1.0, 2.0, 3.0])
    assert (result.center, result.trials) == (2.0, 3)
    assert result.margin == pytest.approx(4.3027 / math.sqrt(3), abs=1e-4)
    assert (result.low, result.high) == pytest.approx((2 - result.margin, 2 + result.margin))
    assert estimate([4.0, 4.0]).margin == 0
    assert math.isnan(estimate([0.5]).margin)


@pytest.mark.parametrize('function', [estimate, estimate_median])
def test_no_trials(function):
    with pytest.raises(ValueError, match='found none'):
        function([])


@pytest.mark.parametrize(
    ('trials', 'rank'),
    # Published tables of the sign test's 95 % interval: it goes from the rank-th smallest to the rank-th largest.
    [(6, 1), (8, 1), (9, 2), (10, 2), (12, 3), (15, 4), (20, 6), (25, 8)],
)
def test_median_lies_between_two_trials(trials, rank):
    values = np.random.default_rng(trials).permutation(trials) + 1
    result = estimate_median(values)
    assert (result.center, result.trials) == ((trials + 1) / 2, trials)
    assert (result.low, result.high, result.is_median) == (rank, trials + 1 - rank, True)


@pytest.mark.parametrize('trials', [1, 2, 5])
def test_few_trials_have_a_median_without_an_interval(trials):
    # Of five, even the smallest to the largest miss the median in 2 / 32 of the cases.
    result = estimate_median(range(trials))
    assert result.center == (trials - 1) / 2
    assert math.isnan(result.low) and math.isnan(result.high)


def test_paired_test_by_hand():
    # Differences 1, 2, 3: t = 2 sqrt 3 with two degrees, so p = 1 - t / sqrt(2 + t^2) = 1 - sqrt(12 / 14).
    assert paired_p_value([11, 22, 33], [10, 20, 30]) == pytest.approx(1 - math.sqrt(12 / 14))
    assert paired_p_value([10, 20, 30], [11, 22, 33]) == pytest.approx(1 - math.sqrt(12 / 14))
    # t = 1 with one degree, Cauchy's distribution: half of it lies within -1 to 1.
    assert paired_p_value([0, 1], [0, 0]) == pytest.approx(0.5)


@pytest.mark.filterwarnings('error')
def test_paired_test_of_the_same_difference_everywhere():
    assert paired_p_value([1, 2], [1, 2]) == 1
    assert paired_p_value([2, 3], [1, 2]) == 0
    # 0.4 - 0.3 and 0.3 - 0.2 differ by rounding.
    assert paired_p_value([0.3, 0.4], [0.2, 0.3]) == 0
    assert math.isnan(paired_p_value([1], [2]))


def test_small_differences_are_not_rounding():
    assert paired_p_value([0.5 + 1e-9, 0.5, 0.5], [0.5] * 3) == pytest.approx(1 - 1 / math.sqrt(3))


def rank_p_by_enumeration(differences: list[float]) -> float:
    """The share of all signs whose rank sum is at least as far from its mean, with mean ranks of equal sizes."""
    sizes = [abs(value) for value in differences if value]
    ranks = [sum(other < size for other in sizes) + (sizes.count(size) + 1) / 2 for size in sizes]
    middle = sum(ranks) / 2
    own = sum(rank for rank, value in zip(ranks, [v for v in differences if v], strict=True) if value > 0)
    sums = [
        sum(rank for rank, sign in zip(ranks, signs, strict=True) if sign)
        for signs in product([0, 1], repeat=len(ranks))
    ]
    return sum(abs(total - middle) >= abs(own - middle) for total in sums) / len(sums)


@pytest.mark.parametrize(
    ('differences', 'p'),
    [
        # Wilcoxon's table: rank sums of the rarer sign of 0 and 3 among ten pairs.
        (range(1, 11), 2 / 1024),
        ([1, 2, -3, *range(4, 11)], 10 / 1024),
        # Critical value of eight pairs at 5 %, two-sided: 3.
        ([1, 2, -3, 4, 5, 6, 7, 8], 10 / 256),
        # Pairs without a difference do not count.
        ([0, 0, 1, 2, 3, 4, 5], 2 / 32),
        ([0, 0, *range(1, 13)], 2 / 4096),
        ([0, 0, 0], 1.0),
        # Equal differences share their ranks.
        ([1] * 5, 2 / 32),
        ([1, 1, -1, 2, 3, 3], None),
        ([-1, 2, 2, -2, 5, 7, 7, 9, 0, 0], None),
    ],
)
def test_rank_test(differences, p):
    expected = rank_p_by_enumeration(list(differences)) if p is None else p
    baseline = [10.0] * len(differences)
    assert paired_rank_p_value(np.add(baseline, differences), baseline) == pytest.approx(expected)
    assert paired_rank_p_value(baseline, np.add(baseline, differences)) == pytest.approx(expected)


def test_rank_test_of_a_single_pair():
    assert math.isnan(paired_rank_p_value([1], [2]))


def test_holm_by_hand():
    # 4 p values: the smallest times 4, the next times 3, and none below the one before it.
    assert holm([0.04, 0.01, 0.03, 0.5]) == pytest.approx([0.09, 0.04, 0.09, 0.5])
    assert holm([0.02, math.nan])[0] == 0.02
    assert math.isnan(holm([0.02, math.nan])[1])
    assert holm([0.6, 0.7]) == [1, 1]


def test_folds_widen_the_interval():
    values = [0.2, 0.3, 0.25, 0.4, 0.1]
    # Nadeau and Bengio: 1/5 + 1/4 in place of 1/5.
    assert estimate(values, folds=5).margin == pytest.approx(
        estimate(values).margin * math.sqrt((1 / 5 + 1 / 4) / (1 / 5))
    )
    assert paired_p_value(values, [0] * 5, folds=5) > paired_p_value(values, [0] * 5)
