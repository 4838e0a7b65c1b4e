"""Merging the detections of overlapping windows."""

import itertools
import math

import numpy as np
import pytest
import shapely

from ship_det.geometry import pairwise_iou, quad_to_rbox, rbox_to_quad, sliding_windows
from ship_det.scenes import WindowDetections, Windows, merge_windows
from ship_det.scenes.merging import see_boxes, to_scene
from ship_det.scenes.pieces import reach_borders

# A scene of 300 x 100 px in three windows that share 50 px: x from 0, 100 and 200... each 150 wide.
THREE = Windows(
    np.array([[0, 0, 150, 100], [100, 0, 150, 100], [150, 0, 150, 100]]), np.array([[150, 100]] * 3), (300, 100)
)


def found(*rows):
    """Detections from rows (cx, cy, w, h, theta, score, label, window)."""
    table = np.array(rows, dtype=np.float64).reshape(-1, 8)
    return WindowDetections(table[:, :5], table[:, 5], table[:, 6].astype(int), table[:, 7].astype(int))


def merged(*rows, windows=THREE, **options):
    return merge_windows(found(*rows), windows, **options).rows.tolist()


def may_be_pieces(detections, windows):
    return reach_borders(see_boxes(detections, windows), windows.scene)


def test_nothing_found():
    assert merged() == []


def test_an_object_whole_in_two_windows_is_kept_once_with_its_best_score():
    assert merged((125, 50, 30, 10, 0, 0.6, 0, 0), (126, 50, 30, 10, 0, 0.7, 0, 1)) == [1]


def test_classes_and_neighbours_do_not_remove_each_other():
    rows = [(125, 50, 30, 10, 0, 0.6, 0, 0), (125, 50, 30, 10, 0, 0.7, 1, 1), (125, 61, 30, 10, 0, 0.5, 0, 1)]
    assert merged(*rows) == [1, 0, 2]


# The same with room beyond the ships.
WIDE = Windows(
    np.array([[0, 0, 150, 100], [90, 0, 150, 100], [150, 0, 150, 100]]), np.array([[150, 100]] * 3), (300, 100)
)

# A ship from x = 110 to 190: window 0 shows 40 px of its 80, window 1 all, window 2 the other 40.
WHOLE = (150, 50, 80, 10, 0, 0.4, 0, 1)
LEFT, RIGHT = (130, 50, 40, 10, 0, 0.9, 0, 0), (170, 50, 40, 10, 0, 0.8, 0, 2)


def test_the_whole_ship_displaces_its_pieces_of_higher_score():
    # IoU of a piece with the ship is 0.5: NMS alone keeps both pieces and drops the ship.
    assert merged(WHOLE, LEFT, RIGHT) == [0]
    # At a threshold of 0.6 NMS keeps all three.
    assert merged(LEFT, RIGHT, WHOLE, iou_threshold=0.6) == [2]


def test_a_short_piece_goes_although_its_iou_is_low():
    # Its last 10 px, an IoU of 1 / 8.
    stern = (145, 50, 10, 10, 0, 0.9, 0, 0)
    ship = (180, 50, 80, 10, 0, 0.4, 0, 1)
    assert merged(stern, ship) == [1]
    # A piece may look like a ship of another class.
    assert merged(stern, (*ship[:6], 1, 1)) == [1]


def test_a_piece_that_falls_short_of_the_border_goes():
    # 4 px short of the border of window 0, of 60 px seen there.
    short = (118, 50, 56, 10, 0, 0.9, 0, 0)
    assert merged(short, (150, 50, 80, 10, 0, 0.4, 0, 1), windows=WIDE) == [1]


def test_a_piece_seen_by_no_other_window_stays():
    assert merged(LEFT) == [0]


