"""Imbalance ratio, degree and class factors against the numbers of the CI loss paper."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ship_det.imbalance import class_factors, imbalance_degree, imbalance_ratio

HALF_CUT_100_TO_1 = [100, 1] * 5


@pytest.mark.parametrize(
    ('counts', 'degree'),
    [
        ([1, 5, 5, 5, 5], 0.1398),
        ([1, 2, 3, 4, 5], 0.2831),
        ([1, 1, 1, 1, 5], 0.5592),
        ([1, 1, 1, 1, 11], 0.8331),
        ([3, 3, 3, 3, 3], 0.0),
        ([256, 1], 1.2041),
    ],
)
def test_imbalance_degree_of_the_paper(counts, degree):
    assert imbalance_degree(counts) == pytest.approx(degree, abs=5e-5)


def test_degree_of_a_balanced_set_is_positive_zero():
    assert str(imbalance_degree([7, 7])) == '0.0'


@pytest.mark.parametrize(('counts', 'ratio'), [([1, 5, 5], 5), ([1, 1, 1, 5], 5), ([2306, 51], 2306 / 51), ([4], 1)])
def test_imbalance_ratio_compares_the_extremes(counts, ratio):
    assert imbalance_ratio(counts) == ratio


@given(st.lists(st.integers(1, 10**7), min_size=1, max_size=30))
def test_degree_is_the_largest_count_over_the_geometric_mean(counts):
    geometric_mean = np.exp(np.mean(np.log(counts)))
    assert imbalance_degree(counts) == pytest.approx(np.log10(max(counts) / geometric_mean), abs=1e-9)


@pytest.mark.parametrize(
    ('counts', 'factor'),
    [
        ([256, 1], 2.0),
        ([100, 1], 10.0),
        ([101, 1], 101 ** (1 / 8)),
        ([4, 1], 2.0),
        ([1, 1], 1.0),
    ],
)
def test_factor_of_the_second_class(counts, factor):
    assert class_factors(counts)[1] == pytest.approx(factor, rel=1e-12)


def test_factor_drops_from_10_to_1_78():
    assert class_factors([101, 1])[1] == pytest.approx(1.78, abs=0.005)


def test_an_exponent_holds_on_both_sides_of_the_drop():
    for counts in ([100, 1], [101, 1]):
        assert class_factors(counts, exponent=0.5)[1] == pytest.approx(counts[0] ** 0.5)
    with pytest.raises(ValueError, match='exponent: found 2, expected 0 to 1'):
        class_factors([2, 1], exponent=2)


@pytest.mark.parametrize('dtype', [int, np.int32, np.uint8, np.float16, np.float32, np.float64, np.longdouble])
def test_degree_of_exactly_one_takes_the_square_root(dtype):
    assert class_factors(np.array(HALF_CUT_100_TO_1, dtype=dtype)) == pytest.approx([1, 10] * 5)
    assert class_factors(np.array([101, 1] * 5, dtype=dtype))[1] == pytest.approx(101 ** (1 / 8))


@pytest.mark.parametrize('dtype', [np.float16, np.float32, np.float64])
def test_shares_in_place_of_counts_take_the_square_root_too(dtype):
    shares = np.array(HALF_CUT_100_TO_1) / 100
    assert class_factors(shares.astype(dtype)) == pytest.approx([1, 10] * 5, rel=1e-3)


def test_one_instance_more_than_the_limit_takes_the_eighth_root():
    counts = [10**6] * 5 + [10**4] * 4
    assert class_factors([*counts, 10**4])[-1] == pytest.approx(10)
    assert class_factors([*counts, 10**4 - 1])[-1] == pytest.approx(1.78, abs=0.005)


def test_absent_classes_stay_out_of_degree_ratio_and_factors():
    counts = [0, 100, 0, 1]
    assert imbalance_degree(counts, allow_absent=True) == imbalance_degree([100, 1])
    assert imbalance_ratio(counts, allow_absent=True) == 100
    assert class_factors(counts, allow_absent=True) == pytest.approx([1, 1, 1, 10])


@pytest.mark.parametrize('measure', [imbalance_ratio, imbalance_degree, class_factors])
@pytest.mark.parametrize(
    ('counts', 'message'),
    [
        ([3, 0], 'found 0 for class 1, expected a finite number above 0 (allow_absent=True leaves'),
        ([-2, 3], 'found -2.0 for class 0, expected a finite number above 0'),
        ([1, 2, float('nan')], 'found nan for class 2'),
        ([1, float('inf')], 'found inf for class 1'),
        ([], 'found shape (0,), expected one count a class, shape (C,)'),
        ([[1, 2]], 'found shape (1, 2), expected one count a class, shape (C,)'),
        (5, 'found shape (), expected one count a class, shape (C,)'),
    ],
)
def test_bad_counts_are_named(measure, counts, message):
    with pytest.raises(ValueError, match='class counts: ' + re.escape(message)):
        measure(counts)


@pytest.mark.parametrize('measure', [imbalance_ratio, imbalance_degree, class_factors])
def test_no_instance_at_all_is_an_error_even_with_absent_classes_allowed(measure):
    with pytest.raises(ValueError, match='found 0 for every class, expected at least one instance'):
        measure([0, 0], allow_absent=True)
