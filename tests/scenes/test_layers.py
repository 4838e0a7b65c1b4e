"""Layers of ships, read back by GDAL, geopandas and Python's own readers."""

import csv
import json
import math
import sqlite3
import subprocess
import sys
from xml.etree import ElementTree as ET

import geopandas
import numpy as np
import pyogrio
import pyproj
import pytest
import shapely
from rasterio import Affine

from ship_det.annotations import read_dota
from ship_det.geometry import rbox_to_quad
from ship_det.raster import Georeference
from ship_det.scenes import Detections, Scene, layers, write_layers
from ship_det.scenes.layers import FORMATS, check_formats, remove_stale_layers

CLASSES = ('tanker', 'wooden, "tall" ship', 'Fähre')
UTM = Affine(0.6, 0, 455_000, 0, -0.6, 6_652_000)
COLUMNS = ['scene', 'class', 'score', 'length_m', 'width_m', 'heading_deg', 'date']
ON_MAP = {'gpkg': 'ships.gpkg', 'geojson': 'ships.geojson', 'parquet': 'ships.parquet'}


def make_scene(name='harbor', crs='EPSG:32633', affine=UTM, date='2023-07-04T10:21:59'):
    return Scene(name, f'{name}.tif', (1000, 1000), Georeference(crs, tuple(affine)[:6]), 0.6, date)


def find_ships(scene, count=3) -> Detections:
    boxes = np.array([[400.0, 300, 200, 40, 0.5], [100, 100, 80, 10, -np.pi / 2], [700, 800, 33.3, 9, 1.0]])[:count]
    scores = np.array([0.98766, 0.5, 0.3])[:count]
    return Detections(boxes, scores, np.arange(count), CLASSES, corners=rbox_to_quad(boxes), scene=scene)


def read_layer(folder, name) -> geopandas.GeoDataFrame:
    if name == 'parquet':
        return geopandas.read_parquet(folder / ON_MAP[name])
    return pyogrio.read_dataframe(folder / ON_MAP[name], **({'layer': 'ships'} if name == 'gpkg' else {}))


def outline(polygon) -> set[tuple[float, float]]:
    return {(round(x, 6), round(y, 6)) for x, y in polygon.exterior.coords}


@pytest.mark.parametrize('name', ON_MAP)
def test_layers_on_a_map(tmp_path, name):
    found = find_ships(make_scene())
    written = write_layers(tmp_path, [found], [name])
    assert (written[name].path, written[name].count, written[name].missing) == (tmp_path / ON_MAP[name], 3, ())
    frame = read_layer(tmp_path, name)
    assert [column for column in frame.columns if column not in ('geometry', 'id')] == COLUMNS
    assert frame['class'].tolist() == list(CLASSES)
    assert frame['scene'].tolist() == ['harbor'] * 3
    assert frame['score'].tolist() == [0.9877, 0.5, 0.3]
    # 200 x 40 px of 0.6 m; the scene lies 45 km west of the middle meridian, where the map is 0.99962 times the ground.
    assert frame['length_m'][0] == pytest.approx(120 / 0.99962, abs=0.01)
    assert frame['width_m'][0] == pytest.approx(24 / 0.99962, abs=0.01)
    # Upright on the map, whose north is turned by 0.8 degrees times the sine of 60 degrees.
    assert frame['heading_deg'][1] == pytest.approx(180 - 0.7, abs=0.05)
    expected = [[UTM @ tuple(corner) for corner in quad] for quad in found.quads]
    if name == 'geojson':
        to_degrees = pyproj.Transformer.from_crs('EPSG:32633', 'EPSG:4326', always_xy=True)
        expected = [[to_degrees.transform(*corner) for corner in quad] for quad in expected]
        assert frame.crs == 'EPSG:4326'
        for polygon, quad in zip(frame.geometry, expected, strict=True):
            assert polygon.symmetric_difference(shapely.Polygon(quad)).area < 1e-3 * polygon.area
    else:
        assert frame.crs == 'EPSG:32633'
        for polygon, quad in zip(frame.geometry, expected, strict=True):
            assert outline(polygon) == outline(shapely.Polygon(quad))


