import math

import mpmath
import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from ship_det.geometry import aligned_iou, iof_of_pairs, iou_of_pairs, pairwise_iou, rbox_to_quad, to_le90

coordinate = st.floats(-1e6, 1e6)
side = st.floats(1e-3, 1e6)
angle = st.floats(-math.pi / 2, math.pi / 2)
boxes = st.tuples(coordinate, coordinate, side, side, angle)


def precise_iou(a, b):
    """Sutherland-Hodgman with 40 digits, one pair."""
    with mpmath.workdps(40):
        polygon, clip = corners(a), corners(b)
        for k in range(4):
            polygon = clipped(polygon, clip[k], clip[(k + 1) % 4])
        shared = area(polygon)
        return float(shared / (mpmath.mpf(a[2]) * a[3] + mpmath.mpf(b[2]) * b[3] - shared))


def corners(box):
    x, y, w, h, theta = map(mpmath.mpf, map(float, box))
    cos, sin = mpmath.cos(theta), mpmath.sin(theta)
    return [
        (x + (i * w * cos - j * h * sin) / 2, y + (i * w * sin + j * h * cos) / 2)
        for i, j in ((-1, -1), (1, -1), (1, 1), (-1, 1))
    ]


def clipped(polygon, start, end):
    def distance(point):
        return (end[0] - start[0]) * (point[1] - start[1]) - (end[1] - start[1]) * (point[0] - start[0])

    result = []
    for here, there in zip(polygon, polygon[1:] + polygon[:1], strict=True):
        d0, d1 = distance(here), distance(there)
        if d0 >= 0:
            result.append(here)
        if d0 * d1 < 0:
            t = d0 / (d0 - d1)
            result.append((here[0] + t * (there[0] - here[0]), here[1] + t * (there[1] - here[1])))
    return result


def area(polygon):
    return abs(sum(p[0] * q[1] - p[1] * q[0] for p, q in zip(polygon, polygon[1:] + polygon[:1], strict=True))) / 2


def hard_pairs(count, seed):
    """Pairs of a size from 1e-3 to 1e6 px in each way a pair can be hard."""
    rng = np.random.default_rng(seed)
    scale = 10 ** rng.uniform(-3, 6, count)
    w = scale * rng.uniform(0.3, 1, count)
    a = np.column_stack([rng.uniform(-1, 1, (count, 2)) * scale[:, None], w, w * 10 ** rng.uniform(-2, 0, count)])
    a = np.column_stack([a, rng.uniform(-np.pi / 2, np.pi / 2, count)])
    axis = np.column_stack([np.cos(a[:, 4]), np.sin(a[:, 4])])
    kinds = []
    identical = a.copy()
    kinds.append(identical)
    jitter = 10 ** rng.uniform(-14, -1, (count, 1))
    kinds.append(a + jitter * rng.normal(size=a.shape) * np.column_stack([*[a[:, 3]] * 4, np.ones(count)]))
    shifted = a.copy()
    shifted[:, :2] += axis * a[:, 2:3] * rng.uniform(0, 1, (count, 1))
    kinds.append(shifted)
    touching = a.copy()
    touching[:, :2] += axis * a[:, 2:3]
    kinds.append(touching)
    nested = a.copy()
    nested[:, 2:4] *= rng.uniform(0.01, 0.99, (count, 1))
    kinds.append(nested)
    crossed = a.copy()
    crossed[:, 4] += rng.choice([np.pi / 2, np.pi / 4, 1e-9, 1e-4], count)
    kinds.append(crossed)
    flat = a.copy()
    flat[:, rng.integers(2, 4)] = 0
    kinds.append(flat)
    any_box = a[rng.permutation(count)]
    any_box[:, :2] = a[:, :2] + rng.uniform(-1, 1, (count, 2)) * a[:, 2:3]
    kinds.append(any_box)
    b = np.stack(kinds, axis=1)[np.arange(count), np.arange(count) % len(kinds)]
    return a, b


def test_against_shapely(shapely_iou):
    a, b = hard_pairs(16_000, seed=1)
    assert np.abs(aligned_iou(a, b) - shapely_iou(a, b)).max() < 1e-9


def aligned_iof(a, b):
    rows = np.arange(len(a))
    return iof_of_pairs(a, b, rows, rows)


def test_share_inside_against_shapely(shapely_iof):
    a, b = hard_pairs(16_000, seed=3)
    for first, second in ((a, b), (b, a)):
        assert np.abs(aligned_iof(first, second) - shapely_iof(first, second)).max() < 1e-9


