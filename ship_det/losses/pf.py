"""Parameter-free loss (PF-loss): a reconstruction.

Of "Parameter-Free Loss for Class-Imbalanced Deep Learning in Image Classification", IEEE TNNLS 34(6), only the
abstract is public. It states properties and no formula: nothing to tune, one definition for two and for more classes,
adaptation to the class distribution of each mini-batch, attention to minority classes rather than to outliers. The
three variants here were built to have those properties; none is known to be the authors' formula.
"""

import torch
from torch import Tensor
from torch import distributed as dist

from ship_det.losses.softmax import HeadLoss, check_shapes, target_log_probability, to_float32


def pf_loss(
    logits: Tensor,
    target: Tensor,
    variant: str = 'class_mean',
    *,
    weight: Tensor | None = None,
    background: bool = False,
) -> Tensor:
    """PF-loss of a batch, reconstructed.

    With n_c rows of class c in the batch and S the classes present in it:

    - ``class_mean``: (1 / |S|) sum_c mean_{i in c} (-log p_i); the cross-entropy where the classes are balanced.
    - ``balanced_softmax``: the cross-entropy of logits + log n_c.
    - ``soft_gmean``: -(1 / |S|) sum_c log(mean_{i in c} p_i), minus the log of a soft geometric mean of the recalls;
      an outlier gets almost no gradient.

    With ``background`` the classes share what the cross-entropy gives to all of them together and the background keeps
    its own: with the shares of the batch s = n_foreground / n and 1 - s the mean over S becomes s times the mean over
    the foreground classes in S plus (1 - s) times the background's term, and the logits are moved by
    log(n_c |S| / n_foreground), that of the background not at all. Without it the background is one class among 16, and
    has 1/16 of the weight of what is three quarters of a detector's samples.

    Where torch.distributed is initialised the batch is that of all processes: each returns the loss of the joined
    batch, with a gradient whose mean over the processes (as DistributedDataParallel takes it) is that loss's gradient.
    Every process must call it as often and with as many columns; one without rows passes logits (0, K).

    Args:
        logits: shape (N, K).
        target: class indices, shape (N,).
        variant: one of the above.
        weight: how often each row counts, shape (N,); rows of weight 0 do not exist for the loss.
        background: the last column is the background, and keeps its share.

    Raises:
        ValueError: if the variant is not known or the shapes do not fit.
    """
    _check_variant(variant)
    check_shapes(logits, target)
    logits = to_float32(logits)
    uses = torch.ones_like(logits[:, 0]) if weight is None else weight.to(logits.dtype)
    return _VARIANTS[variant](logits, target, uses, background)


def _check_variant(variant: str) -> None:
    if variant not in _VARIANTS:
        raise ValueError(f'variant: found {variant!r}, expected one of {", ".join(_VARIANTS)}')


def _class_mean(logits: Tensor, target: Tensor, uses: Tensor, background: bool) -> Tensor:
    rows = -target_log_probability(logits, target)
    sums, counts = _sum_over_processes(
        torch.stack([_by_class(rows * uses, target, logits), _by_class(uses, target, logits)])
    )
    return (sums / _or_one(counts) * _class_shares(counts, background)).sum()


def _balanced_softmax(logits: Tensor, target: Tensor, uses: Tensor, background: bool) -> Tensor:
    counts = _sum_over_processes(_by_class(uses, target, logits))
    # An absent class leaves the softmax.
    offset = torch.where(counts > 0, logits + _or_one(_priors(counts, background)).log(), -torch.inf)
    rows = torch.where(uses > 0, -target_log_probability(offset, target), 0.0)
    return _sum_over_processes((rows * uses).sum()) / _or_one(counts.sum())


def _priors(counts: Tensor, background: bool) -> Tensor:
    """What balanced softmax multiplies the odds of each class by, shape (K,)."""
    if not background:
        return counts
    classes = counts[:-1]
    return torch.cat([classes * (classes > 0).sum() / _or_one(classes.sum()), torch.ones_like(counts[-1:])])


def _soft_gmean(logits: Tensor, target: Tensor, uses: Tensor, background: bool) -> Tensor:
    log_p = target_log_probability(logits, target)
    # The log of a sum of exponentials a class, so that a class whose every p underflows has a gradient.
    lowest = logits.new_full(logits.shape[1:], torch.finfo(logits.dtype).min)
    seen = torch.where(uses > 0, log_p.detach(), lowest.min())
    peaks = _max_over_processes(lowest.scatter_reduce(0, target, seen, 'amax'))
    parts = uses * torch.exp(torch.where(uses > 0, log_p - peaks[target], 0.0))
    sums, counts = _sum_over_processes(torch.stack([_by_class(parts, target, logits), _by_class(uses, target, logits)]))
    log_means = peaks + _or_one(sums).log() - _or_one(counts).log()
    return -(torch.where(counts > 0, log_means, 0.0) * _class_shares(counts, background)).sum()


