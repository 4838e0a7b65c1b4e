"""Assignment of priors to ground truth: several to each ship, and never an ignore region for background."""

from mmdet.models.task_modules.assigners import AssignResult, MaxIoUAssigner
from mmengine.structures import InstanceData
from mmrotate.registry import TASK_UTILS
from torch import Tensor


@TASK_UTILS.register_module()
class IgnoreRegionAssigner(MaxIoUAssigner):
    """MMDetection's MaxIoUAssigner with the rule of the evaluation for ignored instances, of any class or none.

    A prior that fits a ground truth is positive wherever it lies. One that would be background is ignored where one
    ignored instance holds more than ``ignore_iof_thr`` of its area.

    MaxIoUAssigner ignores every prior in an ignored instance, so that a ship beside a large difficult one, whose
    axis-aligned bounds hold it, is never learnt. And where an image has no ground truth to find, it takes all priors
    for background, those in ignored instances too.

    A slender ship has few priors with an IoU above ``pos_iou_thr``, or none. So each ground truth takes its
    ``best_priors`` best ones too, where their IoU is at least ``min_pos_iou`` and no other ground truth is nearer.

    Args:
        args: as of MaxIoUAssigner; ``ignore_iof_thr`` of 0 or less ignores nothing.
        best_priors: priors that a ground truth takes whatever ``pos_iou_thr`` says; 1 leaves MaxIoUAssigner's rule.
        kwargs: as of MaxIoUAssigner; ``ignore_wrt_candidates`` has no effect.
    """

    def __init__(self, *args, best_priors: int = 1, **kwargs) -> None:
        if best_priors < 1:
            raise ValueError(f'best_priors: found {best_priors}, expected 1 or more')
        super().__init__(*args, **kwargs)
        self.best_priors = best_priors

    def assign(
        self,
        pred_instances: InstanceData,
        gt_instances: InstanceData,
        gt_instances_ignore: InstanceData | None = None,
        **kwargs,
    ) -> AssignResult:
        """Assign N priors: ``gt_inds`` (N,) is the row of the ground truth + 1, 0 for background, -1 for neither."""
        result = super().assign(pred_instances, gt_instances, None, **kwargs)
        if gt_instances_ignore is not None and self.ignore_iof_thr > 0:
            share = self.iou_calculator(pred_instances.priors, gt_instances_ignore.bboxes, mode='iof')
            inside = (share > self.ignore_iof_thr).any(dim=1)
            result.gt_inds[inside & (result.gt_inds == 0)] = -1
        return result

    def assign_wrt_overlaps(self, overlaps: Tensor, gt_labels: Tensor) -> AssignResult:
        """Assign by overlaps (K, N) of K ground truths with N priors, as MaxIoUAssigner and then by the best priors."""
        result = super().assign_wrt_overlaps(overlaps, gt_labels)
        if self.best_priors > 1 and overlaps.numel():
            ious, priors = overlaps.topk(min(self.best_priors, overlaps.size(1)), dim=1)
            rows, columns = (ious >= self.min_pos_iou).nonzero(as_tuple=True)
            priors = priors[rows, columns]
            nearest = overlaps[:, priors].argmax(dim=0) == rows
            result.gt_inds[priors[nearest]] = rows[nearest] + 1
            result.labels[priors[nearest]] = gt_labels[rows[nearest]]
        return result
