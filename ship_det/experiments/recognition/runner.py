"""Running the trials of an experiment that are not finished yet."""

import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch

from ship_det.devices import device_name
from ship_det.experiments.losses import build_criterion
from ship_det.experiments.recognition.datasets import ImageSet
from ship_det.experiments.recognition.experiment import Experiment
from ship_det.experiments.recognition.networks import NETWORKS
from ship_det.experiments.recognition.training import Task, train_together
from ship_det.experiments.recognition.trials import is_finished
from ship_det.experiments.results import ResultsFile
from ship_det.imbalance import imbalance_degree


@dataclass(frozen=True)
class Stack:
    """Trials of one setting that are trained together: every loss with every seed."""

    setting: str
    losses: tuple[str, ...]
    seeds: tuple[int, ...]

    @property
    def trials(self) -> int:
        """How many they are."""
        return len(self.losses) * len(self.seeds)


@dataclass(frozen=True)
class Selection:
    """Which trials of an experiment to run: settings and losses by name, and seeds."""

    settings: Sequence[str]
    losses: Sequence[str]
    seeds: Sequence[int]


def pending_stacks(experiment: Experiment, selection: Selection, trials: ResultsFile, together: int) -> Iterator[Stack]:
    """Trials that are not finished, in groups of at most ``together``; the losses of a seed stay together if they can.

    Raises:
        ValueError: if a trial was finished with another config.
    """
    found = trials.by_key()
    for setting in selection.settings:
        seeds_of: defaultdict[tuple[str, ...], list[int]] = defaultdict(list)
        for seed in selection.seeds:
            wanted = [experiment.trial(setting, loss, seed) for loss in selection.losses]
            losses = tuple(trial['loss'] for trial in wanted if not is_finished(trials, found, trial))
            if losses:
                seeds_of[losses].append(seed)
        for losses, seeds in seeds_of.items():
            at_once = max(1, together // len(losses))
            for first_seed in range(0, len(seeds), at_once):
                for first_loss in range(0, len(losses), together):
                    chosen = losses[first_loss : first_loss + together]
                    yield Stack(setting, chosen, tuple(seeds[first_seed : first_seed + at_once]))


def run_stack(
    experiment: Experiment,
    data: ImageSet,
    stack: Stack,
    device: str,
    on_step: Callable[[float], None] = lambda share: None,
    software: Mapping[str, Any] | None = None,
) -> list[dict[str, Any]]:
    """Train the trials of a stack and return their lines for the file of trials."""
    counts = experiment.counts(stack.setting, data)
    network = NETWORKS[experiment.network]
    task = Task(data.train, data.test, counts, partial(network.build, len(data.classes)), network.side)
    criteria = {name: build_criterion(experiment.losses[name], torch.tensor(counts)) for name in stack.losses}
    results = train_together(task, experiment.training, criteria, stack.seeds, device, on_step)
    return [
        {
            'experiment': experiment.name,
            **experiment.trial(stack.setting, result.loss, result.seed),
            **vars(result.scores),
            'recalls': result.scores.recalls.tolist(),
            'train_loss': result.train_loss if math.isfinite(result.train_loss) else None,
            'seconds': round(result.seconds, 3),
            'together': result.together,
            'classes': list(data.classes),
            'counts': counts.tolist(),
            'imbalance_degree': round(imbalance_degree(counts), 4),
            'device': device_name(device),
            'threads': torch.get_num_threads(),
            'software': dict(software or {}),
        }
        for result in results
    ]


def default_together(experiment: Experiment, losses: int, device: str) -> int:
    """Trials at once where nobody says: the losses of a seed on a CPU, if that is faster there; 64 on a GPU."""
    if device != 'cpu':
        return 64
    return losses if NETWORKS[experiment.network].stack_on_cpu else 1
