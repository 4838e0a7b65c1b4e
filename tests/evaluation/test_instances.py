import math
from types import SimpleNamespace

import numpy as np
import pytest

from ship_det.evaluation import gather_detections, gather_ground_truths, ground_truth_record

CLASSES = ('tanker', 'submarine')


def record(**changes):
    values = {'file': 'b.png', 'boxes': [[5, 5, 4, 2, 0.1]], 'scores': [0.5], 'labels': [1]}
    return {key: value for key, value in {**values, **changes}.items() if value is not None}


FIRST = {'file': 'a.png', 'boxes': np.zeros((0, 5)), 'scores': np.zeros(0), 'labels': np.zeros(0)}


def test_images_are_joined_in_order():
    detections = gather_detections(
        [record(file='x', scores=[0.25]), FIRST, record(boxes=np.ones((2, 5)), scores=[0, 1], labels=[0, 1])], CLASSES
    )
    assert detections.image.tolist() == [0, 2, 2]
    assert detections.labels.tolist() == [1, 0, 1]
    assert detections.scores.tolist() == [0.25, 0, 1]
    assert detections.boxes.shape == (3, 5)
    truths = gather_ground_truths([record(), record(file='c', difficult=[True])], CLASSES)
    assert truths.difficult.tolist() == [False, True]


def test_ignore_regions_are_joined_in_order():
    regions = [[5, 5, 9, 9, 0], [1, 1, 9, 9, 0]]
    truths = gather_ground_truths([record(file='x'), FIRST, record(ignore_regions=regions)], CLASSES)
    assert truths.regions.image.tolist() == [2, 2]
    assert truths.regions.boxes.tolist() == regions
    assert gather_ground_truths([FIRST, record()], CLASSES).regions.boxes.shape == (0, 5)


@pytest.mark.parametrize(
    ('regions', 'message'),
    [
        ([[5, 5, 4, math.nan, 0]], r'b\.png: box 0 is \[5\.0, 5\.0, 4\.0, nan'),
        ([[5, 5, 4, -2, 0]], r'b\.png: box 0 is .*expected sides of 0 px or more'),
        ([[5, 5, 4, 2]], r'b\.png: expected boxes of shape \(N, 5\), found shape \(1, 4\)'),
    ],
)
def test_bad_ignore_regions_are_named(regions, message):
    with pytest.raises(ValueError, match=f'ignore regions: {message}'):
        gather_ground_truths([FIRST, record(ignore_regions=regions)], CLASSES)


def test_no_image_and_no_box():
    assert gather_detections([], CLASSES).boxes.shape == (0, 5)
    assert gather_detections([{'boxes': [], 'scores': [], 'labels': []}], CLASSES).labels.shape == (0,)


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        ({'boxes': [[5, 5, math.nan, 2, 0]]}, r'b\.png: box 0 is \[5\.0, 5\.0, nan'),
        ({'boxes': [[5, 5, 4, 2, math.inf]]}, r'b\.png: box 0'),
        ({'boxes': [[5, 5, -4, 2, 0]]}, r'b\.png: box 0 is .*expected sides of 0 px or more'),
        ({'boxes': [[5, 5, 4, 2]]}, r'b\.png: expected boxes of shape \(N, 5\), found shape \(1, 4\)'),
        ({'scores': [math.nan]}, r'b\.png: score 0 is nan, expected a value in \[0, 1\]'),
        ({'scores': [1.0000001]}, r'b\.png: score 0 is 1\.0000001'),
        ({'scores': [-0.1]}, r'b\.png: score 0 is -0\.1'),
        ({'scores': [0.1, 0.2]}, r'b\.png: 1 boxes but scores of shape \(2,\)'),
        ({'labels': [2]}, r"b\.png: label 0 is 2, expected an index of the 2 classes \['tanker', 'submarine'\]"),
        ({'labels': [-1]}, r'b\.png: label 0 is -1'),
        ({'labels': [0.0]}, 'class indices as labels, found values of type float64'),
        ({'labels': None}, r"b\.png: no 'labels', found \['boxes', 'file', 'scores'\]"),
        ({'boxes': None}, r"b\.png: no 'boxes'"),
        ({'file': 'a.png'}, r'two records for image a\.png: numbers 0 and 1'),
        ({'file': None, 'scores': [2]}, 'image 1: score 0 is 2'),
    ],
)
def test_bad_detections_are_named(changes, message):
    with pytest.raises(ValueError, match=f'predictions: {message}|predictions: expected {message}'):
        gather_detections([FIRST, record(**changes)], CLASSES)


def test_position_is_counted_in_the_image():
    first = record(file='a.png', boxes=np.ones((3, 5)), scores=[0, 0, 0], labels=[0, 0, 0])
    second = record(boxes=np.ones((2, 5)), scores=[0.5, 7], labels=[0, 0])
    with pytest.raises(ValueError, match=r'b\.png: score 1 is 7'):
        gather_detections([first, second], CLASSES)


def test_bad_ground_truths_are_named():
    with pytest.raises(ValueError, match=r'ground truths: b\.png: box 0 is .*nan'):
        gather_ground_truths([record(boxes=[[math.nan, 0, 1, 1, 0]])], CLASSES)
    with pytest.raises(ValueError, match='a name occurs twice'):
        gather_ground_truths([], ('tanker', 'tanker'))


def test_record_of_labelled_objects():
    quad = np.array([[7, 19], [13, 19], [13, 21], [7, 21]], dtype=float)
    objects = [SimpleNamespace(quad=quad, name='submarine', difficult=True)]
    truth = ground_truth_record(objects, CLASSES)
    np.testing.assert_allclose(truth['boxes'], [[10, 20, 6, 2, 0]])
    assert truth['labels'].tolist() == [1]
    assert truth['difficult'].tolist() == [True]
    assert ground_truth_record([], CLASSES)['boxes'].shape == (0, 5)
    with pytest.raises(ValueError, match="unknown class 'submarine'"):
        ground_truth_record(objects, ('tanker',))
