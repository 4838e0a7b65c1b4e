"""Focal loss over the softmax output, as the CI loss paper compares it."""

from collections.abc import Sequence

import torch
from torch import Tensor

from ship_det.losses.softmax import HeadLoss, reduce_rows, target_log_probability


def softmax_focal_loss(
    logits: Tensor,
    target: Tensor,
    gamma: float = 2.0,
    class_weights: Tensor | Sequence[float] | None = None,
    *,
    weight: Tensor | None = None,
    reduction: str = 'mean',
    avg_factor: float | Tensor | None = None,
) -> Tensor:
    """Focal loss -(1 - p)^gamma log p, p the softmax output of the target class (eq. 6 of the CI loss paper).

    Args:
        logits: shape (N, K), the background, if any, being a class like the others.
        target: class indices, shape (N,).
        gamma: focusing exponent; 0 gives the cross-entropy.
        class_weights: factor of each column, shape (K,).
        weight: factor of each row, shape (N,).
        reduction: 'mean', 'sum' or 'none'.
        avg_factor: what 'mean' divides by, in place of N.
    """
    return reduce_rows(_rows(logits, target, gamma, class_weights), weight, reduction, avg_factor)


def _rows(logits: Tensor, target: Tensor, gamma: float, class_weights: Tensor | Sequence[float] | None) -> Tensor:
    log_p = target_log_probability(logits, target)
    # The slope of q^gamma at q = 0 is infinite where gamma is below 1.
    q = -torch.expm1(log_p).clamp(max=-torch.finfo(log_p.dtype).eps)
    rows = -(q**gamma) * log_p
    if class_weights is None:
        return rows
    factors = torch.as_tensor(class_weights, dtype=rows.dtype, device=rows.device)
    if factors.shape != logits.shape[1:]:
        raise ValueError(
            f'class_weights: found shape {tuple(factors.shape)}, expected one for each of {logits.shape[1]} logits'
        )
    return rows * factors[target]


class SoftmaxFocalLoss(HeadLoss):
    """Softmax focal loss for a detection head or a classifier; see :func:`softmax_focal_loss`.

    Args:
        gamma: focusing exponent.
        class_weights: factor of each column of the scores, the background included, or None.
        reduction: 'mean', 'sum' or 'none'.
        loss_weight: factor of the whole loss.
    """

    class_weights: Tensor | None

    def __init__(
        self,
        gamma: float = 2.0,
        class_weights: Sequence[float] | None = None,
        reduction: str = 'mean',
        loss_weight: float = 1.0,
    ) -> None:
        super().__init__(reduction, loss_weight)
        if not gamma >= 0:
            raise ValueError(f'gamma: found {gamma}, expected a number from 0')
        self.gamma = gamma
        weights = None if class_weights is None else torch.as_tensor(class_weights, dtype=torch.float32)
        self.register_buffer('class_weights', weights, persistent=False)

    def rows(self, cls_score: Tensor, label: Tensor) -> Tensor:
        """Loss of each row, (N,), of logits (N, K) and labels (N,)."""
        return _rows(cls_score, label, self.gamma, self.class_weights)

    def extra_repr(self) -> str:
        """The exponent, as ``print`` shows it."""
        return f'gamma={self.gamma}'
