"""Assignment of priors to ground truth that never takes an ignore region for background."""

from mmdet.models.task_modules.assigners import AssignResult, MaxIoUAssigner
from mmengine.structures import InstanceData
from mmrotate.registry import TASK_UTILS


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
        kwargs: likewise; ``ignore_wrt_candidates`` has no effect.
    """

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
