import math
from types import SimpleNamespace

import numpy as np
import pytest

from ship_det.evaluation.instances import gather_detections, gather_ground_truths, ground_truth_record

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
    np.testing.assert_array_equal(truth['quads'], [quad])
    assert truth['labels'].tolist() == [1]
    assert truth['difficult'].tolist() == [True]
    assert ground_truth_record([], CLASSES)['quads'].shape == (0, 4, 2)
    assert truth['ignore_regions'].shape == (0, 4, 2)
    with pytest.raises(ValueError, match="unknown class 'submarine'"):
        ground_truth_record(objects, ('tanker',))


# A trapezium: 24 px^2 in a rectangle of 32.
QUAD = [[2, 4], [10, 4], [8, 8], [4, 8]]
RECTANGLE = [6, 6, 8, 4, 0]


def test_quads_are_kept_as_labelled():
    records = [FIRST, record(boxes=None, quads=[QUAD[::-1]], ignore_regions=[QUAD])]
    truths = gather_ground_truths(records, CLASSES)
    assert truths.form == 'quads'
    # Clockwise, from the first corner of the label.
    np.testing.assert_array_equal(truths.shapes, [[QUAD[3], QUAD[0], QUAD[1], QUAD[2]]])
    np.testing.assert_array_equal(truths.regions.shapes, [QUAD])
    np.testing.assert_allclose(truths.boxes, [RECTANGLE], atol=1e-12)
    np.testing.assert_allclose(truths.regions.boxes, [RECTANGLE], atol=1e-12)
    # Of a record with both, too.
    assert gather_ground_truths([record(quads=[QUAD])], CLASSES).shapes.tolist() == [QUAD]


def test_rectangles_of_quads():
    truths = gather_ground_truths([record(boxes=None, quads=[QUAD], ignore_regions=[QUAD])], CLASSES, 'rectangles')
    assert truths.form == 'rectangles'
    for found in (truths, truths.regions):
        np.testing.assert_allclose(found.shapes, [RECTANGLE], atol=1e-12)
        np.testing.assert_array_equal(found.boxes, found.shapes)


def test_without_quads_ground_truth_is_rectangles():
    truths = gather_ground_truths([record()], CLASSES)
    assert truths.form == 'rectangles'
    np.testing.assert_array_equal(truths.shapes, record()['boxes'])


def test_boxes_beside_quads_become_their_corners():
    records = [
        record(file='x', boxes=[RECTANGLE], ignore_regions=[RECTANGLE]),
        record(boxes=None, quads=[QUAD], ignore_regions=[QUAD]),
    ]
    truths = gather_ground_truths(records, CLASSES)
    for found in (truths, truths.regions):
        np.testing.assert_allclose(found.shapes, [[[2, 4], [10, 4], [10, 8], [2, 8]], QUAD], atol=1e-12)


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        ({'boxes': None, 'quads': [[[math.nan, 4], *QUAD[1:]]]}, r'b\.png: quad 0 is \[\[nan, 4\.0\]'),
        ({'boxes': None, 'quads': [[1, 2, 3, 4, 5, 6, 7, 8]]}, r'b\.png: expected quads of shape \(N, 4, 2\), found'),
        ({'boxes': None, 'quads': [QUAD] * 2}, r'b\.png: 2 quads but labels of shape \(1,\)'),
        ({'boxes': None}, r"b\.png: no 'quads' or 'boxes', found \['file', 'labels', 'scores'\]"),
        ({'quads': [QUAD], 'ignore_regions': [[QUAD]]}, r'b\.png: expected boxes of shape \(N, 5\), found shape'),
        ({'quads': [QUAD], 'ignore_regions': [QUAD[:3]]}, r'b\.png: expected quads of shape \(N, 4, 2\), found shape'),
    ],
)
def test_bad_quads_are_named(changes, message):
    with pytest.raises(ValueError, match=message):
        gather_ground_truths([FIRST, record(**changes)], CLASSES)


def test_another_form_is_refused():
    with pytest.raises(ValueError, match=r"ground_truth: expected one of \('quads', 'rectangles'\), found 'boxes'"):
        gather_ground_truths([], CLASSES, 'boxes')
