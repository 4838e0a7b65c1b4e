"""The modulated log term against 50-digit arithmetic, and its two ways of computing it against each other."""

import mpmath
import pytest
import torch
from torch.autograd import gradcheck, gradgradcheck

from ship_det.losses.modulator import modulated_rows, modulated_sum

#: Log odds of the target from p = 1e-300 to p = 1 - 1e-16, and beyond what a probability in float64 can say.
MARGINS = [-690.7, -300.0, -88.8, -40.3, -10.0, -2.0, -0.1, 0.0, 0.3, 1.0, 4.0, 9.0, 20.0, 30.0, 36.84, 60.0]


def exact(margin):
    """Value and derivative with respect to the margin, to more than 50 digits."""
    # At a margin of -690 p itself has 300 zeros, and the modulator differs from 1 only after them.
    with mpmath.workdps(400):

        def loss(x):
            p = 1 / (1 + mpmath.exp(-x))
            return -(1 - mpmath.sin(mpmath.pi * p / 2)) * mpmath.cos(mpmath.pi * p / 2) * mpmath.log(p)

        x = mpmath.mpf(margin)
        return float(loss(x)), float(mpmath.diff(loss, x))


def by_rows(logits, target):
    return modulated_rows(logits, target).sum()


def by_sum(logits, target):
    return modulated_sum(logits, target, torch.ones(logits.shape[1], dtype=logits.dtype))


@pytest.mark.parametrize('way', [by_rows, by_sum])
@pytest.mark.parametrize('margin', MARGINS)
def test_value_and_gradient_to_50_digits(way, margin):
    value, slope = exact(margin)
    logits = torch.tensor([[0.0, margin]], dtype=torch.float64, requires_grad=True)
    loss = way(logits, torch.tensor([1]))
    (gradient,) = torch.autograd.grad(loss, logits)
    assert loss.item() == pytest.approx(value, rel=1e-12)
    assert gradient[0].tolist() == pytest.approx([-slope, slope], rel=1e-12)


@pytest.mark.parametrize('way', [by_rows, by_sum])
@pytest.mark.parametrize('margin', [-80.0, -20.0, 0.0, 5.0, 15.0, 20.0])
def test_float32_keeps_its_digits(way, margin):
    value, slope = exact(margin)
    logits = torch.tensor([[margin, 0.0]], requires_grad=True)
    loss = way(logits, torch.tensor([0]))
    (gradient,) = torch.autograd.grad(loss, logits)
    assert loss.item() == pytest.approx(value, rel=1e-5)
    assert gradient[0].tolist() == pytest.approx([slope, -slope], rel=1e-5)


@pytest.mark.parametrize('way', [by_rows, by_sum])
@pytest.mark.parametrize('dtype', [torch.float32, torch.float64])
def test_logits_of_1e4(way, dtype):
    logits = torch.tensor([[1e4, -1e4, 0], [-1e4, 1e4, 9e3]], dtype=dtype, requires_grad=True)
    # p = 0: the modulator is 1 and -log p the distance to the largest logit, whose gradient is a step of 1.
    wrong = way(logits, torch.tensor([1, 0]))
    (gradient,) = torch.autograd.grad(wrong, logits)
    assert wrong.item() == pytest.approx(4e4, rel=1e-6)
    assert gradient.flatten().tolist() == pytest.approx([1, -1, 0, -1, 1, 0], rel=1e-6)
    right = way(logits, torch.tensor([0, 1]))
    (gradient,) = torch.autograd.grad(right, logits)
    assert right.item() == 0
    assert not gradient.any()


def test_both_ways_agree_with_factors_weights_and_scale(batch):
    logits, target = batch
    logits.requires_grad_()
    factors, weight = torch.arange(1.0, 8.0, dtype=torch.float64), torch.arange(40.0)
    total = modulated_sum(logits, target, factors, weight, scale=0.25)
    expected = (modulated_rows(logits, target) * factors[target] * weight).sum() / 4
    torch.testing.assert_close(total, expected)
    torch.testing.assert_close(torch.autograd.grad(total, logits), torch.autograd.grad(expected, logits))


@pytest.mark.parametrize('check', [gradcheck, gradgradcheck])
@pytest.mark.parametrize('way', [by_rows, by_sum])
def test_derivatives_are_those_of_finite_differences(batch, check, way):
    assert check(way, (batch[0][:8].requires_grad_(), batch[1][:8]))


def test_gradient_is_that_of_the_upstream_gradient_times_the_loss(batch):
    logits = batch[0].requires_grad_()
    single, triple = (torch.autograd.grad(k * by_sum(logits, batch[1]), logits)[0] for k in (1, 3))
    torch.testing.assert_close(3 * single, triple)


def test_graph_may_be_passed_twice(batch):
    logits = batch[0].requires_grad_()
    loss = by_sum(logits, batch[1])
    first, second = (torch.autograd.grad(loss, logits, retain_graph=True)[0] for _ in range(2))
    torch.testing.assert_close(first, second)
    assert first.data_ptr() != second.data_ptr()


def test_learned_weight_has_a_gradient(batch):
    logits, target = batch
    weight = torch.arange(40, dtype=torch.float64).requires_grad_()
    total = modulated_sum(logits, target, torch.ones(6, dtype=torch.float64), weight)
    torch.testing.assert_close(torch.autograd.grad(total, weight)[0], modulated_rows(logits, target))
