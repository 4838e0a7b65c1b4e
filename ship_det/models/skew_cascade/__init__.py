"""Cascade R-CNN (arXiv 1712.00726) with skew boxes: horizontal proposals, then rotated ones, refined stage by stage."""

from ship_det.models.roi_extractor import SkewRoIExtractor
from ship_det.models.skew_cascade.bbox_head import SkewBBoxHead
from ship_det.models.skew_cascade.box_coder import SkewBoxCoder
from ship_det.models.skew_cascade.roi_head import SkewCascadeRoIHead

__all__ = ['SkewBBoxHead', 'SkewBoxCoder', 'SkewCascadeRoIHead', 'SkewRoIExtractor']