def test_pieces_of_a_ship_that_no_window_holds_are_joined():
    # A ship from x = 70 to 280 in windows that end at 150 and begin at 100, and at 250 and 150: a chain of three.
    pieces = [(110, 50, 80, 12, 0, 0.5, 1, 0), (175, 50, 150, 12, 0, 0.8, 0, 1), (215, 50, 130, 12, 0, 0.9, 1, 2)]
    for order in itertools.permutations(pieces):
        result = merge_windows(found(*order), THREE)
        np.testing.assert_allclose(result.boxes, [[175, 50, 210, 12, 0]], atol=1e-6)
        # 0.8 x 150 is more than 0.9 x 130: the class of the middle piece, and the best score of that class.
        assert result.labels.tolist() == [0]
        assert result.scores.tolist() == [0.8]
        assert result.joined.tolist() == [True]
        assert order[result.rows[0]] == pieces[1]


def test_a_tip_of_a_ship_goes_with_the_piece_that_shows_more_than_its_neighbour():
    # A carrier; window 0 shows a tip of 18 px of it, window 3 a piece that goes for the larger one in window 2.
    grid = np.array([[2400, 800, 1000, 1000], [1600, 1600, 1000, 1000], [2400, 1600, 1000, 1000]])
    tip = (2625.97, 1800.0, 17.98, 3.11, -0.18, 0.34, 0, 0)
    larger = (2346.24, 1912.82, 522.72, 131.72, -0.17, 0.72, 0, 1)
    smaller = (2516.59, 1883.31, 259.05, 127.65, -0.17, 0.55, 0, 2)
    for order in itertools.permutations([tip, larger, smaller]):
        assert [order[row] for row in merged(*order, windows=Windows(grid, grid[:, 2:], (4000, 4000)))] == [larger]


def test_a_rectangle_around_a_corner_does_not_widen_the_ship():
    # A ship of 658 px; window 0 sees a corner of it, whose rectangle lies along the border, window 2 a strip.
    pieces = [
        (1761.29, 2265.45, 550.69, 77.40, -1.56, 0.37, 8, 0),
        (1816.00, 2306.22, 606.09, 99.12, 1.43, 0.48, 8, 1),
        (1789.95, 2470.15, 136.56, 19.83, -1.57, 0.99, 5, 2),
        (1847.64, 2524.38, 266.17, 98.09, 1.42, 0.69, 3, 3),
    ]
    grid = np.array(
        [[800, 1600, 1000, 1000], [1600, 1600, 1000, 1000], [800, 2400, 1000, 1000], [1600, 2400, 1000, 1000]]
    )
    result = merge_windows(found(*pieces), Windows(grid, grid[:, 2:], (4000, 4000)))
    np.testing.assert_allclose(result.boxes, [pieces[1][:5]])
    assert result.labels.tolist() == [8]


def test_classes_of_the_main_piece_are_joined_alike():
    first = [(135, 50, 130, 12, 0, 0.6, 0, 1), (135, 50, 130, 12, 0, 0.3, 1, 1)]
    second = (215, 50, 130, 12, 0, 0.4, 1, 2)
    views = np.array([[0, 0, 150, 100], [0, 0, 200, 100], [150, 0, 150, 100]])
    windows = Windows(views, views[:, 2:], (300, 100))
    result = merge_windows(found(*first, second), windows)
    np.testing.assert_allclose(result.boxes, 2 * [[175, 50, 210, 12, 0]], atol=1e-6)
    assert result.labels.tolist() == [0, 1]
    assert result.scores.tolist() == [0.6, 0.4]


def test_pieces_of_windows_that_only_touch_are_joined():
    windows = Windows(np.array([[0, 0, 150, 100], [150, 0, 150, 100]]), np.array([[150, 100]] * 2), (300, 100))
    pieces = [(115, 50, 68, 12, 0, 0.5, 0, 0), (202, 50, 100, 12, 0, 0.8, 0, 1)]
    result = merge_windows(found(*pieces), windows)
    np.testing.assert_allclose(result.boxes, [[166.5, 50, 171, 12, 0]], atol=1e-6)
    # Ships that end at the border side by side are two.
    assert merged(pieces[0], (202, 64, 100, 12, 0, 0.8, 0, 1), windows=windows) == [1, 0]


def test_a_piece_that_shows_nearly_all_is_kept_as_found():
    # A ship from x = 110 to 280: 140 px of it in window 1, 130 in window 2.
    first, second = (180, 50, 140, 10, 0, 0.5, 0, 1), (215, 50, 130, 10, 0, 0.9, 0, 2)
    assert merged(first, second, iou_threshold=0.7) == [1]
    result = merge_windows(found(first, second), THREE)
    assert result.boxes.tolist() == [list(second[:5])]
    assert not result.joined.any()


