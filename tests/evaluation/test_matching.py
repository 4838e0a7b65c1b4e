from dataclasses import replace

import numpy as np
import pytest

from ship_det.evaluation import matching
from ship_det.evaluation.instances import Detections, GroundTruths, IgnoreRegions
from ship_det.evaluation.matching import best_overlaps, judge

# Bars of 4 x 1: one moved along by d has IoU (4 - d) / (4 + d).
BAR = [0, 0, 4, 1, 0]


def bar(shift):
    return [shift, *BAR[1:]]


def detections(boxes, scores, image=0, labels=0):
    count = len(boxes)
    boxes = np.array(boxes, dtype=float).reshape(-1, 5)
    return Detections(np.full(count, image), boxes, np.full(count, labels), np.array(scores, dtype=float))


def truths(boxes, difficult=None, image=0, labels=0, regions=()):
    count = len(boxes)
    flags = np.array(difficult or [False] * count)
    found = IgnoreRegions(np.full(len(regions), image), np.array(regions, float).reshape(-1, 5))
    boxes = np.array(boxes, float).reshape(-1, 5)
    return GroundTruths(np.full(count, image), boxes, np.full(count, labels), flags, found)


def matched(found, objects, threshold=0.5, min_iou='>'):
    return judge(found, objects, best_overlaps(found, objects), threshold, min_iou)


def test_best_overlap_by_hand():
    iou, row, _ = best_overlaps(detections([bar(1), bar(8), bar(3)], [1, 1, 1]), truths([bar(0), bar(4)]))
    # bar(8) touches bar(4); bar(3) overlaps bar(4) by 3 / 5 and bar(0) by 1 / 7.
    np.testing.assert_allclose(iou, [3 / 5, 0, 3 / 5])
    assert row.tolist() == [0, -1, 1]


def test_other_image_or_class_does_not_count():
    objects = truths([BAR], image=1, labels=2)
    for image, label, expected in ((1, 2, 1), (0, 2, 0), (1, 0, 0), (2, 1, 0)):
        assert best_overlaps(detections([BAR], [1], image, label), objects)[0].tolist() == [expected]


def test_of_equal_overlaps_the_first_is_taken():
    row = best_overlaps(detections([bar(1)], [1]), truths([bar(9), bar(2), bar(0), bar(0)])).ground_truth
    assert row.tolist() == [1]


def test_second_detection_of_an_object_is_wrong():
    # The lower score lies better, but comes second.
    result = matched(detections([BAR, bar(1)], [0.3, 0.9]), truths([BAR]))
    assert result.right.tolist() == [False, True]
    assert result.ground_truth.tolist() == [0, 0]
    assert not result.ignored.any()


def test_tied_scores_keep_the_order_given():
    assert matched(detections([bar(1), BAR, bar(1)], [0.5] * 3), truths([BAR])).right.tolist() == [True, False, False]


def test_duplicate_does_not_move_on_to_another_object():
    """The devkit compares a detection with its best object only, also where that one is taken."""
    result = matched(detections([BAR, bar(0.1)], [0.9, 0.8]), truths([BAR, bar(1)]))
    assert result.right.tolist() == [True, False]


def test_any_number_on_a_difficult_object_is_ignored():
    result = matched(detections([BAR, BAR, bar(9)], [0.9, 0.8, 0.7]), truths([BAR], difficult=[True]))
    assert result.ignored.tolist() == [True, True, False]
    assert not result.right.any()


@pytest.mark.parametrize(('min_iou', 'right'), [('>', False), ('>=', True)])
@pytest.mark.parametrize('theta', np.linspace(-1.5, 1.5, 13))
def test_an_iou_at_the_threshold(theta, min_iou, right):
    moved = [np.cos(theta), np.sin(theta), 4, 1, theta]
    result = matched(detections([moved], [1]), truths([[0, 0, 4, 1, theta]]), 0.6, min_iou)
    assert result.right.tolist() == [right]


def test_no_overlap_is_never_right():
    assert not matched(detections([bar(9)], [1]), truths([BAR]), 0, '>=').right.any()
    assert not matched(detections([bar(9)], [1]), truths([]), 0, '>=').right.any()


def test_crowds_are_done_in_parts(monkeypatch):
    rng = np.random.default_rng(0)
    boxes = np.column_stack([rng.uniform(0, 50, (90, 2)), rng.uniform(3, 20, (90, 2)), rng.uniform(-1, 1, 90)])
    image, labels = rng.integers(0, 3, 90), rng.integers(0, 2, 90)
    found = Detections(image[:50], boxes[:50], labels[:50], rng.random(50))
    objects = GroundTruths(image[50:], boxes[50:], labels[50:], np.zeros(40, bool))
    whole = best_overlaps(found, objects)
    assert np.count_nonzero(whole[0]) > 20
    for size in (1, 13, 64):
        monkeypatch.setattr(matching, '_CHUNK_PAIRS', size)
        for part, expected in zip(best_overlaps(found, objects), whole, strict=True):
            np.testing.assert_array_equal(part, expected)


# 10 x 4 around the origin.
REGION = [0, 0, 10, 4, 0]


