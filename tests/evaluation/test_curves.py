import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ship_det.evaluation.curves import average_precision, best_f1_point, operating_point, precision_recall_curve


@pytest.mark.parametrize('total', [10, 20, 30, 100])
@pytest.mark.parametrize('tenths', range(11))
def test_recall_points_are_exact(total, tenths):
    """With all detections right and a recall of exactly k / 10, the points 0, ... k have precision 1."""
    found = np.arange(1, tenths * total // 10 + 1)
    # Without any detection not even recall 0 is reached.
    expected = (tenths + 1) / 11 if tenths else 0
    assert average_precision(found, total) == pytest.approx(expected, abs=1e-15)


def test_three_of_ten():
    # Recall .3 counts: .3636; a list of points built from floats has .30000000000000004 and gives .2727.
    assert average_precision([1, 2, 3], 10) == pytest.approx(4 / 11, abs=1e-15)


def test_by_hand():
    # right, wrong, right, right of 4: precision 1, 1/2, 2/3, 3/4 at recall 1/4, 1/4, 1/2, 3/4.
    found = [1, 1, 2, 3]
    # Points 0, .1, .2 have 1; .3 to .7 have 3/4; .8 and above are not reached.
    assert average_precision(found, 4, '11points') == pytest.approx((3 + 5 * 0.75) / 11)
    assert average_precision(found, 4, 'area') == pytest.approx((1 + 0.75 + 0.75) / 4)


@pytest.mark.parametrize('mode', ['11points', 'area'])
def test_edges(mode):
    assert math.isnan(average_precision([], 0, mode))
    assert math.isnan(average_precision([0, 0], 0, mode))
    assert average_precision([], 5, mode) == 0
    assert average_precision([0, 0], 5, mode) == 0
    assert average_precision(np.arange(1, 8), 7, mode) == 1


def test_unknown_mode():
    with pytest.raises(ValueError, match="found '12points'"):
        average_precision([1], 1, '12points')


def test_curve_is_sorted_and_stable():
    curve = precision_recall_curve([True, False, True, False], [0.5, 0.9, 0.5, 0.5], 2)
    np.testing.assert_array_equal(curve.scores, [0.9, 0.5, 0.5, 0.5])
    np.testing.assert_array_equal(curve.true_positives, [0, 1, 2, 2])
    np.testing.assert_allclose(curve.precision, [0, 1 / 2, 2 / 3, 1 / 2])
    np.testing.assert_allclose(curve.recall, [0, 1 / 2, 1, 1])
    assert np.isnan(precision_recall_curve([False], [0.5], 0).recall).all()
    with pytest.raises(ValueError, match='one score a detection'):
        precision_recall_curve([True], [0.1, 0.2], 1)


def test_operating_point_counts_the_scores_at_the_threshold():
    curve = precision_recall_curve([True, False, True, True], [0.9, 0.8, 0.5, 0.4], 6)
    point = operating_point(curve, 6, 0.5)
    assert (point.true_positives, point.false_positives) == (2, 1)
    assert point.precision == pytest.approx(2 / 3)
    assert point.recall == pytest.approx(1 / 3)
    assert point.f1 == pytest.approx(2 * (2 / 3) * (1 / 3) / (2 / 3 + 1 / 3))
    assert point.gmean == pytest.approx(math.sqrt(2 / 9))


@pytest.mark.parametrize(
    ('right', 'total', 'expected'),
    [
        # Nothing that scores so high: no precision, nothing found.
        ([], 3, (0, 0, 0, 0)),
        # All wrong.
        ([False], 3, (0, 0, 0, 0)),
        # Nothing to find: only a precision, of what was found.
        ([False], 0, (0, math.nan, math.nan, math.nan)),
        ([], 0, (math.nan, math.nan, math.nan, math.nan)),
        ([True], 1, (1, 1, 1, 1)),
    ],
)
def test_operating_point_edges(right, total, expected):
    point = operating_point(precision_recall_curve(right, [0.7] * len(right), total), total, 0.5)
    np.testing.assert_equal((point.precision, point.recall, point.f1, point.gmean), expected)


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 5)), max_size=12), st.integers(1, 12))
def test_best_f1_is_the_best_over_all_scores(detections, extra):
    right = [kind for kind, _ in detections]
    scores = [score / 5 for _, score in detections]
    total = sum(right) + extra
    point = best_f1_point(precision_recall_curve(right, scores, total), total)
    f1 = {}
    for score in set(scores):
        above = [kind for kind, value in zip(right, scores, strict=True) if value >= score]
        f1[score] = 2 * sum(above) / (len(above) + total)
    assert point.f1 == pytest.approx(max(f1.values(), default=0))
    if f1:
        assert point.score == max(score for score, value in f1.items() if value == max(f1.values()))


def test_best_f1_without_ground_truth_chooses_nothing():
    point = best_f1_point(precision_recall_curve([False], [0.5], 0), 0)
    assert math.isnan(point.score)
    assert (point.true_positives, point.false_positives) == (0, 0)
    assert math.isnan(point.f1)
