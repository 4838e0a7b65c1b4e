import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ship_det.geometry import multiclass_rotated_nms, nms, pairwise_iou, rotated_nms


def crowd(count, seed, span=300.0):
    rng = np.random.default_rng(seed)
    boxes = np.column_stack(
        [rng.uniform(0, span, (count, 2)), rng.uniform(5, 60, (count, 2)), rng.uniform(-2, 2, count)]
    )
    return boxes, rng.uniform(0, 1, count)


def greedy(boxes, scores, threshold, labels=None):
    """The definition, box by box."""
    iou = pairwise_iou(boxes, boxes)
    kept = []
    for i in sorted(range(len(scores)), key=lambda k: -scores[k]):
        same = [k for k in kept if labels is None or labels[k] == labels[i]]
        if not any(iou[k, i] > threshold for k in same):
            kept.append(i)
    return kept


@pytest.mark.parametrize('threshold', [0, 0.1, 0.5, 0.9, 1])
@pytest.mark.parametrize('block', [1, 7, 512])
def test_is_greedy_suppression(threshold, block, monkeypatch):
    monkeypatch.setattr(nms, '_BLOCK', block)
    boxes, scores = crowd(300, seed=0)
    np.testing.assert_array_equal(rotated_nms(boxes, scores, threshold), greedy(boxes, scores, threshold))


@settings(max_examples=30)
@given(st.integers(0, 60), st.integers(0, 2**32 - 1), st.floats(0, 1))
def test_is_greedy_suppression_with_ties_and_labels(count, seed, threshold):
    boxes, scores = crowd(count, seed, span=60)
    scores = np.round(scores, 1)
    labels = np.random.default_rng(seed).integers(0, 2, count)
    np.testing.assert_array_equal(
        rotated_nms(boxes, scores, threshold, labels=labels), greedy(boxes, scores, threshold, labels)
    )


def test_threshold_is_exclusive_and_ties_keep_the_first():
    # Two 4 x 1 bars moved by 1: IoU 3 / 5.
    boxes = [[0, 0, 4, 1, 0], [1, 0, 4, 1, 0]]
    np.testing.assert_array_equal(rotated_nms(boxes, [0.5, 0.9], 0.6), [1, 0])
    np.testing.assert_array_equal(rotated_nms(boxes, [0.5, 0.9], 0.59), [1])
    np.testing.assert_array_equal(rotated_nms(boxes, [0.5, 0.5], 0.59), [0])


def test_a_removed_box_removes_none():
    # Each bar overlaps the next one by 3 / 5, the one after it by 1 / 3.
    boxes = [[k, 0, 4, 1, 0] for k in range(3)]
    np.testing.assert_array_equal(rotated_nms(boxes, [0.9, 0.8, 0.7], 0.5), [0, 2])


def test_same_as_mmcv_where_its_iou_is_right():
    torch = pytest.importorskip('torch')
    ops = pytest.importorskip('mmcv.ops')
    boxes, scores = crowd(250, seed=4)
    boxes = boxes.astype(np.float32)
    iou = pairwise_iou(boxes, boxes)
    for threshold in (0.1, 0.3, 0.5):
        # Its float32 IoU is good for some five digits where boxes are not near-identical.
        assert np.abs(iou - threshold).min() > 1e-5
        _, kept = ops.nms_rotated(torch.tensor(boxes), torch.tensor(scores, dtype=torch.float32), threshold)
        np.testing.assert_array_equal(rotated_nms(boxes, scores, threshold), kept.numpy())


def test_empty():
    assert rotated_nms([], [], 0.5).shape == (0,)


@pytest.mark.parametrize(
    ('scores', 'threshold', 'labels', 'message'),
    [
        ([0.1], 0.5, None, r'scores: expected shape \(2,\)'),
        ([0.1, np.nan], 0.5, None, 'row 1 is NaN'),
        ([0.1, 0.2], 1.5, None, 'found 1.5'),
        ([0.1, 0.2], 0.5, [0], 'labels: expected shape'),
    ],
)
def test_bad_input(scores, threshold, labels, message):
    with pytest.raises(ValueError, match=message):
        rotated_nms([[0, 0, 1, 1, 0]] * 2, scores, threshold, labels)


def test_multiclass_takes_each_class_for_itself():
    boxes = [[10, 10, 20, 6, 0], [11, 10, 20, 6, 0], [60, 60, 20, 6, 1], [np.nan, 0, 1, 1, 0]]
    scores = [[0.9, 0.2], [0.8, 0.3], [0.05, 0.06], [0.9, 0.9]]
    rows, labels = multiclass_rotated_nms(boxes, scores, 0.05, 0.5, 10)
    # The second box goes for class 0 and stays for class 1; a score that is the threshold is none; nan is no box.
    assert list(zip(rows.tolist(), labels.tolist(), strict=True)) == [(0, 0), (1, 1), (2, 1)]
    rows, labels = multiclass_rotated_nms(boxes, scores, 0.05, 0.5, 1)
    assert (rows.tolist(), labels.tolist()) == ([0], [0])
    rows, labels = multiclass_rotated_nms(np.zeros((0, 5)), np.zeros((0, 2)), 0.05, 0.5, 1)
    assert len(rows) == len(labels) == 0
