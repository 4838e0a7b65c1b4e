"""Hook that tells the losses how often each class occurs in the training data."""

import warnings
from typing import Any

import numpy as np
from mmengine.dist import broadcast_object_list, is_main_process
from mmengine.hooks import Hook
from mmengine.runner import BaseLoop, Runner
from mmrotate.registry import HOOKS
from torch import nn

from ship_det.imbalance import ImbalanceSummary, count_instances, dataset_classes, summarize
from ship_det.losses import AbsentClassWarning
from ship_det.progress import FOR_CONSOLE


@HOOKS.register_module()
class ClassCountsHook(Hook):
    """Count the instances of the training data and hand the counts to every loss that asks for them.

    A loss asks by having a method ``set_class_counts(counts)``. Ignored instances do not count, repeated ones do (see
    :func:`ship_det.imbalance.count_instances`). The first process counts, the others receive the counts.

    The training data has the last word: counts from a checkpoint or from the config that differ are replaced, with a
    warning. Testing needs no counts and leaves those of the checkpoint as they are.

    Raises:
        ValueError: before the first iteration, if a head has another number of classes than the training data, an
            instance's label is no class of the data, or there is no instance at all.
    """

    priority = 'VERY_HIGH'

    def __init__(self) -> None:
        self._summary: ImbalanceSummary | None = None

    def before_run(self, runner: Runner) -> None:
        """Set the counts before EMAHook copies the model; in testing the training loop has not been built."""
        if isinstance(runner._train_loop, BaseLoop):
            self._set_counts(runner)

    def before_train(self, runner: Runner) -> None:
        """Set the counts again: a checkpoint loaded since may have brought others."""
        self._set_counts(runner)

    def _set_counts(self, runner: Runner) -> None:
        if self._summary is None:
            self._summary = _count_on_main_process(runner.train_dataloader.dataset, _exponent(runner.model))
            runner.logger.info(f'Classes of the training data:\n{self._summary}', extra=FOR_CONSOLE)
            if self._summary.absent:
                runner.logger.warning(
                    f'No training instance of {", ".join(self._summary.absent)}: factor 1, left out of lambda',
                    extra=FOR_CONSOLE,
                )
        for name, loss in runner.model.named_modules():
            if hasattr(loss, 'set_class_counts'):
                _check_head(runner.model, name, self._summary.classes)
                _set(loss, name, self._summary.counts, runner)


def _exponent(model: nn.Module) -> float | None:
    """Power of N_max / N in the factors of the model's losses where all have the same one, else None: eq. (5)'s."""
    found = {getattr(loss, 'exponent', None) for loss in model.modules() if hasattr(loss, 'set_class_counts')}
    return found.pop() if len(found) == 1 else None


def _count_on_main_process(dataset: object, exponent: float | None = None) -> ImbalanceSummary:
    """Count on the first process and broadcast; an error there is raised on all, so that none waits for ever."""
    result: list[ImbalanceSummary | str | None] = [None]
    if is_main_process():
        try:
            result = [summarize(dataset_classes(dataset), count_instances(dataset), exponent)]
        except ValueError as error:
            result = [str(error)]
    broadcast_object_list(result)
    if not isinstance(result[0], ImbalanceSummary):
        raise ValueError(result[0])
    return result[0]


def _check_head(model: nn.Module, loss_name: str, classes: tuple[str, ...]) -> None:
    """Compare the classes of the nearest module around the loss that has ``num_classes`` with those of the data."""
    parts = loss_name.split('.')
    for length in reversed(range(len(parts))):
        head_name = '.'.join(parts[:length])
        found = getattr(model.get_submodule(head_name), 'num_classes', None)
        if found is None:
            continue
        if found != len(classes):
            raise ValueError(
                f'{head_name or type(model).__name__}: found num_classes={found}, expected {len(classes)}, '
                f'the classes of the training data: {", ".join(classes)}'
            )
        return


def _set(loss: Any, name: str, counts: np.ndarray, runner: Runner) -> None:
    found = getattr(loss, 'class_counts', None)
    if found is not None and len(found) and found.tolist() != counts.tolist():
        runner.logger.warning(
            f'{name}: replaced class counts {found.tolist()} (from a checkpoint or the config) by those of the '
            f'training data, {counts.tolist()}',
            extra=FOR_CONSOLE,
        )
    with warnings.catch_warnings():
        # The table above names the absent classes.
        warnings.simplefilter('ignore', AbsentClassWarning)
        loss.set_class_counts(counts)
