"""Evaluation of what ship-det detect found: against DOTA labels and against a layer of a GIS."""

import shutil
from pathlib import Path

import geopandas
import numpy as np
import pytest
import rasterio
from rasterio import Affine
from shapely.geometry import Polygon, box

from ship_det.annotations import LabeledObject, write_dota
from ship_det.evaluation.detected import read_detected
from ship_det.geometry import rbox_to_quad
from ship_det.scenes import Detections, describe_scene
from ship_det.scenes.run_folder import RunFolder

CLASSES = ('tanker', 'submarine')
BOXES = np.array([[100, 80, 60, 12, 0.4], [200, 90, 50, 10, -0.7], [120, 160, 40, 8, 1.2], [230, 170, 40, 8, 0.1]])
# The last one is a false alarm.
FOUND = {'boxes': np.vstack([BOXES, [[60, 20, 30, 8, 0]]]), 'labels': np.array([0, 1, 1, 1, 1])}
SCORES = np.array([0.9, 0.8, 0.7, 0.6, 0.95])


@pytest.fixture
def run(tmp_path) -> tuple[Path, Path]:
    """A run over two scenes of 300 x 200 px at 2 m/px, and the folder of the scenes."""
    scenes = tmp_path / 'scenes'
    for folder in ('images', 'labelTxt'):
        (scenes / folder).mkdir(parents=True)
    folder = RunFolder(tmp_path / 'out', {})
    for number, name in enumerate(('north', 'south')):
        path = scenes / f'images/{name}.tif'
        profile = {'crs': 'EPSG:32633', 'transform': Affine(2, 0, 500000, 0, -2, 5000000 - 1000 * number)}
        size = {'width': 300, 'height': 200, 'count': 1, 'dtype': 'uint8'}
        with rasterio.open(path, 'w', driver='GTiff', **profile, **size) as scene:
            scene.write(np.zeros((1, 200, 300), dtype=np.uint8))
        labels = [
            LabeledObject(quad, CLASSES[k], False) for quad, k in zip(rbox_to_quad(BOXES), (0, 1, 1, 1), strict=True)
        ]
        write_dota(scenes / f'labelTxt/{name}.txt', labels)
        found = Detections(FOUND['boxes'], SCORES, FOUND['labels'], CLASSES, None, describe_scene(path, name))
        folder.finish(found, box(0, 0, 300, 200))
    folder.close(['north', 'south'])
    return tmp_path / 'out', scenes


def test_labels_of_a_folder(run):
    out, scenes = run
    detected = read_detected(out, scenes)
    # 2 x 600 x 400 m; a UTM zone shrinks its middle by 4 in 10 000.
    assert detected.searched.km2 == pytest.approx(0.48, rel=2e-3)
    result = detected.evaluate([0.6])[0.6]
    assert result.classes['tanker'].ap == 1
    # The false alarm, the surest of eight, leaves precision 6 / 8 at full recall.
    assert result.classes['submarine'].ap == pytest.approx(6 / 8)
    assert result.searched.rate(2) == pytest.approx(2 / 0.48, rel=2e-3)
    (scenes / 'labelTxt/south.txt').unlink()
    assert read_detected(out, scenes).unlabeled == ('south.tif',)
    (scenes / 'labelTxt/north.txt').unlink()
    expected = r'has labels of none of the 2 scenes of \S+, expected files such as \S+scenes/labelTxt/north\.txt'
    with pytest.raises(ValueError, match=expected):
        read_detected(out, scenes)
    with pytest.raises(ValueError, match='gone/images: no such folder'):
        read_detected(out, scenes / 'gone')


def test_images_may_lie_beside_the_folder_of_their_labels(run, tmp_path):
    _, scenes = run
    plain = tmp_path / 'plain'
    shutil.move(scenes / 'images', plain)
    folder = RunFolder(tmp_path / 'beside', {})
    for path in sorted(plain.iterdir()):
        found = Detections(FOUND['boxes'], SCORES, FOUND['labels'], CLASSES, None, describe_scene(path, path.stem))
        folder.finish(found, box(0, 0, 300, 200))
    folder.close(['north', 'south'])
    with pytest.raises(ValueError, match=r'expected files such as \S+plain/labelTxt/north\.txt'):
        read_detected(tmp_path / 'beside', plain)
    shutil.move(scenes / 'labelTxt', plain)
    detected = read_detected(tmp_path / 'beside', plain)
    assert [len(truth['labels']) for truth in detected.ground_truths] == [4, 4]


