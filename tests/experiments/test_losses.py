"""Losses by name."""

import pytest
import torch
import torch.nn.functional as F

from ship_det.experiments.losses import LOSSES, build_criterion

LOGITS = torch.tensor([[0.3, -1.2, 0.5], [2.0, 0.1, -0.4], [0.0, 0.0, 0.0]])
TARGET = torch.tensor([2, 0, 1])
COUNTS = torch.tensor([100, 25, 4])


def by_hand(name: str) -> torch.Tensor:
    """The CI loss and its halves, from the printed formula."""
    p = F.softmax(LOGITS.double(), 1).gather(1, TARGET[:, None]).squeeze(1)
    # Factors sqrt(N_max / N) of the targets 2, 0 and 1, the imbalance degree being below 1.
    factors = torch.tensor([5.0, 1.0, 2.0])
    modulator = (1 - torch.sin(torch.pi * p / 2)) * torch.cos(torch.pi * p / 2)
    parts = {
        'ce': -p.log(),
        'ci': -factors * modulator * p.log(),
        'ci_modulator': -modulator * p.log(),
        'ci_factors': -factors * p.log(),
        'focal': -((1 - p) ** 2) * p.log(),
        'pf': -p.log(),
    }
    return parts[name].mean().float()


@pytest.mark.parametrize('name', ['ce', 'ci', 'ci_modulator', 'ci_factors', 'focal', 'pf'])
def test_formulas(name):
    # The batch has one row of each class, so that PF's mean over classes is the mean over rows.
    torch.testing.assert_close(build_criterion({'type': name}, COUNTS)(LOGITS, TARGET), by_hand(name))


@pytest.mark.parametrize('name', LOSSES)
def test_several_trials_at_once(name):
    criterion = build_criterion({'type': name}, COUNTS)
    logits = torch.stack([LOGITS, LOGITS.flip(0), 3 * LOGITS])
    targets = torch.stack([TARGET, TARGET.flip(0), TARGET])
    together = torch.func.vmap(criterion)(logits, targets)
    alone = torch.stack([criterion(*pair) for pair in zip(logits, targets, strict=True)])
    torch.testing.assert_close(together, alone)


def test_parameters_reach_the_loss():
    row = build_criterion({'type': 'focal', 'gamma': 0.0}, COUNTS)(LOGITS, TARGET)
    torch.testing.assert_close(row, F.cross_entropy(LOGITS, TARGET))


@pytest.mark.parametrize(
    ('spec', 'message'),
    [
        ({'type': 'hinge'}, "type: found 'hinge', expected one of ce, focal"),
        ({}, 'type: found None'),
        ({'type': 'ce', 'gamma': 2}, 'gamma: found for loss ce, expected no parameter'),
        ({'type': 'pf', 'variant': 'median'}, "variant: found 'median'"),
    ],
)
def test_says_what_is_wrong(spec, message):
    with pytest.raises(ValueError, match=message):
        build_criterion(spec, COUNTS)
