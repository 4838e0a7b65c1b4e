"""Softmax focal loss."""

import re

import pytest
import torch
from torch.nn.functional import cross_entropy

from ship_det.losses import SoftmaxFocalLoss, softmax_focal_loss


@pytest.mark.parametrize('gamma', [0.5, 2.0, 5.0])
def test_is_equation_6(batch, gamma):
    logits, target = batch
    p = logits.softmax(1)[torch.arange(40), target]
    rows = softmax_focal_loss(logits, target, gamma, reduction='none')
    torch.testing.assert_close(rows, -((1 - p) ** gamma) * p.log())


def test_gamma_0_is_the_cross_entropy(batch):
    torch.testing.assert_close(softmax_focal_loss(*batch, gamma=0), cross_entropy(*batch))


def test_class_weights(batch):
    logits, target = batch
    weights = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]
    rows = softmax_focal_loss(logits, target, reduction='none')
    weighted = softmax_focal_loss(logits, target, class_weights=weights, reduction='none')
    torch.testing.assert_close(weighted, rows * torch.tensor(weights)[target])
    message = 'class_weights: found shape (5,), expected one for each of 6 logits'
    with pytest.raises(ValueError, match=re.escape(message)):
        softmax_focal_loss(logits, target, class_weights=weights[:5])


def test_module_has_mmdetections_arguments(batch):
    logits, target = batch
    weight = torch.arange(40.0) % 2
    rows = softmax_focal_loss(logits, target, 1.5, [1, 1, 1, 1, 1, 2], reduction='none')
    module = SoftmaxFocalLoss(1.5, [1, 1, 1, 1, 1, 2], loss_weight=3.0)
    torch.testing.assert_close(module(logits, target, weight, avg_factor=20), 3 * (rows * weight).sum() / 20)
    torch.testing.assert_close(module(logits, target, reduction_override='none'), 3 * rows)
    assert not module.state_dict()


def test_gamma_below_0():
    with pytest.raises(ValueError, match='gamma: found -1, expected a number from 0'):
        SoftmaxFocalLoss(-1)
