"""What the softmax losses share: the margin of the target class and the reduction of row losses."""

import math

import torch
from torch import Tensor

#: Below it p is 0 in float64 too. A factor made of p no longer changes there, whatever the logarithm does.
LOWEST_MARGIN = -1000.0


def target_margin(logits: Tensor, target: Tensor) -> Tensor:
    """Log odds of the target class: its logit minus the log-sum-exp of the others, shape (N,).

    p = sigmoid(margin) is the softmax output, and unlike 1 - p, sigmoid(-margin) does not cancel as p -> 1. A margin
    beyond the largest number of its type is that number; its gradient is right.

    Args:
        logits: shape (N, K), K >= 2; half precision is raised to float32.
        target: class indices, shape (N,).
    """
    check_shapes(logits, target)
    logits = raised(logits)
    index = target.unsqueeze(1)
    others = logits.scatter(1, index, -math.inf)
    top = others.amax(1, keepdim=True).detach()
    chosen = logits.gather(1, index)
    limits = torch.finfo(logits.dtype)
    distance = (chosen.detach() - top).clamp(limits.min, limits.max)
    # What is added to the distance is 0, with the gradient of the chosen logit.
    return (chosen - chosen.detach() + distance).squeeze(1) - (others - top).logsumexp(1)


def raised(logits: Tensor) -> Tensor:
    """Half-precision logits as float32; float32 and float64 as they are."""
    return logits if logits.dtype in (torch.float32, torch.float64) else logits.float()


def check_shapes(logits: Tensor, target: Tensor) -> None:
    """Raise ValueError unless logits are (N, K) with K >= 2 and target is (N,)."""
    shape = logits.shape
    if len(shape) != 2 or shape[1] < 2:
        raise ValueError(f'logits: found shape {tuple(shape)}, expected (N, K) with at least two columns')
    if target.shape != shape[:1]:
        raise ValueError(f'target: found shape {tuple(target.shape)}, expected ({len(logits)},) class indices')


def check_reduction(reduction: str) -> str:
    """The reduction as it is; ValueError unless it is 'none', 'mean' or 'sum'."""
    if reduction not in ('none', 'mean', 'sum'):
        raise ValueError(f"reduction: found {reduction!r}, expected 'none', 'mean' or 'sum'")
    return reduction


def row_scale(rows: int, reduction: str, avg_factor: float | Tensor | None) -> float | Tensor:
    """What each of the row losses is multiplied by before 'mean' or 'sum' adds them up, as MMDetection does.

    Args:
        rows: number of rows, N.
        reduction: 'none', 'mean' or 'sum'.
        avg_factor: what 'mean' divides the sum by, in place of N.
    """
    check_reduction(reduction)
    if reduction == 'mean':
        # MMDetection's guard for a batch without a counted row.
        return 1 / max(rows, 1) if avg_factor is None else 1 / (avg_factor + torch.finfo(torch.float32).eps)
    if avg_factor is not None and reduction == 'sum':
        raise ValueError("avg_factor: found a number with reduction 'sum', expected reduction 'mean' or 'none'")
    return 1.0


def reduced(rows: Tensor, weight: Tensor | None, reduction: str, avg_factor: float | Tensor | None) -> Tensor:
    """Weight and reduce row losses, shape (N,), as MMDetection does."""
    scale = row_scale(len(rows), reduction, avg_factor)
    if weight is not None:
        rows = rows * weight.to(rows.dtype)
    return rows if reduction == 'none' else rows.sum() * scale


def in_functorch() -> bool:
    """Whether a transform of ``torch.func`` (grad, vmap, jvp) is under way; torch has no public way to ask."""
    return torch._C._are_functorch_transforms_active()