def test_a_small_ship_near_the_border_beside_a_large_one():
    # Moored alongside a ship that ends inside the window: no piece of it, although a sloppy box covers most of it.
    large, small = (110, 50, 60, 20, 0, 0.9, 0, 1), (134, 50, 30, 12, 0, 0.5, 0, 0)
    assert merged(large, small) == [0, 1]
    # Of a ship that goes on beyond the border it is too narrow an end.
    longer = (145, 50, 80, 40, 0, 0.9, 0, 1)
    assert merged(longer, small) == [0, 1]
    assert merged(longer, (*small[:3], 38, *small[4:])) == [0]


def test_detections_of_one_window_are_left_as_the_detector_left_them():
    first, second = (140, 50, 30, 12, 0, 0.9, 0, 0), (146, 50, 8, 6, 0, 0.5, 0, 0)
    assert merged(first, second) == [0, 1]


def test_a_poor_box_does_not_displace_a_better_of_its_window_at_the_border():
    assert merged((130, 50, 38, 10, 0, 0.9, 0, 0), (125, 50, 30, 10, 0, 0.2, 0, 0)) == [0]


def test_borders_of_the_scene_cut_nothing():
    rows = [
        (10, 50, 20, 10, 0, 0.5, 0, 0),  # at the left end of the scene
        (50, 5, 20, 10, 0, 0.5, 0, 0),  # at its top
        (140, 50, 20, 10, 0, 0.5, 0, 0),  # at the right end of window 0
        (110, 50, 20, 10, 0, 0.5, 0, 1),  # at the left end of window 1
        (110.0 + 2.5, 50, 20, 10, 0, 0.5, 0, 1),  # 2.5 px from it: 15 % of its length are 3 px
        (110.0 + 3.5, 50, 20, 10, 0, 0.5, 0, 1),  # 3.5 px from it
        (290, 50, 20, 10, 0, 0.5, 0, 2),  # at the right end of the scene
        (125, 50, 20, 10, math.pi / 4, 0.5, 0, 1),  # its corner 14.4 px from the left of window 1
    ]
    assert may_be_pieces(found(*rows), THREE).tolist() == [False, False, True, True, True, False, False, False]


def test_equal_scores_keep_the_order_given():
    rows = [(20.0 + 30 * place, 50, 20, 10, 0, 0.5, place % 2, 0) for place in range(4)]
    assert merged(*rows) == [0, 1, 2, 3]


def test_boxes_of_a_resampled_window():
    windows = Windows(np.array([[100, 40, 600, 400], [0, 0, 90, 100]]), np.array([[300, 200], [45, 100]]), (800, 500))
    boxes = np.array([[150.0, 100, 60, 20, 0.7], [20, 50, 30, 10, 0.7]])
    scene = to_scene(boxes, np.array([0, 1]), windows)
    np.testing.assert_allclose(scene[0], [100 + 300, 40 + 200, 120, 40, 0.7])
    corners = rbox_to_quad(boxes[1:]) * [2, 1]
    np.testing.assert_allclose(scene[1:], quad_to_rbox(corners))


def test_the_border_is_as_wide_as_in_the_image():
    windows = Windows(np.array([[0, 0, 600, 400]]), np.array([[150, 100]]), (800, 500))
    # 2 px of the image are 8 px of the scene.
    rows = [(600 - 7 - 20, 100, 40, 20, 0, 0.5, 0, 0), (600 - 9 - 20, 100, 40, 20, 0, 0.5, 0, 0)]
    assert may_be_pieces(found(*rows), windows).tolist() == [True, False]


def test_share_of_the_scene_that_windows_cover():
    assert THREE.covered == 1
    two = Windows(THREE.windows[:2], THREE.images[:2], THREE.scene)
    assert two.covered == pytest.approx(250 / 300)
    beyond = Windows(np.array([[200, 0, 200, 200]]), np.array([[200, 200]]), (300, 100))
    assert beyond.covered == pytest.approx(1 / 3)


