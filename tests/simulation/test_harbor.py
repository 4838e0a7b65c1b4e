import numpy as np
import pytest
import shapely
from shapely.geometry import Polygon

from ship_det.annotations import AOSR15_CLASSES
from ship_det.simulation.berthing import CLEARANCE
from ship_det.simulation.fleet import CLASSES_BY_FREQUENCY
from ship_det.simulation.harbor import (
    CROP,
    LOOK,
    PLACE,
    PLAN,
    ROUNDING,
    SCALE,
    SceneSpec,
    _breakwater,
    build_harbor,
    stream,
)
from ship_det.simulation.ships import ship_quad
from ship_det.simulation.shore import Bank
from ship_det.simulation.site import Site

SPEC = SceneSpec(size=2048, gsd=1.2, seed=3, ships=100, min_per_class=1)


@pytest.fixture(scope='module', params=range(4))
def harbor(request):
    return build_harbor(SPEC, request.param)


def quads(harbor):
    return np.array([Polygon(ship_quad(ship)) for ship in harbor.ships])


def test_ships_lie_apart_afloat_and_inside(harbor):
    outlines = quads(harbor)
    first, second = shapely.STRtree(outlines).query(outlines, predicate='dwithin', distance=CLEARANCE - 1e-6)
    assert (first == second).all()
    assert (shapely.distance(outlines, harbor.land) >= CLEARANCE - 1e-6).all()
    bounds = shapely.total_bounds(outlines)
    assert bounds.min() >= 0
    assert bounds.max() <= harbor.extent


def test_every_ship_asked_for_is_placed_or_reported(harbor):
    assert len(harbor.ships) + sum(harbor.missing.values()) == 100
    assert len(harbor.ships) >= 90
    assert {ship.name for ship in harbor.ships} | set(harbor.missing) == set(AOSR15_CLASSES)


def test_harbor_has_water_and_land(harbor):
    scene = shapely.box(0, 0, harbor.extent, harbor.extent)
    assert 0.2 < harbor.land.intersection(scene).area / scene.area < 0.8


def test_the_number_alone_tells_scenes_of_a_set_apart():
    spec = SceneSpec(size=512, gsd=2.4, seed=3, ships=20)
    assert build_harbor(spec, 1).ships == build_harbor(spec, 1).ships
    assert build_harbor(spec, 1).ships != build_harbor(spec, 2).ships


@pytest.mark.parametrize(
    ('first', 'second'),
    [((5, 7), (7, 5)), ((0, 1), (1, 0)), ((5 + 7 * 2**32, 0), (5, 7)), ((7, 0), (7, CROP)), ((2**32, 0), (0, 1))],
)
def test_no_scene_of_a_seed_is_a_scene_of_another(first, second):
    def draws(seed, number):
        spec = SceneSpec(seed=seed)
        return [stream(spec, number, use).integers(2**63) for use in (PLAN, LOOK, PLACE, SCALE, ROUNDING)]

    assert not set(draws(*first)) & set(draws(*second))


def test_a_breakwater_starts_at_the_shore():
    rng = np.random.default_rng(0)
    land = shapely.box(0, 0, 3000, 900)
    site = Site(3000.0, 3000.0, land, (1.0, 0.5), rng)
    shore = np.column_stack([np.linspace(1300, 1700, 30), np.full(30, 900.0)])
    _breakwater(site, [Bank(land, beaches=[shore])])
    (mole,) = site.solids
    assert mole.intersects(land)
    assert mole.intersection(land).area < 0.1 * mole.area
    assert shapely.length(mole) > 600


def test_ships_at_anchor_lie_into_the_wind():
    harbor = build_harbor(SceneSpec(size=1280, gsd=2.0, seed=1, ships=60), 0)
    scene_walls = harbor.land.buffer(25)
    anchored = [
        ship for ship in harbor.ships if not ship.speed and not scene_walls.intersects(Polygon(ship_quad(ship)))
    ]
    assert len(anchored) > 5
    into = np.array([np.cos(ship.heading - harbor.wind - np.pi) for ship in anchored])
    assert np.median(into) > 0.9


def test_headings_cover_all_directions():
    spec = SceneSpec(size=512, gsd=2.4, seed=0, ships=20)
    ships = [ship for number in range(25) for ship in build_harbor(spec, number).ships]
    angles = np.array([ship.heading for ship in ships]) % np.pi
    shares = np.histogram(angles, bins=9, range=(0, np.pi))[0] / len(angles)
    assert shares.min() > 0.02


def test_a_scene_too_small_for_a_carrier_says_so():
    harbor = build_harbor(SceneSpec(size=512, gsd=0.6, seed=0, ships=15, min_per_class=1), 0)
    assert harbor.missing['aircraft-carrier'] == 1


def test_default_number_of_ships_and_classes():
    assert SceneSpec(size=12544, gsd=0.6).ships_per_scene == 97
    assert SceneSpec(size=1024, gsd=1.2).ships_per_scene == 16
    assert CLASSES_BY_FREQUENCY[0] == 'submarine'


@pytest.mark.parametrize(
    ('values', 'message'),
    [
        ({'size': 10}, 'size: expected at least 64 px, found 10'),
        ({'gsd': 0.0}, 'gsd: expected'),
        ({'gsd': float('nan')}, 'gsd: expected'),
        ({'seed': -1}, 'seed: expected'),
        ({'seed': 2**64}, 'seed: expected at most'),
        ({'ships': -1}, 'ships: expected'),
        ({'tail': 0.9}, 'tail: expected'),
        ({'min_per_class': -1}, 'min_per_class: expected'),
    ],
)
def test_impossible_specs_are_refused(values, message):
    with pytest.raises(ValueError, match=message):
        SceneSpec(**values)
