"""What the heads of both detectors share: fully connected layers, class scores and losses, one box for all classes."""

import itertools
from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from mmcv.cnn import build_norm_layer
from mmdet.models.losses import accuracy
from mmdet.models.roi_heads.bbox_heads import BBoxHead
from mmdet.structures.bbox import get_box_tensor, scale_boxes
from mmengine.config import ConfigDict
from mmengine.structures import InstanceData
from torch import Tensor, nn

from ship_det.models.rotated_nms import multiclass_rotated_nms


class SharedFCBBoxHead(BBoxHead):
    """A head of shared fully connected layers whose boxes do not depend on the class.

    The cost of the box outputs does not grow with the number of classes. Boxes are coded and decoded in float32, also
    under mixed precision: codes are differences of coordinates. A box may have several codes that are as good as the
    canonical one (the coder's ``equivalent_codes``); the loss takes the closest of them to the prediction.

    Subclasses name the parts of their box code and the coder they are for.

    Args:
        in_features: length of a RoI's feature vector.
        num_classes: foreground classes; the background is one more label, the last.
        bbox_coder: config of a coder whose ``decode`` gives rotated boxes; None for that of the method.
        fc_out_channels: width of the shared layers.
        num_shared_fcs: number of the shared layers.
        norm_cfg: normalisation after each shared layer, such as ``dict(type='LN')``; None for none.
        kwargs: ``loss_cls``, ``loss_bbox`` and so on of MMDetection's BBoxHead.
    """

    #: Type of the method's box coder.
    coder: ClassVar[str]
    #: Which columns of a code have equivalents.
    ambiguous: ClassVar[slice] = slice(None)

    def __init__(
        self,
        in_features: int,
        num_classes: int,
        bbox_coder: dict | None = None,
        fc_out_channels: int = 1024,
        num_shared_fcs: int = 2,
        norm_cfg: dict | None = None,
        **kwargs: Any,
    ) -> None:
        # MMDetection's defaults name its parts without their scope, which other registries cannot resolve.
        for name in ('reg_predictor_cfg', 'cls_predictor_cfg'):
            kwargs.setdefault(name, dict(type='mmdet.Linear'))
        super().__init__(
            num_classes=num_classes,
            in_channels=fc_out_channels,
            roi_feat_size=1,
            predict_box_type='rbox',
            reg_class_agnostic=True,
            bbox_coder=bbox_coder or dict(type=self.coder),
            **kwargs,
        )
        widths = [in_features] + [fc_out_channels] * num_shared_fcs
        layers: list[nn.Module] = []
        for fan_in, fan_out in itertools.pairwise(widths):
            linear = nn.Linear(fan_in, fan_out)
            nn.init.xavier_uniform_(linear.weight)
            nn.init.zeros_(linear.bias)
            layers.append(linear)
            if norm_cfg:
                layers.append(build_norm_layer(norm_cfg, fan_out)[1])
            layers.append(nn.ReLU(inplace=True))
        self.shared_fcs = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Scores and box codes.

        Args:
            x: pooled features, (N, in_features) or (N, C, H, W) with as many numbers a RoI.

        Returns:
            (N, num_classes + 1) class scores (more columns for a loss with channels of its own) and the box codes.
        """
        x = self.shared_fcs(x.flatten(1))
        return self.fc_cls(x), self.fc_reg(x)

    def classification_losses(
        self, cls_score: Tensor, labels: Tensor, label_weights: Tensor, reduction_override: str | None = None
    ) -> dict[str, Tensor]:
        """``loss_cls`` (or the parts a loss gives) and the accuracy in percent of N sampled RoIs."""
        num_samples = max(float((label_weights > 0).sum()), 1.0)
        loss_cls = self.loss_cls(
            cls_score, labels, label_weights, avg_factor=num_samples, reduction_override=reduction_override
        )
        losses = dict(loss_cls) if isinstance(loss_cls, dict) else dict(loss_cls=loss_cls)
        if self.custom_activation:
            return losses | self.loss_cls.get_accuracy(cls_score, labels)
        return losses | dict(acc=accuracy(cls_score, labels))

    def box_parts(self) -> Mapping[str, tuple[slice, float]]:
        """The losses of a box code by name: which columns each is of, and its factor."""
        return {'loss_bbox': (slice(None), 1.0)}

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
            bbox_pred: (N, D) codes.
            rois: (N, 5 or 6) batch index and proposal in px.
            labels: (N,), num_classes for background.
            label_weights: (N,).
            bbox_targets: (N, D) codes of the assigned boxes.
            bbox_weights: (N, D).
            reduction_override: reduction in place of the losses' own.

        Returns:
            loss_cls, acc and those of ``box_parts``, 0 where no RoI is foreground.
        """
        losses = self.classification_losses(cls_score, labels, label_weights, reduction_override)
        positive = (labels >= 0) & (labels < self.num_classes)
        pred, targets, weights = bbox_pred[positive].float(), bbox_targets[positive], bbox_weights[positive]
        if len(targets):
            targets = self.closest_targets(rois[positive, 1:], targets, pred)
        options = dict(avg_factor=max(labels.numel(), 1), reduction_override=reduction_override)
        for name, (part, factor) in self.box_parts().items():
            loss = self.loss_bbox(pred[:, part], targets[:, part], weights[:, part], **options)
            losses[name] = factor * loss if len(targets) else pred.sum() * 0
        return losses

    def closest_targets(self, priors: Tensor, targets: Tensor, pred: Tensor) -> Tensor:
        """Of the equivalent codes of each box, the one closest to the prediction.

        Args:
            priors: (N, 4 or 5) proposals in px.
            targets: (N, D) canonical codes.
            pred: (N, D) predicted codes.

        Returns:
            (N, D) codes.
        """
        codes = self.bbox_coder.equivalent_codes(priors, targets[:, self.ambiguous])
        distance = (codes - pred.detach()[:, None, self.ambiguous]).abs().sum(dim=2)
        targets = targets.clone()
        targets[:, self.ambiguous] = codes[torch.arange(len(codes), device=codes.device), distance.argmin(dim=1)]
        return targets

    def class_scores(self, cls_score: Tensor) -> Tensor:
        """Probabilities (N, num_classes + 1) in float32, the background last."""
        return self.loss_cls.get_activation(cls_score) if self.custom_activation else cls_score.float().softmax(dim=1)

    def _predict_by_feat_single(
        self,
        roi: Tensor,
        cls_score: Tensor,
        bbox_pred: Tensor,
        img_meta: dict,
        rescale: bool = False,
        rcnn_test_cfg: ConfigDict | None = None,
    ) -> InstanceData:
        """Detections of one image: boxes (K, 5), scores (K,), labels (K,) after NMS, or before it without a config."""
        return self.detections(roi, self.class_scores(cls_score), bbox_pred, img_meta, rescale, rcnn_test_cfg)

    def detections(
        self,
        roi: Tensor,
        scores: Tensor,
        bbox_pred: Tensor,
        img_meta: dict,
        rescale: bool = False,
        rcnn_test_cfg: ConfigDict | None = None,
    ) -> InstanceData:
        """Detections of one image from probabilities.

        Args:
            roi: (N, 5 or 6) batch index and prior, px.
            scores: (N, num_classes + 1) probabilities.
            bbox_pred: box codes, N rows.
            img_meta: with ``scale_factor``, if ``rescale``.
            rescale: give boxes in pixels of the image before its resize.
            rcnn_test_cfg: ``score_thr``, ``nms.iou_threshold`` and ``max_per_img``; None: no NMS.

        Returns:
            boxes (K, 5), scores (K,), labels (K,); without a config boxes (N, 5) and scores (N, num_classes + 1).
        """
        boxes = self.bbox_coder.decode(roi[:, 1:], bbox_pred)
        if rescale and len(boxes):
            boxes = scale_boxes(boxes, [1 / factor for factor in img_meta['scale_factor']])
        boxes = get_box_tensor(boxes)
        if rcnn_test_cfg is None:
            return InstanceData(bboxes=boxes, scores=scores)
        kept_boxes, kept_scores, labels = multiclass_rotated_nms(
            boxes,
            scores[:, : self.num_classes],
            rcnn_test_cfg.score_thr,
            rcnn_test_cfg.nms['iou_threshold'],
            rcnn_test_cfg.max_per_img,
        )
        return InstanceData(bboxes=kept_boxes, scores=kept_scores, labels=labels)
