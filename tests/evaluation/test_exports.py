"""Predictions in the forms of other tools, each read back by independent code or by hand."""

import json

import numpy as np
import pytest

from ship_det.annotations.yolo_obb import read_class_names, read_yolo_obb
from ship_det.evaluation import Predictions
from ship_det.evaluation.chip_scenes import LocatedPredictions
from ship_det.evaluation.exports import (
    at_least,
    check_new_folder,
    write_coco_results,
    write_prediction_layer,
    write_task1,
    write_yolo_predictions,
)
from ship_det.geometry import pairwise_iou, quad_to_rbox
from ship_det.raster import Georeference
from ship_det.scenes import Scene

CLASSES = ('tanker', 'bulk carrier', 'tug')
SIZE = (200, 100)


def record(file: str, boxes, scores, labels) -> dict:
    boxes = np.array(boxes, dtype=np.float64).reshape(-1, 5)
    return {
        'file': file,
        'boxes': boxes,
        'scores': np.array(scores, dtype=float),
        'labels': np.array(labels, dtype=int),
    }


# A quarter turn, none, and 45 degrees clockwise on screen.
PREDICTIONS = Predictions(
    CLASSES,
    (
        record('P1.png', [[50, 40, 30, 10, -np.pi / 2], [100, 50, 40, 20, 0]], [0.25, 0.75], [0, 1]),
        record('P0.png', [], [], []),
        record('P2.tif', [[60, 60, 20, 20 / 3, np.pi / 4]], [1.0], [0]),
    ),
)


def located(place: Georeference | None = None, predictions: Predictions = PREDICTIONS) -> LocatedPredictions:
    scenes = [Scene(image['file'].partition('.')[0], image['file'], SIZE, place) for image in predictions.images]
    return LocatedPredictions(predictions, tuple(scenes))


def test_task1_files_of_every_class(tmp_path):
    write_task1(tmp_path / 'out', PREDICTIONS)
    found = {path.name: path.read_text().splitlines() for path in (tmp_path / 'out').iterdir()}
    assert sorted(found) == ['Task1_bulk carrier.txt', 'Task1_tanker.txt', 'Task1_tug.txt']
    assert found['Task1_tug.txt'] == []
    assert found['Task1_bulk carrier.txt'] == ['P1 0.75 80.0 40.0 120.0 40.0 120.0 60.0 80.0 60.0']
    # As DOTA_devkit reads them: blanks between image, score and eight coordinates.
    rows = [line.split() for line in found['Task1_tanker.txt']]
    assert [row[:2] for row in rows] == [['P1', '0.25'], ['P2', '1.0']]
    first = np.array(rows[0][2:], dtype=float).reshape(4, 2)
    assert {tuple(corner) for corner in first.round(9)} == {(45, 25), (55, 25), (55, 55), (45, 55)}


@pytest.mark.parametrize(
    ('images', 'classes', 'message'),
    [
        ([record('a.png', [], [], []), record('a.tif', [], [], [])], CLASSES, 'a.png and a.tif share a name'),
        ([record('a b.png', [], [], [])], CLASSES, "image name 'a b' has blanks, which separate"),
        ([record('a.png', [], [], [])], ('ro/ro',), "class 'ro/ro': expected a name that a file can have"),
    ],
)
def test_names_that_task1_files_cannot_hold(tmp_path, images, classes, message):
    with pytest.raises(ValueError, match=message):
        write_task1(tmp_path / 'out', Predictions(classes, tuple(images)))
    assert not (tmp_path / 'out').exists()


def test_coco_results_numbered_in_order(tmp_path):
    write_coco_results(tmp_path / 'a.json', PREDICTIONS)
    results = json.loads((tmp_path / 'a.json').read_text())
    assert [(r['image_id'], r['category_id'], r['score']) for r in results] == [(1, 1, 0.25), (1, 2, 0.75), (3, 1, 1.0)]
    np.testing.assert_allclose(results[0]['bbox'], [45, 25, 10, 30])
    assert results[1]['segmentation'] == [[80, 40, 120, 40, 120, 60, 80, 60]]
    assert [(r['file_name'], r['category_name']) for r in results[::2]] == [('P1.png', 'tanker'), ('P2.tif', 'tanker')]
    # Clockwise on screen by 45 degrees is -45 counterclockwise.
    np.testing.assert_allclose(results[2]['rotated_bbox'], [60, 60, 20, 20 / 3, -45])
    quads = np.array([r['segmentation'][0] for r in results]).reshape(-1, 4, 2)
    boxes = np.concatenate([image['boxes'] for image in PREDICTIONS.images])
    np.testing.assert_allclose(np.diag(pairwise_iou(quad_to_rbox(quads), boxes)), 1)


def test_coco_results_with_the_ids_of_a_file(tmp_path):
    content = {
        'images': [{'id': 'x', 'file_name': 'D:\\data\\P1.png'}, {'id': 8, 'file_name': 'test/P0.png'},
                   {'id': 70, 'file_name': 'P2.tif'}, {'id': 9, 'file_name': 'P9.png'}],
        'categories': [{'id': 5, 'name': 'bulk carrier'}, {'id': 0, 'name': 'tanker'}],
    }  # fmt: skip
    (tmp_path / 'gt.json').write_text(json.dumps(content))
    write_coco_results(tmp_path / 'a.json', PREDICTIONS, tmp_path / 'gt.json')
    results = json.loads((tmp_path / 'a.json').read_text())
    assert [(r['image_id'], r['category_id']) for r in results] == [('x', 0), ('x', 5), (70, 0)]