@pytest.mark.parametrize('label', [0, 1, 5])
def test_a_detection_of_any_class_in_an_ignore_region_is_ignored(label):
    # Inside, and by 3 / 4, 0.7 and 1 / 2 of its area.
    found = detections([bar(0), bar(4), bar(4.2), bar(5)], [0.9, 0.8, 0.7, 0.6], labels=label)
    result = matched(found, truths([], regions=[REGION]))
    assert result.ignored.tolist() == [True, True, False, False]
    assert not result.right.any()
    # In another image, or without area.
    assert not matched(found, truths([], image=1, regions=[REGION])).ignored.any()
    assert not matched(detections([[0, 0, 4, 0, 0]], [0.9]), truths([], regions=[REGION])).ignored.any()


def test_a_right_detection_in_an_ignore_region_is_right():
    # The object, found, found again with a lower score, and found as another class.
    objects = truths([BAR], regions=[REGION])
    result = matched(detections([BAR, BAR], [0.9, 0.8]), objects)
    assert (result.right.tolist(), result.ignored.tolist()) == ([True, False], [False, True])
    assert matched(detections([BAR], [0.9], labels=1), objects).ignored.tolist() == [True]


def test_ignore_regions_add_up_without_counting_twice():
    left, right = [-5, 0, 10, 4, 0], [5, 0, 10, 4, 0]
    # Half in each, and turned across the border.
    across = [BAR, [0, 0, 4, 1, 0.3]]
    assert matched(detections(across, [0.9, 0.8]), truths([], regions=[left, right])).ignored.all()
    # Two regions over the same half.
    assert not matched(detections(across, [0.9, 0.8]), truths([], regions=[left, left])).ignored.any()
    assert not matched(detections(across, [0.9, 0.8]), truths([], regions=[left, [-4, 0, 9, 9, 0]])).ignored.any()


def test_crowds_in_ignore_regions_are_done_in_parts(monkeypatch):
    rng = np.random.default_rng(1)
    boxes = np.column_stack([rng.uniform(0, 50, (90, 2)), rng.uniform(3, 20, (90, 2)), rng.uniform(-1, 1, 90)])
    image = rng.integers(0, 3, 90)
    found = Detections(image[:60], boxes[:60], np.zeros(60, int), rng.random(60))
    objects = GroundTruths(*(np.zeros((0, *shape), int) for shape in ((), (5,), (), ())))
    objects = replace(objects, regions=IgnoreRegions(image[60:], boxes[60:] * [1, 1, 2, 2, 1]))
    whole = best_overlaps(found, objects).in_region
    assert 10 < np.count_nonzero(whole) < 50
    for size in (1, 13, 64):
        monkeypatch.setattr(matching, '_CHUNK_PAIRS', size)
        np.testing.assert_array_equal(best_overlaps(found, objects).in_region, whole)


def test_bad_options():
    found, objects = detections([], []), truths([])
    with pytest.raises(ValueError, match=r'iou_threshold.*found 60'):
        matched(found, objects, 60)
    with pytest.raises(ValueError, match=r"min_iou.*found '<'"):
        matched(found, objects, 0.5, '<')


# Half of 10 x 4: a dart with its dent to the right.
DART = np.array([[-5.0, -2], [5, -2], [0, 0], [-5, 2]])


def labeled(quads, image=0, regions=()):
    """Quads of class 0 as ground truth."""
    count = len(quads)
    found = IgnoreRegions(np.full(len(regions), image), np.array(regions, float).reshape(-1, 4, 2))
    quads = np.array(quads, float).reshape(-1, 4, 2)
    return GroundTruths(np.full(count, image), quads, np.zeros(count, int), np.zeros(count, bool), found)


def test_overlap_with_a_quad_by_hand():
    # The dart fills half of the box, and nothing of what lies in its dent; of two the nearer is taken.
    assert best_overlaps(detections([[0, 0, 10, 4, 0]], [1]), labeled([DART])).iou == pytest.approx(20 / 40)
    assert best_overlaps(detections([[9, 1, 4, 2, 0]], [1]), labeled([DART])).ground_truth.tolist() == [-1]
    quads = [DART + 50, np.add(DART, [6, 0]), DART]
    overlaps = best_overlaps(detections([[0, 0, 10, 4, 0]], [1]), labeled(quads))
    assert overlaps.ground_truth.tolist() == [2]


def test_a_quad_as_ignore_region():
    # Along the lower border of the dart: half of the bar is over it.
    inside, half = [-3, 0, 4, 1, 0], [2.5, 1.5, 4, 1, 0]
    result = matched(detections([inside, half], [0.9, 0.8]), labeled([], regions=[DART]))
    assert result.ignored.tolist() == [True, False]
    # Two quads, and one of them a spike, add up without counting twice.
    left, right = [[-9, -9], [0, -9], [0, 9], [-9, 9]], [[0, -9], [9, -9], [0, 9], [0, 20]]
    both = matched(detections([[0, -4, 4, 1, 0.3]], [0.9]), labeled([], regions=[left, right]))
    assert both.ignored.tolist() == [True]
    twice = matched(detections([[0, -4, 4, 1, 0.3]], [0.9]), labeled([], regions=[left, left]))
    assert twice.ignored.tolist() == [False]
