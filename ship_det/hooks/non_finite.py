"""Hook that stops training at the first loss that is no longer a finite number."""

import math
from collections.abc import Mapping
from typing import Any

import torch
from mmengine.dist import all_gather_object, all_reduce
from mmengine.hooks import Hook
from mmengine.optim import AmpOptimWrapper
from mmengine.runner import Runner
from mmrotate.registry import HOOKS


class NonFiniteLossError(ValueError):
    """A loss or a gradient is infinite or not a number."""


@HOOKS.register_module()
class NonFiniteLossHook(Hook):
    """Stop all processes when a loss of any of them is infinite or not a number.

    The message names the iteration, the losses and the images of the batch. No checkpoint of that iteration is written.
    Where gradients are clipped their norm is looked at as well, except under mixed precision, whose loss scaler meets
    infinite gradients and skips them: the norm tells one iteration earlier, before a checkpoint has the broken weights.

    Args:
        interval: check every so many iterations. A check waits for the GPU, and for the other processes.
    """

    def __init__(self, interval: int = 1) -> None:
        if interval < 1:
            raise ValueError(f'interval must be at least 1, got {interval}')
        self.interval = interval

    def after_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: Mapping[str, Any] | None = None
    ) -> None:
        """Check the losses of an iteration.

        Raises:
            NonFiniteLossError: one is not finite, in this process or another.
        """
        if not self.every_n_train_iters(runner, self.interval):
            return
        losses = {name: value.detach() for name, value in (outputs or {}).items() if 'loss' in name}
        if len(losses) > 1:
            # The sum of the others.
            losses.pop('loss', None)
        if not losses:
            return
        values = torch.stack([value.float().mean() for value in losses.values()])
        norm = _gradient_norm(runner)
        broken = ~torch.isfinite(values).all() | (not math.isfinite(norm))
        flag = broken.int()
        all_reduce(flag, op='max')
        if flag:
            reports = all_gather_object(_report(dict(zip(losses, values.tolist(), strict=True)), norm, data_batch))
            raise NonFiniteLossError(f'training stopped in iteration {runner.iter + 1}: {_join(reports)}')


def _gradient_norm(runner: Runner) -> float:
    """What MMEngine logged when it clipped the gradients; 0 where it did not, or where they need not be finite."""
    wrapper = runner.optim_wrapper
    # A wrapper that clips gradients has a name for what it logs of them.
    name = getattr(wrapper, 'grad_name', None)
    if name is None or isinstance(wrapper, AmpOptimWrapper):
        return 0.0
    logged = runner.message_hub.log_scalars.get(f'train/{name}')
    return 0.0 if logged is None else float(logged.current())


def _report(losses: Mapping[str, float], norm: float, data_batch: Any) -> tuple[bool, str]:
    """Whether a loss broke, and what one process has to say of its losses, or of the gradients, which all share."""
    bad = [f'{name} is {value}' for name, value in losses.items() if not math.isfinite(value)]
    good = [f'{name} is {value:.6g}' for name, value in losses.items() if math.isfinite(value)]
    samples = data_batch.get('data_samples', []) if isinstance(data_batch, Mapping) else []
    images = ', '.join(sample.metainfo.get('img_path', 'an image without img_path') for sample in samples)
    what = ', '.join(bad) if bad else f'the norm of the gradients is {norm}'
    return bool(bad), f'{what} ({", ".join(good) or "no other loss"}); images of the batch: {images}'


def _join(reports: list[tuple[bool, str]]) -> str:
    """The reports of the processes whose losses broke, or of all if none did."""
    if len(reports) == 1:
        return reports[0][1]
    one_broke = any(loss_broke for loss_broke, _ in reports)
    told = [f'rank {rank}: {text}' for rank, (loss_broke, text) in enumerate(reports) if loss_broke == one_broke]
    return '; '.join(told)
