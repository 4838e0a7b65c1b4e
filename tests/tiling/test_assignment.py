"""Units dealt to parts: sizes exact, classes covered where that is possible."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ship_det.tiling.assignment import assign_units


def totals(counts, parts, number):
    return np.stack([counts[parts == part].sum(axis=0) for part in range(number)])


def test_the_only_covering_split_of_four_scenes_is_found():
    # Tankers in scenes 0 and 3, carriers in 1 and 3: only scene 3 as test leaves both on either side.
    counts = np.array([[2, 0, 5], [0, 1, 5], [0, 0, 5], [1, 3, 5]])
    for seed in range(10):
        assert assign_units(counts, [3, 1], seed).tolist() == [0, 0, 0, 1]


def test_training_comes_first_where_a_class_has_one_unit():
    counts = np.array([[9, 0], [9, 0], [9, 1]])
    for seed in range(10):
        assert assign_units(counts, [2, 1], seed)[2] == 0


def test_among_covering_splits_the_balanced_one_is_taken():
    counts = np.array([[100], [10], [10], [10], [10]])
    test_unit = [int(np.flatnonzero(assign_units(counts, [4, 1], seed) == 1)[0]) for seed in range(10)]
    assert 0 not in test_unit
    assert len(set(test_unit)) > 1


def test_same_seed_same_split():
    counts = np.random.default_rng(0).integers(0, 3, (60, 5))
    assert np.array_equal(assign_units(counts, [45, 15], 7), assign_units(counts, [45, 15], 7))
    assert not np.array_equal(assign_units(counts, [45, 15], 7), assign_units(counts, [45, 15], 8))


def test_many_chips_with_a_rare_class_are_stratified():
    rng = np.random.default_rng(3)
    counts = np.column_stack([rng.integers(0, 6, 2000), np.arange(2000) < 5, np.ones(2000, dtype=int)])
    found = totals(counts, assign_units(counts, [1600, 200, 200], 0), 3)
    assert found[:, 2].tolist() == [1600, 200, 200]
    assert (found[:, 1] >= 1).all()
    np.testing.assert_allclose(found[:, 0] / counts[:, 0].sum(), [0.8, 0.1, 0.1], atol=0.01)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32 - 1), st.lists(st.integers(1, 12), min_size=1, max_size=3), st.integers(0, 4))
def test_sizes_are_kept(seed, sizes, classes):
    counts = np.random.default_rng(seed).integers(0, 3, (sum(sizes), classes))
    parts = assign_units(counts, sizes, seed)
    assert np.bincount(parts, minlength=len(sizes)).tolist() == sizes


def test_wrong_sizes_are_refused():
    with pytest.raises(ValueError, match=r'sizes: expected a sum of 3 units, found \[1, 1\]'):
        assign_units(np.zeros((3, 1), dtype=int), [1, 1], 0)
