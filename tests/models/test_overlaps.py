"""Overlaps of axis-aligned bounds, for boxes of either type on either side."""

import math

import pytest
import torch

from ship_det.models.overlaps import BoundsOverlaps2D


def test_bounds_of_rotated_boxes_on_either_side():
    # A 20 x 10 box turned by 90 degrees has bounds 10 x 20: x 45..55, y 40..60.
    rotated = torch.tensor([[50.0, 50.0, 20.0, 10.0, math.pi / 2]])
    horizontal = torch.tensor([[45.0, 40.0, 55.0, 50.0], [45.0, 40.0, 55.0, 60.0]])
    overlaps = BoundsOverlaps2D()
    assert overlaps(rotated, horizontal)[0].tolist() == pytest.approx([0.5, 1.0])
    assert overlaps(horizontal, rotated)[:, 0].tolist() == pytest.approx([0.5, 1.0])
    # Share of the left box that lies in the right one.
    assert overlaps(horizontal, rotated, mode='iof')[:, 0].tolist() == pytest.approx([1.0, 1.0])