@pytest.mark.parametrize('name', ON_MAP)
@pytest.mark.parametrize('detections', [[find_ships(make_scene(), 0)], [find_ships(make_scene(date=None), 0)]])
def test_no_ships_make_a_valid_layer(tmp_path, name, detections):
    write_layers(tmp_path, detections, [name])
    frame = read_layer(tmp_path, name)
    assert len(frame) == 0
    if name == 'geojson':
        assert json.loads((tmp_path / 'ships.geojson').read_text())['features'] == []
        return
    assert [*frame.columns] == [*COLUMNS, 'geometry']
    assert frame.crs == 'EPSG:32633'
    kinds = {column: str(frame[column].dtype) for column in COLUMNS}
    assert all(kinds[column] == 'float64' for column in ('score', 'length_m', 'width_m', 'heading_deg'))
    if name == 'gpkg':
        info = pyogrio.read_info(tmp_path / 'ships.gpkg', layer='ships')
        assert info['geometry_type'] == 'Polygon'
        assert info['ogr_types'] == ['OFTString'] * 2 + ['OFTReal'] * 4 + ['OFTString']
    else:
        assert all('str' in kinds[column] or kinds[column] == 'object' for column in ('scene', 'class', 'date'))


def test_all_dates_unknown_stay_text(tmp_path):
    import pyarrow
    import pyarrow.parquet

    write_layers(tmp_path, [find_ships(make_scene(date=None))], ['parquet', 'gpkg', 'csv', 'geojson'])
    kind = pyarrow.parquet.read_schema(tmp_path / 'ships.parquet').field('date').type
    assert kind in (pyarrow.string(), pyarrow.large_string())
    assert read_layer(tmp_path, 'gpkg')['date'].isna().all()
    assert {row['date'] for row in read_csv(tmp_path)} == {''}
    features = json.loads((tmp_path / 'ships.geojson').read_text())['features']
    assert {feature['properties']['date'] for feature in features} == {None}


def test_heading_of_nearly_half_a_turn_is_0(tmp_path):
    # In Mercator's map, which keeps angles, 0.03 degrees west of north.
    scene = make_scene(crs='EPSG:3857', affine=Affine(1, 0, 0, 0, -1, 0))
    boxes = np.array([[500.0, 500, 200, 40, np.radians(90 - 0.03) - np.pi]])
    write_layers(tmp_path, [Detections(boxes, np.ones(1), np.zeros(1, int), CLASSES, scene=scene)], ['csv'])
    assert read_csv(tmp_path)[0]['heading_deg'] == '0.0'


def test_geojson_is_that_of_the_rfc(tmp_path):
    write_layers(tmp_path, [find_ships(make_scene())], ['geojson'])
    content = json.loads((tmp_path / 'ships.geojson').read_text(encoding='utf-8'))
    assert content['type'] == 'FeatureCollection'
    # No CRS member: RFC 7946, section 4.
    assert 'crs' not in content
    assert [feature['id'] for feature in content['features']] == [1, 2, 3]
    for feature in content['features']:
        assert feature['geometry']['type'] == 'Polygon'
        [ring] = feature['geometry']['coordinates']
        assert ring[0] == ring[-1]
        assert shapely.LinearRing(ring).is_ccw
        assert all(number == round(number, 7) for point in ring for number in point)
        assert [*feature['properties']] == COLUMNS


def test_geojson_is_cut_at_the_antimeridian(tmp_path):
    # A ship of 0.002 x 0.0002 degrees whose middle lies 0.0005 degrees east of it.
    scene = make_scene(crs='EPSG:4326', affine=Affine(1e-5, 0, 179.995, 0, -1e-5, 0.005))
    corners = np.array([[[450.0, 490], [650, 490], [650, 510], [450, 510]]])
    found = Detections(np.array([[550.0, 500, 200, 20, 0]]), np.ones(1), np.zeros(1, int), CLASSES, corners, scene)
    write_layers(tmp_path, [found])
    [feature] = json.loads((tmp_path / 'ships.geojson').read_text())['features']
    assert feature['geometry']['type'] == 'MultiPolygon'
    polygons = [shapely.Polygon(rings[0]) for rings in feature['geometry']['coordinates']]
    assert all(polygon.exterior.is_ccw for polygon in polygons)
    bounds = sorted(polygon.bounds for polygon in polygons)
    np.testing.assert_allclose(
        bounds, [(-180, -0.0001, -179.9985, 0.0001), (179.9995, -0.0001, 180, 0.0001)], rtol=0, atol=1e-9
    )
    # Elsewhere a ship is one polygon in its scene's coordinates.
    [polygon] = read_layer(tmp_path, 'gpkg').geometry
    np.testing.assert_allclose(polygon.bounds, (179.9995, -0.0001, 180.0015, 0.0001), rtol=0, atol=1e-9)


