"""The least score of each class, chosen in validation and saved with the weights."""

from collections.abc import Mapping
from typing import Any

from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmrotate.registry import HOOKS

from ship_det.evaluation.voc_metric import VOCRotatedMetric


@HOOKS.register_module()
class MinScoresHook(Hook):
    """Save in every checkpoint, as ``meta['min_scores']``, the score of best F1 of each class in the last validation.

    A detector that is loaded takes them where no other least score is asked for. A class that the validation did not
    find has the one of the score threshold of the metric.
    """

    def __init__(self) -> None:
        self.min_scores: dict[str, float] | None = None

    def after_val_epoch(self, runner: Runner, metrics: Mapping[str, float] | None = None) -> None:
        """Take the scores over from the metric."""
        found = [metric for metric in runner.val_loop.evaluator.metrics if isinstance(metric, VOCRotatedMetric)]
        if found and found[0].min_scores:
            self.min_scores = found[0].min_scores

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict[str, Any]) -> None:
        """Put the scores into a checkpoint."""
        if self.min_scores is not None:
            checkpoint['meta']['min_scores'] = self.min_scores

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict[str, Any]) -> None:
        """Keep those of the checkpoint that a training goes on from."""
        if runner._resume:
            self.min_scores = checkpoint.get('meta', {}).get('min_scores', self.min_scores)
