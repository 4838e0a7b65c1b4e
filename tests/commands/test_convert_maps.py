"""convert.py from and to layers of a GIS, and from predictions."""

import json
from pathlib import Path
from types import SimpleNamespace

import geopandas
import numpy as np
import pytest
import rasterio
import shapely
from rasterio import Affine

from ship_det.annotations import read_dota
from ship_det.cli import run
from ship_det.commands import convert
from ship_det.evaluation import read_predictions, write_predictions
from ship_det.tiling import TilingOptions, tile_scenes

PLACES = {'port': Affine(0.5, 0, 500_000, 0, -0.5, 6_650_000), 'bay': Affine(0.5, 0, 501_000, 0, -0.5, 6_650_000)}


@pytest.fixture
def on_map(scenes):
    """The two scenes, georeferenced: 300 x 200 px of 0.5 m, 1 km apart."""
    for name, place in PLACES.items():
        with rasterio.open(scenes / f'images/{name}.tif', 'r+') as image:
            image.crs, image.transform = 'EPSG:32633', place
    return scenes


@pytest.fixture
def run_convert(monkeypatch, capfd):
    """Run the command in this process, which has all it imports; the result has returncode, stdout and stderr."""

    def call(*arguments: object) -> SimpleNamespace:
        monkeypatch.setattr('sys.argv', ['ship-det convert', *map(str, arguments)])
        capfd.readouterr()
        with pytest.raises(SystemExit) as end:
            run(convert.main)
        printed = capfd.readouterr()
        return SimpleNamespace(returncode=end.value.code, stdout=printed.out, stderr=printed.err)

    return call


def square(name: str, x: float, y: float, side: float = 20) -> shapely.Polygon:
    """A square on a scene, px."""
    corners = ((x, y), (x + side, y), (x + side, y + side), (x, y + side))
    return shapely.Polygon([PLACES[name] @ corner for corner in corners])


def write_layer(path: Path, rows: list[dict], crs: str | None = 'EPSG:32633') -> Path:
    geopandas.GeoDataFrame(rows, geometry='geometry', crs='EPSG:32633').to_crs(crs).to_file(path)
    return path


@pytest.mark.parametrize('suffix', ['gpkg', 'geojson', 'parquet'])
def test_labels_to_a_layer_and_back(run_convert, on_map, tmp_path, suffix):
    layer = tmp_path / f'labels.{suffix}'
    result = run_convert(on_map, layer, '--from', 'dota', '--to', 'gis')
    assert (result.returncode, result.stderr) == (0, '')
    assert '2 images, 5 objects' in result.stdout
    result = run_convert(layer, tmp_path / 'back', '--from', 'gis', '--scenes', on_map)
    assert (result.returncode, result.stderr) == (0, '')
    assert '2 images, 5 objects' in result.stdout
    for name in PLACES:
        found, expected = (read_dota(root / f'labelTxt/{name}.txt') for root in (tmp_path / 'back', on_map))
        assert [one.name for one in found] == [one.name for one in expected]
        for one, other in zip(found, expected, strict=True):
            np.testing.assert_allclose(one.quad, other.quad, atol=0.05)
        assert (tmp_path / f'back/images/{name}.tif').is_file()