def test_scenes_of_several_crs_share_degrees(tmp_path):
    west = make_scene('west')
    to_other = pyproj.Transformer.from_crs('EPSG:32633', 'EPSG:32634', always_xy=True)
    x, y = to_other.transform(455_000, 6_652_000)
    east = make_scene('east', 'EPSG:32634', Affine(0.6, 0, x, 0, -0.6, y))
    write_layers(tmp_path, [find_ships(west), find_ships(east, 2)])
    to_degrees = pyproj.Transformer.from_crs('EPSG:32634', 'EPSG:4326', always_xy=True)
    for name in ON_MAP:
        frame = read_layer(tmp_path, name)
        assert frame.crs == 'EPSG:4326'
        assert frame['scene'].tolist() == ['west'] * 3 + ['east'] * 2
        middle = frame.geometry[3].centroid
        assert (middle.x, middle.y) == pytest.approx(to_degrees.transform(x + 400 * 0.6, y - 300 * 0.6), abs=1e-7)


def test_across_the_antimeridian_in_shared_degrees(tmp_path):
    """A ship of a UTM scene is in one piece of a hundred metres, not one around the Earth."""
    to_map = pyproj.Transformer.from_crs('EPSG:4326', 'EPSG:32660', always_xy=True)
    x, y = to_map.transform(180, 60)
    scene = make_scene('edge', 'EPSG:32660', Affine(0.6, 0, x - 240, 0, -0.6, y + 180))
    write_layers(tmp_path, [find_ships(scene, 1), find_ships(make_scene('other'), 1)])
    polygon = read_layer(tmp_path, 'gpkg').geometry[0]
    assert polygon.bounds[2] - polygon.bounds[0] < 0.01
    assert polygon.contains(shapely.Point(180, 60)) or polygon.contains(shapely.Point(-180, 60))


def read_csv(folder) -> list[dict[str, str]]:
    with open(folder / 'ships.csv', newline='', encoding='utf-8') as file:
        return list(csv.DictReader(file))


def test_csv(tmp_path):
    found = find_ships(make_scene())
    write_layers(tmp_path, [found], ['csv'])
    rows = read_csv(tmp_path)
    pixels = [f'{axis}{corner}' for corner in range(1, 5) for axis in 'xy']
    assert [*rows[0]] == [*COLUMNS, 'longitude', 'latitude', *pixels]
    # RFC 4180: quotes around a comma, quotes doubled, CRLF.
    assert [row['class'] for row in rows] == list(CLASSES)
    text = (tmp_path / 'ships.csv').read_bytes()
    assert b'harbor,"wooden, ""tall"" ship",0.5000,' in text
    assert text.count(b'\r\n') == text.count(b'\n') == 4
    # By hand: 100 px and 40 px either way of (100, 100), upright.
    corners = {(float(rows[1][f'x{i}']), float(rows[1][f'y{i}'])) for i in range(1, 5)}
    assert corners == {(95, 60), (105, 60), (105, 140), (95, 140)}
    to_degrees = pyproj.Transformer.from_crs('EPSG:32633', 'EPSG:4326', always_xy=True)
    longitude, latitude = to_degrees.transform(*(UTM @ (100, 100)))
    assert float(rows[1]['longitude']) == pytest.approx(longitude, abs=6e-8)
    assert float(rows[1]['latitude']) == pytest.approx(latitude, abs=6e-8)