_VARIANTS = {'class_mean': _class_mean, 'balanced_softmax': _balanced_softmax, 'soft_gmean': _soft_gmean}


def _by_class(values: Tensor, target: Tensor, logits: Tensor) -> Tensor:
    """Sum of ``values`` over the rows of each class, shape (K,)."""
    return values.new_zeros(logits.shape[1]).index_add(0, target, values)


def _or_one(values: Tensor) -> Tensor:
    """``values`` with 1 in place of 0, to divide by or to take the logarithm of."""
    return torch.where(values == 0, 1.0, values)


def _class_shares(counts: Tensor, background: bool) -> Tensor:
    """Weight of each class in the loss, shape (K,), 0 where it is absent and 1 in all."""
    if not background:
        return (counts > 0) / _or_one((counts > 0).sum())
    total = _or_one(counts.sum())
    classes = counts[:-1]
    return torch.cat([_class_shares(classes, False) * classes.sum() / total, counts[-1:] / total])


def _sum_over_processes(values: Tensor) -> Tensor:
    return values if _processes() == 1 else _OverProcesses.apply(values, dist.ReduceOp.SUM)


def _max_over_processes(values: Tensor) -> Tensor:
    return values if _processes() == 1 else _OverProcesses.apply(values, dist.ReduceOp.MAX).detach()


class _OverProcesses(torch.autograd.Function):
    """Sum, or another reduction, over the processes; the gradient of a sum is multiplied by the number of processes.

    Every process computes the same loss from the sum, so the mean of their gradients is the joined batch's gradient.
    """

    @staticmethod
    def forward(values: Tensor, operation: object) -> Tensor:
        total = values.clone()
        dist.all_reduce(total, operation)
        return total

    @staticmethod
    def setup_context(ctx, inputs: tuple, output: Tensor) -> None:
        """A Function of ``torch.func`` has this method apart; there is nothing to keep."""

    @staticmethod
    def backward(ctx, gradient: Tensor) -> tuple[Tensor, None]:
        return gradient * _processes(), None

    @staticmethod
    def vmap(info, in_dims: tuple, values: Tensor, operation: object) -> tuple[Tensor, int]:
        return _OverProcesses.apply(values, operation), in_dims[0]


def _processes() -> int:
    return dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1


class PFLoss(HeadLoss):
    """Reconstructed PF-loss for a detection head or a classifier; see :func:`pf_loss`.

    It is a mean over the classes of a batch, so it divides by the batch's own counts: ``avg_factor`` is accepted, as
    heads pass it, and not used, and there is no other reduction than 'mean'.

    In distributed training every process must call it in every iteration, if need be without rows. The heads of
    ``ship_det.models`` do. MMDetection's own BBoxHead skips the loss on a process without a single proposal; the
    others would then wait for it until the process group's timeout. (Without ``find_unused_parameters``
    DistributedDataParallel ends such an iteration with an error whatever the loss.)

    Args:
        variant: 'class_mean', 'balanced_softmax' or 'soft_gmean'.
        loss_weight: factor of the whole loss.
        background: whether the last column, the background, keeps the share that the cross-entropy gives it. By default
            it is one class among the others, which trained better (docs/results/class_losses.md).
    """

    def __init__(self, variant: str = 'class_mean', loss_weight: float = 1.0, background: bool = False) -> None:
        super().__init__(loss_weight=loss_weight)
        _check_variant(variant)
        self.variant = variant
        self.background = background

    def batch_loss(
        self, cls_score: Tensor, label: Tensor, weight: Tensor | None, avg_factor: float | Tensor | None, reduction: str
    ) -> Tensor:
        """Loss of logits (N, K) and labels (N,), a scalar."""
        if reduction != 'mean':
            raise ValueError(f"reduction_override: found {reduction!r}, expected 'mean': a batch has one loss")
        return pf_loss(cls_score, label, self.variant, weight=weight, background=self.background)

    def extra_repr(self) -> str:
        """The variant, as ``print`` shows it."""
        return f'variant={self.variant!r}, background={self.background}'
