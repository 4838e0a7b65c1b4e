"""Labels of a GIS on scenes and back: corners against PROJ and by hand, and every kind of feature that is no ship."""

import json
from pathlib import Path

import geopandas
import numpy as np
import pyogrio
import pyproj
import pytest
import rasterio
import shapely
from rasterio import Affine

from ship_det.annotations import LabeledObject
from ship_det.geometry import rbox_to_quad
from ship_det.raster import Georeference
from ship_det.scenes import Scene, describe_scene
from ship_det.scenes.label_layers import place_labels, read_label_layer, write_label_layer

SIZE = (1000, 800)
UTM = Scene('utm', 'utm.tif', SIZE, Georeference('EPSG:32633', (0.5, 0, 500_000, 0, -0.5, 6_650_000)))
DEGREES = Scene('degrees', 'degrees.tif', SIZE, Georeference('EPSG:4326', (5e-6, 0, 14.9, 0, -4e-6, 59.99)))
# Turned by 30 degrees against the grid of its map, 2 m a px.
COS, SIN = 2 * np.cos(np.pi / 6), 2 * np.sin(np.pi / 6)
TURNED = Scene('turned', 'turned.tif', SIZE, Georeference('EPSG:3857', (COS, SIN, 1_660_000, SIN, -COS, 8_390_000)))
BOXES = np.array([[300, 200, 120, 20, 0.3], [600, 500, 60, 14, -1.2], [100, 650, 200, 30, 1.5], [500, 400, 50, 50, 0]])
QUADS = rbox_to_quad(BOXES)
NAMES = ('tanker', 'tug', 'tanker', 'Frachtschiff groß')


@pytest.fixture
def write_layer(tmp_path):
    """Writes features, (geometry, values), in a CRS."""

    def write(features, crs: str | None = 'EPSG:32633', name: str = 'a.gpkg', **options) -> Path:
        rows = [dict(values) for _, values in features]
        frame = geopandas.GeoDataFrame(rows, geometry=[geometry for geometry, _ in features], crs=crs)
        if name.endswith('.parquet'):
            frame.to_parquet(tmp_path / name)
        else:
            pyogrio.write_dataframe(frame, tmp_path / name, **options)
        return tmp_path / name

    return write


def on_map(scene: Scene, points) -> np.ndarray:
    """Map coordinates of px by the scene's affine transform."""
    affine = Affine(*scene.georeference.affine)
    return np.array([affine @ tuple(point) for point in np.asarray(points).reshape(-1, 2)])


def polygon(scene: Scene, points, crs: str | None = None) -> shapely.Polygon:
    """A polygon over px of a scene, its vertices brought to another CRS by PROJ."""
    places = on_map(scene, points)
    if crs is not None:
        to_crs = pyproj.Transformer.from_crs(scene.georeference.crs, crs, always_xy=True)
        places = np.column_stack(to_crs.transform(*places.T))
    return shapely.Polygon(places)


def corners_apart(found, expected) -> float:
    """Largest distance of a corner from the nearest of the expected ones, px."""
    return np.linalg.norm(found[:, None] - expected[None], axis=-1).min(axis=1).max()


@pytest.mark.parametrize('scene', [UTM, DEGREES, TURNED], ids=lambda scene: scene.name)
@pytest.mark.parametrize('crs', ['EPSG:32633', 'EPSG:4326', 'EPSG:3857', 'EPSG:3035'])
def test_rectangles_keep_their_corners_from_any_crs(write_layer, scene, crs):
    features = [(polygon(scene, quad, crs), {'type': name}) for quad, name in zip(QUADS, NAMES, strict=True)]
    layer = read_label_layer(write_layer(features, crs), 'type')
    placed = place_labels(layer, [scene])
    (objects,) = placed.objects
    assert [labeled.name for labeled in objects] == list(NAMES)
    assert max(corners_apart(labeled.quad, quad) for labeled, quad in zip(objects, QUADS, strict=True)) < 1e-3
    assert (placed.outside, placed.shared, placed.rectangles, placed.cut) == (0, 0, 0, 0)


@pytest.mark.parametrize('name', ['a.gpkg', 'a.geojson', 'a.shp', 'a.fgb', 'a.parquet', 'a.sqlite'])
def test_kinds_of_files(write_layer, name):
    features = [(polygon(UTM, QUADS[0], 'EPSG:4326'), {'class': 'tanker', 'difficult': 1})]
    layer = read_label_layer(write_layer(features, 'EPSG:4326', name))
    ((labeled,),) = place_labels(layer, [UTM]).objects
    assert (labeled.name, labeled.difficult) == ('tanker', True)
    assert corners_apart(labeled.quad, QUADS[0]) < 0.05


