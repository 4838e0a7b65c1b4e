"""Multi-size RoI pooling: one RoI, several grids of bins, so that thin objects keep bins along their long side."""

from collections.abc import Sequence
from typing import Any

import torch
from mmengine.model import BaseModule
from mmrotate.registry import MODELS
from torch import Tensor

from ship_det.models.roi_pooling import Size, pool_rois


@MODELS.register_module()
class MultiSizeRoIExtractor(BaseModule):
    """Pool horizontal or rotated RoIs to several sizes and join the flattened results (R2CNN, Sec. 3.2).

    Args:
        pool_sizes: (height, width) of each pooled grid, in bins. R2CNN: 7 x 7, and 11 x 3 and 3 x 11 (w x h).
        featmap_strides: stride of each feature map, px.
        finest_scale: RoIs with sqrt(area) below twice this, in px, are read from the finest map (FPN, eq. 1).
        sampling_ratio: samples a bin and side.

    Raises:
        ValueError: a grid without bins.
    """

    def __init__(
        self,
        pool_sizes: Sequence[Size] = ((7, 7), (3, 11), (11, 3)),
        featmap_strides: Sequence[int] = (4, 8, 16, 32),
        finest_scale: int = 56,
        sampling_ratio: int = 2,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg=init_cfg)
        if not pool_sizes or any(len(size) != 2 or min(size) < 1 for size in pool_sizes):
            raise ValueError(f'pool_sizes must be pairs (height, width) of at least 1 bin, got {pool_sizes}')
        self.pool_sizes = [(height, width) for height, width in pool_sizes]
        self.featmap_strides = tuple(featmap_strides)
        self.num_inputs = len(featmap_strides)
        self.finest_scale = finest_scale
        self.sampling_ratio = sampling_ratio

    def forward(self, feats: tuple[Tensor, ...], rois: Tensor) -> Tensor:
        """Pool RoIs.

        Args:
            feats: feature maps, each (B, C, H, W).
            rois: (N, 5) as batch index, x1, y1, x2, y2, or (N, 6) as batch index, cx, cy, w, h, theta, in px and rad.

        Returns:
            (N, C * sum of bins) features, one grid after the other.
        """
        pooled = pool_rois(feats, rois, self.pool_sizes, self.featmap_strides, self.finest_scale, self.sampling_ratio)
        return torch.cat([grid.flatten(1) for grid in pooled], dim=1)


@MODELS.register_module()
class SkewRoIExtractor(MultiSizeRoIExtractor):
    """Pool each RoI to one square grid, as the Cascade does.

    Args:
        output_size: bins along each side.
        kwargs: further arguments of ``MultiSizeRoIExtractor``.
    """

    def __init__(self, output_size: int = 7, **kwargs: Any) -> None:
        super().__init__([(output_size, output_size)], **kwargs)
