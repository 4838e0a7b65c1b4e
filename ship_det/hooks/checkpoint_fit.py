"""Hook that refuses a checkpoint which does not belong to the config, before any of its weights is taken."""

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from mmengine.hooks import EMAHook, Hook
from mmengine.model import BaseTTAModel, is_model_wrapper
from mmengine.optim import OptimWrapperDict
from mmengine.runner import BaseLoop, Runner
from mmengine.runner.checkpoint import find_latest_checkpoint

from ship_det.checkpoints import Differences, check_fits, trained_classes
from ship_det.progress import FOR_CONSOLE

# Of MMDetection's box heads and all that are derived from them; those of several stages have several.
CLASS_LAYER = re.compile(r'(^|\.)fc_cls\.')
BEST = re.compile(r'best_.*\.pth')
# State of SGD and Adam of a parameter's own shape.
MOMENTS = ('momentum_buffer', 'exp_avg', 'exp_avg_sq')


class CheckpointFitHook(Hook):
    """Compare a checkpoint with the model, the data and, where a training goes on, the optimizer.

    Testing and resuming need every weight and the same classes in the same order. Other training may start from a
    part of the weights; those that are left out are named in one warning. Where that training has other classes, the
    class layers begin anew, also where their shapes agree by chance.

    Raises:
        ValueError: naming the checkpoint, the config and the first differences.
    """

    priority = 'HIGHEST'

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict[str, Any]) -> None:
        """Compare a checkpoint that was read, and take out of it what the training shall not take."""
        resumes, trains = runner._resume, isinstance(runner._train_loop, BaseLoop)
        path = runner._load_from or find_latest_checkpoint(runner.work_dir)
        config = runner.cfg.filename or runner.experiment_name
        names = f'{path}: does not fit {config}'
        if 'state_dict' not in checkpoint:
            # The weights alone; hooks ask for the dict that a training writes.
            weights = dict(checkpoint)
            checkpoint.clear()
            checkpoint['state_dict'] = weights
        if trains and not resumes and (message := _leave_out_class_layers(runner, checkpoint)):
            runner.logger.warning(f'{path}: {message}', extra=FOR_CONSOLE)
        differences = compare(runner.model, checkpoint['state_dict'], with_losses=resumes)
        if trains and not resumes:
            if not differences.fitting:
                raise ValueError(f'{names}: found none of its weights; {differences.summary()}')
            if differences:
                message = f'{path}: not all weights fit {config}: {differences.summary()}'
                runner.logger.warning(message, extra=FOR_CONSOLE)
            return
        problems = [differences.summary()] if differences else []
        if classes := _other_classes(checkpoint, _dataset(runner, trains)):
            # A label is a place in their list.
            found, expected = (', '.join(names) for names in classes)
            problems.append(f'trained with the classes {found}, but the data has {expected}')
        if resumes and not problems:
            try:
                problems.extend(_resume_problems(runner, checkpoint))
            except (TypeError, KeyError, AttributeError) as error:
                problems.append(f'damaged state of a training: {type(error).__name__} {error}')
        if problems:
            raise ValueError(f'{names}: {"; ".join(problems)}')
        if resumes:
            _keep_own_files(checkpoint['message_hub'], Path(path).parent)


def compare(model: Any, weights: Mapping[str, Any], with_losses: bool) -> Differences:
    """Differences between a model and weights that it is about to take; may change the model's weights."""
    while is_model_wrapper(model) or isinstance(model, BaseTTAModel):
        model = model.module
    expected = model.state_dict()
    found = check_fits(expected, weights, with_losses)
    if not found.missing and not found.unexpected:
        return found
    # Only the model knows names of older versions and of related models: it renames them while it loads.
    weights = {name.removeprefix('module.'): value for name, value in weights.items()}
    others = {line.partition(' ')[0] for line in found.shapes}
    with suppress(RuntimeError):
        left = model.load_state_dict({n: v for n, v in weights.items() if n not in others}, strict=False)
        missing = tuple(name for name in found.missing if name in left.missing_keys)
        unexpected = tuple(name for name in found.unexpected if name in left.unexpected_keys)
        fitting = found.fitting + len(found.missing) - len(missing)
        return replace(found, missing=missing, unexpected=unexpected, fitting=fitting)
    return found


def _dataset(runner: Runner, trains: bool) -> Any:
    if trains:
        return runner.train_dataloader.dataset
    loop = runner._test_loop if isinstance(runner._test_loop, BaseLoop) else runner._val_loop
    return loop.dataloader.dataset


def _other_classes(checkpoint: dict[str, Any], dataset: Any) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    """The classes trained on and those of the data; None where they are the same or not known."""
    found = trained_classes(checkpoint)
    expected = (getattr(dataset, 'metainfo', None) or {}).get('classes')
    if found is None or expected is None or found == tuple(expected):
        return None
    return found, tuple(expected)