def test_what_became_of_every_polygon_is_said(run_convert, on_map, tmp_path):
    hull = shapely.Polygon([PLACES['port'] @ p for p in ((50, 50), (90, 50), (95, 55), (90, 60), (50, 60))])
    rows = [
        {'kind': 'tanker', 'geometry': square('port', 10, 10)},
        {'kind': 'tug', 'geometry': square('port', -5, 100)},
        {'kind': 'tug', 'geometry': hull},
        {'kind': 'tug', 'geometry': square('port', 5000, 5000)},
        {'kind': 'tug', 'geometry': shapely.MultiPolygon([square('port', 200, 10), square('port', 200, 60)])},
        {'kind': None, 'geometry': square('port', 200, 100)},
        {'kind': 'tug', 'geometry': None},
    ]
    layer = write_layer(tmp_path / 'a.gpkg', rows, 'EPSG:4326')
    options = ('--from', 'gis', '--scenes', on_map / 'images', '--class-field', 'kind')
    result = run_convert(layer, tmp_path / 'out', *options)
    assert result.returncode == 2
    assert 'a.gpkg: feature 6: no class in kind, expected one (--skip-unknown' in result.stderr
    assert not (tmp_path / 'out').exists()
    result = run_convert(layer, tmp_path / 'out', *options, '--skip-unknown')
    assert (result.returncode, result.stderr) == (0, '')
    for line in (
        '2 images, 5 objects',
        'tug: 4',
        'polygons outside every scene, left out: 1 of 6',
        'polygons of other than four corners: now their rectangles of minimum area, px: 1 of 6',
        'polygons reaching beyond the border of a scene, kept whole: 1 of 6',
        '1 multi-polygon of several parts: each part is an object',
        'features without a class, left out: 1',
        'features without geometry, left out: 1',
        'scenes without a polygon, kept as such: 1 of 2',
    ):
        assert line in result.stdout, line
    assert (tmp_path / 'out/labelTxt/bay.txt').read_text() == ''
    (tanker, *_) = read_dota(tmp_path / 'out/labelTxt/port.txt')
    np.testing.assert_allclose(tanker.quad, [[10, 10], [30, 10], [30, 30], [10, 30]], atol=1e-3)


def test_class_map_and_other_formats_apply_to_a_layer(run_convert, on_map, tmp_path):
    layer = write_layer(tmp_path / 'a.geojson', [{'class': '7', 'geometry': square('bay', 10, 10)}], 'EPSG:4326')
    (tmp_path / 'map.yaml').write_text('7: tug boat\n')
    options = ('--from', 'gis', '--scenes', on_map, '--class-map', tmp_path / 'map.yaml', '--to', 'coco-rotated')
    assert run_convert(layer, tmp_path / 'out', *options).returncode == 0
    content = json.loads((tmp_path / 'out/annotations/instances.json').read_text())
    assert [category['name'] for category in content['categories']] == ['tug boat']


def test_what_cannot_be_put_on_a_scene_exits_with_2(run_convert, on_map, tmp_path):
    layer = write_layer(tmp_path / 'a.gpkg', [{'class': 'a', 'geometry': square('port', 5000, 0)}])
    near = write_layer(tmp_path / 'near.gpkg', [{'class': 'a', 'geometry': square('port', 0, 0)}])
    bare = tmp_path / 'bare'
    bare.mkdir()
    with rasterio.open(bare / 'a.png', 'w', driver='PNG', width=9, height=9, count=1, dtype='uint8') as image:
        image.write(np.ones((1, 9, 9), dtype=np.uint8))
    scenes = ('--scenes', on_map)
    for source, options, message in (
        (layer, scenes, 'a.gpkg: none of its 1 polygon lies on one of the scenes of'),
        (near, (*scenes, '--class-field', 'kind'), 'has no column kind, found class; --class-field names the one'),
        (near, (), '--from gis: expected --scenes DIR'),
        (near, ('--scenes', bare), 'a.png: does not know where on Earth it lies'),
        (near, ('--scenes', tmp_path / 'nowhere'), 'nowhere: no such scene'),
        (near, (*scenes, '--classes', 'a'), '--classes: found --from gis'),
        (near, (*scenes, '--to', 'gis'), 'found --from gis, expected a data set or predictions'),
        (near, (*scenes, '--to', 'dota-task1'), 'found --from gis, expected predictions'),
        (near, (*scenes, '--merge'), '--merge: found --from gis, expected predictions'),
    ):
        result = run_convert(source, tmp_path / 'out', '--from', 'gis', *options)
        assert (result.returncode, message in result.stderr) == (2, True), result.stderr
        assert 'Traceback' not in result.stderr and not (tmp_path / 'out').exists()


