"""Results of few-shot runs: a file of JSON lines, and what the trainings with two losses say when they are compared."""

import json
import math
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ship_det.experiments.few_shot.splits import Split
from ship_det.experiments.statistics import estimate, paired_p_value
from ship_det.files import parse_json, read_text


def _is_number(value: Any) -> bool:
    return type(value) in (int, float)


def _are_numbers(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(map(_is_number, value))


_KINDS: dict[str, Callable[[Any], bool]] = {
    'split': _are_numbers,
    'imbalance_degree': _is_number,
    'loss': lambda value: isinstance(value, str),
    'seed': _is_number,
    'iterations': _is_number,
    'correct': _are_numbers,
    'query': lambda value: _is_number(value) and value > 0,
    'settings': lambda value: isinstance(value, dict),
}
_KEYS = tuple(_KINDS)


class Accuracy(NamedTuple):
    """A mean accuracy, or difference of two.

    Attributes:
        mean: over the test tasks of all trainings.
        margin: half the width of the 95 % interval around it: over the trainings, or, of one training, over its test
            tasks. The latter says how exactly these weights are known, and nothing about another training.
        trainings: how many there are.
        p_value: of a difference, by the t test of trainings paired by seed; NaN of one training, and of an accuracy.
    """

    mean: float
    margin: float
    trainings: int
    p_value: float = math.nan


def accuracy_of(trainings: Sequence[np.ndarray]) -> Accuracy:
    """Accuracy from the share of right answers in each test task of each training."""
    if len(trainings) == 1:
        tasks = estimate(trainings[0])
        return Accuracy(tasks.mean, tasks.margin, 1)
    mean = estimate([tasks.mean() for tasks in trainings])
    return Accuracy(mean.mean, mean.margin, mean.trials)


def difference_of(ours: Sequence[np.ndarray], theirs: Sequence[np.ndarray]) -> Accuracy:
    """Difference in accuracy of two losses, whose trainings are in the same order of seeds, on the same test tasks."""
    gain = accuracy_of([mine - other for mine, other in zip(ours, theirs, strict=True)])
    means = [[tasks.mean() for tasks in trainings] for trainings in (ours, theirs)]
    return gain._replace(p_value=paired_p_value(*means))


def read_results(path: str | Path) -> list[dict[str, Any]]:
    """Read the results of a file; none where there is no file. A last line that was cut off is left out.

    Raises:
        ValueError: if another line is not a result.
    """
    path = Path(path)
    if not path.exists():
        return []
    content = read_text(path)
    results = []
    for number, line in enumerate(content[: content.rfind('\n') + 1].splitlines(), 1):
        try:
            result = parse_json(line)
        except ValueError as error:
            raise ValueError(f'{path}:{number}: found no JSON ({error}), expected a result') from None
        missing = [key for key in _KEYS if not isinstance(result, dict) or key not in result]
        if missing:
            raise ValueError(f'{path}:{number}: found no {", ".join(missing)}, expected a result of a few-shot run')
        for key, fits in _KINDS.items():
            if not fits(result[key]):
                raise ValueError(f'{path}:{number}: {key}: found {str(result[key])[:80]}, expected a few-shot result')
        results.append(result)
    return results


def append_result(path: str | Path, result: dict[str, Any]) -> None:
    """Add a line to a file of results, which several processes may do; a line that was cut off is taken away."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists():
        content = path.read_bytes()
        if content and not content.endswith(b'\n'):
            os.truncate(path, content.rfind(b'\n') + 1)
    with open(path, 'a', encoding='utf-8') as file:
        file.write(json.dumps(result) + '\n')
        file.flush()
        os.fsync(file.fileno())


class Row(NamedTuple):
    """What was measured at one split after one number of meta-updates.

    ``accuracies`` has one for each loss, ``differences`` one for each loss but 'ce': its accuracy minus that of CE from
    the seeds that both have.
    """

    split: Split
    imbalance_degree: float
    iterations: int
    accuracies: dict[str, Accuracy]
    differences: dict[str, Accuracy]


def tabulate(results: Sequence[dict[str, Any]]) -> list[Row]:
    """A row for each split and number of meta-updates, by imbalance degree; a later result replaces an earlier one."""
    groups: dict[tuple, dict[str, dict[int, np.ndarray]]] = {}
    for result in results:
        key = round(result['imbalance_degree'], 9), tuple(result['split']), result['iterations']
        tasks = np.array(result['correct']) / result['query']
        groups.setdefault(key, {}).setdefault(result['loss'], {})[result['seed']] = tasks
    rows = []
    for (degree, split, iterations), losses in sorted(groups.items()):
        accuracies = {loss: accuracy_of(list(seeds.values())) for loss, seeds in losses.items()}
        rows.append(Row(split, degree, iterations, accuracies, _differences(losses)))
    return rows


def _differences(losses: Mapping[str, Mapping[int, np.ndarray]]) -> dict[str, Accuracy]:
    baseline = losses.get('ce', {})
    differences = {}
    for loss, seeds in losses.items():
        common = sorted(seeds.keys() & baseline.keys())
        if loss != 'ce' and common:
            differences[loss] = difference_of([seeds[s] for s in common], [baseline[s] for s in common])
    return differences
