"""The margin of the target class."""

import pytest
import torch

from ship_det.losses.softmax import target_margin


def test_margin_is_the_log_odds(batch):
    logits, target = batch
    p = logits.softmax(1)[torch.arange(40), target]
    torch.testing.assert_close(target_margin(logits, target), torch.log(p / (1 - p)))


def test_margin_does_not_saturate_where_the_probability_does():
    logits = torch.tensor([[50.0, 0.0, 0.0]])
    assert logits.softmax(1)[0, 0] == 1
    assert target_margin(logits, torch.tensor([0])).item() == pytest.approx(50 - 0.693147, rel=1e-6)
