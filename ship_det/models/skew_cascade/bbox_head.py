"""Head of one stage of the skew-box Cascade."""

from mmrotate.registry import MODELS
from torch import Tensor

from ship_det.models.shared_fc_head import SharedFCBBoxHead


@MODELS.register_module()
class SkewBBoxHead(SharedFCBBoxHead):
    """L = L_cls + [t>0] sum smoothL1(u - u*), u the code of the rotated box against the stage's proposal.

    Near 45 degrees, where a box has two codes (see ``SkewBoxCoder``), u* is the one closer to the prediction.

    Args:
        in_features: length of a RoI's feature vector, channels times the pooled bins.
        num_classes: foreground classes; the background is one more label, the last.
        bbox_coder: config of a ``SkewBoxCoder``.
        kwargs: further arguments of ``SharedFCBBoxHead``.
    """

    def __init__(self, in_features: int, num_classes: int, bbox_coder: dict | None = None, **kwargs) -> None:
        super().__init__(in_features, num_classes, bbox_coder or dict(type='mmrotate.SkewBoxCoder'), **kwargs)

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
            bbox_pred: (N, 5) codes.
            rois: (N, 5 or 6) batch index and proposal in px.
            labels: (N,), num_classes for background.
            label_weights: (N,).
            bbox_targets: (N, 5) codes of the assigned boxes.
            bbox_weights: (N, 5).

        Returns:
            loss_cls, acc and loss_bbox.
        """
        losses = self.classification_losses(cls_score, labels, label_weights, reduction_override)
        positive = (labels >= 0) & (labels < self.num_classes)
        pred, targets = bbox_pred[positive].float(), bbox_targets[positive]
        if len(targets):
            targets = self.closest_targets(self.bbox_coder.equivalent_codes(rois[positive, 1:], targets), pred)
        loss = self.loss_bbox(
            pred,
            targets,
            bbox_weights[positive],
            avg_factor=max(labels.numel(), 1),
            reduction_override=reduction_override,
        )
        return losses | dict(loss_bbox=loss if positive.any() else pred.sum() * 0)
