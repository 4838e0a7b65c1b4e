"""The softmax losses at the ends of the scale: against 50-digit arithmetic, and where p is 0 or 1."""

import math

import mpmath
import pytest
import torch

from ship_det.losses import ci_loss, pf_loss, softmax_focal_loss
from ship_det.losses.softmax import target_log_probability

COUNTS = [4, 2, 1]
#: Each loss, and what one row of each class weighs in it where p is 0: the class factor of CI loss.
LOSSES = {
    'ci': (lambda logits, target: ci_loss(logits, target, COUNTS), [1, 2 ** (1 / 2), 2]),
    'ci without modulator': (
        lambda logits, target: ci_loss(logits, target, COUNTS, modulate=False),
        [1, 2 ** (1 / 2), 2],
    ),
    **{
        f'focal {g}': (lambda logits, target, g=g: softmax_focal_loss(logits, target, g), [1, 1, 1])
        for g in (0, 0.5, 2)
    },
    **{
        f'pf {variant}': (lambda logits, target, variant=variant: pf_loss(logits, target, variant), [1, 1, 1])
        for variant in ('class_mean', 'soft_gmean')
    },
}
#: Losses of one row as formulas of p and q = 1 - p, and with torch.
FORMULAS = {
    'ci': (
        lambda p, q: -(1 - mpmath.sin(mpmath.pi * p / 2)) * mpmath.cos(mpmath.pi * p / 2) * mpmath.log(p),
        lambda logits, target: ci_loss(logits, target, None),
    ),
    'focal 2': (lambda p, q: -(q**2) * mpmath.log(p), softmax_focal_loss),
    'focal 0.5': (
        lambda p, q: -mpmath.sqrt(q) * mpmath.log(p),
        lambda logits, target: softmax_focal_loss(logits, target, 0.5),
    ),
    'cross-entropy': (lambda p, q: -mpmath.log(p), pf_loss),
}


def exact(formula, margin):
    """Value of a loss and its derivative by the logit of the target, whose log odds are given, to 50 digits."""
    # At log odds of -690 p itself has 300 zeros, and the modulator differs from 1 only after them.
    with mpmath.workdps(400):

        def loss(x):
            return formula(1 / (1 + mpmath.exp(-x)), 1 / (1 + mpmath.exp(x)))

        x = mpmath.mpf(margin)
        return float(loss(x)), float(mpmath.diff(loss, x))


@pytest.mark.parametrize('name', FORMULAS)
@pytest.mark.parametrize(
    ('margin', 'tolerance'),
    [
        # p from 1e-300 to .999, to 1 - 1e-7, and up to where float64 knows no number below 1.
        *((margin, dict(rel=1e-9)) for margin in (-690.7, -300, -88.8, -40.3, -10, -2, -0.1, 0, 0.3, 1, 4, 6.9)),
        *((margin, dict(rel=1e-6)) for margin in (9.0, 13.0, 16.1)),
        *((margin, dict(rel=0, abs=1e-12)) for margin in (20.0, 30.0, 36.84, 60.0, 800.0)),
    ],
)
def test_value_and_gradient_are_those_of_exact_arithmetic(name, margin, tolerance, device):
    formula, function = FORMULAS[name]
    value, slope = exact(formula, margin)
    logits = torch.tensor([[0.0, margin]], dtype=torch.float64, device=device, requires_grad=True)
    loss = function(logits, torch.tensor([1], device=device))
    (gradient,) = torch.autograd.grad(loss, logits)
    assert loss.item() == pytest.approx(value, **tolerance)
    assert gradient[0].tolist() == pytest.approx([-slope, slope], **tolerance)


def test_log_probability_of_the_target(batch):
    logits, target = batch
    expected = logits.softmax(1)[torch.arange(40), target].log()
    torch.testing.assert_close(target_log_probability(logits, target), expected)
    assert target_log_probability(logits.half(), target).dtype == torch.float32


@pytest.mark.parametrize('name', LOSSES)
@pytest.mark.parametrize('dtype', [torch.float32, torch.float64])
@pytest.mark.parametrize(
    ('row', 'target', 'gradient'),
    [
        # p is 0: -log p is the distance to the largest of the others, shared where two are equal.
        ([1e4, -1e4, 0], 1, [1, -1, 0]),
        ([1e4, -1e4, 0], 2, [1, 0, -1]),
        ([-1e4, 1e4, 9e3], 0, [-1, 1, 0]),
        ([1e4, 1e4, -1e4], 2, [0.5, 0.5, -1]),
        ([0, 0, -1e4], 2, [0.5, 0.5, -1]),
        # p is 1.
        ([1e4, -1e4, 0], 0, [0, 0, 0]),
        ([0, -1e4, -1e4], 0, [0, 0, 0]),
    ],
)
def test_value_and_gradient_at_logits_of_1e4(name, dtype, row, target, gradient):
    loss, factors = LOSSES[name]
    logits = torch.tensor([row], dtype=dtype, requires_grad=True)
    value = loss(logits, torch.tensor([target]))
    (found,) = torch.autograd.grad(value, logits)
    distance = max(row) - row[target] + (math.log(2) if 0.5 in gradient else 0)
    assert value.item() == pytest.approx(factors[target] * distance, rel=1e-6)
    assert found[0].tolist() == pytest.approx([factors[target] * slope for slope in gradient], rel=1e-6)


@pytest.mark.parametrize('name', LOSSES)
def test_a_row_of_large_logits_leaves_the_others_their_gradient(name):
    loss, _ = LOSSES[name]
    ordinary, target = [0.3, -1.2, 0.7], torch.tensor([0, 1])
    found, expected = (
        torch.autograd.grad(loss(logits, target), logits)[0][0].float()
        for logits in (
            torch.tensor([ordinary, [1e4, -1e4, 0]], requires_grad=True),
            torch.tensor([ordinary, [30.0, -30.0, 0]], dtype=torch.float64, requires_grad=True),
        )
    )
    torch.testing.assert_close(found, expected)


def test_an_absent_class_leaves_the_balanced_softmax_whatever_its_logit():
    logits = torch.tensor([[0.0, 1.0, 1e4], [-1e4, 1e4, 1e4]], requires_grad=True)
    # One class in the batch: nothing to tell it from.
    (found,) = torch.autograd.grad(pf_loss(logits, torch.tensor([0, 0]), 'balanced_softmax'), logits)
    assert not found.any()
    # One row of each of two classes: the cross-entropy of the first two columns.
    (found,) = torch.autograd.grad(pf_loss(logits, torch.tensor([1, 0]), 'balanced_softmax'), logits)
    p = 1 / (1 + torch.e**-1)
    assert found.flatten().tolist() == pytest.approx([(1 - p) / 2, (p - 1) / 2, 0, -0.5, 0.5, 0], rel=1e-6)