@pytest.mark.parametrize('suffix', ['gpkg', 'geojson', 'parquet'])
@pytest.mark.parametrize('scenes', [[UTM], [DEGREES], [TURNED], [UTM, DEGREES, TURNED]], ids=len)
def test_labels_go_to_a_layer_and_back(tmp_path, scenes, suffix):
    objects = [
        [LabeledObject(quad, name, name == 'tug') for quad, name in zip(QUADS, NAMES, strict=True)] for _ in scenes
    ]
    path = tmp_path / f'a.{suffix}'
    write_label_layer(path, scenes, objects)
    placed = place_labels(read_label_layer(path), scenes)
    for found, expected in zip(placed.objects, objects, strict=True):
        assert [(one.name, one.difficult) for one in found] == [(one.name, one.difficult) for one in expected]
        for one, other in zip(found, expected, strict=True):
            # In order too: the first corner stays the first.
            np.testing.assert_allclose(one.quad, other.quad, atol=0.05 if suffix == 'geojson' else 1e-4)
    assert placed.outside == placed.rectangles == 0


def test_columns_of_a_layer_of_labels(tmp_path):
    write_label_layer(tmp_path / 'a.gpkg', [UTM], [[LabeledObject(QUADS[0], 'tanker', True)]])
    frame = geopandas.read_file(tmp_path / 'a.gpkg')
    assert [*frame.columns] == ['scene', 'class', 'difficult', 'length_m', 'width_m', 'heading_deg', 'date', 'geometry']
    (row,) = frame.to_dict('records')
    assert (row['scene'], row['class'], row['difficult']) == ('utm', 'tanker', 1)
    # 120 x 20 px of 0.5 m; 0.3 rad clockwise from east is 107.2 degrees from north, less the convergence of 0 there.
    assert row['length_m'] == pytest.approx(60, rel=1e-3) and row['width_m'] == pytest.approx(10, rel=1e-3)
    assert row['heading_deg'] == pytest.approx(107.2, abs=0.2)


def test_a_polygon_on_two_scenes_is_in_both(write_layer):
    east = Scene('east', 'east.tif', SIZE, Georeference('EPSG:32633', (0.5, 0, 500_400, 0, -0.5, 6_650_000)))
    quads = rbox_to_quad([[900, 300, 60, 10, 0.5], [100, 300, 60, 10, 0.5], [800, 300, 60, 10, 0]])
    layer = read_label_layer(write_layer([(polygon(UTM, quad), {'class': 'a'}) for quad in quads]))
    placed = place_labels(layer, [UTM, east])
    assert [len(objects) for objects in placed.objects] == [3, 2]
    assert corners_apart(placed.objects[1][0].quad, quads[0] - [800, 0]) < 1e-6
    # The third one begins 30 px west of the second scene.
    assert (placed.shared, placed.cut, placed.outside) == (2, 1, 0)
    assert corners_apart(placed.objects[1][1].quad, quads[2] - [800, 0]) < 1e-6


def test_outside_and_beside_a_scene(write_layer):
    features = [(polygon(UTM, QUADS[0] + offset), {'class': 'a'}) for offset in ([0, 0], [5000, 0], [0, -900])]
    # One that shares nothing but the border.
    features.append((polygon(UTM, [(1000, 10), (1050, 10), (1050, 30), (1000, 30)]), {'class': 'a'}))
    placed = place_labels(read_label_layer(write_layer(features)), [UTM])
    assert (len(placed.objects[0]), placed.outside) == (1, 3)


# A hull of six corners along x, 100 x 20 px; an L; a triangle; a rectangle with a point more on one side.
HULL = np.array([(100, 100), (180, 100), (200, 110), (180, 120), (100, 120), (95, 110)])
RECTANGLES = {
    'a hull': (HULL, [(95, 100), (200, 100), (200, 120), (95, 120)]),
    'a triangle': ([(100, 100), (200, 100), (200, 120)], None),
    'a point on a side': ([(10, 10), (50, 10), (90, 10), (90, 30), (10, 30)], [(10, 10), (90, 10), (90, 30), (10, 30)]),
}


@pytest.mark.parametrize('kind', RECTANGLES)
@pytest.mark.parametrize('scene', [UTM, DEGREES], ids=lambda scene: scene.name)
def test_other_than_four_corners_become_rectangles_in_px(write_layer, scene, kind):
    points, expected = RECTANGLES[kind]
    layer = read_label_layer(write_layer([(polygon(scene, points), {'class': 'a'})], scene.georeference.crs))
    placed = place_labels(layer, [scene])
    assert placed.rectangles == 1
    quad = placed.objects[0][0].quad
    sides = np.roll(quad, -1, axis=0) - quad
    # Right angles in px, not in degrees, whose px are no squares.
    assert abs(np.einsum('ij,ij->i', sides, np.roll(sides, -1, axis=0))).max() < 1e-3
    assert shapely.Polygon(quad).buffer(1e-3).covers(shapely.Polygon(points))
    if expected is not None:
        assert corners_apart(quad, np.array(expected)) < 1e-3


