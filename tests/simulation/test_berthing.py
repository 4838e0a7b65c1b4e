"""The water that a ship takes, and that no other ship comes into it."""

import numpy as np
import pytest
import shapely

from ship_det.simulation.berthing import CLEARANCE, Roadstead, room_of, wake_length
from ship_det.simulation.plan import Berth, Frame
from ship_det.simulation.ships import Ship


def test_the_room_of_a_ship_is_its_rectangle_and_its_wake():
    # Half speed of 100 m: a wake of 0.5 x (80 + 1.6 x 100) = 120 m behind the stern.
    assert wake_length(100, 0.5) == 120
    still = Ship('freedom', 'Freedom', 100, 20, x=300, y=200)
    np.testing.assert_allclose(room_of(still), [[350, 190], [350, 210], [250, 210], [250, 190]])
    under_way = Ship('freedom', 'Freedom', 100, 20, x=300, y=200, speed=0.5)
    np.testing.assert_allclose(room_of(under_way), [[350, 190], [350, 210], [130, 210], [130, 190]])


@pytest.mark.parametrize('heading', [0.0, 0.7, np.pi / 2, 4.0])
def test_the_room_is_a_rectangle_along_the_heading(heading):
    ship = Ship('tanker', 'Panamax', 225, 32, x=1000, y=900, heading=heading, speed=0.3)
    room = shapely.Polygon(room_of(ship))
    length = 225 + 0.3 * (80 + 1.6 * 225)
    assert room.area == pytest.approx(length * 32)
    assert room.minimum_rotated_rectangle.area == pytest.approx(room.area)
    # Its bow is where the ship's is.
    bow = np.array([1000, 900]) + 112.5 * np.array([np.cos(heading), np.sin(heading)])
    assert room.boundary.distance(shapely.Point(bow)) == pytest.approx(0, abs=1e-9)


def test_ships_along_a_wall_keep_clear_of_it_and_of_each_other():
    # Land above y = 500, a wall of 900 m along it.
    wall = Frame(np.array([50.0, 500.0]), np.array([1.0, 0.0]), np.array([0.0, 1.0]))
    roadstead = Roadstead(1000, shapely.box(-100, -100, 1100, 500), 0.0, 0.0, np.random.default_rng(0))
    berths = [Berth(wall, 900, 70, 'container')]
    ships = [Ship('container-ship', 'feeder', 180, 28, seed=seed) for seed in range(4)]
    placed = sum(roadstead._moor(ship, berths) for ship in ships)
    assert placed == len(roadstead.ships) >= 3
    rooms = [shapely.Polygon(room_of(ship)) for ship in roadstead.ships]
    assert all(room.bounds[1] >= 500 + CLEARANCE for room in rooms)
    assert min(first.distance(second) for first in rooms for second in rooms if first is not second) >= CLEARANCE
