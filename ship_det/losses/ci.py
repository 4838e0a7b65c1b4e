"""Class imbalance loss (CI loss).

Equation numbers are those of "Class Imbalance Loss for Imbalanced Object Recognition", IEEE JSTARS 13, 2020.
"""

import math
import warnings
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from ship_det.imbalance import class_factors
from ship_det.losses.softmax import HeadLoss, reduce_rows, target_log_probability

Counts = Sequence[float] | np.ndarray | Tensor


class AbsentClassWarning(UserWarning):
    """Some classes have no training instance; their factor is 1."""


def ci_loss(
    logits: Tensor,
    target: Tensor,
    class_counts: Counts | None,
    log_base: float = math.e,
    *,
    modulate: bool = True,
    background_factor: float = 1.0,
    exponent: float | None = None,
    weight: Tensor | None = None,
    reduction: str = 'mean',
    avg_factor: float | Tensor | None = None,
) -> Tensor:
    """CI loss, eq. (4): -f (1 - sin(pi p / 2)) cos(pi p / 2) log p, with p the softmax output of the target class.

    Half-precision logits are raised to float32.

    Args:
        logits: shape (N, K).
        target: class indices, shape (N,).
        class_counts: training instances of each class. K counts: every column is a class. K - 1 counts: the last
            column is the background, as in MMDetection. None: f = 1 for all (the modulator alone).
        log_base: base of the logarithm: e, or 10 as the paper's letter has it.
        modulate: False leaves -f log p (the class factor alone).
        background_factor: f of the background.
        exponent: power of N_max / N in f, in place of eq. (5)'s 1/2 or, beyond lambda = 1, 1/8.
        weight: factor of each row, shape (N,).
        reduction: 'mean', 'sum' or 'none'.
        avg_factor: what 'mean' divides by, in place of N.

    Raises:
        ValueError: if the number of counts fits neither case, or a count is negative or not finite.

    Example:
        >>> logits = torch.tensor([[0.0, 0.0], [0.0, 0.0]])
        >>> ci_loss(logits, torch.tensor([0, 1]), [256, 1], modulate=False, reduction='none') / math.log(2)
        tensor([1., 2.])
    """
    factors = None
    if class_counts is not None:
        counts = _as_tuple(class_counts)
        _check_columns(len(counts), logits.shape[1])
        factors = _column_factors(counts, background_factor, exponent)
        _warn_of_absent(counts)
    rows = _natural_rows(target_log_probability(logits, target), target, factors, modulate)
    return reduce_rows(rows / _log(log_base), weight, reduction, avg_factor)


def _natural_rows(log_p: Tensor, target: Tensor, factors: Tensor | None, modulate: bool) -> Tensor:
    """Natural-log CI loss of each row, (N,), of log p and index of the target class, (N,), and K factors or more.

    With q = 1 - p and u = pi q / 4 the modulator is 4 sin(u)^3 cos(u), which does not cancel as p -> 1.
    """
    rows = -log_p
    if modulate:
        u = -math.pi / 4 * torch.expm1(log_p)
        rows = 4 * torch.sin(u) ** 3 * torch.cos(u) * rows
    return rows if factors is None else rows * factors.to(rows)[target]


def gradient_ratio(
    logits: Tensor, target: Tensor, factors: Tensor | None, weight: Tensor | None, modulate: bool = True
) -> float:
    """How many times as large as the natural-log CI loss's the cross-entropy's gradient is over a batch.

    The size of a gradient is the sum of its absolute values over all logits; in a row it is 2 (1 - p) times that of
    the derivative by log p.

    Args:
        logits: shape (N, K).
        target: class indices, shape (N,).
        factors: factor of each column, shape (K,) or longer; None for 1.
        weight: factor of each row, shape (N,).
        modulate: whether the CI loss has its modulator.
    """
    log_p = target_log_probability(logits, target).detach().requires_grad_()
    with torch.enable_grad():
        rows = _natural_rows(log_p, target, factors, modulate)
    (slopes,) = torch.autograd.grad(rows.sum(), log_p)
    plain = -torch.expm1(log_p.detach())
    if weight is not None:
        plain = plain * weight
    return float(plain.sum() / (plain * -slopes).sum().clamp(min=torch.finfo(slopes.dtype).tiny))


def _column_factors(class_counts: tuple[float, ...], background_factor: float, exponent: float | None) -> Tensor:
    """Class factors, eq. (5), then that of the background, shape (C + 1,), float64."""
    factors = class_factors(class_counts, allow_absent=True, exponent=exponent)
    return torch.from_numpy(np.append(factors, background_factor))


def _check_columns(classes: int, columns: int) -> None:
    """A classifier has as many logits as there are classes, or one more for the background."""
    if columns not in (classes, classes + 1):
        raise ValueError(
            f'class_counts: found {classes} counts for {columns} logits, expected {columns} (no background) or '
            f'{columns - 1} (the last logit is the background)'
        )


def _as_tuple(class_counts: Counts) -> tuple[float, ...]:
    if isinstance(class_counts, Tensor | np.ndarray):
        class_counts = class_counts.tolist()
    return tuple(class_counts)


def _log(base: float) -> float:
    if not 1 < base < math.inf:
        raise ValueError(f'log_base: found {base}, expected a number above 1')
    return math.log(base)


