"""RoIAlign of horizontal and rotated RoIs over a feature pyramid, fast on a CPU.

A pooled bin is the mean of its samples, and a bilinear sample is a weighted sum of four cells, so a bin is a weighted
sum of rows of the table of all cells of all maps. On a CPU that is ``embedding_bag``, several times as fast as MMCV's
kernels (``benchmarks/roi_pooling.py``) with the same numbers; on a GPU MMCV's kernels do the work. In an ONNX graph
horizontal RoIs are pooled by its RoiAlign; it has no operator for rotated ones, whose rows are gathered and summed.
"""

import functools
from collections.abc import Sequence

import torch
from mmcv.ops import roi_align, roi_align_rotated
from torch import Tensor
from torch.nn.functional import embedding_bag
from torchvision.ops import roi_align as standard_roi_align

Size = tuple[int, int]


def pool_rois(
    feats: Sequence[Tensor],
    rois: Tensor,
    output_sizes: Sequence[Size],
    strides: Sequence[int],
    finest_scale: int = 56,
    sampling_ratio: int = 2,
) -> list[Tensor]:
    """Pool each RoI from the map that fits its size, once for each output size.

    Args:
        feats: feature maps, each (B, C, H, W); the pooling is done in float32 or float64.
        rois: (N, 5) as batch index, x1, y1, x2, y2, or (N, 6) as batch index, cx, cy, w, h, theta, in px and rad.
        output_sizes: (height, width) in bins.
        strides: stride of each feature map, px.
        finest_scale: RoIs with sqrt(area) below twice this, in px, are read from the finest map (FPN, eq. 1).
        sampling_ratio: samples a bin and side.

    Returns:
        For each output size (N, C, height, width).
    """
    # Half precision is raised: there a coordinate of 1000 px is good to half a pixel.
    feats = [feat if feat.dtype == torch.float64 else feat.float() for feat in feats]
    rois = rois.to(feats[0].dtype)
    levels = roi_levels(rois, len(feats), finest_scale)
    with torch.autocast(rois.device.type, enabled=False):
        if torch.onnx.is_in_onnx_export() and rois.size(1) == 5:
            return _pool_by_roi_align(feats, rois, levels, output_sizes, strides, sampling_ratio)
        if rois.is_cuda:
            return [_pool_by_kernel(feats, rois, levels, size, strides, sampling_ratio) for size in output_sizes]
        table = torch.cat([feat.permute(0, 2, 3, 1).flatten(0, 2) for feat in feats])
        return [_pool_by_table(table, feats, rois, levels, size, strides, sampling_ratio) for size in output_sizes]


def roi_levels(rois: Tensor, num_levels: int, finest_scale: int) -> Tensor:
    """Index of the map that each RoI is read from, (N,): floor(log2(sqrt(area) / finest_scale)), within the pyramid."""
    area = rois[:, 3] * rois[:, 4] if rois.size(1) == 6 else (rois[:, 3] - rois[:, 1]) * (rois[:, 4] - rois[:, 2])
    return (area.clamp(min=1e-6).sqrt() / finest_scale + 1e-6).log2().floor().clamp(0, num_levels - 1).long()


def _pool_by_kernel(
    feats: list[Tensor], rois: Tensor, levels: Tensor, size: Size, strides: Sequence[int], sampling_ratio: int
) -> Tensor:
    pooled = feats[0].new_zeros(len(rois), feats[0].size(1), *size)
    for level, (feat, stride) in enumerate(zip(feats, strides, strict=True)):
        chosen = (levels == level).nonzero().squeeze(1)
        if not len(chosen):
            # Keeps every map in the graph of every process, as distributed training needs.
            pooled = pooled + feat.sum() * 0
        elif rois.size(1) == 6:
            part = roi_align_rotated(feat, rois[chosen], size, 1 / stride, sampling_ratio, True, True)
            pooled = pooled.index_copy(0, chosen, part)
        else:
            part = roi_align(feat, rois[chosen], size, 1 / stride, sampling_ratio, 'avg', True)
            pooled = pooled.index_copy(0, chosen, part)
    return pooled


def _pool_by_roi_align(
    feats: list[Tensor],
    rois: Tensor,
    levels: Tensor,
    sizes: Sequence[Size],
    strides: Sequence[int],
    sampling_ratio: int,
) -> list[Tensor]:
    chosen = [(levels == level).nonzero().squeeze(1) for level in range(len(feats))]
    # Rows come map by map; where each RoI's row is then.
    place = torch.cat(chosen).argsort()
    return [
        torch.cat(
            [
                standard_roi_align(feat, rois[own], size, 1 / stride, sampling_ratio, aligned=True)
                for feat, own, stride in zip(feats, chosen, strides, strict=True)
            ]
        )[place]
        for size in sizes
    ]


