"""What the softmax losses share: log p of the target class, the reduction of row losses, and how heads call a loss."""

import torch
from torch import Tensor, nn


def target_log_probability(logits: Tensor, target: Tensor) -> Tensor:
    """Logarithm of the softmax output of the target class, shape (N,).

    Args:
        logits: shape (N, K), K >= 2; half precision is raised to float32.
        target: class indices, shape (N,).
    """
    check_shapes(logits, target)
    return to_float32(logits).log_softmax(1).gather(1, target.unsqueeze(1)).squeeze(1)


def to_float32(logits: Tensor) -> Tensor:
    """Half-precision logits as float32; float32 and float64 as they are."""
    return logits if logits.dtype in (torch.float32, torch.float64) else logits.float()


def check_shapes(logits: Tensor, target: Tensor) -> None:
    """Raise ValueError unless logits are (N, K) with K >= 2 and target is (N,)."""
    shape = logits.shape
    if len(shape) != 2 or shape[1] < 2:
        raise ValueError(f'logits: found shape {tuple(shape)}, expected (N, K) with at least two columns')
    if target.shape != shape[:1]:
        raise ValueError(f'target: found shape {tuple(target.shape)}, expected ({len(logits)},) class indices')


def check_reduction(reduction: str) -> None:
    """Raise ValueError unless the reduction is 'none', 'mean' or 'sum'."""
    if reduction not in ('none', 'mean', 'sum'):
        raise ValueError(f"reduction: found {reduction!r}, expected 'none', 'mean' or 'sum'")


def reduce_rows(rows: Tensor, weight: Tensor | None, reduction: str, avg_factor: float | Tensor | None) -> Tensor:
    """Weigh and reduce row losses as MMDetection does.

    Args:
        rows: shape (N,).
        weight: factor of each row, shape (N,).
        reduction: 'none', 'mean' or 'sum'.
        avg_factor: what 'mean' divides the sum by, in place of N.
    """
    check_reduction(reduction)
    if weight is not None:
        rows = rows * weight.to(rows.dtype)
    if reduction == 'none':
        return rows
    if reduction == 'mean':
        # MMDetection's guard for a batch without a counted row.
        divisor = max(len(rows), 1) if avg_factor is None else avg_factor + torch.finfo(torch.float32).eps
        return rows.sum() / divisor
    if avg_factor is not None:
        raise ValueError("avg_factor: found a number with reduction 'sum', expected reduction 'mean' or 'none'")
    return rows.sum()


class HeadLoss(nn.Module):
    """A loss that is called as MMDetection's heads call theirs; subclasses say what a row loses.

    Args:
        reduction: 'mean', 'sum' or 'none'.
        loss_weight: factor of the whole loss.
    """

    use_sigmoid = False

    def __init__(self, reduction: str = 'mean', loss_weight: float = 1.0) -> None:
        super().__init__()
        check_reduction(reduction)
        self.reduction = reduction
        self.loss_weight = loss_weight

    def rows(self, cls_score: Tensor, label: Tensor) -> Tensor:
        """Loss of each row, (N,), of logits (N, K) and labels (N,)."""
        raise NotImplementedError

    def forward(
        self,
        cls_score: Tensor,
        label: Tensor,
        weight: Tensor | None = None,
        avg_factor: float | Tensor | None = None,
        reduction_override: str | None = None,
    ) -> Tensor:
        """Loss of logits (N, K) and labels (N,), each row times its weight (N,); see :func:`reduce_rows`."""
        return self.loss_weight * self.batch_loss(
            cls_score, label, weight, avg_factor, reduction_override or self.reduction
        )

    def batch_loss(
        self, cls_score: Tensor, label: Tensor, weight: Tensor | None, avg_factor: float | Tensor | None, reduction: str
    ) -> Tensor:
        """What ``forward`` gives, before ``loss_weight``."""
        return reduce_rows(self.rows(cls_score, label), weight, reduction, avg_factor)
