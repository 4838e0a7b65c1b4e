"""Boxes along their objects, across them, mirrored, and with angles in another unit."""

import cv2
import numpy as np
import pytest

from ship_det.annotations import read_dota
from ship_det.dataset_checks.orientation import Orientation, edge_directions, measure
from ship_det.geometry import quad_to_rbox, rbox_to_quad
from ship_det.raster import open_rgb

BREAKS = {
    'turned': (lambda angles: angles + np.pi / 2, 'turned by 90 degrees'),
    'mirrored': (lambda angles: -angles, 'run the other way round'),
    'degrees': (np.rad2deg, 'in another unit'),
    'degrees up to 180': (lambda angles: np.rad2deg(angles % np.pi), 'in another unit'),
}


def test_direction_of_drawn_boxes(boxes, draw, opened):
    found = boxes(0)
    image = opened(draw(found, 0))
    directions = edge_directions(image, found)
    angles = np.arctan2(directions[:, 1], directions[:, 0]) / 2
    turned = np.abs((angles - found[:, 4] + np.pi / 2) % np.pi - np.pi / 2)
    assert np.rad2deg(turned).max() < 5
    # The image is the same whatever the labels say of it.
    turned_boxes = np.column_stack([found[:, :4], found[:, 4] + 1])
    np.testing.assert_array_equal(edge_directions(image, turned_boxes), directions)


@pytest.mark.parametrize(
    'box',
    [
        (200, 150, 20, 19, 0),
        (200, 150, 7, 2, 0),
        (500, 150, 60, 12, 0),
        (200, 150, 60, 12, 0),
    ],
)
def test_what_has_no_direction(box, opened):
    """Square, small, outside, and without an edge in sight."""
    image = opened(np.full((300, 400), 7, dtype=np.uint8))
    assert np.isnan(edge_directions(image, np.array([box], dtype=float))).all()


def test_what_is_longer_than_any_ship_is_not_looked_at(opened):
    image = opened(np.random.default_rng(0).integers(0, 256, (300, 400), dtype=np.uint8))
    directions = edge_directions(image, np.array([[200, 150, 5000, 12, 0], [200, 150, 4000, 12, 0]], dtype=float))
    assert np.isnan(directions).any(axis=1).tolist() == [True, False]


def test_cargo_across_the_deck_is_no_wrong_angle(opened):
    """Bays of containers, each of its own colour: edges across the hull outnumber those along it."""
    rng = np.random.default_rng(0)
    x, y = np.meshgrid(np.arange(100, 1000, 150), np.arange(100, 1000, 150))
    boxes = np.column_stack([x.ravel(), y.ravel(), np.full(36, 120), np.full(36, 18), rng.uniform(-1.5, 1.5, 36)])
    pixels = rng.normal(60, 6, (1000, 1000))
    for cx, cy, long, short, angle in boxes:
        cv2.fillPoly(pixels, [rbox_to_quad([[cx, cy, long, short, angle]])[0].round().astype(np.int32)], 75)
        for along in np.arange(-48, 49, 8):
            bay = [cx + along * np.cos(angle), cy + along * np.sin(angle), 5, short - 2, angle]
            cv2.fillPoly(pixels, [rbox_to_quad([bay])[0].round().astype(np.int32)], rng.uniform(60, 250))
    directions = edge_directions(opened(np.clip(pixels, 0, 255).astype(np.uint8)), boxes)
    found = measure(directions, boxes[:, 4])
    assert not (found.wrong or found.wrong_class)
    assert measure(directions, boxes[:, 4] + np.pi / 2).wrong_class


def test_few_boxes_do_not_tell():
    assert not measure(np.tile([1.0, 0], (19, 1)), np.full(19, np.pi / 2)).wrong
    assert measure(np.tile([1.0, 0], (19, 1)), np.full(19, np.pi / 2)).across
    assert measure(np.tile([1.0, 0], (20, 1)), np.full(20, np.pi / 2)).wrong
    assert not measure(np.full((9, 2), np.nan), np.zeros(9)).across


def test_horizontal_boxes_around_objects_of_any_direction_are_no_wrong_angles():
    turns = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    found = measure(np.column_stack([np.cos(turns), np.sin(turns)]), np.zeros(40))
    assert (found.horizontal, found.wrong) == (True, False)


@pytest.mark.parametrize('name', BREAKS)
def test_wrong_angles_of_real_ships_are_found(data_root, name):
    objects = [o for o in read_dota(data_root / 'dota_harbor/labelTxt/P0706_west.txt') if not o.difficult]
    boxes = quad_to_rbox([labeled.quad for labeled in objects])
    with open_rgb(data_root / 'dota_harbor/images/P0706_west.png') as image:
        directions = edge_directions(image, boxes)
    change, explanation = BREAKS[name]
    assert not measure(directions, boxes[:, 4]).wrong
    broken = measure(directions, change(boxes[:, 4]))
    assert broken.wrong
    # These ships lie at 45 degrees, where the mirror image is a quarter turn away.
    assert explanation in broken.explanation() or name in ('turned', 'mirrored')
    rng = np.random.default_rng(0)
    for _ in range(50):
        some = rng.choice(len(boxes), 30, replace=False)
        assert not measure(directions[some], boxes[some, 4]).wrong
        assert measure(directions[some], change(boxes[some, 4])).wrong


@pytest.mark.parametrize(
    ('alignment', 'mirrored', 'advice'),
    [
        # Along the edges with their angles reversed.
        (0.05, 0.6, 'run the other way round'),
        (-0.2, 0.5, 'run the other way round'),
        # A quarter turn fits better than the mirror image, or as well.
        (-0.6, 0.4, 'turned by 90 degrees'),
        (-0.5, 0.5, 'turned by 90 degrees'),
        (-0.6, -0.6, 'turned by 90 degrees'),
        (0.05, 0.1, 'in another unit'),
    ],
)
def test_the_advice_is_what_fits_best(alignment, mirrored, advice):
    assert advice in Orientation(30, alignment, mirrored, 0.0).explanation()
