"""Horizontal proposals whose boxes are decoded in float32, also under mixed precision."""

import torch
from mmdet.models.dense_heads import RPNHead
from mmrotate.registry import MODELS
from torch import Tensor


@MODELS.register_module()
class Float32RPNHead(RPNHead):
    """MMDetection's RPNHead, but for the precision of its boxes.

    That one decodes proposals in the precision of the network: at 1000 px half precision is good to half a pixel and
    bfloat16 to four.
    """

    def predict_by_feat(self, cls_scores: list[Tensor], bbox_preds: list[Tensor], *args, **kwargs) -> list:
        """Proposals from maps of scores (B, A, H, W) and of codes (B, 4 A, H, W), one of each a level."""
        with torch.autocast(cls_scores[0].device.type, enabled=False):
            scores, codes = ([level.float() for level in maps] for maps in (cls_scores, bbox_preds))
            return super().predict_by_feat(scores, codes, *args, **kwargs)
