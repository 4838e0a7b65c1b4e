"""Hook that stops training at the first loss that is no longer a finite number."""

from collections.abc import Mapping
from typing import Any

import torch
from mmengine.dist import all_gather_object, all_reduce, get_world_size
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
        values = {name: value.detach() for name, value in (outputs or {}).items() if 'loss' in name}
        if len(values) > 1:
            # The sum of the others.
            values.pop('loss', None)
        norm = _gradient_norm(runner)
        if norm is not None:
            values['the norm of the gradients'] = norm
        if not values:
            return
        device = next(runner.model.parameters()).device
        broken = ~torch.isfinite(torch.stack([value.to(device).float().mean() for value in values.values()]))
        anywhere = broken.any().int()
        all_reduce(anywhere, op='max')
        if anywhere:
            report = _report(values, broken.tolist(), data_batch) if broken.any() else None
            reports = all_gather_object(report)
            raise NonFiniteLossError(f'training stopped in iteration {runner.iter + 1}: {_join(reports)}')


def _gradient_norm(runner: Runner) -> torch.Tensor | None:
    """What MMEngine logged when it clipped the gradients of this iteration."""
    wrapper = runner.optim_wrapper
    # A wrapper that clips gradients has a name for what it logs of them.
    name = getattr(wrapper, 'grad_name', None)
    if name is None or isinstance(wrapper, AmpOptimWrapper):
        return None
    logged = runner.message_hub.log_scalars.get(f'train/{name}')
    return None if logged is None else torch.tensor(float(logged.current()))


def _report(values: Mapping[str, torch.Tensor], broken: list[bool], data_batch: Any) -> str:
    """Which values broke, the others, and the images."""
    texts = {name: f'{name} is {float(value.float().mean()):.6g}' for name, value in values.items()}
    bad = [text for text, is_broken in zip(texts.values(), broken, strict=True) if is_broken]
    good = [text for text, is_broken in zip(texts.values(), broken, strict=True) if not is_broken]
    samples = data_batch.get('data_samples', []) if isinstance(data_batch, Mapping) else []
    images = [sample.metainfo.get('img_path', 'an image without img_path') for sample in samples]
    return f'{", ".join(bad)} ({", ".join(good) or "no other value"}); images of the batch: {", ".join(images)}'


def _join(reports: list[str | None]) -> str:
    if get_world_size() == 1:
        return reports[0]
    return '; '.join(f'rank {rank}: {report}' for rank, report in enumerate(reports) if report)
