"""The losses of classifiers by name.

Each is a function of logits (N, C) and class indices (N,) whose further parameters are named after what they are:
``counts`` (C,), the training images of each class, ``factors`` (C,), CI loss's class factors of them, or its own ones.
"""

import inspect
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from ship_det.experiments.config_files import check_choice
from ship_det.experiments.peer_losses import balanced_softmax_loss, class_balanced_loss, logit_adjusted_loss
from ship_det.imbalance import class_factors
from ship_det.losses import ci_loss, pf_loss, softmax_focal_loss

#: Logits (N, C) and class indices (N,) to a number.
Criterion = Callable[[Tensor, Tensor], Tensor]
_ABOUT_CLASSES = {'counts', 'factors'}


def _focal(logits: Tensor, target: Tensor, gamma: float = 2.0) -> Tensor:
    return softmax_focal_loss(logits, target, gamma)


def _ci(logits: Tensor, target: Tensor, factors: Tensor) -> Tensor:
    return ci_loss(logits, target, None, weight=factors.to(logits)[target])


def _ci_factors(logits: Tensor, target: Tensor, factors: Tensor) -> Tensor:
    return ci_loss(logits, target, None, modulate=False, weight=factors.to(logits)[target])


class Loss(NamedTuple):
    """A loss of the experiments: what tables call it, and its function."""

    title: str
    function: Callable[..., Tensor]


#: By the names that configs use.
LOSSES = {
    'ce': Loss('CE', lambda logits, target: F.cross_entropy(logits, target)),
    # As configs of the recognition experiments call it.
    'focal': Loss('focal', _focal),
    'fl': Loss('focal', _focal),
    'ci': Loss('CI', _ci),
    'ci_modulator': Loss('CI, modulator alone', lambda logits, target: ci_loss(logits, target, None)),
    'ci_factors': Loss('CI, factors alone', _ci_factors),
    'pf': Loss('PF', lambda logits, target, variant='class_mean': pf_loss(logits, target, variant)),
    'class_balanced': Loss('class-balanced', class_balanced_loss),
    'balanced_softmax': Loss('balanced softmax', balanced_softmax_loss),
    'logit_adjusted': Loss('logit-adjusted', logit_adjusted_loss),
}


def parameters_of(name: str) -> set[str]:
    """Names of a loss's parameters besides logits and target."""
    return set(inspect.signature(LOSSES[name].function).parameters) - {'logits', 'target'}


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
    name = parameters.pop('type')
    known = {'counts': counts, 'factors': torch.from_numpy(class_factors(counts))}
    known = {key: value for key, value in known.items() if key in parameters_of(name)}
    criterion = partial(LOSSES[name].function, **known, **parameters)
    # A parameter that does not fit shows here and not in the middle of a run.
    criterion(torch.zeros(2, len(counts)), torch.tensor([0, 1]))
    return criterion


def check_spec(spec: Mapping[str, Any]) -> None:
    """Raise ValueError unless ``spec`` names a loss and parameters it has."""
    check_choice('type', spec.get('type'), LOSSES)
    name = spec['type']
    known = parameters_of(name) - _ABOUT_CLASSES
    unknown = sorted(set(spec) - known - {'type'})
    if unknown:
        raise ValueError(f'{unknown[0]}: found for loss {name}, expected {", ".join(sorted(known)) or "no parameter"}')
