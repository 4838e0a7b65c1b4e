"""Polygons of other people's files on scenes, against PROJ point by point."""

import json
import pickle
import sys
import zipfile

import geopandas
import numpy as np
import pandas
import pyogrio
import pyproj
import pytest
import shapely
from rasterio import Affine

from ship_det.raster import Georeference
from ship_det.scenes import Scene
from ship_det.scenes.areas import polygons_in_scene, read_polygons

SIZE = (1000, 800)
MIDDLE = (14.2, 60.0)


def make_scene(crs: str = 'EPSG:32633', step: float = 2.0, middle: tuple[float, float] = MIDDLE) -> Scene:
    x, y = pyproj.Transformer.from_crs('EPSG:4326', crs, always_xy=True).transform(*middle)
    affine = (step, 0, x - SIZE[0] / 2 * step, 0, -step, y + SIZE[1] / 2 * step)
    return Scene('a', 'a.tif', SIZE, Georeference(crs, affine))


SCENES = {
    'UTM': make_scene(),
    'degrees': make_scene('EPSG:4326', 2e-5),
    'Mercator': make_scene('EPSG:3857', 3.0),
}


@pytest.fixture
def write_polygons(tmp_path):
    def write(polygons, crs='EPSG:4326', name='land.gpkg', **options):
        frame = geopandas.GeoDataFrame({'kind': ['land'] * len(polygons)}, geometry=list(polygons), crs=crs)
        if crs != 'EPSG:4326' and crs is not None:
            frame = frame.set_crs('EPSG:4326', allow_override=True).to_crs(crs)
        pyogrio.write_dataframe(frame, tmp_path / name, **options)
        return tmp_path / name

    return write


def sample(scene: Scene) -> tuple[np.ndarray, np.ndarray]:
    """Px of a scene and their degrees, by PROJ alone."""
    pixels = np.random.default_rng(0).uniform((0, 0), SIZE, (2000, 2))
    x, y = np.array([Affine(*scene.georeference.affine) @ tuple(point) for point in pixels]).T
    to_degrees = pyproj.Transformer.from_crs(scene.georeference.crs, 'EPSG:4326', always_xy=True)
    return pixels, np.column_stack(to_degrees.transform(x, y))


def around(middle, width, height) -> shapely.Polygon:
    return shapely.box(middle[0] - width, middle[1] - height, middle[0] + width, middle[1] + height)


ISLAND = shapely.Polygon([(14.19, 59.995), (14.22, 59.998), (14.205, 60.004)])
LANDS = {
    'an island': [ISLAND],
    'one that reaches beyond the scene': [shapely.Polygon([(14.2, 59.9), (14.9, 60.1), (14.2, 60.001)])],
    'a lake in a country': [around(MIDDLE, 5, 5) - around(MIDDLE, 0.006, 0.003)],
    'two, on each other': [around(MIDDLE, 0.006, 0.003), around((14.204, 60.001), 0.006, 0.003)],
    'a bow tie': [shapely.Polygon([(14.19, 59.995), (14.21, 60.004), (14.21, 59.995), (14.19, 60.004)])],
    'of several parts': [shapely.MultiPolygon([ISLAND, around((14.187, 60.003), 0.001, 0.001)])],
}


@pytest.mark.parametrize('kind', SCENES)
@pytest.mark.parametrize('land', LANDS)
def test_every_px_is_on_the_right_side(write_polygons, kind, land):
    scene, polygons = SCENES[kind], LANDS[land]
    found = polygons_in_scene(read_polygons(write_polygons(polygons)), scene)
    assert shapely.box(0, 0, *SIZE).buffer(1e-6).contains(found)
    pixels, degrees = sample(scene)
    expected = shapely.contains_xy(shapely.union_all(shapely.make_valid(polygons)), degrees)
    # On the border itself either answer is right, to a twentieth of a px.
    clear = shapely.distance(found.boundary, shapely.points(pixels)) > 0.05
    assert clear.mean() > 0.99
    assert (shapely.contains_xy(found, pixels) == expected)[clear].all()
    assert 0 < expected.mean() < 1


