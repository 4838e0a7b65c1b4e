"""Meta-training and meta-testing of one run after the other, with checkpoints to go on from."""

import hashlib
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.func import functional_call

from ship_det.checkpoints import load_data
from ship_det.devices import device_name
from ship_det.evaluation.results_file import software
from ship_det.experiments.class_folders import ClassImages, check_disjoint, count_images, read_class_images, save_whole
from ship_det.experiments.few_shot.config import FewShotConfig
from ship_det.experiments.few_shot.episodes import (
    Tasks,
    check_enough,
    draw_tasks,
    shape_for_testing,
    shape_for_training,
)
from ship_det.experiments.few_shot.maml import MAML, Parameters, task_loss
from ship_det.experiments.few_shot.network import Conv4
from ship_det.experiments.few_shot.results import results_file
from ship_det.experiments.few_shot.splits import Split, split_name
from ship_det.experiments.results import ResultsFile
from ship_det.experiments.statistics import estimate
from ship_det.imbalance import imbalance_degree

#: First numbers of the keys of tasks: those of training and of testing never share one.
_TRAINING, _TESTING = 1, 2
# Of a training's state, besides weights.
_PROGRESS = ('iteration', 'seconds', 'history', 'recent')


@dataclass(frozen=True)
class Run:
    """One training: a split, a loss, a seed."""

    split: Split
    loss: str
    seed: int

    @property
    def name(self) -> str:
        """For messages and file names."""
        return f'{split_name(self.split)} {self.loss} seed {self.seed}'


@dataclass
class TrainingState:
    """What a checkpoint holds: where a training is."""

    model: nn.Module
    optimizer: torch.optim.Adam
    iteration: int = 0
    seconds: float = 0.0
    #: Meta-updates done, mean query loss and accuracy since the entry before.
    history: list[list[float]] = field(default_factory=list)
    #: Query loss and accuracy of the meta-updates since the last entry.
    recent: list[tuple[float, float]] = field(default_factory=list)

    def save(self, path: Path, settings: dict[str, Any]) -> None:
        """Write a checkpoint of a training with these settings."""
        content = {'settings': settings, 'model': self.model.state_dict(), 'optimizer': self.optimizer.state_dict()}
        save_whole(content | {name: getattr(self, name) for name in _PROGRESS}, path)

    def load(self, path: Path, settings: dict[str, Any]) -> None:
        """Go on from a checkpoint; ValueError where it is none, or of other settings."""
        content = load_data(path)
        if not isinstance(content, dict) or not {'settings', 'model', 'optimizer', *_PROGRESS} <= content.keys():
            raise ValueError(f'{path}: expected a checkpoint of a few-shot training, found something else; remove it')
        for name, value in settings.items():
            found = content['settings'].get(name)
            if found != value:
                raise ValueError(
                    f'{path}: found a checkpoint with {name} {found!r}, expected {value!r} as configured; '
                    'choose another --work-dir or remove it'
                )
        self.model.load_state_dict(content['model'])
        self.optimizer.load_state_dict(content['optimizer'])
        for name in _PROGRESS:
            setattr(self, name, content[name])


