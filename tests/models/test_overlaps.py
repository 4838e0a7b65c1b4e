"""Overlaps of axis-aligned bounds and of rotated boxes, for boxes of either type on either side."""

import math

import pytest
import torch
from mmdet.structures.bbox import bbox_overlaps
from mmrotate.structures.bbox import RotatedBoxes

from ship_det.models.overlaps import BoundsOverlaps2D, SkewOverlaps2D


def test_bounds_of_rotated_boxes_on_either_side():
    # A 20 x 10 box turned by 90 degrees has bounds 10 x 20: x 45..55, y 40..60.
    rotated = torch.tensor([[50.0, 50.0, 20.0, 10.0, math.pi / 2]])
    horizontal = torch.tensor([[45.0, 40.0, 55.0, 50.0], [45.0, 40.0, 55.0, 60.0]])
    overlaps = BoundsOverlaps2D()
    assert overlaps(rotated, horizontal)[0].tolist() == pytest.approx([0.5, 1.0])
    assert overlaps(horizontal, rotated)[:, 0].tolist() == pytest.approx([0.5, 1.0])
    # Share of the left box that lies in the right one.
    assert overlaps(horizontal, rotated, mode='iof')[:, 0].tolist() == pytest.approx([1.0, 1.0])


def test_overlaps_of_bounds_are_mmdetections_bit_by_bit():
    generator = torch.Generator().manual_seed(0)
    corners = 100 * torch.rand(300, 2, generator=generator)
    boxes = torch.cat([corners, corners + 60 * torch.rand(300, 2, generator=generator)], dim=1)
    boxes[:5, 2:] = boxes[:5, :2]  # of no area
    assert torch.equal(BoundsOverlaps2D()(boxes[:40], boxes), bbox_overlaps(boxes[:40], boxes))
    assert BoundsOverlaps2D()(boxes[:0], boxes).shape == (0, 300)
    assert BoundsOverlaps2D()(boxes, boxes[:0]).shape == (300, 0)


def test_skew_overlaps_by_hand():
    # Two 20 x 10 boxes, 10 px apart along their length: 100 of 300 px^2; and a 10 x 10 square in the first.
    first = torch.tensor([[50.0, 50.0, 20.0, 10.0, 0.7]])
    shift = 10 * torch.tensor([math.cos(0.7), math.sin(0.7)])
    second = torch.cat([first, torch.tensor([[50.0, 50.0, 10.0, 10.0, 0.7]])])
    second[0, :2] += shift
    overlaps = SkewOverlaps2D()
    assert overlaps(RotatedBoxes(first), RotatedBoxes(second))[0].tolist() == pytest.approx([1 / 3, 1 / 2], abs=1e-5)
    # Share of the left box that lies in the right one.
    assert overlaps(first, second, mode='iof')[0].tolist() == pytest.approx([0.5, 0.5], abs=1e-5)
    assert overlaps(second, first, mode='iof')[:, 0].tolist() == pytest.approx([0.5, 1.0], abs=1e-5)
    assert overlaps(second, first.expand(2, 5), is_aligned=True).tolist() == pytest.approx([1 / 3, 1 / 2], abs=1e-5)
    assert overlaps(first[:0], second).shape == (0, 2)
    with pytest.raises(ValueError, match="'giou'"):
        overlaps(first, second, mode='giou')


def test_skew_overlap_of_a_box_with_itself_is_one_at_any_angle():
    angles = torch.linspace(-math.pi / 2, math.pi / 2, 101)
    boxes = torch.stack([torch.tensor([500.0, 400.0, 90.0, 12.0, float(angle)]) for angle in angles])
    assert SkewOverlaps2D()(boxes, boxes + 1e-4, is_aligned=True).min() > 0.999
