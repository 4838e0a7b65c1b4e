import numpy as np
import pytest

from ship_det.simulation.canvas import Canvas, ring


def blank(size: int = 40, value: int = 0) -> np.ndarray:
    return np.full((size, size, 3), value, np.uint8)


def test_bare_ground_comes_back_unchanged():
    ground = np.random.default_rng(0).integers(0, 256, (17, 23, 3), dtype=np.uint8)
    assert np.array_equal(Canvas(ground, (5, 9), 0.6, (1, 1)).finish(), ground)


def test_a_whole_pixel_rectangle_fills_its_pixels():
    canvas = Canvas(blank(), (100, 200), 0.5, (0, 0))
    # Pixels 110 to 120 across and 205 to 209 down, at 0.5 m a pixel.
    canvas.fill([(55, 102.5), (60, 102.5), (60, 104.5), (55, 104.5)], (200, 100, 50))
    drawn = canvas.finish()
    assert (drawn[6:8, 11:19] == (200, 100, 50)).all()
    outside = drawn.copy()
    # OpenCV fills the subpixels on the outline too: at most a quarter of the next pixel.
    outside[4:10, 9:21] = 0
    assert not outside.any()
    assert (drawn[4, 11:19] <= np.array([50, 25, 13])).all()


def test_a_shape_thinner_than_a_pixel_shows_in_proportion():
    canvas = Canvas(blank(), (0, 0), 1.0, (0, 0))
    canvas.line((10, 20.5), (30, 20.5), 0.5, (240, 240, 240))
    assert 100 <= canvas.finish()[20, 20, 0] <= 185


@pytest.mark.parametrize(('shadow', 'dark', 'lit'), [((2, 0), (20, 27), (20, 9)), ((0, -2), (12, 20), (28, 20))])
def test_shadow_falls_to_one_side_and_the_roof_stays_lit(shadow, dark, lit):
    canvas = Canvas(blank(value=200), (0, 0), 1.0, shadow)
    canvas.prisms([[(14, 14), (26, 14), (26, 26), (14, 26)]], [2], [(90, 160, 90)])
    drawn = canvas.finish()
    assert (drawn[dark] < 120).all()
    assert (drawn[lit] == 200).all()
    assert (drawn[20, 20] == (90, 160, 90)).all()


def test_two_shadows_do_not_add_up():
    once, twice = Canvas(blank(value=200), (0, 0), 1.0, (3, 0)), Canvas(blank(value=200), (0, 0), 1.0, (3, 0))
    square = np.array([(10, 10), (20, 10), (20, 20), (10, 20)])
    once.shade([square], [3])
    twice.shade([square, square], [3, 3])
    assert np.array_equal(once.finish(), twice.finish())


def test_shapes_outside_the_window_are_ignored():
    canvas = Canvas(blank(), (0, 0), 1.0, (1, 1))
    canvas.prisms([ring((-500, 900), 20)], [10], [(255, 255, 255)])
    assert not canvas.finish().any()


def test_windows_of_one_drawing_agree():
    def draw(corner, size):
        canvas = Canvas(blank(size, 120), corner, 0.6, (0.7, -0.4))
        canvas.prisms([[(3.3, 4.1), (20.2, 9.7), (14.9, 18.4)]], [4], [(10, 200, 30)])
        canvas.prisms([ring((16.2, 6.6), 3.1)], [2], [(250, 240, 30)])
        return canvas.finish()

    whole = draw((0, 0), 40)
    difference = np.abs(draw((12, 7), 20).astype(int) - whole[7:27, 12:32])
    # OpenCV rounds a line that is cut by the window's edge a little differently: a subpixel or two of sixteen.
    assert difference.max() <= 2 * 255 / 16


SQUARE = np.array([(14.0, 14.0), (26, 14), (26, 26), (14, 26)])


def test_a_roof_leans_away_from_its_foot():
    canvas = Canvas(blank(), (0, 0), 1.0, (0, 0), lean=(0.5, 0))
    canvas.prisms([SQUARE], [8], [(200, 200, 200)])
    drawn = canvas.finish()[20, :, 0]
    # The roof lies 4 m to the right; the wall on the left shows from the foot at 14 to the roof's edge at 18.
    assert (drawn[19:29] == 200).all()
    assert (drawn[15:17] < 190).all()
    assert (drawn[15:17] > 60).all()
    assert not drawn[:13].any()
    assert not drawn[31:].any()


def test_what_is_painted_on_a_roof_leans_with_it():
    canvas = Canvas(blank(), (0, 0), 1.0, (0, 0), lean=(0.5, 0))
    canvas.fill(SQUARE, (200, 200, 200), level=8)
    canvas.line((16, 20), (24, 20), 1.0, (90, 90, 90), level=8)
    drawn = canvas.finish()[20, :, 0]
    assert not drawn[:17].any()
    assert (drawn[21:27] < 170).all()
    assert drawn[29] == 200


@pytest.mark.parametrize(('shadow', 'lit'), [((1.0, 0.0), True), ((-1.0, 0.0), False)])
def test_walls_that_face_the_sun_are_brighter(shadow, lit):
    canvas = Canvas(blank(), (0, 0), 1.0, shadow, lean=(0.5, 0))
    canvas.prisms([SQUARE], [8], [(200, 200, 200)])
    # The camera sees the left wall; a shadow to the right has the sun on the left.
    assert (canvas.finish()[20, 16, 0] > 150) == lit


def test_what_stands_on_a_roof_starts_at_its_height():
    canvas = Canvas(blank(), (0, 0), 1.0, (0, 0), lean=(0.5, 0))
    canvas.prisms([SQUARE], [12], [(90, 160, 90)], level=8)
    drawn = canvas.finish()[20, :, 1]
    assert not drawn[:17].any()
    assert drawn[18] > 0
    assert (drawn[21:31] == 160).all()


def test_a_slab_in_the_air_throws_its_shadow_away_from_under_it():
    canvas = Canvas(blank(60, 200), (0, 0), 1.0, (1, 0))
    canvas.shade([SQUARE], [22], bases=[20])
    drawn = canvas.finish()[20, :, 0]
    assert (drawn[:33] == 200).all()
    assert (drawn[36:45] < 120).all()
    assert (drawn[50:] == 200).all()
