"""Focal loss over the softmax output, as the CI loss paper compares it."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ship_det.losses.softmax import LOWEST_MARGIN, check_reduction, reduced, target_margin


def softmax_focal_loss(
    logits: Tensor,
    target: Tensor,
    gamma: float = 2.0,
    class_weights: Tensor | Sequence[float] | None = None,
    *,
    weight: Tensor | None = None,
    reduction: str = 'mean',
    avg_factor: float | None = None,
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
    margin = target_margin(logits, target)
    # (1 - p)^gamma as an exponential: its gradient stays finite at p = 1 for gamma < 1.
    focus = torch.exp(gamma * F.logsigmoid(-margin.clamp(min=LOWEST_MARGIN)))
    rows = -focus * F.logsigmoid(margin)
    if class_weights is not None:
        factors = torch.as_tensor(class_weights, dtype=rows.dtype, device=rows.device)
        if factors.shape != logits.shape[1:]:
            raise ValueError(
                f'class_weights: found shape {tuple(factors.shape)}, expected one for each of {logits.shape[1]} logits'
            )
        rows = rows * factors[target]
    return reduced(rows, weight, reduction, avg_factor)


class SoftmaxFocalLoss(nn.Module):
    """Softmax focal loss for a detection head or a classifier; see :func:`softmax_focal_loss`.

    Args:
        gamma: focusing exponent.
        class_weights: factor of each column of the scores, the background included, or None.
        reduction: 'mean', 'sum' or 'none'.
        loss_weight: factor of the whole loss.
    """

    use_sigmoid = False
    class_weights: Tensor | None

    def __init__(
        self,
        gamma: float = 2.0,
        class_weights: Sequence[float] | None = None,
        reduction: str = 'mean',
        loss_weight: float = 1.0,
    ) -> None:
        super().__init__()
        if not gamma >= 0:
            raise ValueError(f'gamma: found {gamma}, expected a number from 0')
        self.gamma = gamma
        self.reduction = check_reduction(reduction)
        self.loss_weight = loss_weight
        weights = None if class_weights is None else torch.as_tensor(class_weights, dtype=torch.float32)
        self.register_buffer('class_weights', weights, persistent=False)

    def forward(
        self,
        cls_score: Tensor,
        label: Tensor,
        weight: Tensor | None = None,
        avg_factor: float | None = None,
        reduction_override: str | None = None,
    ) -> Tensor:
        """Loss of logits (N, K) and labels (N,)."""
        reduction = reduction_override or self.reduction
        loss = softmax_focal_loss(
            cls_score,
            label,
            self.gamma,
            self.class_weights,
            weight=weight,
            reduction=reduction,
            avg_factor=avg_factor,
        )
        return loss * self.loss_weight

    def extra_repr(self) -> str:
        return f'gamma={self.gamma}'
