"""Running the trials of an experiment that are not finished yet."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch

from ship_det.imbalance import imbalance_degree
from ship_det.recognition.criteria import build_criterion
from ship_det.recognition.datasets import ImageSet
from ship_det.recognition.experiment import Experiment
from ship_det.recognition.networks import NETWORKS
from ship_det.recognition.training import Task, train_together
from ship_det.recognition.trials import TrialFile, to_record


@dataclass(frozen=True)
class Stack:
    """Trials of one setting that are trained together: every loss with every seed."""

    setting: str
    losses: tuple[str, ...]
    seeds: tuple[int, ...]

    @property
    def trials(self) -> int:
        return len(self.losses) * len(self.seeds)


@dataclass(frozen=True)
class Selection:
    """Which trials of an experiment to run: settings and losses by name, and seeds."""

    settings: Sequence[str]
    losses: Sequence[str]
    seeds: Sequence[int]


def pending_stacks(experiment: Experiment, selection: Selection, finished: TrialFile, together: int) -> Iterator[Stack]:
    """Trials that are not finished, in groups of at most ``together``; the losses of a seed stay together if they can.

    Raises:
        ValueError: if a trial was finished with another config.
    """
    for setting in selection.settings:
        seeds_of: defaultdict[tuple[str, ...], list[int]] = defaultdict(list)
        for seed in selection.seeds:
            losses = tuple(
                loss
                for loss in selection.losses
                if not finished.check((setting, loss, seed), experiment.trial_config(setting, loss))
            )
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
            'setting': stack.setting,
            **to_record(result),
            'config': experiment.trial_config(stack.setting, result.loss),
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


def device_name(device: str) -> str:
    """What a device is called by its maker, where torch knows."""
    return torch.cuda.get_device_name(device) if device.startswith('cuda') else device