def _pool_by_table(
    table: Tensor,
    feats: list[Tensor],
    rois: Tensor,
    levels: Tensor,
    size: Size,
    strides: Sequence[int],
    sampling_ratio: int,
) -> Tensor:
    # Sizes as tensors, for images of any size in an ONNX graph.
    shapes = torch.stack([torch._shape_as_tensor(feat) for feat in feats])
    sizes = shapes[:, 0] * shapes[:, 2] * shapes[:, 3]
    heights, widths = shapes[levels, 2], shapes[levels, 3]
    starts = (sizes.cumsum(0) - sizes)[levels] + rois[:, 0].long() * heights * widths
    scale = 1 / torch.tensor(strides, dtype=rois.dtype)[levels]
    x, y = _sample_points(rois, scale, size, sampling_ratio)
    rows, row_weights = _cells_and_weights(y, heights)
    columns, column_weights = _cells_and_weights(x, widths)
    # Axes: RoI, bin row, bin column, sample row, sample column, lower or upper cell of y, of x.
    per_roi = (-1, 1, 1, 1, 1, 1, 1)
    cells = rows[..., :, None] * widths.view(per_roi) + columns[..., None, :] + starts.view(per_roi)
    weights = row_weights[..., :, None] * column_weights[..., None, :] / sampling_ratio**2
    corners = 4 * sampling_ratio**2
    if not len(rois):
        return table.new_zeros(0, table.size(1), *size) + table.sum() * 0
    cells, weights = cells.reshape(-1, corners), weights.reshape(-1, corners)
    if torch.onnx.is_in_onnx_export():
        # Corner by corner: all rows at once would be 4 sampling_ratio ** 2 times the pooled maps.
        parts = [table[cells[:, corner]] * weights[:, corner, None] for corner in range(corners)]
        pooled = functools.reduce(torch.add, parts)
    else:
        pooled = embedding_bag(cells, table, per_sample_weights=weights, mode='sum')
    return pooled.view(rois.size(0), *size, table.size(1)).permute(0, 3, 1, 2)


def _sample_points(rois: Tensor, scale: Tensor, size: Size, sampling_ratio: int) -> tuple[Tensor, Tensor]:
    """Samples in cells of their map: x and y, each (N, bin rows, bin columns, sample rows, sample columns)."""
    if rois.size(1) == 6:
        (center_x, center_y, width, height), theta = (rois[:, 1:5] * scale[:, None]).unbind(1), rois[:, 5]
    else:
        x1, y1, x2, y2 = (rois[:, 1:] * scale[:, None]).unbind(1)
        center_x, center_y, width, height, theta = (x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1, None
    steps = [((torch.arange(bins * sampling_ratio) + 0.5) / (bins * sampling_ratio) - 0.5).to(rois) for bins in size]
    view = (-1, 1, 1, 1, 1)
    across = height.view(view) * steps[0].view(1, size[0], 1, sampling_ratio, 1)
    along = width.view(view) * steps[1].view(1, 1, size[1], 1, sampling_ratio)
    if theta is None:
        x, y = torch.broadcast_tensors(along, across)
    else:
        cos, sin = theta.cos().view(view), theta.sin().view(view)
        x, y = along * cos - across * sin, along * sin + across * cos
    # The centre of cell i lies at i + 0.5.
    return x + center_x.view(view) - 0.5, y + center_y.view(view) - 0.5


def _cells_and_weights(position: Tensor, limit: Tensor) -> tuple[Tensor, Tensor]:
    """The two cells next to each position along one axis of maps with ``limit`` (N,) cells, and their weights.

    More than one cell outside the map reads 0, less than that the map's border.
    """
    limit = limit.view(-1, *[1] * (position.ndim - 1))
    inside = (position >= -1) & (position <= limit)
    position = torch.minimum(position.clamp(min=0), (limit - 1).to(position))
    lower = position.floor()
    upper_weight = position - lower
    lower = lower.long()
    cells = torch.stack([lower, torch.minimum(lower + 1, limit - 1)], dim=-1)
    return cells, torch.stack([1 - upper_weight, upper_weight], dim=-1) * inside[..., None]