# Windows of 1000 px that share 200, over 3400 x 3400 px.
GRID = sliding_windows(3400, 3400, 1000, 200)
SCENE = Windows(GRID, GRID[:, 2:], (3400, 3400))


def detect(ships, noise, rng):
    """One detection of what each window shows of each ship, (N, 5): ends and sides are off by a share of the length."""
    quads = rbox_to_quad(ships)
    x, y, w, h = GRID.T
    parts = shapely.intersection(shapely.polygons(quads)[:, None], shapely.box(x, y, x + w, y + h))
    ship, window = np.nonzero(shapely.area(parts) > 1)
    corners = shapely.get_coordinates(shapely.oriented_envelope(parts[ship, window])).reshape(-1, 5, 2)
    boxes = quad_to_rbox(corners[:, :4])
    boxes = with_noise(boxes, noise, rng)
    share = (shapely.area(parts) / shapely.area(shapely.polygons(quads))[:, None])[ship, window]
    # Pieces under half of a ship look like any ship.
    labels = np.where(share < 0.5, rng.integers(0, 3, len(boxes)), 0)
    seen = boxes[:, 3] >= 2
    return WindowDetections(boxes[seen], rng.uniform(0.3, 1, seen.sum()), labels[seen], window[seen])


def with_noise(boxes, noise, rng):
    low, high = rng.normal(scale=noise, size=(2, len(boxes), 2)) * boxes[:, 2:4]
    shift, theta = (low + high) / 2, boxes[:, 4]
    x = boxes[:, 0] + shift[:, 0] * np.cos(theta) - shift[:, 1] * np.sin(theta)
    y = boxes[:, 1] + shift[:, 0] * np.sin(theta) + shift[:, 1] * np.cos(theta)
    sizes = np.maximum(boxes[:, 2:4] + high - low, 1)
    # 2 degrees at 5 %.
    return np.column_stack([x, y, sizes, theta + rng.normal(scale=0.7 * noise, size=len(boxes))])


def lost_and_false(merged, ships):
    """Ships without a box of IoU above 0.5, and boxes that are not the best of a ship."""
    iou = pairwise_iou(merged.boxes, ships)
    found = iou.max(axis=0) > 0.5
    return int((~found).sum()), len(merged.boxes) - len(set(iou.argmax(axis=0)[found]))


@pytest.mark.parametrize(('noise', 'lost', 'false'), [(0, 0, 0), (0.01, 0, 0), (0.03, 1, 2), (0.05, 2, 4)])
def test_cut_ships_with_detector_noise(noise, lost, false):
    rng = np.random.default_rng(5)
    counts = np.zeros(2, dtype=int)
    for _ in range(200):
        length = rng.uniform(60, 650)
        center, theta = rng.uniform(1300, 2100, 2), rng.uniform(-np.pi / 2, np.pi / 2)
        ships = np.array([[*center, length, length * rng.uniform(0.09, 0.25), theta]])
        counts += lost_and_false(merge_windows(detect(ships, noise, rng), SCENE), ships)
    assert counts[0] <= lost
    assert counts[1] <= false


@pytest.mark.parametrize(('noise', 'false'), [(0, 0), (0.01, 0), (0.03, 2)])
def test_every_ship_of_a_dense_mooring_is_kept_once(noise, false):
    rng = np.random.default_rng(6)
    counts = np.zeros(2, dtype=int)
    for _ in range(40):
        length = rng.uniform(60, 500)
        width = length * rng.uniform(0.1, 0.2)
        # Two rows of three, 5 m of 0.6 m/px apart, turned about their middle.
        along, across = np.meshgrid([-0.5, 0.5], [-1, 0, 1])
        offsets = np.column_stack([along.ravel() * (length + 8), across.ravel() * (width + 8)])
        theta = rng.uniform(-np.pi / 2, np.pi / 2)
        turn = np.array([[np.cos(theta), np.sin(theta)], [-np.sin(theta), np.cos(theta)]])
        ships = np.column_stack([offsets @ turn + rng.uniform(1300, 2100, 2), np.tile([length, width, theta], (6, 1))])
        counts += lost_and_false(merge_windows(detect(ships, noise, rng), SCENE), ships)
    assert counts[0] == 0
    assert counts[1] <= false