def test_every_format_says_the_same(tmp_path):
    write_layers(tmp_path, [find_ships(make_scene())])
    numbers = ['score', 'length_m', 'width_m', 'heading_deg']
    expected = [[float(row[column]) for column in numbers] for row in read_csv(tmp_path)]
    for name in ON_MAP:
        assert read_layer(tmp_path, name)[numbers].to_numpy().tolist() == expected


def test_dota(tmp_path):
    (tmp_path / 'dota').mkdir()
    (tmp_path / 'dota' / 'other.txt').write_text('of others')
    found = find_ships(make_scene())
    written = write_layers(tmp_path, [found, find_ships(make_scene('empty'), 0)], ['dota'])
    assert written['dota'].path == tmp_path / 'dota'
    objects = read_dota(tmp_path / 'dota' / 'harbor.txt')
    assert [labeled.name for labeled in objects] == list(CLASSES)
    np.testing.assert_allclose([labeled.quad for labeled in objects], found.quads, rtol=0, atol=0.0051)
    assert (tmp_path / 'dota' / 'empty.txt').read_text() == ''
    assert (tmp_path / 'dota' / 'other.txt').read_text() == 'of others'


def test_scene_without_georeference_is_in_tables_alone(tmp_path):
    plain = find_ships(Scene('plain', 'plain.png', (1000, 1000), gsd=0.5), 2)
    written = write_layers(tmp_path, [find_ships(make_scene()), plain])
    for name in FORMATS:
        on_map = name in ON_MAP
        assert written[name].missing == (('plain',) if on_map else ())
        assert written[name].count == (3 if on_map else 5)
    assert {row['scene'] for row in read_csv(tmp_path)} == {'harbor', 'plain'}
    last = read_csv(tmp_path)[-1]
    assert (last['length_m'], last['width_m'], last['heading_deg'], last['longitude']) == ('40.00', '5.00', '', '')
    assert len(read_dota(tmp_path / 'dota' / 'plain.txt')) == 2
    # The others keep their CRS.
    assert read_layer(tmp_path, 'gpkg').crs == 'EPSG:32633'


def test_no_scene_is_georeferenced(tmp_path):
    written = write_layers(tmp_path, [find_ships(Scene('plain', 'plain.png', (1000, 1000)))])
    assert [name for name in FORMATS if written[name].path is None] == list(ON_MAP)
    assert {path.name for path in tmp_path.iterdir()} == {'ships.csv', 'dota'}


def test_qgis_colours_the_classes_at_once(tmp_path):
    write_layers(tmp_path, [find_ships(make_scene(), 1)], ['gpkg'])
    with sqlite3.connect(tmp_path / 'ships.gpkg') as database:
        database.row_factory = sqlite3.Row
        [style] = database.execute('SELECT * FROM layer_styles').fetchall()
        [layer] = database.execute('SELECT * FROM gpkg_geometry_columns').fetchall()
        assert database.execute('PRAGMA integrity_check').fetchone()[0] == 'ok'
    # What QGIS looks a layer's style up by.
    assert (style['f_table_catalog'], style['f_table_schema']) == ('', '')
    assert (style['f_table_name'], style['f_geometry_column']) == (layer['table_name'], layer['column_name'])
    assert style['useAsDefault'] == 1
    renderer = ET.fromstring(style['styleQML']).find('renderer-v2')
    assert (renderer.get('type'), renderer.get('attr')) == ('categorizedSymbol', 'class')
    categories = {category.get('value'): category.get('symbol') for category in renderer.iter('category')}
    # Classes without ships too.
    assert [*categories] == list(CLASSES)
    colors = {
        symbol.get('name'): symbol.find(".//Option[@name='outline_color']").get('value')
        for symbol in renderer.iter('symbol')
    }
    assert len({colors[symbol] for symbol in categories.values()}) == len(CLASSES)
    assert {symbol.get('type') for symbol in renderer.iter('symbol')} == {'fill'}