def test_a_scene_that_nobody_knows_the_place_of(run_convert, on_map, tmp_path):
    with rasterio.open(on_map / 'images/a.png', 'w', driver='PNG', width=9, height=9, count=1, dtype='uint8') as image:
        image.write(np.ones((1, 9, 9), dtype=np.uint8))
    (on_map / 'labelTxt/a.txt').write_text('1 1 5 1 5 5 1 5 tug 0\n')
    layer = tmp_path / 'a.gpkg'
    result = run_convert(on_map, layer, '--from', 'dota', '--to', 'gis')
    assert result.returncode == 0
    assert 'left out, as nothing says where they lie: 1 image with 1 object, first' in result.stdout
    assert len(geopandas.read_file(layer, layer='ships')) == 5
    options = ('--from', 'gis', '--scenes', on_map)
    result = run_convert(layer, tmp_path / 'out', *options)
    assert (result.returncode, 'a.png: does not know where' in result.stderr) == (2, True)
    result = run_convert(layer, tmp_path / 'out', *options, '--skip-unpaired')
    assert result.returncode == 0
    assert 'skipped: 1 (images without labels' in result.stdout
    result = run_convert(on_map, layer, '--from', 'dota', '--to', 'gis')
    assert (result.returncode, 'a.gpkg: already there, expected a new file' in result.stderr) == (2, True)


@pytest.fixture
def predicted(on_map, tmp_path) -> tuple[Path, Path]:
    """Chips of the scenes, and predictions that are their labels."""
    chips = tmp_path / 'chips'
    tile_scenes(on_map, chips, TilingOptions(chip=120, overlap=40, whole=False))
    images = []
    for path in sorted((chips / 'images').iterdir()):
        objects = [one for one in read_dota(chips / f'labelTxt/{path.stem}.txt') if not one.difficult]
        low, high = (np.array([f(one.quad, axis=0) for one in objects]).reshape(-1, 2) for f in (np.min, np.max))
        boxes = np.column_stack([(low + high) / 2, high - low, np.zeros(len(objects))])
        labels = [('ship', 'tanker').index(one.name) for one in objects]
        images.append({'file': path.name, 'boxes': boxes, 'scores': np.full(len(objects), 0.5), 'labels': labels})
    write_predictions(tmp_path / 'p.jsonl', ('ship', 'tanker'), images)
    return chips, tmp_path / 'p.jsonl'


def test_predictions_of_chips_become_a_layer_over_the_scenes(run_convert, predicted, on_map, tmp_path):
    chips, file = predicted
    for suffix in ('geojson', 'gpkg'):
        result = run_convert(file, tmp_path / f'a.{suffix}', '--from', 'predictions', '--to', 'gis', '--images', chips)
        assert (result.returncode, result.stderr) == (0, '')
        assert '2 images, 5 detections in' in result.stdout
    # The way back: what lay in the scenes' labels.
    assert run_convert(tmp_path / 'a.gpkg', tmp_path / 'back', '--from', 'gis', '--scenes', on_map).returncode == 0
    for name in PLACES:
        found, expected = (read_dota(root / f'labelTxt/{name}.txt') for root in (tmp_path / 'back', on_map))
        assert sorted(one.name for one in found) == sorted(one.name for one in expected)
        for one in found:
            assert min(np.abs(one.quad.mean(axis=0) - other.quad.mean(axis=0)).max() for other in expected) < 0.1


