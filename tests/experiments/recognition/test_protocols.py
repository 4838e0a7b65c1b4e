"""Imbalanced training sets."""

import numpy as np
import pytest

from ship_det.experiments.recognition.protocols import (
    cut_counts,
    full_counts,
    long_tail_counts,
    parity_counts,
    sample_indices,
    step_counts,
)
from ship_det.imbalance import imbalance_degree, imbalance_ratio

MNIST = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]


def test_parity_cuts_one_half():
    assert parity_counts([100, 200, 300, 44], 'odd', 0.1).tolist() == [100, 20, 300, 4]
    assert parity_counts([100, 200, 300, 44], 'even', 0.25).tolist() == [25, 200, 75, 44]
    assert parity_counts([100, 2], 'odd', 0.1).tolist() == [100, 1]


@pytest.mark.parametrize(('share', 'odd', 'even'), [(0.10, 0.498, 0.551), (0.25, 0.299, 0.352)])
def test_imbalance_degrees_of_mnist(share, odd, even):
    # The ends of the ranges that the paper's four settings have.
    assert imbalance_degree(parity_counts(MNIST, 'odd', share)) == pytest.approx(odd, abs=6e-4)
    assert imbalance_degree(parity_counts(MNIST, 'even', share)) == pytest.approx(even, abs=6e-4)


def test_cut_keeps_a_number_of_some_classes():
    assert cut_counts([299, 233, 298], [0, 2], 24).tolist() == [24, 233, 24]
    assert full_counts([299, 233]).tolist() == [299, 233]


def test_step_and_long_tail_have_their_ratio():
    assert step_counts([500, 400, 450, 600], 200).tolist() == [400, 2, 400, 2]
    assert step_counts([500, 400, 450], 100, minority=[0]).tolist() == [4, 400, 400]
    # Three classes at ratio 100: each has a tenth of the one before.
    assert long_tail_counts([500, 400, 450], 100).tolist() == [400, 40, 4]
    assert imbalance_ratio(long_tail_counts(MNIST, 200)) == pytest.approx(200, rel=0.01)


def test_does_not_change_what_it_gets():
    available = np.array([10, 10])
    for call in (lambda: parity_counts(available, 'odd', 0.1), lambda: cut_counts(available, [0], 1)):
        call()
    assert available.tolist() == [10, 10]


@pytest.mark.parametrize(
    ('call', 'message'),
    [
        (lambda: parity_counts([5, 5], 'first', 0.1), "cut: found 'first', expected 'odd' or 'even'"),
        (lambda: parity_counts([5, 5], 'odd', 0), 'share: found 0, expected a number above 0'),
        (lambda: parity_counts([5, 5], 'odd', 1.5), 'share: found 1.5'),
        (lambda: cut_counts([5, 5], [1], 6), 'images: found 6 for class 1, expected at most the 5 it has'),
        (lambda: cut_counts([5, 5], [1], 0), 'images: found 0, expected at least 1'),
        (lambda: cut_counts([5, 5], [2], 1), 'classes: found 2, expected an index from 0 to 1'),
        (lambda: step_counts([5, 5], 0.5), 'ratio: found 0.5'),
        (lambda: long_tail_counts([5, 5], float('nan')), 'ratio: found nan'),
    ],
)
def test_says_what_is_wrong(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_samples_the_counts_without_repetition():
    labels = np.array([0, 1, 0, 1, 0, 1, 0, 1])
    drawn = sample_indices(labels, [4, 2], np.random.default_rng(0))
    assert len(set(drawn.tolist())) == 6 and np.bincount(labels[drawn]).tolist() == [4, 2]
    draws = [sample_indices(labels, [4, 2], np.random.default_rng(seed)).tolist() for seed in range(20)]
    assert draws[0] == drawn.tolist()
    assert len(set(map(tuple, draws))) == 6  # two of four, in all ways


@pytest.mark.parametrize('counts', [[4, 5], [4, 0]])
def test_refuses_more_samples_than_exist(counts):
    with pytest.raises(ValueError, match=rf'found {counts[1]} images wanted of class 1, expected from 1 to the 4'):
        sample_indices(np.array([0, 1] * 4), counts, np.random.default_rng(0))
