"""Boxes drawn on an image: where the lines are, how they look, where labels go."""

import numpy as np
import pytest

from ship_det.drawing.boxes import add_legend, draw_boxes

RED = (255, 0, 0)
BLUE = (0, 0, 255)
SQUARE = [[[20, 20], [60, 20], [60, 60], [20, 60]]]


def gray(height: int = 80, width: int = 80) -> np.ndarray:
    return np.full((height, width, 3), 128, dtype=np.uint8)


def test_line_lies_on_the_edges_and_nowhere_else():
    drawn = draw_boxes(gray(), SQUARE, color=RED, width=2)
    # A line of 2 px around x = 20 covers the pixels 19 and 20.
    assert (drawn[30:50, 19:21] == RED).all()
    assert (drawn[30:50, 23:57] == 128).all()
    assert (drawn[:16] == 128).all()


def test_image_is_left_alone():
    image = gray()
    draw_boxes(image, SQUARE, ['ship'])
    assert (image == 128).all()


def test_slanted_lines_are_antialiased():
    drawn = draw_boxes(
        np.zeros((80, 80, 3), np.uint8), [[[10, 10], [70, 25], [65, 45], [5, 30]]], color=(255, 255, 255)
    )
    assert len(np.unique(drawn)) > 10


@pytest.mark.parametrize('shift', [-1000, -30, 30, 1000])
def test_boxes_may_lie_outside(shift):
    drawn = draw_boxes(gray(), np.array(SQUARE) + shift, ['out'], color=RED)
    assert drawn.shape == (80, 80, 3)


def test_each_box_has_its_color():
    quads = np.array([SQUARE[0], SQUARE[0]]) + np.array([0, 100]).reshape(2, 1, 1)
    drawn = draw_boxes(gray(200, 200), quads, color=[RED, BLUE])
    assert (drawn[40, 20] == RED).all()
    assert (drawn[140, 120] == BLUE).all()


def test_label_stands_at_a_corner_inside_the_image():
    at_corner = np.array(SQUARE) - 20
    plain, labeled = draw_boxes(gray(), at_corner), draw_boxes(gray(), at_corner, ['ship'])
    rows, columns = np.nonzero((plain != labeled).any(axis=2))
    assert len(rows) > 50
    assert rows.min() >= 0 and columns.max() < 80


def test_labels_keep_off_each_other():
    quads = np.repeat(np.array(SQUARE) + 40, 2, axis=0)
    # Plates in one colour: two that do not overlap cover twice as much.
    one = (draw_boxes(gray(200, 200), quads[:1], ['ship'], RED) == RED).all(axis=2).sum()
    none = (draw_boxes(gray(200, 200), quads, None, RED) == RED).all(axis=2).sum()
    both = (draw_boxes(gray(200, 200), quads, ['ship', 'ship'], RED) == RED).all(axis=2).sum()
    assert both - none > 1.8 * (one - none)


def test_many_labels_of_one_place_keep_off_each_other():
    quads = np.repeat(np.array(SQUARE) + 140, 7, axis=0)
    plain = (draw_boxes(gray(400, 400), quads, None, RED) == RED).all(axis=2).sum()
    one = (draw_boxes(gray(400, 400), quads[:1], ['ship'], RED) == RED).all(axis=2).sum() - plain
    seven = (draw_boxes(gray(400, 400), quads, ['ship'] * 7, RED) == RED).all(axis=2).sum() - plain
    assert seven > 6.3 * one


def test_no_boxes():
    assert (draw_boxes(gray(), np.zeros((0, 4, 2)), []) == 128).all()


@pytest.mark.parametrize(
    ('image', 'labels', 'message'),
    [
        (np.zeros((9, 9), np.uint8), None, r'found \(9, 9\) of uint8'),
        (np.zeros((9, 9, 3)), None, 'of float64'),
        (np.zeros((9, 9, 3), np.uint8), ['a', 'b'], 'found 1 quads and 2 labels'),
    ],
)
def test_bad_input(image, labels, message):
    with pytest.raises(ValueError, match=message):
        draw_boxes(image, SQUARE, labels)


@pytest.mark.parametrize(('width', 'lines'), [(400, 1), (80, 2)])
def test_legend_breaks_lines_to_fit(width, lines):
    entries = [('ground truth', RED), ('detection', BLUE)]
    image = gray(50, width)
    added = add_legend(image, entries)
    assert (added[:50] == image).all()
    assert added.shape[0] - 50 == lines * (add_legend(gray(50, 400), entries).shape[0] - 50)
    assert (added == RED).all(axis=2).any() and (added == BLUE).all(axis=2).any()


@pytest.mark.parametrize(('color', 'ink'), [((255, 240, 40), 0), ((30, 0, 90), 255)])
def test_names_stand_out_from_their_plates(color, ink):
    """Black on a light colour, white on a dark one; the image itself has neither."""
    drawn = draw_boxes(gray(), [SQUARE], ['ship'], color).astype(int)
    other = 255 - ink
    assert (np.abs(drawn - ink).max(axis=2) < 40).sum() > 5
    assert not (np.abs(drawn - other).max(axis=2) < 40).any()