def test_ships_in_a_row_are_not_joined():
    rng = np.random.default_rng(9)
    counts = np.zeros(2, dtype=int)
    for _ in range(150):
        theta = rng.uniform(0.4, 1.2)
        step = (469 + 8) / 2 * np.array([np.cos(theta), np.sin(theta)])
        # The gap of 5 m lies in the corner that four windows share.
        gap = rng.uniform(1550, 1850, 2)
        ships = np.array([[*(gap - step), 469, 54, theta], [*(gap + step), 469, 54, theta]])
        counts += lost_and_false(merge_windows(detect(ships, 0.01, rng), SCENE), ships)
    assert counts.tolist() == [0, 0]


def test_a_tug_beside_a_carrier_stays_though_no_other_window_shows_it():
    rng = np.random.default_rng(7)
    for _ in range(200):
        theta = rng.uniform(-np.pi / 2, np.pi / 2)
        along, across = np.array([np.cos(theta), np.sin(theta)]), np.array([-np.sin(theta), np.cos(theta)])
        place = rng.uniform(1300, 2100, 2)
        # Anywhere along its side, 5 m off, or within its rectangle at the bow, where a hull leaves the corners free.
        beside = place + rng.uniform(-200, 200) * along + rng.choice([-1, 1]) * (65 + 8 + 9) * across
        at_bow = place + 200 * along + rng.choice([-1, 1]) * 50 * across
        carrier = with_noise(np.array([[*place, 555, 130, theta]]), 0.01, rng)[0]
        for center in (beside, at_bow):
            tug = (*center, 50, 18, theta)
            whole = [k for k, (x, y, w, h) in enumerate(GRID) if _holds((x, y, w, h), carrier)]
            near = [k for k, (x, y, w, h) in enumerate(GRID) if _holds((x, y, w, h), tug)]
            for window in near:
                rows = [(*carrier, 0.9, 0, k) for k in whole if k != window] + [(*tug, 0.4, rng.integers(2), window)]
                assert len(rows) - 1 in merge_windows(found(*rows), SCENE).rows


def _holds(window, box):
    x, y, w, h = window
    quad = rbox_to_quad([box])[0]
    return bool((quad >= (x, y)).all() and (quad <= (x + w, y + h)).all())


def test_order_of_the_detections_does_not_matter():
    rng = np.random.default_rng(8)
    places = np.stack(np.meshgrid([900, 1700, 2500], [900, 1700, 2500]), axis=-1).reshape(9, 2)
    ships = np.column_stack([places, np.tile([600, 90], (9, 1)), np.linspace(-1.5, 1.5, 9)])
    detections = detect(ships, 0.03, rng)
    order = rng.permutation(len(detections.boxes))
    shuffled = WindowDetections(*(values[order] for values in vars(detections).values()))
    first, second = merge_windows(detections, SCENE), merge_windows(shuffled, SCENE)
    assert first.joined.any()
    np.testing.assert_allclose(second.boxes, first.boxes, atol=1e-6)
    assert order[second.rows].tolist() == first.rows.tolist()


def test_boxes_without_area_are_no_pieces():
    rows = [(150, 50, 0, 0, 0, 0.5, 0, 0), (150, 50, 30, 0, 0, 0.4, 0, 0), (150, 50, 80, 10, 0, 0.3, 0, 1)]
    assert merged(*rows) == [0, 1, 2]


def test_two_ships_of_one_size_are_compared_once():
    # Neither lies where the other one's window shows it; compared both ways, they would be joined into one of 102 px.
    corners = np.array([[0, 0, 150, 100], [100, 0, 150, 100], [0, 60, 150, 100], [100, 60, 150, 100]])
    windows = Windows(corners, np.array([[150, 100]] * 4), (250, 160))
    rows = [(122, 101, 80, 20, 0, 0.9, 1, 1), (100, 106, 80, 20, 0, 0.7, 0, 0)]
    assert merged(*rows, windows=windows) == [0, 1]
