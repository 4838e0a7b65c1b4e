"""Areas of quads and the order of their corners."""

import math

import numpy as np
import pytest
import shapely
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ship_det.geometry.quads import as_quads, order_quads, quad_areas

SQUARE = np.array([[0.0, 0], [2, 0], [2, 1], [0, 1]])
points = st.lists(st.tuples(st.floats(-50, 50), st.floats(-50, 50)), min_size=4, max_size=4)


def test_areas_are_positive_clockwise_on_screen():
    assert quad_areas(np.stack([SQUARE, SQUARE[::-1], SQUARE + 1e6])).tolist() == [2, -2, 2]


@settings(max_examples=300, deadline=None)
@given(points)
def test_any_four_corners_become_a_simple_clockwise_quad_from_the_first(corners):
    quad = np.array(corners)
    # Three corners on a line, or nearly so, have no order to speak of.
    triples = quad[[[0, 1, 2], [0, 1, 3], [0, 2, 3], [1, 2, 3]]]
    assume(shapely.area(shapely.polygons(triples)).min() > 1e-3)
    (ordered,) = order_quads(quad)
    np.testing.assert_array_equal(ordered[0], quad[0])
    assert sorted(map(tuple, ordered)) == sorted(map(tuple, quad))
    assert shapely.Polygon(ordered).is_valid
    assert quad_areas(ordered[None])[0] > 0
    hull = shapely.convex_hull(shapely.MultiPoint(quad))
    if len(hull.exterior.coords) == 5:
        assert quad_areas(ordered[None])[0] == pytest.approx(hull.area)


def test_input_is_not_changed():
    quads = SQUARE[None, ::-1].copy()
    order_quads(quads)
    np.testing.assert_array_equal(quads[0], SQUARE[::-1])


def test_bad_quads_are_named():
    assert as_quads([]).shape == (0, 4, 2)
    with pytest.raises(ValueError, match=r'labels: expected shape \(N, 4, 2\) .*found shape \(4, 2\)'):
        as_quads(SQUARE, 'labels')
    with pytest.raises(ValueError, match=r'labels: row 1 is not finite: \[\[nan, 0'):
        as_quads([SQUARE, [[math.nan, 0], *SQUARE[1:]]], 'labels')
