"""Losses of other authors in a box head, with the background as the last column."""

import pytest
import torch
import torch.nn.functional as F
from mmrotate.registry import MODELS

from ship_det.experiments.detection import losses  # noqa: F401 - registers them
from ship_det.imbalance import class_factors

COUNTS = [90, 10]
LOGITS = torch.tensor([[1.0, -0.5, 0.2], [0.3, 0.9, -1.0], [-2.0, 0.1, 1.4], [0.0, 0.4, 0.1]])
LABELS = torch.tensor([0, 1, 2, 2])


def build(name: str, **settings):
    loss = MODELS.build({'type': f'mmrotate.{name}', **settings})
    if hasattr(loss, 'set_class_counts'):
        loss.set_class_counts(COUNTS)
    return loss


def test_the_foreground_weighs_as_the_mean_of_ci_losss_factors():
    f = class_factors(COUNTS)
    mean = (90 * f[0] + 10 * f[1]) / 100
    rows = F.cross_entropy(LOGITS, LABELS, reduction='none')
    expected = (mean * rows[:2].sum() + rows[2:].sum()) / 4
    assert build('ForegroundWeightedCrossEntropy')(LOGITS, LABELS).item() == pytest.approx(expected.item())


def test_balanced_softmax_moves_classes_among_each_other_and_leaves_the_background():
    moved = LOGITS + torch.tensor([90 / 50, 10 / 50, 1.0]).log()
    expected = F.cross_entropy(moved, LABELS)
    assert build('BalancedSoftmaxLoss')(LOGITS, LABELS).item() == pytest.approx(expected.item())


@pytest.mark.parametrize('name', ['ForegroundWeightedCrossEntropy', 'BalancedSoftmaxLoss'])
def test_reduction_as_in_mmdetection(name):
    loss = build(name, loss_weight=2.0)
    rows = loss(LOGITS, LABELS, reduction_override='none')
    weights = torch.tensor([1.0, 0.0, 1.0, 1.0])
    expected = (rows * weights).sum() / 3
    assert loss(LOGITS, LABELS, weights, avg_factor=3.0).item() == pytest.approx(expected.item())
    assert build(name)(LOGITS, LABELS).item() == pytest.approx(rows.mean().item() / 2)


def test_counts_have_to_be_set():
    loss = MODELS.build({'type': 'mmrotate.BalancedSoftmaxLoss'})
    with pytest.raises(RuntimeError, match='counts of 0 classes, expected 2; custom_hooks'):
        loss(LOGITS, LABELS)


def test_eqlv2_tells_a_head_that_its_scores_are_sigmoids():
    loss = build('EqualizationLossV2', num_classes=2)
    assert loss.custom_activation and loss.custom_cls_channels
    assert loss.get_cls_channels(2) == 3
    scores = loss.get_activation(LOGITS.clone())
    p = LOGITS.sigmoid()
    torch.testing.assert_close(scores[:, :2], p[:, :2] * (1 - p[:, 2:]))
    assert loss.get_accuracy(LOGITS, LABELS)['acc'].item() == pytest.approx(75.0)
    # At its start all weights are 1, but for what a ratio of 100 leaves: the sum of binary cross-entropies.
    expected = F.binary_cross_entropy_with_logits(LOGITS, F.one_hot(LABELS, 3).float(), reduction='sum') / 4
    assert loss(LOGITS, LABELS).item() == pytest.approx(expected.item(), rel=1e-4)


def test_eqlv2_of_no_row():
    assert build('EqualizationLossV2', num_classes=2)(LOGITS[:0], LABELS[:0]).item() == 0