def test_the_same_ships_give_the_same_bytes(tmp_path):
    pyogrio.set_gdal_config_options({'OGR_CURRENT_DATE': None})
    for folder in ('a', 'b'):
        write_layers(tmp_path / folder, [find_ships(make_scene()), find_ships(make_scene('second'))])
    files = sorted(path.relative_to(tmp_path / 'a') for path in (tmp_path / 'a').rglob('*') if path.is_file())
    assert len(files) == 6
    for file in files:
        assert (tmp_path / 'a' / file).read_bytes() == (tmp_path / 'b' / file).read_bytes(), file
    assert pyogrio.get_gdal_config_option('OGR_CURRENT_DATE') is None
    [row] = sqlite3.connect(tmp_path / 'a' / 'ships.gpkg').execute('SELECT max(fid), count(*) FROM ships').fetchall()
    assert row == (6, 6)


def test_rewritten_layers_replace_the_old(tmp_path):
    write_layers(tmp_path, [find_ships(make_scene())])
    write_layers(tmp_path, [find_ships(make_scene(), 1)])
    for name in ON_MAP:
        assert len(read_layer(tmp_path, name)) == 1
    assert len(read_csv(tmp_path)) == 1
    assert {path.name for path in tmp_path.iterdir()} == {*ON_MAP.values(), 'ships.csv', 'dota'}


def test_all_layers_or_none(tmp_path):
    before = write_layers(tmp_path, [find_ships(make_scene(), 1)], ['gpkg', 'csv'])
    found = find_ships(make_scene())
    broken = Detections(found.boxes, found.scores, found.labels, ('two  blanks', 'b', 'c'), found.corners, found.scene)
    with pytest.raises(ValueError, match='two  blanks'):
        write_layers(tmp_path, [broken])
    assert len(read_layer(tmp_path, 'gpkg')) == before['gpkg'].count
    assert {path.name for path in tmp_path.iterdir()} == {'ships.gpkg', 'ships.csv'}


def test_off_the_map(tmp_path):
    # UTM's map has no place beyond a quarter of the Earth.
    scene = make_scene(affine=Affine(0.6, 0, 1e9, 0, -0.6, 1e9))
    write_layers(tmp_path, [find_ships(scene, 1)])
    [feature] = json.loads((tmp_path / 'ships.geojson').read_text())['features']
    assert feature['geometry'] is None
    assert feature['properties']['length_m'] is None
    assert read_csv(tmp_path)[0]['longitude'] == ''
    assert len(read_layer(tmp_path, 'gpkg')) == 1


@pytest.mark.parametrize(
    ('detections', 'formats', 'message'),
    [
        (
            [find_ships(make_scene())],
            ['gpkg', 'kml'],
            "format 'kml', expected some of: gpkg, geojson, parquet, csv, dota",
        ),
        ([find_ships(make_scene())] * 2, ['csv'], "names of their own, found .'harbor', 'harbor'."),
        ([find_ships(None)], ['csv'], r'names of their own, found \[None\]'),
    ],
)
def test_what_cannot_be_written(tmp_path, detections, formats, message):
    with pytest.raises(ValueError, match=message):
        write_layers(tmp_path / 'out', detections, formats)
    assert not (tmp_path / 'out').exists()


@pytest.mark.parametrize(('name', 'package'), [('gpkg', 'geopandas'), ('gpkg', 'pyogrio'), ('parquet', 'pyarrow')])
def test_missing_package_is_named(monkeypatch, name, package):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ValueError, match=rf"{name}: found no {package}, .*pip install '\.\[detect\]'"):
        check_formats([name])
    check_formats(['csv', 'dota', 'geojson'])


def test_full_disk_is_named(tmp_path, monkeypatch):
    def refuse(*arguments, **options):
        raise pyogrio.errors.DataSourceError('disk is full')

    monkeypatch.setattr(pyogrio, 'write_dataframe', refuse)
    with pytest.raises(OSError, match=r'a\.gpkg: cannot be written \(disk is full\)'):
        find_ships(make_scene()).save(tmp_path / 'a.gpkg')
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize('suffix', ['.gpkg', '.geojson', '.parquet', '.csv', '.txt', '.GPKG'])
def test_saving(tmp_path, suffix):
    found = find_ships(make_scene())
    path = tmp_path / f'my ships{suffix}'
    path.write_text('old')
    found.save(path)
    assert [*tmp_path.iterdir()] == [path]
    if suffix == '.csv':
        assert len(path.read_text().splitlines()) == 4
    elif suffix == '.txt':
        assert len(read_dota(path)) == 3
    elif suffix == '.parquet':
        assert geopandas.read_parquet(path)['class'].tolist() == list(CLASSES)
    else:
        layer = {'layer': 'ships'} if suffix.lower() == '.gpkg' else {}
        assert pyogrio.read_dataframe(path, **layer)['class'].tolist() == list(CLASSES)


