from dataclasses import replace

import numpy as np
import pytest
from shapely.geometry import MultiPoint, Polygon

from ship_det.annotations import AOSR15_CLASSES
from ship_det.simulation.merchant_decks import MERCHANT_DECKS
from ship_det.simulation.navy_decks import NAVY_DECKS
from ship_det.simulation.ships import SHIP_TYPES, Ship, draw_ship, hull_outline, ship_quad


def test_every_class_has_types_and_a_deck():
    assert set(SHIP_TYPES) == set(AOSR15_CLASSES) == set(NAVY_DECKS) | set(MERCHANT_DECKS)
    assert not set(NAVY_DECKS) & set(MERCHANT_DECKS)


@pytest.mark.parametrize(
    ('name', 'length', 'beam'),
    [
        ('aircraft-carrier', 333, 77),
        ('perry-frigate', 138, 14),
        ('ticonderoga-cruiser', 173, 17),
        ('burke-destroyer', 155, 20),
        ('independence', 127, 31),
        ('freedom', 118, 17.5),
        ('amphibious-transport-ship', 208, 32),
    ],
)
def test_sizes_are_the_published_ones(name, length, beam):
    rng = np.random.default_rng(0)
    ships = [draw_ship(name, rng) for _ in range(50)]
    assert min(abs(ship.length - length) for ship in ships) < 0.02 * length
    assert max(ship.length for ship in ships) < 1.02 * length
    assert max(abs(ship.beam - beam) for ship in ships if abs(ship.length - length) < 0.02 * length) < 0.07 * beam


def test_sizes_vary_within_the_range_of_their_type():
    rng = np.random.default_rng(1)
    for name, types in SHIP_TYPES.items():
        ranges = {ship_type.name: ship_type for ship_type in types}
        ships = [draw_ship(name, rng) for _ in range(40)]
        assert {ship.kind for ship in ships} == set(ranges)
        assert len({ship.length for ship in ships}) > 30
        for ship in ships:
            assert ranges[ship.kind].length[0] <= ship.length <= ranges[ship.kind].length[1]
            assert ranges[ship.kind].beam[0] <= ship.beam <= ranges[ship.kind].beam[1]


@pytest.mark.parametrize(
    ('name', 'length', 'beam'),
    [
        ('aircraft-carrier', (331, 338), (76, 78.5)),
        ('amphibious-assault-ship', (253, 258), (36, 42.7)),
        ('small-military-warship', (65, 75), (11, 12)),
        ('submarine', (72, 171), (8.9, 13)),
    ],
)
def test_sizes_stay_within_real_ships(name, length, beam):
    for kind in SHIP_TYPES[name]:
        assert length[0] <= kind.length[0] <= kind.length[1] <= length[1]
        assert beam[0] <= kind.beam[0] <= kind.beam[1] <= beam[1]


def test_lifts_of_an_assault_ship_stand_out_of_its_deck_on_both_sides():
    ship = Ship('amphibious-assault-ship', 'Wasp, America', length=257, beam=40)
    outline = hull_outline(ship)
    for side in (-1, 1):
        lift = outline[np.isclose(outline[:, 1], side * 20)]
        assert np.ptp(lift[:, 0]) == pytest.approx(0.06 * 257)
    # The rest is the flight deck of 32.4 m.
    assert np.abs(outline[~np.isclose(np.abs(outline[:, 1]), 20), 1]).max() == pytest.approx(16.2)


def all_kinds() -> list[Ship]:
    return [Ship(name, kind.name, kind.length[1], kind.beam[1]) for name, kinds in SHIP_TYPES.items() for kind in kinds]


@pytest.mark.parametrize('ship', all_kinds(), ids=lambda ship: f'{ship.name} {ship.kind}')
def test_label_is_the_rectangle_of_minimum_area_around_the_hull(ship):
    placed = replace(ship, x=412.0, y=97.0, heading=0.7)
    outline = placed.to_scene(hull_outline(placed))
    quad = Polygon(ship_quad(placed))
    assert Polygon(outline).is_valid
    assert quad.area == pytest.approx(ship.length * ship.beam)
    tightest = MultiPoint(outline).minimum_rotated_rectangle
    assert quad.area == pytest.approx(tightest.area, rel=1e-9)
    assert quad.symmetric_difference(tightest).area < 1e-6 * quad.area


def test_label_starts_at_the_port_bow_and_runs_clockwise_on_screen():
    # Heading east: the bow is to the right, port is up on a screen whose y points down.
    ship = Ship('freedom', 'Freedom', length=100, beam=20, x=50, y=30, heading=0.0)
    assert ship_quad(ship).tolist() == [[100, 20], [100, 40], [0, 40], [0, 20]]
    south = replace(ship, heading=np.pi / 2)
    np.testing.assert_allclose(ship_quad(south), [[60, 80], [40, 80], [40, -20], [60, -20]], atol=1e-9)
