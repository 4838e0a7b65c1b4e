"""Assignment of priors to ground truth that never takes an ignore region for background."""

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

    Args:
        args: as of MaxIoUAssigner; ``ignore_iof_thr`` of 0 or less ignores nothing.
        nearly_best: a prior is positive, too, if its IoU is this share of the best that any prior has with the ground
            truth, and at least ``min_pos_iou``; 1 for none but the best. One threshold for all is too high for slender
            ships, which leaves them a prior or two, and too low for ships side by side at 45 degrees, whose bounds
            overlap each other by half.
        kwargs: likewise; ``ignore_wrt_candidates`` has no effect.
    """

    def __init__(self, *args, nearly_best: float = 1.0, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        if not 0 < nearly_best <= 1:
            raise ValueError(f'nearly_best: expected a share above 0, up to 1, found {nearly_best}')
        self.nearly_best = nearly_best

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
        """Assign N priors by their overlaps (K, N) with K ground truths of labels (K,)."""
        result = super().assign_wrt_overlaps(overlaps, gt_labels)
        if self.nearly_best == 1 or not overlaps.numel():
            return result
        least = (self.nearly_best * overlaps.amax(dim=1)).clamp(min=self.min_pos_iou)
        best, row = overlaps.max(dim=0)
        added = (best >= least[row]) & (result.gt_inds <= 0)
        result.gt_inds[added] = row[added] + 1
        result.labels[added] = gt_labels[row[added]]
        return result
