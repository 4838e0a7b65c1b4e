"""Logits of known probabilities, and single-threaded arithmetic."""

import pytest
import torch


@pytest.fixture
def batch():
    """Logits (40, 6) float64 and labels of six classes, the last rarely."""
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(40, 6, generator=generator, dtype=torch.float64) * 3
    target = torch.randint(0, 5, (40,), generator=generator)
    target[7] = 5
    return logits, target


@pytest.fixture
def toy_batch():
    """Two classes, four majority samples, of which the fourth is an outlier, and two minority samples."""
    p = torch.tensor([0.9, 0.8, 0.95, 0.01, 0.3, 0.2], dtype=torch.float64)
    target = torch.tensor([0, 0, 0, 0, 1, 1])
    logits = torch.zeros(6, 2, dtype=torch.float64)
    logits[torch.arange(6), target] = torch.log(p / (1 - p))
    return logits, target


@pytest.fixture
def gradient_shares(toy_batch):
    """Shares of the minority samples and of the outlier in the magnitude of a loss's gradient on the toy batch."""

    def shares(loss):
        logits, target = toy_batch
        logits.requires_grad_()
        (gradient,) = torch.autograd.grad(loss(logits, target), logits)
        magnitudes = gradient.abs().sum(1) / gradient.abs().sum()
        return magnitudes[4:].sum().item(), magnitudes[3].item()

    return shares
