"""Scores of a classifier."""

import numpy as np
import pytest

from ship_det.experiments.recognition.metrics import rank_auc, score


def test_scores_by_hand():
    # Class 0: both right; class 1: one of two; class 2: one of one.
    log_p = np.log([[0.8, 0.1, 0.1], [0.4, 0.3, 0.3], [0.6, 0.3, 0.1], [0.2, 0.7, 0.1], [0.1, 0.2, 0.7]])
    result = score(log_p, np.array([0, 0, 1, 1, 2]))
    assert result.accuracy == pytest.approx(4 / 5)
    np.testing.assert_allclose(result.recalls, [1, 0.5, 1])
    assert result.gmean == pytest.approx(0.5 ** (1 / 3))
    # Class 0: .8, .4 over .6, .2, .1: 5 of 6 pairs. Class 1: .3, .7 over .1, .3, .2: 5.5 of 6. Class 2: 4 of 4.
    assert result.auc == pytest.approx((5 / 6 + 5.5 / 6 + 1) / 3)


def test_a_missed_class_has_gmean_0():
    assert score(np.array([[0.9, 0.1], [0.8, 0.2]]), np.array([0, 1])).gmean == 0


def test_auc_counts_pairs():
    generator = np.random.default_rng(3)
    values = generator.integers(0, 6, size=40).astype(float)
    positive = generator.random(40) < 0.3
    pairs = values[positive][:, None] - values[~positive][None]
    assert rank_auc(values, positive) == pytest.approx(np.mean((pairs > 0) + 0.5 * (pairs == 0)))


def test_needs_both_kinds_and_all_classes():
    with pytest.raises(ValueError, match='found 2 positives of 2, expected both kinds'):
        rank_auc(np.array([1.0, 2.0]), np.array([True, True]))
    with pytest.raises(ValueError, match='found no image of class 1'):
        score(np.zeros((2, 2)), np.array([0, 0]))
