"""Losses of other authors for imbalanced classes, to compare with: each knows the counts of the training set."""

import torch
import torch.nn.functional as F
from torch import Tensor


def class_balanced_loss(logits: Tensor, target: Tensor, counts: Tensor, beta: float = 0.999) -> Tensor:
    """Class-balanced cross-entropy, weights (1 - beta) / (1 - beta^n) (Cui et al., CVPR 2019, eq. 11).

    Args:
        logits: shape (N, C).
        target: class indices, shape (N,).
        counts: training images of each class, shape (C,).
        beta: from 0, the cross-entropy, towards 1, weights of 1 / n.

    Returns:
        The mean over the rows; the weights of the C classes have mean 1.
    """
    if not 0 <= beta < 1:
        raise ValueError(f'beta: found {beta}, expected a number from 0 and below 1')
    weights = 1 / (1 - torch.pow(torch.as_tensor(beta, dtype=torch.float64), counts.double().cpu()))
    weights = (weights / weights.mean()).to(logits)
    return (F.cross_entropy(logits, target, reduction='none') * weights[target]).mean()


def balanced_softmax_loss(logits: Tensor, target: Tensor, counts: Tensor) -> Tensor:
    """Balanced softmax: the cross-entropy of logits + log n (Ren et al., NeurIPS 2020, eq. 4).

    Arguments are those of :func:`class_balanced_loss`. It is :func:`logit_adjusted_loss` with tau = 1.
    """
    return F.cross_entropy(logits + counts.to(logits).log(), target)


def logit_adjusted_loss(logits: Tensor, target: Tensor, counts: Tensor, tau: float = 1.0) -> Tensor:
    """Logit-adjusted cross-entropy: of logits + tau log(share of the class) (Menon et al., ICLR 2021, eq. 10).

    Arguments are those of :func:`class_balanced_loss`; tau scales the adjustment.
    """
    shares = counts.to(logits) / counts.sum()
    return F.cross_entropy(logits + tau * shares.log(), target)
