import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ship_det.geometry import bounding_extents, quad_to_rbox, rbox_to_quad, to_le90

coordinate = st.floats(-1e6, 1e6)
side = st.floats(1e-3, 1e6)
angle = st.floats(-10, 10)


def signed_area(quad):
    """Positive for a quad that is clockwise on screen (y down)."""
    x, y = (quad - quad[0]).T
    return 0.5 * (x @ np.roll(y, -1) - y @ np.roll(x, -1))


def test_corners_by_hand():
    quad = rbox_to_quad([[10, 20, 6, 2, 0]])[0]
    np.testing.assert_array_equal(quad, [[7, 19], [13, 19], [13, 21], [7, 21]])
    # A quarter turn clockwise on screen: the long side now runs downwards.
    quad = rbox_to_quad([[10, 20, 6, 2, -math.pi / 2]])[0]
    np.testing.assert_allclose(quad, [[9, 23], [9, 17], [11, 17], [11, 23]], atol=1e-14)
    # 45 degrees: (1, 0) goes to (1, 1) / sqrt 2, so down and to the right.
    quad = rbox_to_quad([[0, 0, 2 * math.sqrt(2), 0, math.pi / 4]])[0]
    np.testing.assert_allclose(quad[1], [1, 1])


@given(coordinate, coordinate, side, side, angle)
def test_quad_is_clockwise_and_has_the_area(x, y, w, h, theta):
    # Relative to the centre: far from the origin a coordinate has not the digits of a small side.
    quad = rbox_to_quad([[0, 0, w, h, theta]])[0]
    assert signed_area(quad) == pytest.approx(w * h, rel=1e-6)
    # A corner near 0 is a difference of numbers of this size, rounded to 1e-16 of them.
    rounding = 1e-15 * (abs(x) + abs(y) + w + h)
    np.testing.assert_allclose(rbox_to_quad([[x, y, w, h, theta]])[0], quad + np.array([x, y]), rtol=0, atol=rounding)


@given(coordinate, coordinate, side, side, angle)
def test_le90_keeps_the_region(x, y, w, h, theta):
    box = to_le90([[x, y, w, h, theta]])[0]
    assert box[2] >= box[3]
    assert -math.pi / 2 <= box[4] < math.pi / 2
    assert sorted(box[2:4]) == sorted([w, h])
    # Half a turn maps a rectangle to itself, so the direction of the long side agrees up to its sign.
    long_side = theta if w >= h else theta + math.pi / 2
    if w != h:
        assert abs(math.sin(box[4] - long_side)) < 1e-13
    np.testing.assert_array_equal(to_le90([box])[0], box)


@pytest.mark.parametrize(
    ('theta', 'expected'),
    [
        (math.pi / 2, -math.pi / 2),
        (-math.pi / 2, -math.pi / 2),
        (np.nextafter(-math.pi / 2, -9), -math.pi / 2),
        (np.nextafter(math.pi / 2, 0), np.nextafter(math.pi / 2, 0)),
        (math.pi, 0),
        (-3 * math.pi / 4, math.pi / 4),
    ],
)
def test_le90_range(theta, expected):
    assert to_le90([[0, 0, 2, 1, theta]])[0, 4] == pytest.approx(expected, abs=1e-15)
    assert -math.pi / 2 <= to_le90([[0, 0, 2, 1, theta]])[0, 4] < math.pi / 2


@given(st.floats(-1e4, 1e4), st.floats(-1e4, 1e4), st.floats(1, 1e4), st.floats(0.01, 0.999), angle)
def test_box_to_quad_and_back(x, y, w, aspect, theta):
    box = to_le90([[x, y, w, w * aspect, theta]])
    back = quad_to_rbox(rbox_to_quad(box))
    np.testing.assert_allclose(back[:, :4], box[:, :4], rtol=1e-9, atol=1e-8)
    # An angle at the end of the range may come back at the other end.
    assert abs(math.sin(back[0, 4] - box[0, 4])) < 1e-8


@given(st.lists(st.tuples(st.floats(-1e3, 1e3), st.floats(-1e3, 1e3)), min_size=4, max_size=4))
def test_no_turned_rectangle_around_the_points_is_smaller(points):
    points = np.array(points)
    box = quad_to_rbox([points])[0]

    def spread(theta):
        along = np.outer(np.cos(theta), points[:, 0]) + np.outer(np.sin(theta), points[:, 1])
        return along.max(axis=1) - along.min(axis=1)

    turns = np.linspace(0, math.pi / 2, 721)
    assert box[2] * box[3] <= (spread(turns) * spread(turns + math.pi / 2)).min() + 1e-7
    offset = points - box[:2]
    along = np.abs(offset @ [math.cos(box[4]), math.sin(box[4])])
    across = np.abs(offset @ [-math.sin(box[4]), math.cos(box[4])])
    assert along.max() <= box[2] / 2 + 1e-9
    assert across.max() <= box[3] / 2 + 1e-9


@pytest.mark.parametrize('order', [[1, 2, 3, 0], [3, 2, 1, 0], [0, 2, 1, 3]])
def test_corner_order_does_not_matter(order):
    box = np.array([[100, 50, 40, 10, 0.3]])
    np.testing.assert_allclose(quad_to_rbox(rbox_to_quad(box)[:, order]), box, atol=1e-12)


def test_degenerate_quads():
    line = quad_to_rbox([[[0, 0], [3, 4], [6, 8], [3, 4]]])[0]
    np.testing.assert_allclose(line, [3, 4, 10, 0, math.atan2(4, 3)], atol=1e-14)
    np.testing.assert_array_equal(quad_to_rbox([[[7, 8]] * 4])[0], [7, 8, 0, 0, 0])
    assert quad_to_rbox([]).shape == (0, 5)
    assert rbox_to_quad([]).shape == (0, 4, 2)


def test_eight_columns_are_four_corners():
    np.testing.assert_allclose(quad_to_rbox([[0, 0, 4, 0, 4, 2, 0, 2]]), [[2, 1, 4, 2, 0]])


def test_bounding_extents():
    box = np.array([[5, 5, 4, 2, 0.7], [1, 2, 9, 3, -1.2]])
    quad = rbox_to_quad(box)
    np.testing.assert_allclose(bounding_extents(box), (quad.max(axis=1) - quad.min(axis=1)) / 2)


@pytest.mark.parametrize(
    ('boxes', 'message'),
    [
        ([[1, 2, 3, 4]], r'\(N, 5\).*\(1, 4\)'),
        ([[0, 0, 1, 1, 0], [0, 0, 1, math.nan, 0]], 'row 1 is not finite'),
        ([[0, 0, 1, -1, 0]], 'row 0 has a negative side'),
    ],
)
def test_bad_boxes(boxes, message):
    with pytest.raises(ValueError, match=message):
        rbox_to_quad(boxes)


@pytest.mark.parametrize(
    ('quads', 'message'),
    [([[1, 2, 3]], r'\(N, 4, 2\) or \(N, 8\).*\(1, 3\)'), ([[[0, 0], [1, 0], [1, math.inf], [0, 1]]], 'row 0')],
)
def test_bad_quads(quads, message):
    with pytest.raises(ValueError, match=message):
        quad_to_rbox(quads)