@dataclass(frozen=True)
class Experiment:
    """All runs of a config.

    Args:
        config: the settings.
        work_dir: gets results.jsonl, checkpoints/ and cache/.
        train: classes to train on.
        test: classes to test on.
    """

    config: FewShotConfig
    work_dir: Path
    train: ClassImages
    test: ClassImages

    @property
    def results(self) -> ResultsFile:
        """What is finished."""
        return results_file(self.work_dir / 'results.jsonl')

    def runs(self) -> list[Run]:
        """Every run of the config, the losses of a split and seed next to each other."""
        splits, seeds, losses = self.config.splits, self.config.seeds, self.config.losses
        return [Run(split, loss, seed) for split in splits for seed in seeds for loss in losses]

    def open_runs(self) -> list[Run]:
        """The runs that have no result yet."""
        finished, results = self.results.by_key(), self.results
        return [run for run in self.runs() if results.key(self._identity(run)) not in finished]

    def _identity(self, run: Run) -> dict[str, Any]:
        """What tells the result of a run from others."""
        return {**asdict(run), 'iterations': self.config.iterations, 'settings': self.settings()}

    def settings(self) -> dict[str, Any]:
        """What results must have in common to be compared, the data included."""
        return {**self.config.of_a_run(), 'train_data': _digest(self.train), 'test_data': _digest(self.test)}

    def check(self) -> None:
        """Raise ValueError if a run needs more classes or images than there are."""
        config = self.config
        for split in config.splits:
            check_enough(self.train, shape_for_training(split, config.query_factor))
            check_enough(self.test, shape_for_testing(split, config.test_query))

    def run(self, run: Run, advance: Callable[[int, str], None] = lambda done, words: None) -> dict[str, Any]:
        """Train, test and append the result to results.jsonl.

        ``advance`` is called with the number of meta-updates done and a word on how it goes.
        """
        state = self._train(run, advance)
        start = time.perf_counter()
        correct, recalls = self._test(run, state.model)
        query = self.config.test_query * len(run.split)
        accuracy = estimate(correct / query)
        result = {
            **self._identity(run),
            'split': list(run.split),
            'imbalance_degree': imbalance_degree(run.split),
            'accuracy': round(accuracy.center, 5),
            # Over the test tasks.
            'half_width_95': round(accuracy.margin, 5) if len(correct) > 1 else None,
            'recalls': [round(value, 5) for value in recalls.tolist()],
            'correct': correct.tolist(),
            'query': query,
            'history': state.history,
            'seconds_training': round(state.seconds, 1),
            'seconds_testing': round(time.perf_counter() - start, 1),
            'versions': {**software(), 'device': device_name(self.train.images.device)},
        }
        self.results.add([result])
        return result

    def _train(self, run: Run, advance: Callable[[int, str], None]) -> TrainingState:
        config, device = self.config, self.train.images.device
        state = _initial_state(config, run, device)
        checkpoint = self.work_dir / 'checkpoints' / f'{run.name.replace(" ", "_")}.pt'
        identity = {name: value for name, value in self.settings().items() if not name.startswith('test_')}
        identity['run'] = run.name
        if checkpoint.exists():
            state.load(checkpoint, identity)
        if state.iteration > config.iterations:
            raise ValueError(
                f'{checkpoint}: found {state.iteration} meta-updates, expected at most {config.iterations} as '
                'configured; choose another --work-dir or remove it'
            )
        maml = _maml(config, run, state.model)
        shape = shape_for_training(run.split, config.query_factor, config.permute_counts)
        while state.iteration < config.iterations:
            start = time.perf_counter()
            keys = [(_TRAINING, run.seed, state.iteration, index) for index in range(config.meta_batch)]
            tasks = draw_tasks(self.train, shape, keys)
            state.recent.append(_meta_update(maml, state, tasks, config.meta_clip, run))
            state.seconds += time.perf_counter() - start
            state.iteration += 1
            last = state.iteration == config.iterations
            if state.iteration % config.log_every == 0 or last:
                loss, accuracy = np.mean(state.recent, axis=0)
                state.history.append([state.iteration, round(float(loss), 5), round(float(accuracy), 5)])
                state.recent.clear()
            if state.iteration % config.checkpoint_every == 0 or last:
                state.save(checkpoint, identity)
            advance(state.iteration, f'accuracy {state.history[-1][2]:.3f}' if state.history else '')
        return state

    def _test(self, run: Run, model: nn.Module) -> tuple[np.ndarray, np.ndarray]:
        """Right predictions in each test task, (T,), and the recall of the classes by ascending support count, (C,)."""
        config = self.config
        maml = _maml(config, run, model)
        shape = shape_for_testing(run.split, config.test_query, config.permute_counts)
        parameters = _parameters(model)
        right = []
        for first in range(0, config.test_tasks, config.tasks_at_once):
            indices = range(first, min(first + config.tasks_at_once, config.test_tasks))
            tasks = draw_tasks(self.test, shape, [(_TESTING, config.test_seed, index) for index in indices])
            hits = maml.predict(parameters, tasks, config.test_steps) == tasks.query_labels
            by_label = hits.reshape(len(indices), len(run.split), config.test_query).sum(2)
            order = tasks.factors.argsort(dim=1, descending=True, stable=True)
            right.append(by_label.gather(1, order).cpu().numpy())
        by_count = np.concatenate(right)
        return by_count.sum(1), by_count.mean(0) / config.test_query


