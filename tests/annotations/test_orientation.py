"""Orientations that labels give: which boxes are upright, outlines, turns, and keys that speak of one."""

import numpy as np
import pytest

from ship_det.annotations.orientation import choose_turned, find_turn, is_upright, open_ring, outline_quad, turn_box

UPRIGHT = np.array([[10.0, 20], [18, 20], [18, 24], [10, 24]])
KITE = np.array([[10.0, 20], [18, 21], [18, 24], [10, 24]])


def test_upright_boxes():
    quads = [UPRIGHT, UPRIGHT[[1, 2, 3, 0]], UPRIGHT[::-1], UPRIGHT + 1e-9 * KITE, KITE, UPRIGHT[[0, 2, 1, 3]]]
    assert is_upright(np.array(quads)).tolist() == [True, True, True, True, False, False]
    assert is_upright(np.empty((0, 4, 2))).tolist() == []


def test_a_turned_box_comes_before_an_upright_one():
    assert choose_turned([UPRIGHT, UPRIGHT + 1, KITE]) is KITE
    assert choose_turned([UPRIGHT, UPRIGHT + 1]) is UPRIGHT
    assert choose_turned([]) is None


def test_outlines():
    ring = np.array([*KITE, KITE[0]])
    np.testing.assert_array_equal(outline_quad(open_ring(ring)), KITE)
    # A diamond of half diagonal 2 with one more point inside.
    diamond = outline_quad(np.array([[0.0, 2], [2, 0], [4, 2], [2, 4], [2, 1]]))
    assert sorted(np.round(diamond, 9).tolist()) == [[0, 2], [2, 0], [2, 4], [4, 2]]
    assert outline_quad(np.array([[0.0, 0], [1, 1], [2, 2]])) is None
    assert outline_quad(np.array([[0.0, 0]])) is None


@pytest.mark.parametrize(
    ('degrees', 'nose'),
    # The middle of the right side of a box around (14, 22), 8 px long: it turns down, then left, then up.
    [(0, [18, 22]), (90, [14, 26]), (180, [10, 22]), (270, [14, 18]), (30, [14 + 4 * 0.75**0.5, 24])],
)
def test_a_turn_is_clockwise_on_screen(degrees, nose):
    sides = turn_box(UPRIGHT, degrees)
    middles = (sides + np.roll(sides, -1, axis=0)) / 2
    assert np.abs(middles - nose).max(axis=1).min() < 1e-9
    assert is_upright(sides)[0] == (degrees % 90 == 0)


@pytest.mark.parametrize(
    ('content', 'found'),
    [
        ({'attributes': {'Angle': 30}}, 'angle 30'),
        ({'rotated_bbox': [1, 2, 3, 4, 0.5]}, 'rotated_bbox [1, 2, 3, 4, 0.5]'),
        ({'attributes': [{'name': 'theta', 'value': '-0.5'}]}, 'theta -0.5'),
        ({'extra': {'obb': {'a': [0, 7]}}}, "obb {'a': [0, 7]}"),
        ({'segments': [{'points': '1,2;3,4'}]}, 'points 1,2;3,4'),
        ({'rotation': 0.0, 'angle': '0', 'direction': 'left', 'rotated': True, 'poly': []}, ''),
        ({'rectangle': 5, 'triangle': 3, 'num_keypoints': 4, 'id': 9, 'keypoints': [1, 2, 2]}, ''),
        ({'name': 'theta'}, ''),
    ],
)
def test_keys_that_speak_of_an_orientation(content, found):
    assert find_turn(content) == found
