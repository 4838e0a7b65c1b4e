"""R2CNN's head: shared fully connected layers, then class scores, an axis-aligned and an inclined box."""

import torch
from mmrotate.registry import MODELS
from torch import Tensor

from ship_det.models.shared_fc_head import SharedFCBBoxHead


@MODELS.register_module()
class R2CNNBBoxHead(SharedFCBBoxHead):
    """L = L_cls + lambda1 [t>0] sum smoothL1(v - v*) + lambda2 [t>0] sum smoothL1(u - u*) (R2CNN, eq. 1).

    Where the first corner of an inclined box is ambiguous (see ``R2CNNCoder``), u* is the closest of its equivalent
    codes.

    Args:
        in_features: length of a RoI's feature vector, channels times the pooled bins of ``MultiSizeRoIExtractor``.
        num_classes: foreground classes; the background is one more label, the last.
        bbox_coder: config of an ``R2CNNCoder``.
        axis_weight: lambda1, weight of the axis-aligned box.
        inclined_weight: lambda2, weight of the inclined box.
        kwargs: further arguments of ``SharedFCBBoxHead``.
    """

    def __init__(
        self,
        in_features: int,
        num_classes: int,
        bbox_coder: dict | None = None,
        axis_weight: float = 1.0,
        inclined_weight: float = 1.0,
        **kwargs,
    ) -> None:
        super().__init__(in_features, num_classes, bbox_coder or dict(type='mmrotate.R2CNNCoder'), **kwargs)
        self.axis_weight = axis_weight
        self.inclined_weight = inclined_weight

    def loss(
        self,
        cls_score: Tensor,
        bbox_pred: Tensor,
        rois: Tensor,
        labels: Tensor,
        label_weights: Tensor,
        bbox_targets: Tensor,
        bbox_weights: Tensor,
        reduction_override: str | None = None,
    ) -> dict[str, Tensor]:
        """Losses of N sampled RoIs.

        Args:
            cls_score: (N, num_classes + 1).
            bbox_pred: (N, 9) codes, v then u.
            rois: (N, 5) batch index and proposal in px.
            labels: (N,), num_classes for background.
            label_weights: (N,).
            bbox_targets: (N, 9) codes of the assigned boxes.
            bbox_weights: (N, 9).

        Returns:
            loss_cls, acc, loss_bbox_axis and loss_bbox_inclined.
        """
        losses = self.classification_losses(cls_score, labels, label_weights, reduction_override)
        positive = (labels >= 0) & (labels < self.num_classes)
        pred, weights = bbox_pred[positive].float(), bbox_weights[positive]
        target = self._closest_target(pred, rois[positive, 1:], bbox_targets[positive])
        options = dict(avg_factor=max(labels.numel(), 1), reduction_override=reduction_override)
        axis, inclined = (slice(0, 4), self.axis_weight), (slice(4, 9), self.inclined_weight)
        for name, (part, factor) in dict(loss_bbox_axis=axis, loss_bbox_inclined=inclined).items():
            loss = self.loss_bbox(pred[:, part], target[:, part], weights[:, part], **options)
            losses[name] = factor * loss if positive.any() else pred.sum() * 0
        return losses

    def _closest_target(self, pred: Tensor, priors: Tensor, target: Tensor) -> Tensor:
        """Targets with the inclined code that is closest to the prediction among its equivalents."""
        if not len(target):
            return target
        codes = self.bbox_coder.equivalent_codes(priors, target[:, 4:])
        return torch.cat([target[:, :4], self.closest_targets(codes, pred[:, 4:])], dim=1)