@given(st.floats(0.01, 1), st.floats(0.01, 1), boxes)
def test_share_inside_of_nested_boxes(part_w, part_h, box):
    x, y, w, h, theta = box
    inner = (x, y, w * part_w, h * part_h, theta)
    assert aligned_iof([inner], [box])[0] == pytest.approx(1, rel=1e-12)
    assert aligned_iof([box], [inner])[0] == pytest.approx(part_w * part_h, rel=1e-12)


def test_a_box_without_area_has_no_share_inside():
    assert aligned_iof([[0, 0, 4, 0, 0]], [[0, 0, 9, 9, 0]]).tolist() == [0]


def test_against_forty_digits():
    a, b = hard_pairs(160, seed=2)
    expected = [precise_iou(p, q) for p, q in zip(a, b, strict=True)]
    np.testing.assert_allclose(aligned_iou(a, b), expected, rtol=0, atol=1e-12)


@given(boxes)
def test_identical(box):
    assert aligned_iou([box], [box])[0] >= 1 - 1e-12


@given(boxes, st.integers(-4, 4))
def test_the_same_region_written_differently(box, turns):
    x, y, w, h, theta = box
    other = (x, y, h, w, theta + math.pi / 2) if turns % 2 else (x, y, w, h, theta + turns * math.pi / 2)
    # The angle is rounded in each way of writing, which moves the ends of a thin box by w 1e-16 of its height h.
    assert aligned_iou([box], [other])[0] >= 1 - 1e-14 * max(w, h) / min(w, h)
    assert aligned_iou(to_le90([box]), [other])[0] >= 1 - 1e-14 * max(w, h) / min(w, h)


@given(boxes, boxes)
def test_symmetric_and_bounded(a, b):
    forth, back = aligned_iou([a], [b])[0], aligned_iou([b], [a])[0]
    assert 0 <= forth <= 1
    assert forth == pytest.approx(back, abs=1e-12)


@given(st.floats(0.01, 1), st.floats(0.01, 1), boxes)
def test_nested_is_the_ratio_of_areas(part_w, part_h, box):
    x, y, w, h, theta = box
    inner = (x, y, w * part_w, h * part_h, theta)
    assert aligned_iou([inner], [box])[0] == pytest.approx(part_w * part_h, rel=1e-12)


def test_tiny_boxes_beside_a_huge_one_read_zero():
    """Inside its bounds, beyond its sides: the rounding of the huge coordinates must not leave an overlap."""
    rng = np.random.default_rng(5)
    huge = [[0, 0, 1e6, 1e6, math.pi / 4]]
    x, y = rng.uniform(3.6e5, 7e5, (2, 1000)) * rng.choice([-1, 1], (2, 1000))
    tiny = np.column_stack([x, y, rng.uniform(1e-3, 1, (1000, 2)), rng.uniform(-1.5, 1.5, 1000)])
    assert not pairwise_iou(huge, tiny).any()
    assert not pairwise_iou(tiny, huge).any()


@given(boxes, st.floats(0, 2))
def test_shift_along_the_box(box, shift):
    """Moved by a share s of its length a box overlaps itself by (1 - s) / (1 + s)."""
    x, y, w, h, theta = 0, 0, *box[2:]
    moved = (x + shift * w * math.cos(theta), y + shift * w * math.sin(theta), w, h, theta)
    # Rounding of the centre moves a long thin box sideways.
    tolerance = 1e-14 * max(1, w / h)
    assert aligned_iou([(x, y, w, h, theta)], [moved])[0] == pytest.approx(
        max(0, 1 - shift) / (1 + shift), abs=tolerance
    )


@pytest.mark.parametrize(
    ('a', 'b', 'expected'),
    [
        # Squares one of which is turned by 45 degrees: the shared octagon has area 8 (sqrt 2 - 1) for side 2.
        ((0, 0, 2, 2, 0), (0, 0, 2, 2, math.pi / 4), 8 * (2**0.5 - 1) / (8 - 8 * (2**0.5 - 1))),
        # A cross of two 3 x 1 bars shares 1 of 5.
        ((5, 5, 3, 1, 0), (5, 5, 3, 1, math.pi / 2), 0.2),
        # Two squares that share a quarter each.
        ((0, 0, 2, 2, 0), (1, 1, 2, 2, 0), 1 / 7),
        # A corner of the second, turned square reaches 1 into the first: a triangle of area 1.
        ((0, 0, 4, 4, 0), (1 + 2**0.5, 0, 2, 2, math.pi / 4), 1 / 19),
        # Touching sides, touching corners, apart.
        ((0, 0, 2, 2, 0), (2, 0, 2, 2, 0), 0),
        ((0, 0, 2, 2, 0), (2, 2, 2, 2, 0), 0),
        ((0, 0, 2, 2, 0), (9, 9, 2, 2, 0), 0),
    ],
)
def test_by_hand(a, b, expected):
    # Some dozen roundings of 1e-16; the last digits of a sine are the processor's.
    assert aligned_iou([a], [b])[0] == pytest.approx(expected, abs=1e-14)
    assert pairwise_iou([b], [a])[0, 0] == pytest.approx(expected, abs=1e-14)


