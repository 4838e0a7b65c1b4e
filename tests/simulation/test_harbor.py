import numpy as np
import pytest
import shapely
from shapely.geometry import Polygon

from ship_det.annotations import AOSR15_CLASSES
from ship_det.simulation.berthing import CLEARANCE
from ship_det.simulation.fleet import CLASSES_BY_FREQUENCY
from ship_det.simulation.harbor import SceneSpec, build_harbor
from ship_det.simulation.ships import ship_quad

SPEC = SceneSpec(size=2048, gsd=1.2, seed=3, ships=100)


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


def test_headings_cover_all_directions():
    spec = SceneSpec(size=512, gsd=2.4, seed=0, ships=20)
    ships = [ship for number in range(25) for ship in build_harbor(spec, number).ships]
    angles = np.array([ship.heading for ship in ships]) % np.pi
    shares = np.histogram(angles, bins=9, range=(0, np.pi))[0] / len(angles)
    assert shares.min() > 0.02


def test_a_scene_too_small_for_a_carrier_says_so():
    harbor = build_harbor(SceneSpec(size=512, gsd=0.6, seed=0, ships=15), 0)
    assert harbor.missing['aircraft-carrier'] == 1


def test_default_number_of_ships_and_classes():
    assert SceneSpec(size=12544, gsd=0.6).ships_per_scene == round(8 * 7.5264**2)
    assert CLASSES_BY_FREQUENCY[0] == 'submarine'


@pytest.mark.parametrize(
    ('values', 'message'),
    [
        ({'size': 10}, 'size: expected at least 64 px, found 10'),
        ({'gsd': 0.0}, 'gsd: expected'),
        ({'gsd': float('nan')}, 'gsd: expected'),
        ({'seed': -1}, 'seed: expected'),
        ({'ships': -1}, 'ships: expected'),
        ({'tail': 0.9}, 'tail: expected'),
        ({'min_per_class': -1}, 'min_per_class: expected'),
    ],
)
def test_impossible_specs_are_refused(values, message):
    with pytest.raises(ValueError, match=message):
        SceneSpec(**values)
