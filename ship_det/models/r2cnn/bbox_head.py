"""R2CNN's head: shared fully connected layers, then class scores, an axis-aligned and an inclined box."""

import itertools

import torch
from mmcv.cnn import build_norm_layer
from mmdet.models.losses import accuracy
from mmdet.models.roi_heads.bbox_heads import BBoxHead
from mmdet.structures.bbox import scale_boxes
from mmengine.structures import InstanceData
from mmrotate.registry import MODELS
from torch import Tensor, nn

from ship_det.models.rotated_nms import multiclass_rotated_nms


@MODELS.register_module()
class R2CNNBBoxHead(BBoxHead):
    """L = L_cls + lambda1 [t>0] sum smoothL1(v - v*) + lambda2 [t>0] sum smoothL1(u - u*) (R2CNN, eq. 1).

    The box outputs are shared by all classes, so their cost does not grow with the number of classes. Where the first
    corner of an inclined box is ambiguous (see ``R2CNNCoder``), u* is the closest of its equivalent codes.

    Args:
        in_features: length of a RoI's feature vector, channels times the pooled bins of ``MultiSizeRoIExtractor``.
        num_classes: foreground classes; the background is one more label, the last.
        fc_out_channels: width of the shared layers.
        num_shared_fcs: number of the shared layers.
        norm_cfg: normalisation after each shared layer, such as ``dict(type='LN')``; None, as in R2CNN, for none.
        axis_weight: lambda1, weight of the axis-aligned box.
        inclined_weight: lambda2, weight of the inclined box.
        kwargs: ``loss_cls``, ``loss_bbox``, ``bbox_coder`` and so on of MMDetection's BBoxHead.
    """

    def __init__(
        self,
        in_features: int,
        num_classes: int,
        fc_out_channels: int = 1024,
        num_shared_fcs: int = 2,
        norm_cfg: dict | None = None,
        axis_weight: float = 1.0,
        inclined_weight: float = 1.0,
        bbox_coder: dict | None = None,
        **kwargs,
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
            bbox_coder=bbox_coder or dict(type='mmrotate.R2CNNCoder'),
            **kwargs,
        )
        self.axis_weight = axis_weight
        self.inclined_weight = inclined_weight
        widths = [in_features] + [fc_out_channels] * num_shared_fcs
        layers = []
        for fan_in, fan_out in itertools.pairwise(widths):
            layers.append(nn.Linear(fan_in, fan_out))
            nn.init.xavier_uniform_(layers[-1].weight)
            nn.init.zeros_(layers[-1].bias)
            if norm_cfg:
                layers.append(build_norm_layer(norm_cfg, fan_out)[1])
            layers.append(nn.ReLU(inplace=True))
        self.shared_fcs = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Scores and box codes.

        Args:
            x: (N, in_features) pooled features.

        Returns:
            (N, num_classes + 1) class scores and (N, 9) box codes, v then u.
        """
        x = self.shared_fcs(x)
        return self.fc_cls(x), self.fc_reg(x)

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
            bbox_pred: (N, 9).
            rois: (N, 5) batch index and proposal in px.
            labels: (N,), num_classes for background.
            label_weights: (N,).
            bbox_targets: (N, 9) codes of the assigned boxes.
            bbox_weights: (N, 9).

        Returns:
            loss_cls, acc, loss_bbox_axis and loss_bbox_inclined.
        """
        num_samples = max(float((label_weights > 0).sum()), 1.0)
        losses = {}
        loss_cls = self.loss_cls(
            cls_score, labels, label_weights, avg_factor=num_samples, reduction_override=reduction_override
        )
        if isinstance(loss_cls, dict):
            losses.update(loss_cls)
        else:
            losses['loss_cls'] = loss_cls
        losses.update(
            self.loss_cls.get_accuracy(cls_score, labels)
            if self.custom_activation
            else {'acc': accuracy(cls_score, labels)}
        )

        positive = (labels >= 0) & (labels < self.num_classes)
        # float32 also under mixed precision: codes are differences of coordinates.
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
        distance = (codes - pred.detach()[:, None, 4:]).abs().sum(dim=2)
        closest = codes[torch.arange(len(codes), device=codes.device), distance.argmin(dim=1)]
        return torch.cat([target[:, :4], closest], dim=1)

    def _predict_by_feat_single(
        self,
        roi: Tensor,
        cls_score: Tensor,
        bbox_pred: Tensor,
        img_meta: dict,
        rescale: bool = False,
        rcnn_test_cfg: dict | None = None,
    ) -> InstanceData:
        """Detections of one image: boxes (K, 5), scores (K,), labels (K,) after NMS, or before it without a config."""
        scores = self.loss_cls.get_activation(cls_score) if self.custom_activation else cls_score.float().softmax(dim=1)
        boxes = self.bbox_coder.decode(roi[:, 1:], bbox_pred)
        if rescale and len(boxes):
            boxes = scale_boxes(boxes, [1 / factor for factor in img_meta['scale_factor']])
        if rcnn_test_cfg is None:
            return InstanceData(bboxes=boxes.tensor, scores=scores)
        kept_boxes, kept_scores, labels = multiclass_rotated_nms(
            boxes.tensor,
            scores[:, : self.num_classes],
            rcnn_test_cfg.score_thr,
            rcnn_test_cfg.nms['iou_threshold'],
            rcnn_test_cfg.max_per_img,
        )
        return InstanceData(bboxes=kept_boxes, scores=kept_scores, labels=labels)
