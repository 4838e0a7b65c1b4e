"""What ships measure on the ground, against geodesics and tables, in several kinds of coordinates."""

import math

import numpy as np
import pyproj
import pytest
from rasterio import Affine

from ship_det.raster import Georeference
from ship_det.scenes import Scene
from ship_det.scenes.attributes import measure_ships

GEOD = pyproj.Geod(ellps='WGS84')
LENGTH, WIDTH = 230.0, 32.0
LONGITUDE, LATITUDE = 14.2, 60.0


def corners_on_earth(heading: float) -> np.ndarray:
    """(4, 2) degrees of a ship's corners by geodesics from its middle: half the length, then half the width aside."""
    corners = []
    for along, aside in ((1, -1), (1, 1), (-1, 1), (-1, -1)):
        longitude, latitude, back = GEOD.fwd(LONGITUDE, LATITUDE, heading, along * LENGTH / 2)
        corners.append(GEOD.fwd(longitude, latitude, back + 180 + 90, aside * WIDTH / 2)[:2])
    return np.array(corners)


def write_scene(crs: str, step: float) -> Scene:
    x, y = pyproj.Transformer.from_crs('EPSG:4326', crs, always_xy=True).transform(LONGITUDE, LATITUDE)
    return Scene('a', 'a.tif', (1000, 1000), Georeference(crs, (step, 0, x - 500 * step, 0, -step, y + 500 * step)))


SCENES = {
    'UTM': write_scene('EPSG:32633', 0.6),
    'UTM of the zone beside': write_scene('EPSG:32632', 0.6),
    'degrees': write_scene('EPSG:4326', 1e-5),
    'Mercator': write_scene('EPSG:3857', 1.0),
    'feet': write_scene('ESRI:102653', 2.0),
}


@pytest.mark.parametrize('kind', SCENES)
@pytest.mark.parametrize('heading', [0.0, 33.0, 90.0, 151.0])
def test_metres_and_north_are_those_of_the_ground(kind, heading):
    scene = SCENES[kind]
    degrees = corners_on_earth(heading)
    to_map = pyproj.Transformer.from_crs('EPSG:4326', scene.georeference.crs, always_xy=True)
    affine = ~Affine(*scene.georeference.affine)
    pixels = np.array([affine @ to_map.transform(*corner) for corner in degrees])
    # Whichever corner comes first.
    ships = measure_ships([pixels, np.roll(pixels, 1, axis=0), pixels[::-1]], scene)
    assert ships.length_m == pytest.approx(LENGTH, rel=1e-4)
    assert ships.width_m == pytest.approx(WIDTH, rel=1e-4)
    away = (ships.heading_deg - heading + 90) % 180 - 90
    assert np.abs(away).max() < 0.01
    assert ((ships.heading_deg >= 0) & (ships.heading_deg < 180)).all()
    assert ships.longitude == pytest.approx(LONGITUDE, abs=1e-6)
    assert ships.latitude == pytest.approx(LATITUDE, abs=1e-6)


def test_by_hand_in_degrees():
    # At 60 degrees north a degree is 111 412 m to the north and 55 800 m to the east (tables of the Defense Mapping
    # Agency): 200 px of 1e-5 degrees are 223 m and 112 m.
    scene = Scene('a', 'a.tif', (1000, 1000), Georeference('EPSG:4326', (1e-5, 0, 20, 0, -1e-5, 60.005)))
    square = np.array([[400, 400], [600, 400], [600, 600], [400, 600]])
    ships = measure_ships([square], scene)
    assert ships.length_m[0] == pytest.approx(222.82, rel=5e-4)
    assert ships.width_m[0] == pytest.approx(111.60, rel=5e-4)
    assert ships.heading_deg[0] == pytest.approx(0, abs=1e-6)


def test_north_is_not_up_where_the_map_is_turned():
    # At 66 degrees north, 9 degrees east of the middle meridian, UTM's grid is turned by 9 sin 66 = 8.2 degrees.
    x, y = pyproj.Transformer.from_crs('EPSG:4326', 'EPSG:32633', always_xy=True).transform(24, 66)
    scene = Scene('a', 'a.tif', (1000, 1000), Georeference('EPSG:32633', (1, 0, x - 500, 0, -1, y + 500)))
    upright = np.array([[490, 400], [510, 400], [510, 600], [490, 600]])
    heading = measure_ships([upright], scene).heading_deg[0]
    assert heading == pytest.approx(
        math.degrees(math.atan(math.tan(math.radians(9)) * math.sin(math.radians(66)))), abs=0.05
    )


def test_across_the_antimeridian():
    scene = Scene('a', 'a.tif', (1000, 1000), Georeference('EPSG:4326', (1e-5, 0, 179.995, 0, -1e-5, 0.005)))
    ships = measure_ships([[[400, 490], [600, 490], [600, 510], [400, 510]]], scene)
    # 0.002 degrees of the equator, 111 320 m each.
    assert ships.length_m[0] == pytest.approx(222.64, rel=1e-4)
    assert ships.heading_deg[0] == pytest.approx(90)
    assert abs(ships.longitude[0]) == pytest.approx(180)


@pytest.mark.parametrize(('gsd', 'length', 'width'), [(0.5, 50.0, 5.0), (None, math.nan, math.nan)])
def test_without_georeference(gsd, length, width):
    # A ship of 100 x 10 px, turned by 30 degrees.
    axis = np.array([math.cos(math.pi / 6), math.sin(math.pi / 6)])
    side = np.array([-axis[1], axis[0]])
    corners = np.array([50 * axis + 5 * side, 50 * axis - 5 * side, -50 * axis - 5 * side, -50 * axis + 5 * side]) + 100
    ships = measure_ships([corners], Scene('a', 'a.png', (200, 200), gsd=gsd))
    assert ships.length_m[0] == pytest.approx(length, nan_ok=True)
    assert ships.width_m[0] == pytest.approx(width, nan_ok=True)
    assert np.isnan([ships.heading_deg, ships.longitude, ships.latitude]).all()


@pytest.mark.parametrize('scene', [None, Scene('a', 'a.png', (9, 9)), SCENES['UTM']])
def test_no_ships(scene):
    ships = measure_ships(np.empty((0, 4, 2)), scene)
    assert all(len(values) == 0 for values in vars(ships).values())