def _warn_of_absent(counts: tuple[float, ...]) -> None:
    absent = [str(index) for index, count in enumerate(counts) if count == 0]
    if absent:
        message = f'no instance of class {", ".join(absent)}: factor 1, left out of lambda'
        warnings.warn(message, AbsentClassWarning, stacklevel=3)


class CILoss(HeadLoss):
    """CI loss for a detection head or a classifier; see :func:`ci_loss`.

    The counts are in the buffer ``class_counts`` (int64, empty until they are set), so that a checkpoint carries them.

    Args:
        class_counts: training instances of each class, or None: ``ClassCountsHook`` or ``set_class_counts`` set them.
        log_base: base of the logarithm.
        modulate: apply the modulator (1 - sin(pi p / 2)) cos(pi p / 2).
        use_factors: apply the class factors; without them no counts are needed.
        background_factor: factor of the background, the last column where there is one more than counts.
        reduction: 'mean', 'sum' or 'none'.
        loss_weight: factor of the whole loss.
        match_gradient: multiply each batch's loss by the number that makes its gradient as large as the
            cross-entropy's, see :func:`gradient_ratio`: beside a detector's box loss the classes then keep the share of
            the shared layers that cross-entropy gives them.
        exponent: power of N_max / N in the class factors, in place of eq. (5)'s 1/2 or, beyond lambda = 1, 1/8.
    """

    class_counts: Tensor
    factors: Tensor

    def __init__(
        self,
        class_counts: Counts | None = None,
        log_base: float = math.e,
        modulate: bool = True,
        use_factors: bool = True,
        background_factor: float = 1.0,
        reduction: str = 'mean',
        loss_weight: float = 1.0,
        match_gradient: bool = False,
        exponent: float | None = None,
    ) -> None:
        super().__init__(reduction, loss_weight)
        if not 0 <= background_factor < math.inf:
            raise ValueError(f'background_factor: found {background_factor}, expected a finite number from 0')
        self.log_base = log_base
        self.modulate = modulate
        self.use_factors = use_factors
        self.background_factor = background_factor
        # Counts may come much later; a wrong exponent is refused now.
        class_factors([1], exponent=exponent)
        self.match_gradient = match_gradient
        self.exponent = exponent
        self._log_of_base = _log(log_base)
        self.register_buffer('class_counts', torch.zeros(0, dtype=torch.int64))
        self.register_buffer('factors', torch.zeros(0), persistent=False)
        if class_counts is not None:
            self.set_class_counts(class_counts)

    def set_class_counts(self, class_counts: Counts) -> None:
        """Set the training instances of each class, shape (C,), without the background.

        Raises:
            ValueError: if a count is negative, not finite or not a whole number, or all are 0.
        """
        counts = _as_tuple(class_counts)
        self._store(counts)
        _warn_of_absent(counts)

    def _store(self, counts: tuple[float, ...]) -> None:
        factors = _column_factors(counts, self.background_factor, self.exponent)
        for index, count in enumerate(counts):
            if count % 1:
                raise ValueError(f'class_counts: found {count} for class {index}, expected a whole number')
        device = self.class_counts.device
        self.class_counts = torch.tensor(counts, dtype=torch.int64, device=device)
        self.factors = factors.to(device, torch.float32)

    def rows(self, cls_score: Tensor, label: Tensor) -> Tensor:
        """Loss of each row, (N,), of logits (N, C) or, with the background last, (N, C + 1)."""
        log_p = target_log_probability(cls_score, label)
        return _natural_rows(log_p, label, self._factors_of(cls_score), self.modulate) / self._log_of_base

    def batch_loss(
        self, cls_score: Tensor, label: Tensor, weight: Tensor | None, avg_factor: float | Tensor | None, reduction: str
    ) -> Tensor:
        """Loss of a batch, with a gradient as large as the cross-entropy's where that was asked for."""
        loss = super().batch_loss(cls_score, label, weight, avg_factor, reduction)
        if not self.match_gradient:
            return loss
        return loss * gradient_ratio(cls_score, label, self._factors_of(cls_score), weight, self.modulate)

    def _factors_of(self, cls_score: Tensor) -> Tensor | None:
        """Factor of each column of the logits; None where the loss has none."""
        if not self.use_factors:
            return None
        if not len(self.factors):
            raise RuntimeError(
                'CILoss has no class counts: pass class_counts, call set_class_counts(counts), load a checkpoint '
                "that carries them, or add custom_hooks = [dict(type='ClassCountsHook')] to the config"
            )
        _check_columns(len(self.factors) - 1, cls_score.shape[1])
        return self.factors

    def _load_from_state_dict(self, state_dict: dict, prefix: str, *args) -> None:
        """Take the counts of a checkpoint, whatever their number; a checkpoint without counts changes nothing."""
        key = prefix + 'class_counts'
        loaded = state_dict.get(key)
        if loaded is not None and len(loaded) and not len(self.class_counts):
            self._store(_as_tuple(loaded))
        elif loaded is not None and not len(loaded):
            state_dict[key] = self.class_counts
        super()._load_from_state_dict(state_dict, prefix, *args)
        if len(self.class_counts):
            self._store(_as_tuple(self.class_counts))

    def extra_repr(self) -> str:
        """The counts, base and modulator, as ``print`` shows them."""
        counts = self.class_counts.tolist() or None
        return f'class_counts={counts}, log_base={self.log_base:.4g}, modulate={self.modulate}'
