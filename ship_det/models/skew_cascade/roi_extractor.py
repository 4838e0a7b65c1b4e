"""RoI pooling of the skew-box Cascade: upright for horizontal proposals, turned for rotated ones."""

from collections.abc import Sequence

import torch
from mmdet.models.roi_heads.roi_extractors import SingleRoIExtractor
from mmengine.model import BaseModule
from mmrotate.models.roi_heads.roi_extractors import RotatedSingleRoIExtractor
from mmrotate.registry import MODELS
from torch import Tensor


@MODELS.register_module()
class SkewRoIExtractor(BaseModule):
    """Pool horizontal RoIs with RoIAlign and rotated ones with RoIAlignRotated, from the map that fits their size.

    It has no parameters, so one serves all stages.

    Args:
        output_size: bins along each side.
        out_channels: channels of the feature maps.
        featmap_strides: stride of each feature map, px.
        finest_scale: RoIs with sqrt(area) below twice this, in px, are read from the finest map (FPN, eq. 1).
        sampling_ratio: samples a bin and side; 0 adapts it to the RoI, which is slow on a CPU.
    """

    def __init__(
        self,
        output_size: int = 7,
        out_channels: int = 256,
        featmap_strides: Sequence[int] = (4, 8, 16, 32),
        finest_scale: int = 56,
        sampling_ratio: int = 2,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg=init_cfg)
        self.num_inputs = len(featmap_strides)
        options = dict(out_channels=out_channels, featmap_strides=list(featmap_strides), finest_scale=finest_scale)
        upright = dict(type='RoIAlign', output_size=output_size, sampling_ratio=sampling_ratio)
        turned = dict(type='RoIAlignRotated', output_size=output_size, sampling_ratio=sampling_ratio, clockwise=True)
        self.upright = SingleRoIExtractor(roi_layer=upright, **options)
        self.turned = RotatedSingleRoIExtractor(roi_layer=turned, **options)

    def forward(self, feats: tuple[Tensor, ...], rois: Tensor) -> Tensor:
        """Pool RoIs.

        Args:
            feats: feature maps, each (B, C, H, W).
            rois: (N, 5) as batch index, x1, y1, x2, y2, or (N, 6) as batch index, cx, cy, w, h, theta, in px and rad.

        Returns:
            (N, C, output_size, output_size) features.
        """
        pool = self.upright if rois.size(1) == 5 else self.turned
        # float32 also under mixed precision: in half precision a coordinate of 1000 px is good to half a pixel.
        with torch.autocast(rois.device.type, enabled=False):
            return pool([feat.float() for feat in feats], rois.float())