@pytest.mark.parametrize('scene', [None, Scene('plain', 'plain.png', (1000, 1000))])
def test_saving_without_georeference(tmp_path, scene):
    found = find_ships(scene)
    for suffix in ('.csv', '.txt'):
        found.save(tmp_path / f'a{suffix}')
    for suffix in ('.gpkg', '.geojson', '.parquet'):
        with pytest.raises(ValueError, match=rf'a\{suffix}: the scene has no georeference.*\.csv and \.txt hold px'):
            found.save(tmp_path / f'a{suffix}')
    assert len([*tmp_path.iterdir()]) == 2


def test_unknown_suffix_names_the_known(tmp_path):
    with pytest.raises(
        ValueError, match=r"a\.shp: .* '\.shp', expected one of: \.gpkg, \.geojson, \.parquet, \.csv, \.txt"
    ):
        find_ships(make_scene()).save(tmp_path / 'a.shp')


def test_geodataframe():
    found = find_ships(make_scene())
    frame = found[found.scores > 0.4].to_geodataframe()
    assert [*frame.columns] == [*COLUMNS, 'geometry']
    assert len(frame) == 2
    assert frame.crs == 'EPSG:32633'
    plain = find_ships(None).to_geodataframe()
    assert plain.crs is None
    assert plain['scene'].isna().all()
    assert math.isnan(plain['length_m'][0])
    assert plain.geometry[1].bounds == (95, 60, 105, 140)


def test_layers_load_lightly():
    heavy = ('geopandas', 'pyogrio', 'pyarrow', 'pandas')
    code = f'import sys, ship_det.scenes; assert not sys.modules.keys() & set({heavy})'
    subprocess.run([sys.executable, '-c', code], check=True)


def test_parts_hold_what_the_whole_holds(tmp_path, monkeypatch):
    monkeypatch.setattr(layers, '_PART_SCENES', 2)
    scenes = [make_scene(f's{number}', crs) for number, crs in enumerate(['EPSG:32633', 'EPSG:32634', 'EPSG:32633'])]
    detections = [find_ships(scene) for scene in scenes] + [find_ships(Scene('plain', 'plain.png', (1000, 1000)))]
    taken = []

    class Watched(list):
        def __getitem__(self, rows):
            taken.append(rows)
            return super().__getitem__(rows)

    written = write_layers(tmp_path, Watched(detections), ['parts'])
    assert taken == [slice(0, 2), slice(2, 4)]
    assert (written['parts'].path, written['parts'].count) == (tmp_path / 'ships', 9)
    assert written['parts'].missing == ('plain',)
    assert sorted(path.name for path in (tmp_path / 'ships').iterdir()) == ['part-00000.parquet', 'part-00001.parquet']
    write_layers(tmp_path, detections, ['parquet'])
    parts, whole = geopandas.read_parquet(tmp_path / 'ships'), geopandas.read_parquet(tmp_path / 'ships.parquet')
    assert parts.crs == whole.crs == 'EPSG:4326'
    assert parts.drop(columns='geometry').equals(whole.drop(columns='geometry'))
    assert (parts.geometry == whole.geometry).all()
    # A smaller run leaves no part of a larger one.
    written = write_layers(tmp_path, detections[:2], ['parts'])
    removed = remove_stale_layers(tmp_path, [written['parts'].path], ['s0', 's1'])
    assert removed == [tmp_path / 'ships.parquet', tmp_path / 'ships/part-00001.parquet']
    with pytest.raises(ValueError, match='expected detections of scenes with names of their own'):
        write_layers(tmp_path / 'twice', detections[:2] + detections[:2], ['parts'])
    assert not (tmp_path / 'twice').exists()
