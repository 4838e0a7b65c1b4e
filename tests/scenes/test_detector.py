"""What a detector finds: its rows, masks, corners and pictures."""

from dataclasses import replace

import numpy as np
import pytest

from ship_det.drawing.boxes import RIGHT_COLOR
from ship_det.scenes import Detections, Scene
from ship_det.scenes.detector import check_image, sort_by_score


@pytest.fixture
def found() -> Detections:
    boxes = np.array([[40.0, 20, 30, 10, 0], [40, 60, 20, 8, np.pi / 4], [10, 10, 6, 4, -np.pi / 2]])
    return Detections(boxes, np.array([0.9, 0.6, 0.3]), np.array([1, 0, 1]), ('tanker', 'submarine'))


def test_corners(found):
    assert len(found) == 3
    assert found.quads.shape == (3, 4, 2)
    assert sorted(map(tuple, found.quads[0].tolist())) == [(25, 15), (25, 25), (55, 15), (55, 25)]


@pytest.mark.parametrize(
    ('chosen', 'scores'),
    [
        (np.array([True, False, True]), [0.9, 0.3]),
        (slice(1), [0.9]),
        ([2, 0], [0.3, 0.9]),
        (1, [0.6]),
        (np.zeros(3, dtype=bool), []),
    ],
)
def test_some_of_them(found, chosen, scores):
    some = found[chosen]
    assert some.scores.tolist() == scores
    assert some.boxes.shape == (len(scores), 5)
    assert some.classes == found.classes


def test_corners_that_are_no_rectangles(found):
    corners = np.arange(24.0).reshape(3, 4, 2)
    scene = Scene('a', 'a.tif', (100, 100))
    warped = replace(found, corners=corners, scene=scene)
    assert (warped.quads == corners).all()
    some = warped[warped.scores < 0.7]
    assert (some.quads == corners[1:]).all()
    assert some.scene is scene
    assert found.scene is None
    assert found[:1].corners is None
    with pytest.raises(ValueError, match=r'expected corners \(3, 4, 2\), found \(2, 4, 2\)'):
        replace(found, corners=corners[:2])


def test_drawing(found):
    image = np.full((80, 80, 3), 90, dtype=np.uint8)
    drawn = found.draw(image)
    assert drawn.shape == image.shape
    assert (image == 90).all()
    # The middle of the first ship's upper edge.
    assert np.abs(drawn[15, 40].astype(int) - RIGHT_COLOR).max() < 40


@pytest.mark.parametrize(
    ('boxes', 'scores', 'labels', 'message'),
    [
        (np.zeros((2, 4)), np.zeros(2), np.zeros(2, int), r'found \(2, 4\)'),
        (np.zeros((2, 5)), np.zeros(3), np.zeros(2, int), r'found \(2, 5\), \(3,\), \(2,\)'),
        (np.zeros((1, 5)), np.zeros(1), np.array([2]), r'expected labels from 0 to 1, found \[2\]'),
    ],
)
def test_rows_that_do_not_fit(boxes, scores, labels, message):
    with pytest.raises(ValueError, match=message):
        Detections(boxes, scores, labels, ('a', 'b'))


@pytest.mark.parametrize(
    ('image', 'message'),
    [
        (np.zeros((4, 4, 3)), r'found \(4, 4, 3\) of float64'),
        (np.zeros((4, 4), np.uint8), r'found \(4, 4\) of uint8'),
        ([[0]], 'found list'),
        (np.zeros((0, 4, 3), np.uint8), 'found one of 4 x 0 px'),
    ],
)
def test_images_of_another_kind(image, message):
    with pytest.raises(ValueError, match=message):
        check_image(image)


def test_the_surest_first():
    scores = np.array([0.2, 0.9, 0.5, 0.9])
    found = sort_by_score(np.arange(20.0).reshape(4, 5), scores, np.array([0, 1, 2, 3]), 'abcd', 0.5)
    assert found.labels.tolist() == [1, 3, 2]
    assert found.boxes[0].tolist() == [5, 6, 7, 8, 9]
