"""RoI head of the skew-box Cascade: one config for all stages, which differ in IoU, loss weight and box code."""

import copy
from collections.abc import Sequence

import torch
from mmdet.models.roi_heads import CascadeRoIHead
from mmdet.models.task_modules.samplers import SamplingResult
from mmdet.models.utils import empty_instances, unpack_gt_instances
from mmdet.structures.bbox import bbox2roi, get_box_tensor
from mmengine.config import ConfigDict
from mmengine.structures import InstanceData
from mmrotate.registry import MODELS
from mmrotate.structures.bbox import RotatedBoxes
from torch import Tensor

# Standard deviations of (dx, dy, dw, dh, dt) of each stage: those of Cascade R-CNN, Sec. 3.3. For the angle, which is
# not in the paper, that of the centre: a ship's bow moves by dx lengths, or by dt / 2 lengths. Larger ones, near the
# spread of the angles themselves, leave the angle too small a share of the loss (docs/results/detection.md).
STAGE_STDS = ((0.1, 0.1, 0.2, 0.2, 0.1), (0.05, 0.05, 0.1, 0.1, 0.05), (0.033, 0.033, 0.067, 0.067, 0.033))


@MODELS.register_module()
class SkewCascadeRoIHead(CascadeRoIHead):
    """Cascade R-CNN's stages with rotated boxes (arXiv 1712.00726, Sec. 3; CI paper, Sec. IV-C).

    The first stage takes horizontal proposals and gives rotated boxes; each further stage takes the rotated boxes of
    the one before as its RoIs. A detection's scores are the mean of the stages' probabilities, its box is the last's.
    Class counts and any classification loss go into ``bbox_head`` once; every stage has its own copy.

    Args:
        bbox_roi_extractor: config of a ``SkewRoIExtractor``, used by all stages.
        bbox_head: config of a ``SkewBBoxHead``; each stage has one, whose coder is a ``SkewBoxCoder`` with its stds.
        num_stages: stages.
        stage_loss_weights: factor of each stage's losses.
        stage_ious: IoU from which a proposal is foreground at each stage. The first stage compares the axis-aligned
            bounds, the further ones the rotated boxes.
        stage_stds: standard deviations of each stage's code.
        train_cfg: ``assigner`` (its thresholds and IoU are set for each stage), ``sampler`` and ``pos_weight``.
        test_cfg: ``score_thr``, ``nms.iou_threshold``, ``max_per_img``.

    Raises:
        ValueError: a number of weights, IoUs or stds other than ``num_stages``.
    """

    def __init__(
        self,
        bbox_roi_extractor: dict,
        bbox_head: dict,
        num_stages: int = 3,
        stage_loss_weights: Sequence[float] = (1.0, 0.5, 0.25),
        stage_ious: Sequence[float] = (0.5, 0.6, 0.7),
        stage_stds: Sequence[Sequence[float]] = STAGE_STDS,
        train_cfg: dict | None = None,
        test_cfg: dict | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        per_stage = dict(stage_loss_weights=stage_loss_weights, stage_ious=stage_ious, stage_stds=stage_stds)
        for name, values in per_stage.items():
            if len(values) != num_stages:
                raise ValueError(f'{name}: expected {num_stages} values, one a stage, got {values}')
        coders = [dict(type='mmrotate.SkewBoxCoder', stds=tuple(stds)) for stds in stage_stds]
        super().__init__(
            num_stages=num_stages,
            stage_loss_weights=list(stage_loss_weights),
            bbox_roi_extractor=bbox_roi_extractor,
            bbox_head=[dict(copy.deepcopy(bbox_head), bbox_coder=coder) for coder in coders],
            train_cfg=train_cfg and _stage_configs(train_cfg, stage_ious),
            test_cfg=test_cfg,
            init_cfg=init_cfg,
        )

    def loss(
        self, x: tuple[Tensor, ...], rpn_results_list: list[InstanceData], batch_data_samples: list
    ) -> dict[str, Tensor]:
        """Losses of all stages, named ``s0.loss_cls``, ``s0.loss_bbox`` and so on.

        Every stage gives its losses, also where it has no RoI, so that all parameters have a gradient in each process.

        Args:
            x: feature maps, each (B, C, H, W).
            rpn_results_list: B times proposals ``bboxes`` (N, 4).
            batch_data_samples: B samples with ground truth.
        """
        gt_instances, gt_ignored, _ = unpack_gt_instances(batch_data_samples)
        proposals = [result.bboxes for result in rpn_results_list]
        losses = {}
        for stage in range(self.num_stages):
            samples = [
                self._sample(stage, boxes, gts, ignored)
                for boxes, gts, ignored in zip(proposals, gt_instances, gt_ignored, strict=True)
            ]
            results = self.bbox_loss(stage, x, samples)
            for name, value in results['loss_bbox'].items():
                weight = self.stage_loss_weights[stage] if 'loss' in name else 1.0
                losses[f's{stage}.{name}'] = value * weight
            if stage < self.num_stages - 1:
                proposals = self._refined(stage, samples, results)
        return losses

    def _sample(
        self, stage: int, boxes: Tensor, gt_instances: InstanceData, gt_ignored: InstanceData | None
    ) -> SamplingResult:
        """The RoIs of one image that a stage learns from."""
        priors = InstanceData(priors=boxes)
        assigned = self.bbox_assigner[stage].assign(priors, gt_instances, gt_ignored)
        return self.bbox_sampler[stage].sample(assigned, priors, gt_instances)

    @torch.no_grad()
    def _refined(self, stage: int, samples: list[SamplingResult], results: dict) -> list[RotatedBoxes]:
        """A stage's boxes of each image, but those that came from the ground truth itself."""
        boxes = get_box_tensor(self.bbox_head[stage].bbox_coder.decode(results['rois'][:, 1:], results['bbox_pred']))
        counts = [len(sample.pos_priors) + len(sample.neg_priors) for sample in samples]
        proposals = []
        for sample, own in zip(samples, boxes.split(counts), strict=True):
            keep = own.isfinite().all(dim=1)
            keep[: len(sample.pos_is_gt)] &= sample.pos_is_gt == 0
            proposals.append(RotatedBoxes(own[keep], clone=False))
        return proposals

    def predict_bbox(
        self,
        x: tuple[Tensor, ...],
        batch_img_metas: list[dict],
        rpn_results_list: list[InstanceData],
        rcnn_test_cfg: ConfigDict,
        rescale: bool = False,
        **kwargs,
    ) -> list[InstanceData]:
        """Detections of each image: boxes (K, 5), scores (K,), labels (K,)."""
        proposals = [result.bboxes for result in rpn_results_list]
        last = self.bbox_head[-1]
        if not sum(map(len, proposals)):
            return empty_instances(
                batch_img_metas,
                x[0].device,
                task_type='bbox',
                box_type=last.predict_box_type,
                num_classes=last.num_classes,
                score_per_cls=rcnn_test_cfg is None,
            )
        rois, scores, codes = self._run_stages(x, bbox2roi(proposals))
        counts = [len(boxes) for boxes in proposals]
        parts = zip(rois.split(counts), scores.split(counts), codes.split(counts), batch_img_metas, strict=True)
        return [last.detections(*part, rescale, rcnn_test_cfg) for part in parts]

    def _run_stages(self, x: tuple[Tensor, ...], rois: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """RoIs (N, 6) of the last stage, mean probabilities (N, num_classes + 1), codes (N, 5) of the last stage."""
        scores = []
        for stage, head in enumerate(self.bbox_head):
            results = self._bbox_forward(stage, x, rois)
            codes = results['bbox_pred']
            scores.append(head.class_scores(results['cls_score']))
            if stage < self.num_stages - 1:
                boxes = get_box_tensor(head.bbox_coder.decode(rois[:, 1:], codes))
                rois = torch.cat([rois[:, :1], boxes], dim=1)
        return rois, torch.stack(scores).mean(dim=0), codes

    def forward(
        self, x: tuple[Tensor, ...], rpn_results_list: list[InstanceData], batch_data_samples: list
    ) -> tuple[Tensor, Tensor, Tensor]:
        """The network alone, without decoding the last box or NMS: what ``_run_stages`` gives."""
        return self._run_stages(x, bbox2roi([result.bboxes for result in rpn_results_list]))


def _stage_configs(train_cfg: dict, stage_ious: Sequence[float]) -> list[ConfigDict]:
    """The training config of each stage: its IoU thresholds and the IoU that fits its proposals."""
    stages = []
    for stage, iou in enumerate(stage_ious):
        cfg = ConfigDict(copy.deepcopy(train_cfg))
        calculator = dict(type='mmrotate.SkewOverlaps2D' if stage else 'mmrotate.BoundsOverlaps2D')
        cfg.assigner.update(pos_iou_thr=iou, neg_iou_thr=iou, min_pos_iou=iou, iou_calculator=calculator)
        stages.append(cfg)
    return stages
