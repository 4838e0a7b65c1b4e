import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ship_det.annotations import AOSR15_CLASSES
from ship_det.simulation.fleet import CLASSES_BY_FREQUENCY, class_counts, class_shares, draw_fleet


def test_submarines_outnumber_tankers_by_the_tail():
    shares = class_shares(45)
    assert sum(shares.values()) == pytest.approx(1)
    assert shares['submarine'] / shares['tanker'] == pytest.approx(45)
    assert max(shares, key=shares.get) == 'submarine'
    assert min(shares, key=shares.get) == 'tanker'
    assert set(shares) == set(AOSR15_CLASSES)
    assert len(CLASSES_BY_FREQUENCY) == 15


def test_tail_of_one_is_balanced():
    assert class_counts(60, 1, 0, np.random.default_rng(0)) == dict.fromkeys(AOSR15_CLASSES, 4)


@pytest.mark.parametrize('tail', [0.5, float('nan'), float('inf')])
def test_impossible_tails_are_refused(tail):
    with pytest.raises(ValueError, match='tail: expected a finite ratio of at least 1'):
        class_shares(tail)


@settings(deadline=None)
@given(st.integers(0, 500), st.floats(1, 200), st.integers(0, 3), st.integers(0, 2**32))
def test_counts_add_up_and_hold_the_minimum(ships, tail, min_per_class, seed):
    counts = class_counts(ships, tail, min_per_class, np.random.default_rng(seed))
    assert list(counts) == list(AOSR15_CLASSES)
    assert min(counts.values()) >= min_per_class
    assert sum(counts.values()) == max(ships, 15 * min_per_class)


def test_counts_hold_the_shares_on_average():
    rng = np.random.default_rng(3)
    draws = [class_counts(30, 45, 0, rng) for _ in range(2000)]
    shares = class_shares(45)
    for name in AOSR15_CLASSES:
        assert np.mean([draw[name] for draw in draws]) == pytest.approx(30 * shares[name], abs=0.05)


def test_fleet_has_the_counts():
    counts = {'tanker': 2, 'submarine': 3}
    fleet = draw_fleet(counts, np.random.default_rng(0))
    assert sorted(ship.name for ship in fleet) == ['submarine'] * 3 + ['tanker'] * 2
