import numpy as np
import pytest
from shapely.geometry import Point

from ship_det.simulation.plan import Frame
from ship_det.simulation.shore import draw_bank, draw_island


def check_quays(bank):
    """Water in front of the middle of every quay, land behind it."""
    for frame, length, _ in bank.quays:
        assert not bank.land.covers(Point(frame.place((length / 2, 3))))
        assert bank.land.covers(Point(frame.place((length / 2, -3))))


@pytest.mark.parametrize('extent', [200, 2458, 7526])
@pytest.mark.parametrize('seed', range(6))
def test_bank(extent, seed):
    rng = np.random.default_rng(seed)
    turn = rng.uniform(0, 2 * np.pi)
    along = np.array([np.cos(turn), np.sin(turn)])
    frame = Frame(np.array([extent / 2, extent / 2]), along, np.array([-along[1], along[0]]))
    bank = draw_bank(frame, extent, 800, rng)
    assert bank.land.is_valid
    assert bank.land.covers(Point(frame.place((0, -0.5 * extent - 1300))))
    assert not bank.land.covers(Point(frame.place((0, 0.6 * extent))))
    check_quays(bank)


@pytest.mark.parametrize('seed', range(4))
def test_island(seed):
    rng = np.random.default_rng(seed)
    island = draw_island(np.array([3000.0, 2000.0]), rng.uniform(0, 6), rng)
    assert island.land.is_valid
    assert island.land.covers(Point(3000, 2000))
    assert len(island.quays) == 2
    check_quays(island)
