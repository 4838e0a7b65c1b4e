"""Settings of a few-shot experiment, read from a config file of MMEngine."""

import dataclasses
import math
import typing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ship_det.experiments.config_files import read_assignments
from ship_det.experiments.few_shot.splits import Split, all_splits, parse_split

LOSSES = ('ce', 'fl', 'ci', 'ci_modulator', 'ci_factors')
#: Settings that say which runs there are, or how they are executed, but change nothing about one run.
_OUTSIDE_A_RUN = {
    *('data_root', 'splits', 'losses', 'seeds', 'iterations'),
    *('tasks_at_once', 'checkpoint_every', 'log_every'),
}
# All images are held in memory, px; four poolings make the smallest 1 px.
_LARGEST_IMAGE, _SMALLEST_IMAGE = 1024, 16


@dataclass(frozen=True)
class FewShotConfig:
    """Settings of a few-shot experiment; the defaults are the paper's and MAML's where those say.

    Attributes:
        data_root: folder with train/, val/ and test/, a folder of images for each class in each.
        image_size: width and height the images are brought to, px.
        filters: channels of each layer of Conv4.
        splits: support samples of the classes of a task, a list for each split; 'all' for the 30 of eq. (21).
        losses: which of LOSSES to train with; the inner and the outer loop have the same loss.
        seeds: each a training from its own initial weights on its own tasks.
        iterations: meta-updates.
        meta_batch: tasks of a meta-update.
        meta_lr: learning rate of Adam.
        meta_clip: the elements of the meta-gradient are clipped to [-meta_clip, meta_clip].
        inner_lr: step of gradient descent on a task.
        inner_steps: such steps in meta-training.
        first_order: leave the second derivatives out of the meta-gradient.
        loss_scale: 'classes' multiplies the mean loss by the number of classes, as MAML's public code does; 'mean'.
        query_factor: p, the query samples of a class in meta-training being p times its support samples.
        permute_counts: draw anew for each task which of its labels has which count. False: label i has the i-th count
            of the split in all tasks, as eq. (21) is written.
        focal_gamma: exponent of the loss 'fl'.
        test_part: the classes of the test tasks: 'test' or 'val'.
        test_tasks: number of test tasks; the same ones for all losses and seeds.
        test_steps: steps of gradient descent on a test task.
        test_query: query samples of each class of a test task.
        test_seed: of the test tasks.
        tasks_at_once: tasks computed together; fewer need less memory, and on a CPU 1 is the fastest.
        checkpoint_every: meta-updates between checkpoints.
        log_every: meta-updates that the logged loss and accuracy are means of.
    """

    data_root: str
    image_size: int = 84
    filters: int = 64
    splits: tuple[Split, ...] = tuple(all_splits())
    losses: tuple[str, ...] = ('ce', 'ci')
    seeds: tuple[int, ...] = (0,)
    iterations: int = 60000
    meta_batch: int = 4
    meta_lr: float = 0.001
    meta_clip: float = 10.0
    inner_lr: float = 0.01
    inner_steps: int = 5
    first_order: bool = False
    loss_scale: str = 'classes'
    query_factor: int = 5
    permute_counts: bool = False
    focal_gamma: float = 2.0
    test_part: str = 'test'
    test_tasks: int = 600
    test_steps: int = 10
    test_query: int = 15
    test_seed: int = 0
    tasks_at_once: int = 4
    checkpoint_every: int = 500
    log_every: int = 100

    def of_a_run(self) -> dict[str, Any]:
        """The settings that the result of one run depends on, apart from its split, loss, seed and iterations."""
        return {name: value for name, value in dataclasses.asdict(self).items() if name not in _OUTSIDE_A_RUN}


def read_config(path: str | Path, **overrides: Any) -> FewShotConfig:
    """Read the settings of a Python config; overrides that are not None take the place of the file's.

    Raises:
        ValueError: if the file is no config, or a setting is unknown, missing or has a value it cannot have.
    """
    content = read_assignments(path, 'configs/few_shot')
    content |= {name: value for name, value in overrides.items() if value is not None}
    known = {field.name for field in dataclasses.fields(FewShotConfig)}
    for name in content:
        if name not in known:
            raise ValueError(f'{path}: found the setting {name!r}, expected one of {", ".join(sorted(known))}')
    if 'data_root' not in content:
        raise ValueError(f'{path}: found no data_root, expected the folder of the images')
    try:
        return build_config(content)
    except ValueError as error:
        raise ValueError(f'{path}: {error}') from None


def build_config(content: dict[str, Any]) -> FewShotConfig:
    """Settings of the right types and ranges; ValueError names the setting that is not."""
    values = dict(content)
    if values.get('splits') == 'all':
        del values['splits']
    for name in {'splits', 'losses', 'seeds'} & set(values):
        if not isinstance(values[name], list | tuple) or not values[name]:
            raise ValueError(f'{name}: found {values[name]!r}, expected a list')
        values[name] = tuple(values[name])
    if 'splits' in values:
        values['splits'] = tuple(_to_split(split) for split in values['splits'])
    for name, kind in typing.get_type_hints(FewShotConfig).items():
        if name in values and kind in (int, float, bool, str):
            values[name] = _to_type(name, values[name], kind)
    config = FewShotConfig(**values)
    _check_ranges(config)
    return config


def _to_split(value: Any) -> Split:
    return parse_split(','.join(map(str, value)) if isinstance(value, list | tuple) else str(value))


def _to_type(name: str, value: Any, kind: type) -> Any:
    if kind is float and type(value) is int:
        return float(value)
    if type(value) is not kind:
        raise ValueError(f'{name}: found {value!r}, expected a value of type {kind.__name__}')
    return value


def _check_ranges(config: FewShotConfig) -> None:
    for name, kind in typing.get_type_hints(FewShotConfig).items():
        value = getattr(config, name)
        if kind is int and name != 'test_seed' and value < 1:
            raise ValueError(f'{name}: found {value}, expected at least 1')
        if kind is float and name != 'focal_gamma' and not 0 < value < math.inf:
            raise ValueError(f'{name}: found {value}, expected a number above 0, a finite one')
    if not 0 <= config.focal_gamma < math.inf:
        raise ValueError(f'focal_gamma: found {config.focal_gamma}, expected a finite number from 0')
    if config.image_size > _LARGEST_IMAGE:
        raise ValueError(f'image_size: found {config.image_size}, expected at most {_LARGEST_IMAGE}')
    if config.image_size < _SMALLEST_IMAGE:
        raise ValueError(f'image_size: found {config.image_size}, expected at least {_SMALLEST_IMAGE}')
    for loss in config.losses:
        if loss not in LOSSES:
            raise ValueError(f'losses: found {loss!r}, expected some of {", ".join(LOSSES)}')
    for seed in (*config.seeds, config.test_seed):
        if type(seed) is not int or not 0 <= seed < 2**62:
            raise ValueError(f'seeds: found {seed!r}, expected whole numbers from 0, below 2 ** 62')
    for name, choices in {'loss_scale': ('classes', 'mean'), 'test_part': ('test', 'val')}.items():
        if getattr(config, name) not in choices:
            raise ValueError(f'{name}: found {getattr(config, name)!r}, expected {" or ".join(choices)}')
