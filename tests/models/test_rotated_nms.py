"""Class-wise rotated NMS."""

import pytest
import torch

from ship_det.models.rotated_nms import multiclass_rotated_nms


def test_classes_do_not_remove_each_other(device):
    box = [50.0, 50.0, 40.0, 10.0, 0.3]
    boxes = torch.tensor([box, box, [200.0, 50.0, 40.0, 10.0, 0.0], [float('nan')] * 5], device=device)
    scores = torch.tensor([[0.9, 0.2], [0.8, 0.7], [0.01, 0.6], [0.9, 0.9]], device=device)
    kept, kept_scores, labels = multiclass_rotated_nms(boxes, scores, 0.05, 0.1, max_num=10)
    assert kept_scores.tolist() == pytest.approx([0.9, 0.7, 0.6])
    assert labels.tolist() == [0, 1, 1]
    assert torch.equal(kept, boxes[[0, 1, 2]])
    best = multiclass_rotated_nms(boxes, scores, 0.05, 0.1, max_num=2)[1]
    assert best.tolist() == pytest.approx([0.9, 0.7])


def test_nothing_above_the_threshold():
    kept, scores, labels = multiclass_rotated_nms(torch.zeros(3, 5), torch.zeros(3, 4), 0.05, 0.1, 10)
    assert kept.shape == (0, 5)
    assert scores.shape == labels.shape == (0,)