def test_labels_of_a_gis(run, tmp_path):
    out, scenes = run
    rows = []
    for number in range(2):
        for quad, label in zip(rbox_to_quad(BOXES), (0, 1, 1, 1), strict=True):
            places = quad * [2, -2] + [500000, 5000000 - 1000 * number]
            # A point on an edge: a ring of more than four corners.
            rows.append({'kind': CLASSES[label], 'geometry': Polygon([*places, (places[0] + places[3]) / 2])})
    frame = geopandas.GeoDataFrame(rows, crs='EPSG:32633')
    frame.to_crs(4326).to_file(tmp_path / 'labels.geojson')
    detected = read_detected(out, tmp_path / 'labels.geojson', class_column='kind')
    assert [len(truth['labels']) for truth in detected.ground_truths] == [4, 4]
    expected = read_detected(out, scenes)
    for truth, other in zip(detected.ground_truths, expected.ground_truths, strict=True):
        np.testing.assert_allclose(truth['quads'].mean(axis=1), other['quads'].mean(axis=1), atol=0.01)
    assert detected.evaluate([0.6])[0.6].mean_ap == expected.evaluate([0.6])[0.6].mean_ap
    with pytest.raises(ValueError, match=r'labels\.geojson: has no column class, found kind'):
        read_detected(out, tmp_path / 'labels.geojson')
    frame['kind'] = 'ferry'
    frame.to_file(tmp_path / 'ferries.gpkg')
    with pytest.raises(ValueError, match='unknown class ferry, expected one of tanker, submarine; --other-classes'):
        read_detected(out, tmp_path / 'ferries.gpkg', class_column='kind')
    ignored = read_detected(out, tmp_path / 'ferries.gpkg', 'ignore', class_column='kind')
    assert [len(truth['ignore_regions']) for truth in ignored.ground_truths] == [4, 4]


def test_what_was_not_looked_for_is_not_missed(run):
    out, scenes = run
    folder = RunFolder(out, {})
    found = Detections(
        BOXES[:1], SCORES[:1], np.array([0]), CLASSES, None, describe_scene(scenes / 'images/north.tif', 'north')
    )
    # The west half has two of the four ships.
    folder.finish(found, box(0, 0, 150, 200))
    folder.close(['north'])
    detected = read_detected(out, scenes)
    assert len(detected.ground_truths[0]['labels']) == 2
    assert detected.left_out == 2
    assert detected.searched.km2 == pytest.approx(0.12, rel=2e-3)


def test_difficult_in_a_table(run, tmp_path):
    out, _ = run
    quads = rbox_to_quad(BOXES) * [2, -2] + [500000, 5000000]
    for values, expected in (([0, 1, None, 1], [0, 1, 0, 1]), (['0', '1', 'true', ''], [0, 1, 1, 0])):
        rows = [{'class': 'tanker', 'difficult': v, 'geometry': Polygon(q)} for v, q in zip(values, quads, strict=True)]
        geopandas.GeoDataFrame(rows, crs='EPSG:32633').to_file(tmp_path / 'd.geojson')
        assert read_detected(out, tmp_path / 'd.geojson').ground_truths[0]['difficult'].tolist() == expected
    rows[0]['difficult'] = 'hard'
    geopandas.GeoDataFrame(rows, crs='EPSG:32633').to_file(tmp_path / 'd.geojson')
    with pytest.raises(ValueError, match="feature 0: difficult: expected 0, 1 or nothing, found 'hard'"):
        read_detected(out, tmp_path / 'd.geojson')


def test_what_is_no_run_is_named(tmp_path):
    with pytest.raises(ValueError, match=r'expected the output folder of a finished `ship-det detect`'):
        read_detected(tmp_path, tmp_path)