def open_experiment(
    config: FewShotConfig,
    work_dir: str | Path,
    device: str = 'cpu',
    progress: Callable[[int, int], None] | None = None,
) -> Experiment:
    """Read the images of a config and check that they suffice.

    Raises:
        ValueError: if a folder is missing or empty, a class is in two parts, or a split asks for too many samples.
    """
    root, cache = Path(config.data_root), Path(work_dir) / 'cache'
    if not root.is_dir():
        raise ValueError(f'{root}: found no such folder, expected train/ and {config.test_part}/ with class folders')
    check_disjoint(root, ('train', config.test_part))
    # Reading takes minutes, so whether they suffice comes first.
    Experiment(config, Path(work_dir), count_images(root / 'train'), count_images(root / config.test_part)).check()
    read = partial(read_class_images, size=config.image_size, cache=cache, progress=progress)
    train, test = read(root / 'train'), read(root / config.test_part)
    return Experiment(config, Path(work_dir), train.to(device), test.to(device))


def _digest(images: ClassImages) -> str:
    return hashlib.sha256(repr((images.classes, images.counts)).encode()).hexdigest()[:12]


def _initial_state(config: FewShotConfig, run: Run, device: torch.device) -> TrainingState:
    """The weights are those of the seed, whatever the loss."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(run.seed)
        model = Conv4(config.image_size, len(run.split), config.filters)
    # The types of torch do not know this argument of Module.to.
    memory: dict[str, Any] = {'memory_format': _memory(config, device)}
    model.to(device, **memory)
    return TrainingState(model, torch.optim.Adam(model.parameters(), lr=config.meta_lr))


def _memory(config: FewShotConfig, device: torch.device) -> torch.memory_format:
    """Channels last where it is faster: on a CPU; ``vmap`` does not know it."""
    return torch.channels_last if device.type == 'cpu' and config.tasks_at_once == 1 else torch.contiguous_format


def _maml(config: FewShotConfig, run: Run, model: nn.Module) -> MAML:
    def network(parameters: Parameters, images: Tensor) -> Tensor:
        memory = _memory(config, images.device)
        return functional_call(model, parameters, (images.contiguous(memory_format=memory),))

    scale = len(run.split) if config.loss_scale == 'classes' else 1
    loss = task_loss(run.loss, config.focal_gamma)
    return MAML(
        network,
        lambda logits, labels, factors: scale * loss(logits, labels, factors),
        config.inner_lr,
        config.inner_steps,
        config.first_order,
        config.tasks_at_once,
    )


def _parameters(model: nn.Module) -> Parameters:
    return {name: value.detach() for name, value in model.named_parameters()}


def _meta_update(maml: MAML, state: TrainingState, tasks: Tasks, clip: float, run: Run) -> tuple[float, float]:
    """One step of Adam; the mean query loss and accuracy of the tasks before it."""
    gradients, losses, accuracies = maml.meta_gradient(_parameters(state.model), tasks)
    loss = float(losses.mean())
    if not np.isfinite(loss):
        raise ValueError(
            f'{run.name}: found the loss {loss} at meta-update {state.iteration + 1}, expected a finite number; '
            'a smaller inner_lr may help'
        )
    for name, parameter in state.model.named_parameters():
        parameter.grad = gradients[name].clamp(-clip, clip)
    state.optimizer.step()
    return loss, float(accuracies.mean())
