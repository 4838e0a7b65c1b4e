"""What a person reads while a detector trains or is tested; everything else goes to the log file alone."""

import logging
import shlex
from pathlib import Path
from typing import Any

import torch
from mmengine.dist import is_main_process
from mmengine.hooks import CheckpointHook, Hook
from mmengine.logging import MMLogger
from mmengine.runner import EpochBasedTrainLoop, Runner

from ship_det.hooks.checkpoint import SafeCheckpointHook
from ship_det.progress import Console, ConsoleHandler, count_noun, format_seconds

# Seconds between two lines of progress.
_INTERVAL = 5.0
# Iterations that the shown loss and duration are averaged over.
_WINDOW = 20


def quiet(logger: MMLogger, console: Console) -> None:
    """Let a logger print what is meant for a person; its file gets all, Python's warnings too."""
    streams = [handler for handler in logger.handlers if type(handler) is logging.StreamHandler]
    files = [handler for handler in logger.handlers if handler not in streams]
    logger.handlers = [ConsoleHandler(console, is_main_process()), *files]
    logging.captureWarnings(True)
    warnings = logging.getLogger('py.warnings')
    warnings.handlers, warnings.propagate = files or [logging.NullHandler()], False


def introduce(runner: Runner, console: Console, purpose: str, dataset: Any) -> None:
    """Say on which device and data a model is trained or tested, and where the log is."""
    if not is_main_process():
        return
    cpu = f'CPU, {count_noun(torch.get_num_threads(), "thread")}'
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else cpu
    parameters = sum(parameter.numel() for parameter in runner.model.parameters()) / 1e6
    console.say(f'device: {device}')
    console.say(f'model: {Path(runner.cfg.filename or "").stem}, {parameters:.1f} million parameters')
    source = dataset
    while not hasattr(source, 'data_root') and hasattr(source, 'dataset'):
        source = source.dataset
    root, listing = getattr(source, 'data_root', ''), getattr(source, 'ann_file', '')
    where = f' in {root}' if root else ''
    names = f', listed in {Path(listing).name}' if listing else ''
    repeated = f', {len(dataset)} with repetitions' if len(dataset) != len(source) else ''
    console.say(f'{purpose} data: {count_noun(len(source), "image")}{where}{names}{repeated}')
    console.say(f'log: {runner.logger.log_file}')


class StartedHook(Hook):
    """Notes whether an iteration of training or testing is over, and what the start has made in the work dir.

    Attributes:
        is_over: whether one is.
        folders: folders of this run's logs.
        wrote_config: whether the config was written into the work dir.
    """

    def __init__(self) -> None:
        self.is_over = False
        self.folders: list[Path] = []
        self.wrote_config = False

    def after_train_iter(self, *args: Any, **kwargs: Any) -> None:
        """Note that one is over."""
        self.is_over = True

    after_test_iter = after_train_iter


class ConsoleHook(Hook):
    """Says what is trained or tested on what, and how far it is.

    Args:
        console: where to say it.
        command: how the user tests a checkpoint, said at the end of a training; '{}' stands for the checkpoint.
    """

    priority = 'LOWEST'

    def __init__(self, console: Console, command: str = '') -> None:
        self.console = console
        self.command = command

    def before_train(self, runner: Runner) -> None:
        """Say how long the training is and where its checkpoints go."""
        if not is_main_process():
            return
        hook = next((hook for hook in runner.hooks if isinstance(hook, CheckpointHook)), None)
        if hook is not None:
            unit = 'epoch' if hook.by_epoch else 'iteration'
            every = f'{unit}' if hook.interval == 1 else count_noun(hook.interval, unit)
            self.console.say(f'checkpoints: {hook.out_dir}, every {every}')
        start = f' from iteration {runner.iter}' if runner.iter else ''
        self.console.say(f'training starts{start}: {count_noun(runner.max_iters, "iteration")}')
        self.console.begin('first iteration')

    def after_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: dict | None = None
    ) -> None:
        """Say the recent loss, the seconds an iteration takes and how long the rest will take."""
        done = runner.iter + 1
        self.console.begin(f'iteration {done + 1} of {runner.max_iters}')
        if is_main_process() and (self._is_due() or done in (1, runner.max_iters)):
            loss, seconds = (_recent_mean(runner, f'train/{name}') for name in ('loss', 'time'))
            left = format_seconds(seconds * (runner.max_iters - done))
            epoch = ''
            if isinstance(runner.train_loop, EpochBasedTrainLoop):
                epoch = f'epoch {runner.epoch + 1}/{runner.max_epochs}  '
            self.console.say(
                f'{epoch}iteration {done}/{runner.max_iters}  loss {loss:.4g}  {seconds:.2f} s each  {left} left', True
            )

    def after_train(self, runner: Runner) -> None:
        """Name the last and the best checkpoints, and the command that tests them."""
        self.console.begin('')
        record = Path(runner.work_dir) / 'last_checkpoint'
        if is_main_process() and record.is_file():
            checkpoint = record.read_text().strip()
            self.console.say(f'trained: {checkpoint}')
            for hook in runner.hooks:
                best = hook.best_checkpoints if isinstance(hook, SafeCheckpointHook) else {}
                for metric, path in best.items():
                    self.console.say(f'best {metric} in validation: {path}')
                    checkpoint = path
            if self.command:
                self.console.say(f'test it: {self.command.format(shlex.quote(checkpoint))}')

    def before_val(self, runner: Runner) -> None:
        """Say that a validation starts."""
        self.console.begin('validating')

    def before_test(self, runner: Runner) -> None:
        """Say that a test starts."""
        self.console.begin('testing')

    def after_test(self, runner: Runner) -> None:
        """End the line of progress."""
        self.console.begin('')

    def _after_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: Any = None, mode: str = 'train'
    ) -> None:
        # Of a validation or a test; after_train_iter is called in place of it in a training.
        what, loader = ('validating', runner.val_dataloader) if mode == 'val' else ('testing', runner.test_dataloader)
        done = batch_idx + 1
        if is_main_process() and (self._is_due() or done == len(loader)):
            self.console.say(f'{what}: {done} of {len(loader)} batches', True)
        if done == len(loader):
            self.console.begin('evaluating')

    def _is_due(self) -> bool:
        return self.console.seconds_silent() >= _INTERVAL


def _recent_mean(runner: Runner, name: str) -> float:
    scalars = runner.message_hub.log_scalars
    return float(scalars[name].mean(_WINDOW)) if name in scalars else float('nan')
