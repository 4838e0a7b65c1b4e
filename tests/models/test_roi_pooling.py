"""Pooling by table against MMCV's kernels, upright and turned, over several maps and their borders."""

import math

import pytest
import torch
from mmcv.ops import roi_align, roi_align_rotated

from ship_det.models.roi_pooling import pool_rois, roi_levels


def random_rois(count: int, rotated: bool) -> torch.Tensor:
    """RoIs in and around a 256 x 192 px image, some far outside."""
    generator = torch.Generator().manual_seed(count)
    center = torch.rand(count, 2, generator=generator) * torch.tensor([300.0, 240]) - 20
    size = torch.rand(count, 2, generator=generator) * 120 + 2
    batch = torch.randint(0, 2, (count, 1), generator=generator).float()
    if rotated:
        angle = (torch.rand(count, 1, generator=generator) - 0.5) * math.pi
        return torch.cat([batch, center, size, angle], dim=1)
    return torch.cat([batch, center - size / 2, center + size / 2], dim=1)


def feature_maps() -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    return [torch.randn(2, 3, 192 // s, 256 // s, generator=generator, requires_grad=True) for s in (4, 8)]


@pytest.mark.parametrize('rotated', [False, True])
@pytest.mark.parametrize('sampling_ratio', [1, 2])
@pytest.mark.parametrize('size', [(7, 7), (3, 11)])
def test_same_values_and_gradients_as_mmcv(rotated, sampling_ratio, size, device):
    rois = random_rois(60, rotated).to(device)
    feats = [feat.detach().to(device).requires_grad_() for feat in feature_maps()]
    (pooled,) = pool_rois(feats, rois, [size], [4, 8], finest_scale=28, sampling_ratio=sampling_ratio)
    levels = roi_levels(rois, 2, 28)
    assert set(levels.tolist()) == {0, 1}
    expected = torch.zeros_like(pooled)
    for level, stride in enumerate((4, 8)):
        chosen = levels == level
        if rotated:
            part = roi_align_rotated(feats[level], rois[chosen], size, 1 / stride, sampling_ratio, True, True)
        else:
            part = roi_align(feats[level], rois[chosen], size, 1 / stride, sampling_ratio, 'avg', True)
        expected = expected.index_copy(0, chosen.nonzero().squeeze(1), part)
    assert expected.abs().max() > 0.5
    assert torch.allclose(pooled, expected, atol=2e-4)
    upstream = torch.randn(pooled.shape, generator=torch.Generator().manual_seed(1)).to(device)
    own, theirs = (torch.autograd.grad(result, feats, upstream) for result in (pooled, expected))
    for mine, other in zip(own, theirs, strict=True):
        assert other.abs().max() > 0.5
        assert torch.allclose(mine, other, atol=2e-3)


def test_levels_by_hand():
    # sqrt(area) 111, 113, 300 and 1000 px: floor(log2(side / 56)) = 0, 1, 2 and 4, cut at the last map.
    sides = torch.tensor([111.0, 113, 300, 1000])
    rois = torch.stack([torch.zeros(4), torch.zeros(4), torch.zeros(4), sides, sides], dim=1)
    assert roi_levels(rois, 4, 56).tolist() == [0, 1, 2, 3]
    rotated = torch.stack([torch.zeros(4), sides, sides, sides, sides, sides], dim=1)
    assert roi_levels(rotated, 4, 56).tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize('columns', [5, 6])
def test_no_roi_keeps_every_map_in_the_graph(columns):
    feats = feature_maps()
    pooled = pool_rois(feats, torch.zeros(0, columns), [(7, 7), (3, 11)], [4, 8])
    assert [tuple(grid.shape) for grid in pooled] == [(0, 3, 7, 7), (0, 3, 3, 11)]
    sum(grid.sum() for grid in pooled).backward()
    assert all(feat.grad is not None and not feat.grad.any() for feat in feats)


def test_double_precision_is_kept_and_half_is_raised():
    rois = random_rois(4, rotated=True)
    for dtype, expected in ((torch.float64, torch.float64), (torch.bfloat16, torch.float32)):
        feats = [feat.detach().to(dtype) for feat in feature_maps()]
        assert pool_rois(feats, rois, [(2, 2)], [4, 8])[0].dtype == expected
