"""RoI pooling of the skew-box Cascade: upright for horizontal proposals, turned for rotated ones."""

from collections.abc import Sequence

from mmengine.model import BaseModule
from mmrotate.registry import MODELS
from torch import Tensor

from ship_det.models.roi_pooling import pool_rois


@MODELS.register_module()
class SkewRoIExtractor(BaseModule):
    """RoIAlign of horizontal or rotated RoIs, from the map that fits their size; one serves all stages.

    Args:
        output_size: bins along each side.
        featmap_strides: stride of each feature map, px.
        finest_scale: RoIs with sqrt(area) below twice this, in px, are read from the finest map (FPN, eq. 1).
        sampling_ratio: samples a bin and side.
    """

    def __init__(
        self,
        output_size: int = 7,
        featmap_strides: Sequence[int] = (4, 8, 16, 32),
        finest_scale: int = 56,
        sampling_ratio: int = 2,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg=init_cfg)
        self.output_size = output_size
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
            (N, C, output_size, output_size) features.
        """
        sizes = [(self.output_size, self.output_size)]
        return pool_rois(feats, rois, sizes, self.featmap_strides, self.finest_scale, self.sampling_ratio)[0]