@pytest.mark.parametrize('kind', SCENES)
@pytest.mark.parametrize('land', [around(MIDDLE, 1, 1), around(MIDDLE, 20, 20), shapely.box(-180, -90, 180, 90)])
def test_land_around_the_scene(write_polygons, kind, land):
    found = polygons_in_scene(read_polygons(write_polygons([land])), SCENES[kind])
    assert found.area == pytest.approx(SIZE[0] * SIZE[1], rel=1e-12)


def test_long_edges_stay_where_they_are_in_the_file(write_polygons):
    """The 60th parallel over 30 degrees: 15 km off the straight line between its ends in UTM."""
    scene = SCENES['UTM']
    found = polygons_in_scene(read_polygons(write_polygons([shapely.box(0, 50, 30, 60)])), scene)
    to_map = pyproj.Transformer.from_crs('EPSG:4326', 'EPSG:32633', always_xy=True)
    parallel = np.array(to_map.transform(np.linspace(14.18, 14.22, 200), np.full(200, 60.0))).T
    pixels = np.array([~Affine(*scene.georeference.affine) @ tuple(point) for point in parallel])
    inside = ((pixels > 0) & (pixels < SIZE)).all(axis=1)
    assert inside.sum() > 100
    assert shapely.distance(found.boundary, shapely.points(pixels[inside])).max() < 0.01


def test_polygons_on_another_map(write_polygons):
    found = polygons_in_scene(read_polygons(write_polygons([ISLAND], 'EPSG:3857')), SCENES['UTM'])
    same = polygons_in_scene(read_polygons(write_polygons([ISLAND], name='a.geojson')), SCENES['UTM'])
    # Straight in Mercator is nearly straight in degrees.
    assert found.symmetric_difference(same).area < 1e-3 * same.area


def test_control_points(write_polygons):
    points = tuple((x, y, 14.19 + 2e-5 * x, 60.008 - 2e-5 * y) for x in (0, 500, 1000) for y in (0, 400, 800))
    scene = Scene('a', 'a.tif', SIZE, Georeference('EPSG:4326', control_points=points))
    found = polygons_in_scene(read_polygons(write_polygons([shapely.box(14.192, 60, 14.194, 60.001)])), scene)
    np.testing.assert_allclose(found.bounds, (100, 350, 200, 400), rtol=0, atol=1e-3)


@pytest.mark.parametrize(
    ('crs', 'step', 'middle'),
    [('EPSG:32660', 2.0, (180.0, 60.0)), ('EPSG:4326', 2e-5, (180.0, 60.0)), ('EPSG:4326', 2e-5, (-180.0, 60.0)),
     ('EPSG:3832', 2.0, (180.0, 60.0))],
)  # fmt: skip
def test_across_the_antimeridian(write_polygons, crs, step, middle):
    """Land on both sides, cut at 180 degrees as files have it."""
    scene = make_scene(crs, step, middle)
    lands = [shapely.box(170, 50, 180, 60), shapely.box(-180, 50, -170, 60)]
    pixels, degrees = sample(scene)
    longitude, latitude = (degrees[:, 0] + 180) % 360 - 180, degrees[:, 1]
    for chosen in (lands, lands[:1], lands[1:]):
        found = polygons_in_scene(read_polygons(write_polygons(chosen)), scene)
        expected = shapely.contains_xy(shapely.union_all(chosen), longitude, latitude)
        clear = shapely.distance(found.boundary, shapely.points(pixels)) > 0.05
        assert clear.mean() > 0.99
        assert (shapely.contains_xy(found, pixels) == expected)[clear].all()
        # The southern half, or half of it.
        assert expected.mean() == pytest.approx(0.5 if len(chosen) == 2 else 0.25, abs=0.03)


def test_nothing_near(write_polygons):
    found = polygons_in_scene(read_polygons(write_polygons([around((20, 20), 1, 1)])), SCENES['UTM'])
    assert found.is_empty


