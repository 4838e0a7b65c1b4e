"""Ctrl-C, or a scheduler's SIGTERM, while training: the iteration is finished, its weights are saved, then it stops."""

import os
import signal
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Any

import torch
from mmengine.device import get_device
from mmengine.dist import all_reduce, barrier, get_world_size, is_main_process
from mmengine.hooks import CheckpointHook, EMAHook, Hook
from mmengine.runner import EpochBasedTrainLoop, Runner

from ship_det.cli import Interrupted
from ship_det.hooks.checkpoint import INTERRUPTED
from ship_det.hooks.reproducible import ReproducibleTrainingHook

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class InterruptHook(Hook):
    """Save a checkpoint that ``--resume`` continues from before an interrupted training ends.

    The first signal waits for the end of the iteration, in all processes; a second one ends the process at once.

    Args:
        say: prints a line for the user.
    """

    # After the schedules have stepped, and after a regular checkpoint.
    priority = 'LOWEST'

    def __init__(self, say: Callable[[str], None] = print) -> None:
        self._say = say
        self._received = 0
        self._process = 0
        self._previous: dict[int, Any] = {}

    def before_train(self, runner: Runner) -> None:
        """Take the signals over."""
        self._process = os.getpid()
        for number in _SIGNALS:
            self._previous[number] = signal.signal(number, self._receive)

    def after_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: dict | None = None
    ) -> None:
        """Save and stop where a process has received a signal.

        Raises:
            Interrupted: after the checkpoint was written.
        """
        self._stop_if_asked(runner, runner.iter + 1)

    def after_val_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: Sequence | None = None
    ) -> None:
        """Save and stop within a validation; the processes validate different numbers of images, so only a lone one."""
        if get_world_size() == 1 and self._previous and self._received:
            for hook in runner.hooks:
                if isinstance(hook, EMAHook):
                    # What is validated are the averages, in the place of the weights that training goes on from.
                    hook.after_val_epoch(runner)
            self._stop_if_asked(runner, runner.iter)

    def after_val_epoch(self, runner: Runner, metrics: dict | None = None) -> None:
        """Save and stop after a validation."""
        if self._previous:
            self._stop_if_asked(runner, runner.iter)

    def after_train(self, runner: Runner) -> None:
        """Give the signals back."""
        for number, handler in self._previous.items():
            signal.signal(number, handler)
        self._previous = {}

    def _receive(self, number: int, frame: FrameType | None) -> None:
        if self._received:
            self.after_train(None)
            signal.raise_signal(number)
        self._received = number
        # Processes that load data are forked with this handler.
        if is_main_process() and os.getpid() == self._process:
            # The signal may come in the middle of a line, which cannot be written to then.
            with suppress(RuntimeError):
                self._say('stopping after this iteration; once more stops at once and loses what was not saved')

    def _stop_if_asked(self, runner: Runner, iteration: int) -> None:
        received = torch.tensor(self._received, device=get_device())
        # A process alone need not ask the others.
        if get_world_size() > 1:
            all_reduce(received, op='max')
        if not received:
            return
        path = _save(runner, iteration)
        self.after_train(runner)
        where = 'continues there' if _resumes_within_epochs(runner) else 'begins its epoch again'
        message = f'stopped after iteration {iteration}, saved as {path}; --resume {where}'
        raise Interrupted(int(received), message)


def _resumes_within_epochs(runner: Runner) -> bool:
    """Whether a resumed training leaves out the part of an epoch that it has had."""
    by_epoch = isinstance(runner.train_loop, EpochBasedTrainLoop)
    return not by_epoch or any(isinstance(hook, ReproducibleTrainingHook) for hook in runner.hooks)


def _save(runner: Runner, iteration: int) -> Path:
    """Write a checkpoint of the work dir, and name it as the one to resume from."""
    hook = next((hook for hook in runner.hooks if isinstance(hook, CheckpointHook)), None)
    folder = runner.work_dir if hook is None or hook.out_dir is None else hook.out_dir
    options = {'backend_args': hook.backend_args} if hook is not None else {}
    # The loops count an epoch when it is over.
    begun = runner.epoch * len(runner.train_dataloader)
    meta = {'epoch': runner.epoch, 'iter': iteration if _resumes_within_epochs(runner) else begun}
    runner.save_checkpoint(folder, INTERRUPTED, by_epoch=False, meta=meta, **options)
    path = Path(folder) / INTERRUPTED
    if is_main_process():
        (Path(runner.work_dir) / 'last_checkpoint').write_text(str(path))
    barrier()
    return path
