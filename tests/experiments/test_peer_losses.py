"""The other authors' losses."""

import math

import pytest
import torch
import torch.nn.functional as F

from ship_det.experiments.peer_losses import balanced_softmax_loss, class_balanced_loss, logit_adjusted_loss

LOGITS = torch.tensor([[0.3, -1.2, 0.5], [2.0, 0.1, -0.4]])
TARGET = torch.tensor([2, 0])
COUNTS = torch.tensor([100, 10, 1])


def test_class_balanced_weights_by_hand():
    rows = F.cross_entropy(LOGITS, TARGET, reduction='none')
    # Effective numbers at beta = 0.5: 2 (1 - 2^-n), so the weights go as 1, 1 / (1 - 2^-10) and 2.
    raw = torch.tensor([1.0, 1 / (1 - 2**-10), 2.0])
    weights = raw / raw.mean()
    expected = (rows[0] * weights[2] + rows[1] * weights[0]) / 2
    torch.testing.assert_close(class_balanced_loss(LOGITS, TARGET, COUNTS, beta=0.5), expected)
    torch.testing.assert_close(class_balanced_loss(LOGITS, TARGET, COUNTS, beta=0.0), rows.mean())
    # Towards beta = 1 the weights go as 1 / n.
    near_one = class_balanced_loss(LOGITS, TARGET, COUNTS, beta=1 - 1e-12)
    inverse = 1 / COUNTS
    inverse = inverse / inverse.mean()
    torch.testing.assert_close(near_one, (rows[0] * inverse[2] + rows[1] * inverse[0]) / 2, rtol=1e-3, atol=0)


def test_balanced_softmax_is_a_softmax_weighted_by_counts():
    shares = COUNTS * LOGITS.exp()
    p = shares / shares.sum(1, keepdim=True)
    expected = -(math.log(p[0, 2]) + math.log(p[1, 0])) / 2
    assert balanced_softmax_loss(LOGITS, TARGET, COUNTS).item() == pytest.approx(expected, rel=1e-5)


def test_logit_adjustment_is_balanced_softmax_at_tau_1_and_cross_entropy_at_0():
    balanced = balanced_softmax_loss(LOGITS, TARGET, COUNTS)
    torch.testing.assert_close(logit_adjusted_loss(LOGITS, TARGET, COUNTS), balanced)
    torch.testing.assert_close(logit_adjusted_loss(LOGITS, TARGET, COUNTS, tau=0.0), F.cross_entropy(LOGITS, TARGET))
    # At tau = 2 the counts are squared.
    squared = balanced_softmax_loss(LOGITS, TARGET, COUNTS**2)
    torch.testing.assert_close(logit_adjusted_loss(LOGITS, TARGET, COUNTS, tau=2.0), squared)


def test_refuses_beta_of_1():
    with pytest.raises(ValueError, match=r'beta: found 1.0, expected a number from 0 and below 1'):
        class_balanced_loss(LOGITS, TARGET, COUNTS, beta=1.0)