def test_predictions_in_the_form_of_dotas_server(run_convert, predicted, tmp_path):
    chips, file = predicted
    options = ('--from', 'predictions', '--to', 'dota-task1')
    assert run_convert(file, tmp_path / 'chips_out', *options).returncode == 0
    result = run_convert(file, tmp_path / 'out', *options, '--images', chips, '--merge')
    assert (result.returncode, result.stderr) == (0, '')
    assert 'merged ' in result.stdout and 'in 2 scenes' in result.stdout
    lines = (tmp_path / 'out/Task1_tanker.txt').read_text().splitlines()
    assert sorted(line.split()[0] for line in lines) == ['bay', 'port']
    assert all(len(line.split()) == 10 for line in lines)
    assert (tmp_path / 'chips_out/Task1_ship.txt').read_text().startswith('bay__0_0 0.5 10.0 10.0 60.0 10.0')
    # What is there already stays.
    result = run_convert(file, tmp_path / 'out', *options)
    assert (result.returncode, 'already there, expected a new or empty folder' in result.stderr) == (2, True)


def test_other_forms_of_predictions(run_convert, predicted, tmp_path):
    chips, file = predicted
    count = sum(len(image['scores']) for image in read_predictions(file).images)
    result = run_convert(file, tmp_path / 'r.json', '--from', 'predictions', '--to', 'coco-results')
    assert 'images and classes are numbered from 1 in the order of the predictions' in result.stdout
    assert len(json.loads((tmp_path / 'r.json').read_text())) == count
    options = ('--from', 'predictions', '--to', 'yolo-obb', '--images', chips)
    assert run_convert(file, tmp_path / 'y', *options).returncode == 0
    assert sum(len(path.read_text().splitlines()) for path in (tmp_path / 'y/labels').iterdir()) == count
    result = run_convert(file, tmp_path / 'none', *options, '--min-score', '0.6')
    assert f'left out {count} detections of a lower score than 0.6' in result.stdout


def test_options_that_predictions_lack_or_that_mean_nothing(run_convert, predicted, on_map, tmp_path):
    chips, file = predicted
    for options, message in (
        (('--to', 'dota'), '--to dota: from predictions, expected dota-task1, coco-results, yolo-obb, gis'),
        (('--to', 'yolo-obb'), '--to yolo-obb: expected --images DIR, the predicted images'),
        (('--to', 'dota-task1', '--merge'), '--merge: expected --images DIR'),
        (
            ('--to', 'dota-task1', '--merge', '--images', on_map),
            'has no chips.jsonl, expected a data set made by ship-det tile',
        ),
        (('--to', 'gis', '--images', chips), 'expected a layer whose name ends in one of: .gpkg'),
        (('--to', 'dota-task1', '--coco', file), '--coco: found --to dota-task1, expected coco-results'),
        (('--to', 'dota-task1', '--class-field', 'a'), '--class-field: found --from predictions, expected gis'),
        (('--to', 'dota-task1', '--min-score', '2'), 'min score: expected 0 to 1, found 2'),
        (('--to', 'yolo-obb', '--images', on_map), 'images with predictions, first'),
        (('--to', 'coco-results', '--skip-unknown'), '--skip-unknown: found --from predictions'),
    ):
        result = run_convert(file, tmp_path / 'out', '--from', 'predictions', *options)
        assert (result.returncode, message in result.stderr) == (2, True), result.stderr
        assert 'Traceback' not in result.stderr and not (tmp_path / 'out').exists()


def test_real_port(run_convert, data_root, tmp_path):
    scene = data_root / 'sentinel2_port/honolulu_rgb.tiff'
    with rasterio.open(scene) as image:
        corners = np.array([image.transform @ point for point in ((100, 50), (140, 60), (138, 68), (98, 58))])
    frame = geopandas.GeoDataFrame({'type': ['vessel']}, geometry=[shapely.Polygon(corners)], crs='EPSG:3857')
    frame.to_crs('EPSG:32604').to_file(tmp_path / 'a.shp')
    options = ('--from', 'gis', '--scenes', scene, '--class-field', 'type')
    result = run_convert(tmp_path / 'a.shp', tmp_path / 'out', *options)
    assert (result.returncode, result.stderr) == (0, '')
    (vessel,) = read_dota(tmp_path / 'out/labelTxt/honolulu_rgb.txt')
    np.testing.assert_allclose(vessel.quad, [(100, 50), (140, 60), (138, 68), (98, 58)], atol=1e-3)
