"""What a chip shows of its scene: exact where whole, in the chip where cut, nothing counted twice or lost."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from ship_det.annotations import LabeledObject
from ship_det.geometry import quad_to_rbox, rbox_to_quad, sliding_windows
from ship_det.tiling.clipping import CUT, MARKED, WHOLE, SceneObjects, bounding_quads

WINDOW = np.array([[100, 200, 50, 40]])


def show(quad, window=WINDOW, min_visible=0.7, difficult=False):
    objects = [LabeledObject(np.array(quad, dtype=float), 'ship', difficult)]
    return SceneObjects(objects).visible(np.array(window), min_visible)[0]


def rectangle(left, top, right, bottom):
    return [[left, top], [right, top], [right, bottom], [left, bottom]]


@pytest.mark.parametrize(
    ('quad', 'how', 'difficult', 'expected'),
    [
        (rectangle(110, 210, 120, 215), WHOLE, False, rectangle(10, 10, 20, 15)),
        (rectangle(100, 200, 150, 240), WHOLE, False, rectangle(0, 0, 50, 40)),
        (rectangle(145, 210, 152, 215), CUT, False, rectangle(45, 10, 50, 15)),  # 5 of 7 px
        (rectangle(145, 210, 155, 215), MARKED, True, rectangle(45, 10, 50, 15)),  # 5 of 10 px
        (rectangle(0, 0, 400, 400), MARKED, True, rectangle(0, 0, 50, 40)),
    ],
)
def test_whole_cut_and_marked(quad, how, difficult, expected):
    (visible,) = show(quad)
    assert (visible.how, visible.labeled.difficult, visible.source) == (how, difficult, 0)
    corners = {tuple(corner) for corner in visible.labeled.quad.round(9).tolist()}
    assert corners == {tuple(map(float, corner)) for corner in expected}


@pytest.mark.parametrize('quad', [rectangle(150, 210, 160, 220), rectangle(10, 10, 20, 20)])
def test_what_touches_or_misses_a_window_is_not_in_it(quad):
    assert show(quad) == []


def test_exactly_min_visible_is_cut_not_marked():
    (visible,) = show(rectangle(143, 210, 153, 215), min_visible=0.7)
    assert visible.how == CUT


def test_difficult_stays_difficult_and_keeps_its_name():
    (visible,) = show(rectangle(110, 210, 120, 215), difficult=True)
    assert visible.how == WHOLE
    assert visible.labeled.difficult


@pytest.mark.parametrize('angle', np.deg2rad([30, 60, -30, -60]))
@pytest.mark.parametrize(('axis', 'border'), [(0, 100), (0, 150), (1, 200), (1, 240)])
def test_ship_with_one_corner_outside_keeps_its_direction_and_size(angle, axis, border):
    box = np.array([[125.0, 220.0, 24.0, 5.0, angle]])
    quad = rbox_to_quad(box)[0]
    # Moved until the corner nearest to a border is 1 px beyond it.
    outwards = 1 if border in (150, 240) else -1
    box[0, axis] += border + outwards - (quad[:, axis].max() if outwards > 0 else quad[:, axis].min())
    quad = rbox_to_quad(box)[0]
    assert (outwards * (quad[:, axis] - border) > 0).sum() == 1
    (visible,) = show(quad)
    assert visible.how == CUT
    (found,) = quad_to_rbox(visible.labeled.quad[None])
    np.testing.assert_allclose(found, box[0] - [100, 200, 0, 0, 0], atol=1e-9)


@pytest.mark.parametrize(
    'box', [[96, 216, 11.6, 8.9, 0.25], [131.4, 203.9, 23, 8.8, 1.41], [146.4, 214.8, 26.6, 8.6, -1.37]]
)
def test_label_covers_what_is_visible_as_far_as_a_quad_can(box):
    quad = rbox_to_quad([box])[0]
    (visible,) = show(quad, min_visible=0)
    part = shapely.intersection(shapely.Polygon(quad), shapely.box(100, 200, 150, 240))
    missed = shapely.difference(part, shapely.Polygon(visible.labeled.quad + WINDOW[0, :2]))
    assert missed.area < 0.1 * part.area


def test_label_is_the_minimum_area_rectangle_of_the_visible_part():
    # Both bow corners outside: the visible part is a trapezoid, 45 degrees, cut by x = 150.
    quad = rbox_to_quad(np.array([[145.0, 220.0, 24.0, 4.0, np.pi / 4]]))[0]
    (visible,) = show(quad, min_visible=0.5)
    part = shapely.intersection(shapely.Polygon(quad), shapely.box(100, 200, 150, 240))
    expected = shapely.minimum_rotated_rectangle(part)
    label = shapely.Polygon(rbox_to_quad(quad_to_rbox(visible.labeled.quad[None]))[0] + [100, 200])
    assert shapely.symmetric_difference(expected, label).area < 1e-6


def test_quad_with_a_corner_on_another_side_is_cut():
    (visible,) = show([[140, 210], [160, 210], [150, 210], [150, 230]], min_visible=0.0)
    assert visible.labeled.quad.max() <= 50


boxes = st.builds(
    lambda x, y, w, h, angle: (x, y, w, h, angle),
    st.floats(-20, 320),
    st.floats(-20, 220),
    st.floats(3, 90),
    st.floats(3, 40),
    st.floats(-1.57, 1.57),
)


def scene_objects(found):
    quads = rbox_to_quad(np.array(found))
    return SceneObjects([LabeledObject(quad, 'ship') for quad in quads]), quads


@settings(max_examples=100, deadline=None)
@given(st.lists(boxes, min_size=1, max_size=6), st.integers(40, 400), st.integers(0, 39), st.floats(0, 1))
def test_no_coordinate_leaves_its_chip_and_whole_objects_are_exact(found, chip, overlap, min_visible):
    objects, quads = scene_objects(found)
    windows = sliding_windows(300, 200, chip, overlap)
    for window, shown in zip(windows, objects.visible(windows, min_visible), strict=True):
        inside = ((quads >= window[:2]) & (quads <= window[:2] + window[2:])).all(axis=(1, 2))
        assert {visible.source for visible in shown if visible.how == WHOLE} == set(np.flatnonzero(inside))
        for visible in shown:
            quad = visible.labeled.quad
            assert (quad >= 0).all() and (quad <= window[2:]).all()
            assert visible.labeled.difficult == (visible.how == MARKED)
            if visible.how == WHOLE:
                np.testing.assert_array_equal(quad + window[:2], quads[visible.source])


@settings(max_examples=60, deadline=None)
@given(boxes, st.integers(30, 200))
def test_area_is_conserved_between_the_windows_of_a_partition(box, chip):
    """Windows side by side show together what lies in the scene, and labels cover what they stand for."""
    objects, quads = scene_objects([box])
    x, y = np.meshgrid(np.arange(0, 300, chip), np.arange(0, 200, chip))
    corners = np.stack([x.ravel(), y.ravel()], axis=1)
    windows = np.concatenate([corners, np.minimum(chip, [300, 200] - corners)], axis=1)
    shown = objects.visible(windows, 0.7)
    ship = shapely.Polygon(quads[0])
    in_scene = shapely.intersection(ship, shapely.box(0, 0, 300, 200)).area
    area_shown = sum(visible.share for in_window in shown for visible in in_window) * ship.area
    assert area_shown == pytest.approx(in_scene, abs=1e-3)
    for window, in_window in zip(windows, shown, strict=True):
        for visible in in_window:
            covered = shapely.intersection(shapely.Polygon(visible.labeled.quad + window[:2]), ship).area
            # All of it, but for corners of the rectangle slid into the chip: at worst a triangle is left.
            assert covered >= 0.499 * visible.share * ship.area - 1e-6


def test_without_objects_or_windows():
    assert SceneObjects([]).visible(WINDOW, 0.7) == [[]]
    assert SceneObjects([LabeledObject(np.array(rectangle(0, 0, 1, 1)), 'ship')]).visible(WINDOW[:0], 0.7) == []


def test_a_corner_outside_by_rounding_alone_stays():
    """A corner of this part's rectangle lies some 1e-13 px below the window, on a side along the border."""
    ship = np.array([[1829.738, 1722.574], [1916.937, 1807.12], [1833.499, 1893.176], [1746.301, 1808.63]])
    part = shapely.intersection(shapely.polygons(ship), shapely.box(800, 800, 1800, 1800))
    (quad,) = bounding_quads(np.array([part]), np.array([[800, 800, 1000, 1000]]))
    # The part is a triangle in a corner of the window, about half of its rectangle.
    assert shapely.intersection(shapely.polygons(quad + 800), part).area == pytest.approx(part.area)
