"""R2CNN (arXiv 1706.09579): multi-size RoI pooling an axis-aligned and an inclined box a RoI."""

from ship_det.models.r2cnn.bbox_head import R2CNNBBoxHead
from ship_det.models.r2cnn.box_coder import R2CNNCoder
from ship_det.models.roi_extractor import MultiSizeRoIExtractor

__all__ = ['MultiSizeRoIExtractor', 'R2CNNBBoxHead', 'R2CNNCoder']