def test_four_corners_however_they_are_drawn(write_layer):
    quad = QUADS[1]
    rings = [quad[::-1], quad[[0, 2, 1, 3]], quad[[0, 1, 1, 2, 3, 3]]]
    layer = read_label_layer(write_layer([(polygon(UTM, ring), {'class': 'a'}) for ring in rings]))
    placed = place_labels(layer, [UTM])
    for labeled in placed.objects[0]:
        assert corners_apart(labeled.quad, quad) < 1e-6
        assert shapely.Polygon(labeled.quad).area == pytest.approx(60 * 14)
    assert placed.rectangles == 0


@pytest.mark.filterwarnings('ignore:Non closed ring')
def test_a_ring_that_is_not_closed(tmp_path):
    places = polygon(UTM, QUADS[1], 'EPSG:4326').exterior.coords[:-1]
    feature = {'type': 'Feature', 'properties': {'class': 'tug'}}
    feature['geometry'] = {'type': 'Polygon', 'coordinates': [places]}
    (tmp_path / 'a.geojson').write_text(json.dumps({'type': 'FeatureCollection', 'features': [feature]}))
    ((labeled,),) = place_labels(read_label_layer(tmp_path / 'a.geojson'), [UTM]).objects
    assert corners_apart(labeled.quad, QUADS[1]) < 0.05


def test_features_that_make_no_object_are_counted(write_layer):
    one, two = polygon(UTM, QUADS[0]), polygon(UTM, QUADS[1])
    hole = shapely.Polygon(two.exterior, [shapely.Polygon(two.exterior).buffer(-2).exterior])
    line = shapely.LineString([(500_010, 6_649_990), (500_050, 6_649_900)])
    geometries = [
        one,
        shapely.MultiPolygon([one, two]),
        shapely.MultiPolygon([two]),
        hole,
        shapely.GeometryCollection([line, two]),
        None,
        shapely.Polygon(),
        shapely.Point(500_010, 6_649_990),
        line,
        shapely.Polygon([(500_010, 6_649_990), (500_020, 6_649_990), (500_030, 6_649_990)]),
        shapely.Polygon([*[(x, y, 7.0) for x, y in one.exterior.coords]]),
    ]
    layer = read_label_layer(write_layer([(geometry, {'class': 'a'}) for geometry in geometries], name='a.geojson'))
    assert len(layer.polygons) == 1 + 2 + 1 + 1 + 1 + 1
    assert dict(layer.skipped) == {'without geometry': 2, 'of points or lines': 2, 'without area': 1}
    assert layer.notes == (
        '1 multi-polygon of several parts: each part is an object',
        '1 polygon with holes, which labels do not have',
    )


def test_classes_of_any_type(write_layer):
    shape = polygon(UTM, QUADS[0])
    for values, expected in (
        ([3, 12], ('3', '12')),
        ([3.0, 2.5], ('3', '2.5')),
        ([' tanker ', 'bulk carrier'], ('tanker', 'bulk carrier')),
    ):
        features = [(shape, {'class': value}) for value in values]
        assert read_label_layer(write_layer(features, name='b.gpkg')).names == expected


@pytest.mark.parametrize('values', [['a', None], ['a', ''], ['a', '  '], [1, None], [1.0, float('nan')]])
def test_a_feature_without_a_class(write_layer, values):
    path = write_layer([(polygon(UTM, QUADS[0]), {'class': value}) for value in values])
    with pytest.raises(ValueError, match=r'a\.gpkg: feature 2: no class in class, expected one \(--skip-unknown'):
        read_label_layer(path)
    layer = read_label_layer(path, skip_unknown=True)
    assert (layer.names, dict(layer.skipped)) == ((str(values[0]).removesuffix('.0'),), {'without a class': 1})


def test_difficult_that_is_no_flag_is_named(write_layer):
    path = write_layer([(polygon(UTM, QUADS[0]), {'class': 'a', 'difficult': 'very'})])
    with pytest.raises(ValueError, match="feature 1: difficult: expected 0, 1 or nothing, found 'very'"):
        read_label_layer(path)