def test_scene_without_georeference_is_named(write_polygons):
    polygons = read_polygons(write_polygons([ISLAND]))
    with pytest.raises(ValueError, match=r'a\.png: has no georeference, expected one to put .*land\.gpkg on it'):
        polygons_in_scene(polygons, Scene('a', 'a.png', (9, 9)))


@pytest.mark.parametrize('name', ['land.gpkg', 'land.geojson', 'land.shp', 'land.fgb'])
def test_kinds_of_files(write_polygons, name):
    polygons = read_polygons(write_polygons([ISLAND], name=name))
    [part] = polygons.parts
    assert part.symmetric_difference(ISLAND).area < 1e-6 * ISLAND.area
    assert pyproj.CRS(polygons.crs).equals(pyproj.CRS('EPSG:4326'), ignore_axis_order=True)
    assert pickle.loads(pickle.dumps(polygons)).crs == polygons.crs


def test_in_an_archive(tmp_path, write_polygons):
    with zipfile.ZipFile(tmp_path / 'a.zip', 'w') as archive:
        archive.write(write_polygons([ISLAND]), 'land.gpkg')
    assert len(read_polygons(f'/vsizip/{tmp_path}/a.zip/land.gpkg').parts) == 1


def test_what_is_no_polygon_is_passed_over(tmp_path):
    shapes = [shapely.Point(14, 60), shapely.LineString([(14, 60), (15, 61)]), ISLAND,
              shapely.GeometryCollection([shapely.Point(0, 0), shapely.MultiPolygon([ISLAND])])]  # fmt: skip
    features = [{'type': 'Feature', 'properties': {}, 'geometry': shapely.geometry.mapping(shape)} for shape in shapes]
    features.append({'type': 'Feature', 'properties': {}, 'geometry': None})
    (tmp_path / 'a.geojson').write_text(json.dumps({'type': 'FeatureCollection', 'features': features}))
    assert len(read_polygons(tmp_path / 'a.geojson').parts) == 2


def test_style_table_beside_the_layer(tmp_path, write_polygons):
    path = write_polygons([ISLAND])
    pyogrio.write_dataframe(pandas.DataFrame({'styleName': ['a']}), path, layer='layer_styles', append=True)
    assert len(read_polygons(path).parts) == 1


@pytest.mark.parametrize(
    ('shapes', 'options', 'message'),
    [
        ([ISLAND], {'crs': None}, 'has no CRS, expected one that says where the polygons lie, such as EPSG:4326'),
        ([shapely.Point(1, 2)], {}, 'has no layer of polygons'),
        ([shapely.Point(1, 2)], {'name': 'land.geojson'}, 'has no layer of polygons'),
        ([shapely.Polygon()], {}, 'holds no polygons, expected at least one'),
        ([], {'geometry_type': 'Polygon'}, 'holds no polygons, expected at least one'),
    ],
)  # fmt: skip
def test_files_that_are_refused(write_polygons, shapes, options, message):
    with pytest.raises(ValueError, match=rf'land\.\w+: {message}'):
        read_polygons(write_polygons(shapes, **options))


def test_several_layers_are_named(write_polygons):
    path = write_polygons([ISLAND], layer='coast')
    write_polygons([ISLAND], layer='lakes', append=True)
    with pytest.raises(ValueError, match=r'land\.gpkg: has the layers coast, lakes, expected one with polygons'):
        read_polygons(path)


def test_what_is_no_vector_file_is_named(tmp_path):
    (tmp_path / 'a.gpkg').write_text('nothing')
    with pytest.raises(ValueError, match=r'a\.gpkg: not a file of polygons \('):
        read_polygons(tmp_path / 'a.gpkg')
    with pytest.raises(ValueError, match=r'b\.gpkg: no such file, expected polygons'):
        read_polygons(tmp_path / 'b.gpkg')


@pytest.mark.parametrize('package', ['geopandas', 'pyogrio'])
def test_missing_package_is_named(monkeypatch, package):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ValueError, match=rf"a\.gpkg: found no {package}, .*pip install '\.\[detect\]'"):
        read_polygons('a.gpkg')
