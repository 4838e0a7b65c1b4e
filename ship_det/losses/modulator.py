"""The modulated log term of the CI loss, (1 - sin(pi p / 2)) cos(pi p / 2) (-log p), and its gradient.

With q = 1 - p, u = pi q / 4 and s = sin(u) it is 4 s^3 cos(u) (-log p), which does not cancel as p -> 1.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from .softmax import target_margin


def modulated_rows(logits: Tensor, target: Tensor) -> Tensor:
    """Modulated log term of each row, shape (N,), for logits (N, K) of any size and derivatives of any order."""
    margin = target_margin(logits, target)
    u = torch.sigmoid(-margin) * (math.pi / 4)
    return -4 * torch.sin(u).pow(3) * torch.cos(u) * F.logsigmoid(margin)


def modulated_sum(
    logits: Tensor, target: Tensor, factors: Tensor, weight: Tensor | None = None, scale: float | Tensor = 1.0
) -> Tensor:
    """``scale`` times the sum of the modulated log terms, each times the factor of its target and its weight.

    There are derivatives with respect to the logits alone.

    Args:
        logits: shape (N, K), float32 or float64.
        target: class indices, shape (N,).
        factors: factor of each column, shape (K,) or longer.
        weight: factor of each row, shape (N,).
        scale: a number.
    """
    if logits.is_cpu and not torch.compiler.is_compiling():
        return _ModulatedSum.apply(logits, target, factors, weight, scale)
    return _sum_of_rows(logits, target, factors, weight, scale)


def _sum_of_rows(
    logits: Tensor, target: Tensor, factors: Tensor, weight: Tensor | None, scale: float | Tensor
) -> Tensor:
    return (modulated_rows(logits, target) * row_factors(target, factors, weight)).sum() * scale


def row_factors(target: Tensor, factors: Tensor, weight: Tensor | None) -> Tensor:
    """Factor of the target times the weight of each row, shape (N,)."""
    chosen = factors.index_select(0, target)
    return chosen if weight is None else chosen * weight.to(factors.dtype)


class _ModulatedSum(torch.autograd.Function):
    """``modulated_sum`` in few passes over the logits: on 4096 x 16 it takes a third of autograd's time."""

    @staticmethod
    def forward(ctx, logits, target, factors, weight, scale) -> Tensor:
        total, ratios, slopes = _sum_and_slopes(logits, target, factors, weight, scale)
        if not math.isfinite(total.item()):
            # The odds overflow where the target's logit lies far below another.
            with torch.enable_grad():
                leaf = logits.detach().requires_grad_()
                total = _sum_of_rows(leaf, target, factors, weight, scale)
            (ratios,) = torch.autograd.grad(total, leaf)
            total, slopes = total.detach(), torch.ones_like(slopes)
        ctx.save_for_backward(logits, target, factors, weight)
        ctx.scale, ctx.ratios, ctx.slopes = scale, ratios, slopes
        return total

    @staticmethod
    def backward(ctx, upstream: Tensor) -> tuple[Tensor | None, ...]:
        if not torch.is_grad_enabled():
            return ctx.ratios * (ctx.slopes * upstream), None, None, None, None
        # Someone differentiates the gradient, as MAML does.
        logits, target, factors, weight = ctx.saved_tensors
        total = _sum_of_rows(logits, target, factors, weight, ctx.scale)
        (gradient,) = torch.autograd.grad(total, logits, create_graph=True)
        return gradient * upstream, None, None, None, None


def _sum_and_slopes(
    logits: Tensor, target: Tensor, factors: Tensor, weight: Tensor | None, scale: float | Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """The sum L, and its gradient as the product of (N, K) ratios and (N, 1) slopes.

    With odds = q / p = sum_j e^(z_j - z_t) over the other classes: -log p = log(1 + odds), p = 1 / (1 + odds), and
    dL/dz_j = g p e^(z_j - z_t), dL/dz_t = -g p odds, where g = f (4 s^3 cos(u) - pi s^2 (3 - 4 s^2) p log p).
    Where the odds against a target overflow the sum is not finite.
    """
    index = target.unsqueeze(1)
    chosen = logits.gather(1, index)
    # exp2 takes a third of the time of exp, and a constant as a tensor half that of a Python number.
    ratios = torch.sub(logits, chosen).mul_(1 / math.log(2)).exp2_().scatter_(1, index, chosen.zero_())
    ones = ratios.new_ones(ratios.shape[1])
    one = ones[0]
    odds = torch.mv(ratios, ones)
    odds_and_one = odds + one
    p = odds_and_one.reciprocal()
    minus_log_p = odds.log1p()
    sine = torch.div(odds, odds_and_one).mul_(math.pi / 4).sin_()
    square = sine * sine
    product = torch.sub(one, square).sqrt_().mul_(sine)
    common = row_factors(target, factors, weight).mul_(square).mul_(4 * scale)
    slopes = p * minus_log_p
    slopes = torch.add(product, slopes, alpha=0.75 * math.pi).addcmul_(slopes, square, value=-math.pi)
    slopes.mul_(common).mul_(p)
    total = product.mul_(minus_log_p).dot(common)
    return total, ratios.scatter_(1, index, odds.neg_().unsqueeze_(1)), slopes.unsqueeze_(1)