def _leave_out_class_layers(runner: Runner, checkpoint: dict[str, Any]) -> str | None:
    """Put the model's own class layers in place of those of a training with other classes; what is said of it.

    One class in place of one other is the same question, ship or not, and keeps its layer.
    """
    classes = _other_classes(checkpoint, _dataset(runner, True))
    if classes is None or len(classes[0]) == len(classes[1]) == 1:
        return None
    model: Any = runner.model.module if is_model_wrapper(runner.model) else runner.model
    own = {name: value for name, value in model.state_dict().items() if CLASS_LAYER.search(name)}
    weights = checkpoint['state_dict']
    left = [name for name in weights if CLASS_LAYER.search(name)]
    for name in left:
        del weights[name]
    weights.update(own)
    return f'trained with the classes {", ".join(classes[0])}: all is taken but the class layer' if left else None


def _resume_problems(runner: Runner, checkpoint: dict[str, Any]) -> Iterator[str]:
    """Why a training cannot go on from a checkpoint whose weights fit."""
    meta: Any = checkpoint.get('meta')
    hub: Any = checkpoint.get('message_hub')
    whole = isinstance(meta, dict) and all(type(meta.get(key)) is int for key in ('epoch', 'iter'))
    parts = ('log_scalars', 'runtime_info', 'resumed_keys')
    if not whole or not isinstance(hub, dict) or not all(isinstance(hub.get(part), dict) for part in parts):
        yield 'expected the state of a training beside the weights, found none; load_from=FILE starts a new training'
        return
    if not isinstance(meta.get('seed'), int | None):
        yield f'expected a whole number as its seed, found {meta["seed"]!r}'
    kept = hub['runtime_info'].get('keep_ckpt_ids', [])
    if not isinstance(kept, list) or not all(type(step) is int for step in kept):
        yield f'expected numbers as keep_ckpt_ids, found {kept!r}'
    yield from _average_problems(runner, checkpoint)
    if 'optimizer' in checkpoint:
        yield from _optimizer_problems(runner.optim_wrapper, checkpoint['optimizer'])
    if isinstance(runner.param_schedulers, list) and 'param_schedulers' in checkpoint:
        yield from _scheduler_problems(runner.param_schedulers, checkpoint['param_schedulers'])


def _average_problems(runner: Runner, checkpoint: dict[str, Any]) -> Iterator[str]:
    """An averaged model belongs to its hook: with one, the averages stand in place of the weights."""
    averages = checkpoint.get('ema_state_dict')
    if averages is None:
        return
    if not any(isinstance(hook, EMAHook) for hook in runner.hooks):
        yield 'found averaged weights, expected an EMAHook among the custom_hooks'
        return
    averaged = {name: value for name, value in averages.items() if name.startswith('module.')}
    differences = check_fits(checkpoint['state_dict'], averaged, with_losses=True)
    if differences:
        yield f'averaged weights: {differences.summary()}'


def _optimizer_problems(wrapper: Any, saved: Any) -> Iterator[str]:
    if isinstance(wrapper, OptimWrapperDict):
        for name, part in wrapper.items():
            yield from _optimizer_problems(part, saved[name])
        return
    optimizer, groups = wrapper.optimizer, saved['param_groups']
    name = type(optimizer).__name__
    sizes, expected = ([len(group['params']) for group in each] for each in (groups, optimizer.param_groups))
    if sizes != expected:
        yield (
            f'optimizer {name}: found {sum(sizes)} parameters in {len(sizes)} groups, '
            f'expected {sum(expected)} in {len(expected)}'
        )
        return
    settings = {key for key, value in optimizer.defaults.items() if type(value) in (int, float, tuple)}
    if lacking := sorted({key for group in groups for key in settings - group.keys()}):
        yield f'optimizer {name}: found the state of another one, without {", ".join(lacking)}'
        return
    parameters = [parameter for group in optimizer.param_groups for parameter in group['params']]
    for index, parameter in zip((i for group in groups for i in group['params']), parameters, strict=True):
        # Other entries, such as counters and factored moments, have shapes of their own.
        moments = {key: value for key, value in saved['state'].get(index, {}).items() if key in MOMENTS}
        for key, value in moments.items():
            if value is not None and value.shape != parameter.shape:
                yield (
                    f'optimizer {name}: {key} of parameter {index}: '
                    f'found shape {tuple(value.shape)}, expected {tuple(parameter.shape)}'
                )
                return


def _scheduler_problems(schedulers: list, saved: list[dict[str, Any]]) -> Iterator[str]:
    if len(saved) != len(schedulers):
        yield f'found {len(saved)} parameter schedulers, expected {len(schedulers)}'
        return
    for scheduler, state in zip(schedulers, saved, strict=True):
        if lacking := sorted(scheduler.state_dict().keys() - state.keys()):
            yield f'scheduler {type(scheduler).__name__}: found the state of another one, without {", ".join(lacking)}'


def _keep_own_files(message_hub: dict[str, dict], folder: Path) -> None:
    """Forget a best checkpoint elsewhere: MMEngine removes what is named here, a whole folder too, for a better one."""
    files = message_hub['runtime_info']
    for key in [key for key in files if str(key).startswith('best_ckpt')]:
        path = Path(str(files[key]))
        if not BEST.fullmatch(path.name) or path.is_dir() or path.parent.resolve() != folder.resolve():
            del files[key]
            message_hub['resumed_keys'].pop(key, None)
