"""Class imbalance loss (CI loss).

Equation numbers are those of "Class Imbalance Loss for Imbalanced Object Recognition", IEEE JSTARS 13, 2020.
"""

import math
import warnings
from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ship_det.imbalance import class_factors

from .softmax import check_reduction, reduced, target_margin

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
    weight: Tensor | None = None,
    reduction: str = 'mean',
    avg_factor: float | None = None,
) -> Tensor:
    """CI loss, eq. (4): -f (1 - sin(pi p / 2)) cos(pi p / 2) log p, with p the softmax output of the target class.

    Args:
        logits: shape (N, K).
        target: class indices, shape (N,).
        class_counts: training instances of each class. K counts: every column is a class. K - 1 counts: the last
            column is the background, as in MMDetection. None: f = 1 for all (the modulator alone).
        log_base: base of the logarithm: e, or 10 as the paper's letter has it.
        modulate: False leaves -f log p (the class factor alone).
        background_factor: f of the background.
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
        class_counts = _as_array(class_counts)
        factors = column_factors(class_counts, logits.shape[1], background_factor).to(logits.device)
        _warn_of_absent(class_counts)
    rows = ci_rows(logits, target, factors, modulate)
    return reduced(rows, weight, reduction, avg_factor) / math.log(log_base)


def ci_rows(logits: Tensor, target: Tensor, factors: Tensor | None, modulate: bool = True) -> Tensor:
    """Natural-log CI loss of each row, shape (N,), from the factor of each column, shape (K,)."""
    margin = target_margin(logits, target)
    rows = -F.logsigmoid(margin)
    if modulate:
        # With q = 1 - p: 1 - sin(pi p / 2) = 2 sin^2(pi q / 4) and cos(pi p / 2) = sin(pi q / 2) do not cancel.
        q = torch.sigmoid(-margin)
        rows = rows * 2 * torch.sin(math.pi / 4 * q).square() * torch.sin(math.pi / 2 * q)
    return rows if factors is None else rows * factors.to(rows.dtype)[target]


def column_factors(class_counts: np.ndarray, columns: int, background_factor: float = 1.0) -> Tensor:
    """Class factors, eq. (5), of the columns of a classifier, shape (columns,), float64."""
    if len(class_counts) not in (columns, columns - 1):
        raise ValueError(
            f'class_counts: found {len(class_counts)} counts for {columns} logits, expected {columns} '
            f'(no background) or {columns - 1} (the last logit is the background)'
        )
    factors = class_factors(class_counts, allow_absent=True)
    background = [background_factor] * (columns - len(factors))
    return torch.from_numpy(np.append(factors, background))


def _as_array(class_counts: Counts) -> np.ndarray:
    if isinstance(class_counts, Tensor):
        class_counts = class_counts.detach().cpu().double().numpy()
    return np.asarray(class_counts, dtype=np.float64)


def _warn_of_absent(class_counts: np.ndarray) -> None:
    absent = np.flatnonzero(class_counts == 0)
    if absent.size:
        message = f'no instance of class {", ".join(map(str, absent))}: factor 1, left out of lambda'
        warnings.warn(message, AbsentClassWarning, stacklevel=3)


class CILoss(nn.Module):
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
    """

    use_sigmoid = False
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
    ) -> None:
        super().__init__()
        if not log_base > 1:
            raise ValueError(f'log_base: found {log_base}, expected a number above 1')
        if not 0 <= background_factor < math.inf:
            raise ValueError(f'background_factor: found {background_factor}, expected a finite number from 0')
        self.log_base = log_base
        self.modulate = modulate
        self.use_factors = use_factors
        self.background_factor = background_factor
        self.reduction = check_reduction(reduction)
        self.loss_weight = loss_weight
        self.register_buffer('class_counts', torch.zeros(0, dtype=torch.int64))
        self.register_buffer('factors', torch.zeros(0, dtype=torch.float32), persistent=False)
        if class_counts is not None:
            self.set_class_counts(class_counts)

    def set_class_counts(self, class_counts: Counts) -> None:
        """Set the training instances of each class, shape (C,), without the background.

        Raises:
            ValueError: if a count is negative, not finite or not a whole number, or all are 0.
        """
        counts = _as_array(class_counts)
        self._store(counts)
        _warn_of_absent(counts)

    def _store(self, counts: np.ndarray) -> None:
        factors = column_factors(counts, len(counts) + 1, self.background_factor)
        for index in np.flatnonzero(counts % 1):
            raise ValueError(f'class_counts: found {counts[index]} for class {index}, expected a whole number')
        device = self.class_counts.device
        self.class_counts = torch.from_numpy(counts).to(device, torch.int64)
        self.factors = factors.to(device, torch.float32)

    def forward(
        self,
        cls_score: Tensor,
        label: Tensor,
        weight: Tensor | None = None,
        avg_factor: float | None = None,
        reduction_override: str | None = None,
    ) -> Tensor:
        """Loss of logits (N, C) or, with the background last, (N, C + 1), and labels (N,)."""
        factors = self._column_factors(cls_score.shape[1]) if self.use_factors else None
        rows = ci_rows(cls_score, label, factors, self.modulate)
        loss = reduced(rows, weight, reduction_override or self.reduction, avg_factor)
        return loss * (self.loss_weight / math.log(self.log_base))

    def _column_factors(self, columns: int) -> Tensor:
        classes = len(self.class_counts)
        if classes == 0:
            raise RuntimeError(
                'CILoss has no class counts: pass class_counts, call set_class_counts(counts), load a checkpoint that '
                "carries them, or add custom_hooks = [dict(type='ClassCountsHook')] to the config"
            )
        if columns not in (classes, classes + 1):
            raise ValueError(
                f'class_counts: found {classes} counts for {columns} logits, expected {columns} (no background) or '
                f'{columns - 1} (the last logit is the background)'
            )
        return self.factors[:columns]

    def _load_from_state_dict(self, state_dict: dict, prefix: str, *args) -> None:
        """Take the counts of a checkpoint, whatever their number; a checkpoint without counts changes nothing."""
        key = prefix + 'class_counts'
        loaded = state_dict.get(key)
        if loaded is not None and len(loaded) and not len(self.class_counts):
            self._store(_as_array(loaded))
        elif loaded is not None and not len(loaded):
            state_dict[key] = self.class_counts
        super()._load_from_state_dict(state_dict, prefix, *args)
        if len(self.class_counts):
            self._store(_as_array(self.class_counts))

    def extra_repr(self) -> str:
        counts = self.class_counts.tolist() or None
        return f'class_counts={counts}, log_base={self.log_base:.4g}, modulate={self.modulate}'