def test_layers_and_crs(write_layer, tmp_path):
    path = write_layer([(polygon(UTM, QUADS[0]), {'class': 'a'})], layer='ships')
    write_layer([(polygon(UTM, QUADS[1]), {'class': 'b'})], layer='docks', append=True)
    with pytest.raises(ValueError, match=r'a\.gpkg: has the layers ships, docks, expected one with polygons'):
        read_label_layer(path)
    assert read_label_layer(path, layer='docks').names == ('b',)
    with pytest.raises(ValueError, match=r'a\.gpkg: not a file of polygons .*quays'):
        read_label_layer(path, layer='quays')
    bare = write_layer([(polygon(UTM, QUADS[0]), {'class': 'a'})], crs=None, name='bare.shp')
    with pytest.raises(ValueError, match=r'bare\.shp: has no CRS'):
        read_label_layer(bare)
    placed = place_labels(read_label_layer(bare, crs='EPSG:32633'), [UTM])
    assert corners_apart(placed.objects[0][0].quad, QUADS[0]) < 1e-6
    with pytest.raises(ValueError, match='PROJ knows no such one'):
        read_label_layer(bare, crs='EPSG:0')
    with pytest.raises(ValueError, match=r'a\.gpkg: has the CRS WGS 84 / UTM zone 33N, found EPSG:4326 given for it'):
        read_label_layer(path, layer='ships', crs='EPSG:4326')


@pytest.mark.parametrize(
    ('name', 'content', 'message'),
    [
        ('a.gpkg', 'nothing', 'not a file of polygons'),
        (
            'a.geojson',
            '{"type": "FeatureCollection", "features": []}',
            'holds no polygon|has no layer of polygons|no column',
        ),
        ('a.geojson', '{"type": "Feature', 'not a file of polygons'),
        ('a.parquet', 'PAR1', 'not a file of polygons'),
        ('a.shp', '', 'not a file of polygons'),
        ('a.csv', 'class\na\n', 'has no layer of polygons'),
    ],
)
def test_files_that_are_none(tmp_path, name, content, message):
    (tmp_path / name).write_text(content)
    with pytest.raises(ValueError, match=rf'{name}: .*({message})'):
        read_label_layer(tmp_path / name)


def test_a_column_that_is_not_there_is_named(write_layer):
    path = write_layer([(polygon(UTM, QUADS[0]), {'NAME': 'a', 'id': 7})])
    with pytest.raises(ValueError, match='has no column class, found NAME, id; --class-field names the one'):
        read_label_layer(path)


def test_a_scene_across_the_antimeridian(write_layer):
    scene = Scene('a', 'a.tif', SIZE, Georeference('EPSG:4326', (1e-5, 0, 179.995, 0, -1e-5, 10.0)))
    quads = rbox_to_quad([[100, 100, 60, 20, 0.4], [900, 100, 60, 20, 0.4]])
    east = shapely.Polygon(on_map(scene, quads[1]) - [360, 0])
    layer = read_label_layer(
        write_layer([(polygon(scene, quads[0]), {'class': 'a'}), (east, {'class': 'b'})], 'EPSG:4326')
    )
    placed = place_labels(layer, [scene])
    assert max(corners_apart(one.quad, quad) for one, quad in zip(placed.objects[0], quads, strict=True)) < 1e-3


def test_polygons_far_away_are_outside(write_layer):
    # On the other side of the Earth, where UTM's coordinates are not finite or fold back.
    away = [shapely.box(x, y, x + 1e-3, y + 1e-3) for x, y in ((-165, -60), (105, 0), (-75, 0), (15, -89.9), (195, 60))]
    features = [(shape, {'class': 'a'}) for shape in [*away, polygon(UTM, QUADS[0], 'EPSG:4326')]]
    placed = place_labels(read_label_layer(write_layer(features, 'EPSG:4326')), [UTM])
    assert (len(placed.objects[0]), placed.outside) == (1, 5)


@pytest.mark.parametrize('suffix', ['gpkg', 'geojson', 'parquet'])
def test_round_trip_on_a_real_port(data_root, tmp_path, suffix):
    path = data_root / 'sentinel2_port/honolulu_rgb.tiff'
    scene = describe_scene(path, 'honolulu')
    rng = np.random.default_rng(0)
    boxes = rng.uniform((20, 20, 4, 1, -1.5), (300, 300, 30, 4, 1.5), (60, 5))
    objects = [LabeledObject(quad, 'vessel') for quad in rbox_to_quad(boxes)]
    write_label_layer(tmp_path / f'a.{suffix}', [scene], [objects])
    (found,) = place_labels(read_label_layer(tmp_path / f'a.{suffix}'), [scene]).objects
    assert max(np.abs(one.quad - other.quad).max() for one, other in zip(found, objects, strict=True)) < 0.01
    # Against rasterio and PROJ: a corner in degrees, brought to px by them.
    with rasterio.open(path) as image:
        x, y = image.transform @ tuple(objects[0].quad[0])
    read = geopandas.read_parquet if suffix == 'parquet' else geopandas.read_file
    frame = read(tmp_path / f'a.{suffix}')
    place = frame.to_crs(3857).geometry.iloc[0].exterior.coords[0]
    assert np.hypot(place[0] - x, place[1] - y) < 0.02 * 10
