"""Results of few-shot runs: their file of JSON lines, and what the trainings with two losses say when compared."""

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ship_det.experiments.few_shot.splits import Split
from ship_det.experiments.results import Result, ResultsFile, are_numbers, is_a, is_number
from ship_det.experiments.statistics import Estimate, Gain, estimate, paired_gain

_CHECKS = {
    'split': are_numbers,
    'imbalance_degree': is_number,
    'loss': is_a(str),
    'seed': is_number,
    'iterations': is_number,
    'correct': are_numbers,
    'query': lambda value: is_number(value) and value > 0,
    'settings': is_a(dict),
}
#: Share of right answers in each test task, by seed of the training.
Trainings = Mapping[int, np.ndarray]


def results_file(path: str | os.PathLike) -> ResultsFile:
    """Results of few-shot runs on disk."""
    identity = ('split', 'loss', 'seed', 'iterations', 'settings')
    return ResultsFile(Path(path), identity, _CHECKS, 'a few-shot result', '{path}:{number}')


def estimate_accuracy(trainings: Sequence[np.ndarray]) -> Estimate:
    """Mean accuracy, or difference of two, with a 95 % interval over the trainings.

    A training is its share of right answers in each test task. Of one training the interval is over its test tasks,
    which says how exactly these weights are known, and nothing about another training.
    """
    if len(trainings) == 1:
        return estimate(trainings[0])._replace(trials=1)
    return estimate([tasks.mean() for tasks in trainings])


def compare_accuracy(ours: Trainings, theirs: Trainings) -> Gain | None:
    """Difference in accuracy of two losses on the same test tasks, in pairs of a seed; None where there is no pair.

    p is that of the paired t test over trainings, NaN of one training.
    """
    means = [{seed: float(tasks.mean()) for seed, tasks in trainings.items()} for trainings in (ours, theirs)]
    gain = paired_gain(means[0], means[1])
    differences = [ours[seed] - theirs[seed] for seed in sorted(ours.keys() & theirs.keys())]
    return gain and gain._replace(estimate=estimate_accuracy(differences))


class Row(NamedTuple):
    """What was measured at one split after one number of meta-updates.

    ``accuracies`` has one for each loss, ``gains`` one for each loss but 'ce': its accuracy minus that of CE from the
    seeds that both have.
    """

    split: Split
    imbalance_degree: float
    iterations: int
    accuracies: dict[str, Estimate]
    gains: dict[str, Gain]


def tabulate(results: Iterable[Result]) -> list[Row]:
    """A row for each split and number of meta-updates, by imbalance degree; a later result replaces an earlier one."""
    groups: dict[tuple, dict[str, dict[int, np.ndarray]]] = {}
    for result in results:
        key = round(result['imbalance_degree'], 9), tuple(result['split']), result['iterations']
        tasks = np.array(result['correct']) / result['query']
        groups.setdefault(key, {}).setdefault(result['loss'], {})[result['seed']] = tasks
    rows = []
    for (degree, split, iterations), losses in sorted(groups.items()):
        accuracies = {loss: estimate_accuracy(list(seeds.values())) for loss, seeds in losses.items()}
        compared = {
            loss: compare_accuracy(seeds, losses.get('ce', {})) for loss, seeds in losses.items() if loss != 'ce'
        }
        gains = {loss: gain for loss, gain in compared.items() if gain}
        rows.append(Row(split, degree, iterations, accuracies, gains))
    return rows