@pytest.mark.parametrize(
    ('content', 'message'),
    [
        ({'images': [{'id': 1, 'file_name': 'P1.png'}], 'categories': []},
         r"no image 'P0.png' .*\(2 lack\), found P1.png"),
        ({'images': [{'id': k, 'file_name': f} for k, f in enumerate(('P0.png', 'P1.png', 'P2.tif'))],
          'categories': [{'id': 1, 'name': 'tanker'}]}, "no category 'bulk carrier' of the predictions"),
        ({'images': [{'id': 1, 'file_name': 'a/P1.png'}, {'id': 2, 'file_name': 'b/P1.png'}], 'categories': []},
         'two images of one file name'),
        ([], 'not a COCO file'),
        ({'images': {}}, 'not a COCO file'),
        ({'images': [{'file_name': 'P1.png'}], 'categories': []}, 'not a COCO file'),
    ],
)  # fmt: skip
def test_coco_files_that_do_not_fit(tmp_path, content, message):
    (tmp_path / 'gt.json').write_text(json.dumps(content))
    with pytest.raises(ValueError, match=rf'gt\.json: .*{message}'):
        write_coco_results(tmp_path / 'a.json', PREDICTIONS, tmp_path / 'gt.json')
    assert not (tmp_path / 'a.json').exists()


def test_yolo_files_with_scores_read_back(tmp_path):
    assert write_yolo_predictions(tmp_path / 'out', located()) == 0
    assert sorted(path.name for path in (tmp_path / 'out/labels').iterdir()) == ['P0.txt', 'P1.txt', 'P2.txt']
    assert (tmp_path / 'out/labels/P0.txt').read_text() == ''
    line = (tmp_path / 'out/labels/P1.txt').read_text().splitlines()[1]
    assert line == '1 0.4 0.4 0.6 0.4 0.6 0.6 0.4 0.6 0.75'
    names = read_class_names(tmp_path / 'out')
    assert names == list(CLASSES)
    objects = read_yolo_obb(tmp_path / 'out/labels/P1.txt', SIZE, names)
    assert [(one.name, one.score) for one in objects] == [('tanker', 0.25), ('bulk carrier', 0.75)]
    np.testing.assert_allclose(objects[1].quad, [[80, 40], [120, 40], [120, 60], [80, 60]])


def test_boxes_beyond_their_image_are_counted(tmp_path):
    boxes = [[5, 5, 20, 4, 0], [100, 50, 20, 4, 0], [195, 50, 20, 4, 0]]
    predictions = Predictions(CLASSES, (record('a.png', boxes, [1, 1, 1], [0, 0, 0]),))
    assert write_yolo_predictions(tmp_path / 'out', located(predictions=predictions)) == 2


PLACE = Georeference('EPSG:32633', (2, 0, 500_000, 0, -2, 6_650_000))


@pytest.mark.parametrize('suffix', ['.gpkg', '.geojson', '.parquet', '.csv'])
def test_layers_hold_the_surest_first(tmp_path, suffix):
    import geopandas

    path = tmp_path / f'a{suffix}'
    assert write_prediction_layer(path, located(PLACE)) == []
    read = {'.parquet': geopandas.read_parquet}.get(suffix, geopandas.read_file)
    frame = read(path)
    rows = list(zip(frame['scene'], frame['class'], frame['score'].astype(float), strict=True))
    assert rows == [('P1', 'bulk carrier', 0.75), ('P1', 'tanker', 0.25), ('P2', 'tanker', 1.0)]
    if suffix != '.csv':
        center = frame.to_crs('EPSG:32633').geometry.iloc[0].centroid
        assert (center.x, center.y) == pytest.approx((500_200, 6_649_900), abs=0.02)


def test_images_that_nobody_knows_the_place_of(tmp_path):
    with pytest.raises(ValueError, match=r'none of 3 images knows where on Earth it lies, .*--scenes'):
        write_prediction_layer(tmp_path / 'a.gpkg', located())
    assert write_prediction_layer(tmp_path / 'a.csv', located()) == []
    mixed = located(PLACE)
    scenes = (Scene('P1', 'P1.png', SIZE), *mixed.scenes[1:])
    assert write_prediction_layer(tmp_path / 'a.gpkg', LocatedPredictions(PREDICTIONS, scenes)) == ['P1']
    with pytest.raises(ValueError, match=r'a\.gpkg: already there, expected a new file'):
        write_prediction_layer(tmp_path / 'a.gpkg', mixed)
    with pytest.raises(ValueError, match=r'a\.shp: expected a layer whose name ends in one of: \.gpkg'):
        write_prediction_layer(tmp_path / 'a.shp', mixed)


def test_least_score():
    kept, dropped = at_least(PREDICTIONS, 0.75)
    assert dropped == 1
    assert [image['scores'].tolist() for image in kept.images] == [[0.75], [], [1.0]]
    assert kept.images[0]['labels'].tolist() == [1]
    for score in (-0.1, 1.1, float('nan')):
        with pytest.raises(ValueError, match='min score: expected 0 to 1'):
            at_least(PREDICTIONS, score)


def test_a_folder_in_the_way(tmp_path):
    check_new_folder(tmp_path / 'new')
    check_new_folder(tmp_path)
    (tmp_path / 'a').write_text('')
    for path in (tmp_path, tmp_path / 'a'):
        with pytest.raises(ValueError, match='already there, expected a new or empty folder'):
            check_new_folder(path)
