"""Proposals as box coders take them: centre, sides and angle, in float32 and never without a side."""

import math

import torch
from mmdet.structures.bbox import HorizontalBoxes, get_box_tensor
from mmrotate.structures.bbox import RotatedBoxes
from torch import Tensor

from ship_det.losses.softmax import to_float32

# Sides below this many px are taken as this many, so that no logarithm of zero appears.
MIN_SIDE = 1e-3
# |log(side / proposal's side)| is cut here: a box at most about 1000 times longer or shorter than its proposal.
MAX_LOG_RATIO = math.log(1000.0)


def center_size_angle(priors: HorizontalBoxes | RotatedBoxes | Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Centre (N, 2), sides (N, 2) and angle (N, 1), in px and rad, of horizontal (N, 4) or rotated (N, 5) boxes."""
    priors = to_float32(get_box_tensor(priors))
    if priors.size(-1) == 4:
        center, size = (priors[:, :2] + priors[:, 2:]) / 2, priors[:, 2:] - priors[:, :2]
        theta = torch.zeros_like(center[:, :1])
    else:
        center, size, theta = priors[:, :2], priors[:, 2:4], priors[:, 4:]
    return center, size.clamp(min=MIN_SIDE), theta