def test_touching_boxes_read_zero_at_any_angle():
    theta = np.linspace(-np.pi / 2, np.pi / 2, 101)
    a = np.column_stack([np.zeros((101, 2)), np.full(101, 7.0), np.full(101, 3.0), theta])
    b = a + 7 * np.column_stack([np.cos(theta), np.sin(theta), np.zeros((101, 3))])
    assert aligned_iou(a, b).max() < 1e-14


@pytest.mark.parametrize('flat', [(0, 0, 5, 0, 0.3), (0, 0, 0, 0, 0)])
def test_a_box_without_area_overlaps_nothing(flat):
    np.testing.assert_array_equal(pairwise_iou([flat, (0, 0, 4, 4, 0)], [flat, (0, 0, 4, 4, 0)]), [[0, 0], [0, 1]])


def test_pairwise_is_aligned_for_each_pair():
    rng = np.random.default_rng(3)
    a, b = (np.column_stack([rng.uniform(0, 60, (n, 2)), rng.uniform(1, 30, (n, 3))]) for n in (37, 23))
    matrix = pairwise_iou(a, b)
    assert matrix.shape == (37, 23)
    rows, columns = np.indices(matrix.shape)
    np.testing.assert_array_equal(matrix.ravel(), aligned_iou(a[rows.ravel()], b[columns.ravel()]))
    assert 0 < np.count_nonzero(matrix) < matrix.size


def test_far_from_the_origin():
    a, b = np.array([[0, 0, 1e-3, 5e-4, 0.4]]), np.array([[1e-4, 1e-4, 1e-3, 4e-4, 0.5]])
    # A shift that is exact in float64 for both centres.
    step = 2.0**-30
    a[:, :2], b[:, :2] = 0, [[round(1e-4 / step) * step] * 2]
    near = aligned_iou(a, b)
    a[:, :2] += 2.0**20
    b[:, :2] += 2.0**20
    np.testing.assert_array_equal(aligned_iou(a, b), near)


def test_empty():
    assert pairwise_iou([], [[0, 0, 1, 1, 0]]).shape == (0, 1)
    assert pairwise_iou(np.zeros((3, 5)), np.zeros((0, 5))).shape == (3, 0)
    assert aligned_iou([], []).shape == (0,)


def test_bad_input():
    box = [[0, 0, 1, 1, 0]]
    with pytest.raises(ValueError, match='b: row 0 is not finite'):
        pairwise_iou(box, [[0, 0, 1, 1, math.inf]])
    with pytest.raises(ValueError, match='found 1 and 2'):
        aligned_iou(box, box * 2)
    with pytest.raises(ValueError, match='index vectors'):
        iou_of_pairs(box, box, [0], [0, 0])


def random_quads(rng, count):
    """Simple quads of a size from 1e-2 to 1e4 px, half of them with a dent, either way round, and boxes near them."""
    scale = 10 ** rng.uniform(-2, 4, count)
    angles = np.sort(rng.uniform(0, 2 * np.pi, (count, 4)), axis=1)
    radii = rng.uniform(0.1, 1, (count, 4)) * scale[:, None]
    quads = radii[..., None] * np.stack([np.cos(angles), np.sin(angles)], axis=-1)
    quads[::2] = quads[::2, ::-1]
    quads += rng.uniform(-1, 1, (count, 1, 2)) * scale[:, None, None]
    side = scale * rng.uniform(0.1, 2, count)
    center = rng.uniform(-1, 1, (count, 2)) * scale[:, None]
    found = np.column_stack([center, side, side * 10 ** rng.uniform(-2, 0, count), rng.uniform(-2, 2, count)])
    return found, quads


