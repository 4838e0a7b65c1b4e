import numpy as np
import pytest

from ship_det.simulation.plan import Frame, Shapes


def test_frame_places_points_along_and_away():
    frame = Frame.between((10, 20), (10, 50), side=1)
    # Along is down the screen; clockwise of that is to the left.
    np.testing.assert_allclose(frame.place((5, 3)), (7, 25))
    np.testing.assert_allclose(Frame.between((10, 20), (10, 50), side=-1).place((5, 3)), (13, 25))


def test_turned_frame_starts_at_its_point():
    frame = Frame.between((0, 0), (1, 0), side=1)
    pier = frame.turned((7, 2), np.pi / 2)
    np.testing.assert_allclose(pier.place((0, 0)), (7, 2), atol=1e-12)
    np.testing.assert_allclose(pier.place((4, 1)), (6, 6), atol=1e-12)


@pytest.mark.parametrize(
    ('window', 'reach', 'expected'),
    [((0, 0, 5, 5), 0.0, [0]), ((0, 0, 30, 30), 0.0, [0, 1]), ((40, 0, 50, 5), 0.0, []), ((26, 20, 50, 30), 1.0, [1])],
)
def test_shapes_touching_a_window(window, reach, expected):
    shapes = Shapes()
    shapes.add(np.array([(1.0, 1.0), (4, 1), (2, 3)]), (1, 2, 3))
    shapes.add(np.array([(20.0, 20.0), (25, 20), (22, 24)]), (4, 5, 6), height=3)
    shapes.freeze()
    assert shapes.touching(window, reach).tolist() == expected


def test_no_shapes_touch_nothing():
    shapes = Shapes()
    shapes.freeze()
    assert shapes.touching((0, 0, 9, 9), 1.0).tolist() == []
