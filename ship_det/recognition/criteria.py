"""The losses by the names that configs use."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from ship_det.losses import ci_loss, pf_loss, softmax_focal_loss
from ship_det.recognition.peer_losses import balanced_softmax_loss, class_balanced_loss, logit_adjusted_loss

#: Logits (N, C) and class indices (N,) to a number.
Criterion = Callable[[Tensor, Tensor], Tensor]


def _ce(logits: Tensor, target: Tensor, counts: Tensor) -> Tensor:
    return F.cross_entropy(logits, target)


def _focal(logits: Tensor, target: Tensor, counts: Tensor, gamma: float = 2.0) -> Tensor:
    return softmax_focal_loss(logits, target, gamma)


def _ci(logits: Tensor, target: Tensor, counts: Tensor) -> Tensor:
    return ci_loss(logits, target, counts)


def _ci_modulator(logits: Tensor, target: Tensor, counts: Tensor) -> Tensor:
    return ci_loss(logits, target, None)


def _ci_factors(logits: Tensor, target: Tensor, counts: Tensor) -> Tensor:
    return ci_loss(logits, target, counts, modulate=False)


def _pf(logits: Tensor, target: Tensor, counts: Tensor, variant: str = 'class_mean') -> Tensor:
    return pf_loss(logits, target, variant)


#: Functions of logits, target, the training images of each class, and the loss's own parameters.
LOSSES: dict[str, Callable] = {
    'ce': _ce,
    'focal': _focal,
    'ci': _ci,
    'ci_modulator': _ci_modulator,
    'ci_factors': _ci_factors,
    'pf': _pf,
    'class_balanced': class_balanced_loss,
    'balanced_softmax': balanced_softmax_loss,
    'logit_adjusted': logit_adjusted_loss,
}


def build_criterion(spec: Mapping[str, Any], counts: Tensor) -> Criterion:
    """A loss for a training set.

    Args:
        spec: ``type``, one of the names above, and the loss's own parameters.
        counts: training images of each class, shape (C,), on the CPU.

    Raises:
        ValueError: if the name or a parameter is not known, or a parameter does not fit.
    """
    check_spec(spec)
    parameters = dict(spec)
    loss = LOSSES[parameters.pop('type')]

    def criterion(logits: Tensor, target: Tensor) -> Tensor:
        return loss(logits, target, counts, **parameters)

    # A parameter that does not fit shows here and not in the middle of a run.
    criterion(torch.zeros(2, len(counts)), torch.tensor([0, 1]))
    return criterion


def check_spec(spec: Mapping[str, Any]) -> None:
    """Raise ValueError unless ``spec`` names a loss and parameters it has."""
    name = spec.get('type')
    if name not in LOSSES:
        raise ValueError(f'type: found {name!r}, expected one of {", ".join(LOSSES)}')
    known = set(inspect.signature(LOSSES[name]).parameters) - {'logits', 'target', 'counts'}
    unknown = sorted(set(spec) - known - {'type'})
    if unknown:
        raise ValueError(f'{unknown[0]}: found for loss {name}, expected {", ".join(sorted(known)) or "no parameter"}')