def quad_shares(found, quads):
    """IoU and IoF of boxes with aligned quads through GEOS."""
    first, second = shapely.polygons(rbox_to_quad(found)), shapely.polygons(quads)
    shared = shapely.area(shapely.intersection(first, second))
    area = shapely.area(first)
    return shared / (area + shapely.area(second) - shared), shared / area


def test_quads_against_geos():
    found, quads = random_quads(np.random.default_rng(5), 4000)
    simple = shapely.is_valid(shapely.polygons(quads))
    # Around a point outside, corners by angle make a dent or cross; crossed ones have a test of their own.
    found, quads = found[simple], quads[simple]
    dented = shapely.area(shapely.convex_hull(shapely.polygons(quads))) > 1.001 * shapely.area(shapely.polygons(quads))
    iou, iof = quad_shares(found, quads)
    assert len(found) > 3000
    assert np.count_nonzero(dented & (iou > 0)) > 300
    rows = np.arange(len(found))
    np.testing.assert_allclose(aligned_iou(found, quads), iou, rtol=0, atol=1e-12)
    np.testing.assert_allclose(iof_of_pairs(found, quads, rows, rows), iof, rtol=0, atol=1e-12)
    # The other way round and from another corner.
    turned = np.roll(quads[:, ::-1], 1, axis=1)
    np.testing.assert_allclose(aligned_iou(found, turned), iou, rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    ('box', 'quad', 'expected'),
    [
        # A dart: the square without a quarter of it, which a box fills or not.
        ((1, 1, 2, 2, 0), [(0, 0), (2, 0), (1, 1), (0, 2)], 2 / 4),
        ((1.5, 1.5, 1, 1, 0), [(0, 0), (2, 0), (1, 1), (0, 2)], 0),
        ((1, 0.5, 2, 1, 0), [(0, 0), (2, 0), (1, 1), (0, 2)], 1.5 / 2.5),
        # A trapezium, a triangle of four corners, a spike, a quad without area.
        ((2, 1, 4, 2, 0), [(0, 0), (4, 0), (3, 2), (1, 2)], 6 / 8),
        ((2, 1, 4, 2, 0), [(0, 0), (4, 0), (4, 0), (0, 2)], 4 / 8),
        ((2, 1, 4, 2, 0), [(0, 0), (4, 0), (0, 2), (0, 5)], 4 / 8),
        ((2, 1, 4, 2, 0), [(0, 1), (4, 1), (4, 1), (0, 1)], 0),
        # Inside and around.
        ((2, 1, 4, 2, 0), [(1, 1), (2, 0.5), (3, 1), (2, 1.5)], 1 / 8),
        ((0, 0, 1, 2, 0.4), [(-9, -9), (9, -9), (9, 9), (-9, 9)], 2 / 18**2),
        # Crossed, two corners swapped: the rectangle over the four.
        ((2, 1, 4, 2, 0), [(0, 0), (4, 2), (4, 0), (0, 2)], 1),
    ],
)
def test_quads_by_hand(box, quad, expected):
    assert aligned_iou([box], [quad])[0] == pytest.approx(expected, abs=1e-14)
    assert pairwise_iou([box], [quad[::-1]])[0, 0] == pytest.approx(expected, abs=1e-14)


def test_corners_of_boxes_are_the_boxes():
    a, b = hard_pairs(2000, seed=6)
    expected = aligned_iou(a, b)
    # Corners of a small box far away have lost the digits that its centre has.
    digits = np.abs(b[:, :2]).max(axis=1) / np.maximum(b[:, 2:4].min(axis=1), 1e-300)
    near = digits < 1e4
    assert np.count_nonzero(near & (expected > 0)) > 300
    np.testing.assert_allclose(aligned_iou(a, rbox_to_quad(b))[near], expected[near], rtol=0, atol=1e-11)


def test_pairwise_with_quads_is_aligned_for_each_pair():
    found, quads = random_quads(np.random.default_rng(7), 40)
    matrix = pairwise_iou(found, quads[:23])
    rows, columns = np.indices(matrix.shape)
    np.testing.assert_array_equal(matrix.ravel(), aligned_iou(found[rows.ravel()], quads[columns.ravel()]))
    assert pairwise_iou(found, np.zeros((0, 4, 2))).shape == (40, 0)
    with pytest.raises(ValueError, match=r'b: expected shape \(N, 4, 2\)'):
        pairwise_iou(found, np.zeros((3, 3, 2)))
    with pytest.raises(ValueError, match='b: row 2 is not finite'):
        pairwise_iou(found, np.where(np.arange(23)[:, None, None] == 2, np.nan, quads[:23]))
