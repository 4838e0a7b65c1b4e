"""Clipping many convex polygons."""

import numpy as np
import pytest
import shapely

from ship_det.geometry import rbox_to_quad
from ship_det.geometry.convex import areas, clip_to_boxes, clip_to_views


def random_boxes(rng, count):
    sizes = rng.uniform(1, 80, (count, 2))
    return np.column_stack([rng.uniform(-40, 40, (count, 2)), np.sort(sizes)[:, ::-1], rng.uniform(-1.57, 1.57, count)])


def test_areas_of_clipped_boxes_are_those_of_geos():
    rng = np.random.default_rng(0)
    first, second = random_boxes(rng, 2000), random_boxes(rng, 2000)
    # Corners on sides, sides on sides, and a box without area.
    first[:50], first[50:60, 3] = second[:50], 0
    low = rng.uniform(-50, 30, (2000, 2))
    views = np.hstack([low, low + rng.uniform(0, 60, (2000, 2))])
    clipped = clip_to_views(clip_to_boxes(rbox_to_quad(first), second), views)
    expected = shapely.intersection(shapely.polygons(rbox_to_quad(first)), shapely.polygons(rbox_to_quad(second)))
    expected = shapely.area(shapely.intersection(expected, shapely.box(*views.T)))
    assert (expected > 0).mean() > 0.15
    np.testing.assert_allclose(areas(clipped), expected, atol=1e-6)


@pytest.mark.parametrize('view', [[50, 50, 60, 60], [20, 20, 10, 10], [5, 5, 5, 9]])
def test_what_lies_outside_has_no_area(view):
    assert areas(clip_to_views(rbox_to_quad([[0, 0, 20, 10, 0.3]]), np.array([view], dtype=float))).tolist() == [0]


def test_no_polygons():
    assert areas(clip_to_boxes(np.zeros((0, 4, 2)), np.zeros((0, 5)))).shape == (0,)
