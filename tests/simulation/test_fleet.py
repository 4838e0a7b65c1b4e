import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ship_det.annotations import AOSR15_CLASSES
from ship_det.simulation.fleet import CLASSES_BY_FREQUENCY, class_counts, class_shares, draw_fleet
from ship_det.simulation.harbor import SceneSpec
from ship_det.simulation.ships import draw_ship


def test_submarines_outnumber_tankers_by_the_tail():
    shares = class_shares(45)
    assert sum(shares.values()) == pytest.approx(1)
    assert shares['submarine'] / shares['tanker'] == pytest.approx(45)
    assert max(shares, key=shares.get) == 'submarine'
    assert min(shares, key=shares.get) == 'tanker'
    assert set(shares) == set(AOSR15_CLASSES)
    assert len(CLASSES_BY_FREQUENCY) == 15


def test_tail_of_one_is_balanced():
    assert class_counts(60, 1, 0, 0.3) == dict.fromkeys(AOSR15_CLASSES, 4)


@pytest.mark.parametrize('tail', [0.5, float('nan'), float('inf')])
def test_impossible_tails_are_refused(tail):
    with pytest.raises(ValueError, match='tail: expected a finite ratio of at least 1'):
        class_shares(tail)


@settings(deadline=None)
@given(st.integers(0, 500), st.floats(1, 200), st.integers(0, 3), st.floats(0, 1), st.integers(0, 1000))
def test_counts_add_up_and_hold_the_minimum(ships, tail, min_per_class, start, number):
    counts = class_counts(ships, tail, min_per_class, start, number)
    assert list(counts) == list(AOSR15_CLASSES)
    assert min(counts.values()) >= min_per_class
    assert sum(counts.values()) == max(ships, 15 * min_per_class)


def test_counts_hold_the_shares_on_average():
    rng = np.random.default_rng(3)
    draws = [class_counts(30, 45, 0, rng.random()) for _ in range(2000)]
    shares = class_shares(45)
    for name in AOSR15_CLASSES:
        assert np.mean([draw[name] for draw in draws]) == pytest.approx(30 * shares[name], abs=0.05)


def test_fleet_has_the_counts():
    counts = {'tanker': 2, 'submarine': 3}
    fleet = draw_fleet(counts, np.random.default_rng(0))
    assert sorted(ship.name for ship in fleet) == ['submarine'] * 3 + ['tanker'] * 2


@settings(deadline=None, max_examples=30)
@given(st.floats(0, 1))
def test_98_scenes_have_the_papers_fleet(start):
    # 2306 submarines, over 45 times the tankers (CI loss paper, Sec. IV-C), in scenes of 12544 px of 0.6 m.
    ships = SceneSpec(size=12544, gsd=0.6).ships_per_scene
    scenes = [class_counts(ships, 45, 0, start, number) for number in range(98)]
    total = {name: sum(scene[name] for scene in scenes) for name in AOSR15_CLASSES}
    assert total['submarine'] == pytest.approx(2306, abs=10)
    assert total['tanker'] == pytest.approx(51, abs=3)
    assert all(23 <= scene['submarine'] <= 24 for scene in scenes)


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 40), st.floats(1, 100), st.floats(0, 1), st.integers(1, 60))
def test_a_set_of_any_size_holds_the_shares(ships, tail, start, scenes):
    counts = [class_counts(ships, tail, 0, start, number) for number in range(scenes)]
    shares = class_shares(tail)
    for name in AOSR15_CLASSES:
        # Rounded scene by scene by chance, 60 scenes would be off by up to a dozen.
        assert abs(sum(count[name] for count in counts) - scenes * ships * shares[name]) < 4


def test_a_carrier_is_thirty_times_a_small_warship():
    rng = np.random.default_rng(0)
    area = {name: np.mean([ship.length * ship.beam for ship in (draw_ship(name, rng) for _ in range(300))])
            for name in ('aircraft-carrier', 'small-military-warship')}  # fmt: skip
    assert area['aircraft-carrier'] / area['small-military-warship'] == pytest.approx(30, rel=0.08)
