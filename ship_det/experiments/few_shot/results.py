"""Results of few-shot runs: a file of JSON lines, and what the tasks of two losses say when they are compared."""

import json
import math
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ship_det.experiments.few_shot.splits import Split
from ship_det.files import parse_json, read_text

#: Half the width of a 95 % interval in standard errors, for the hundreds of tasks that a run is tested on.
_STANDARD_ERRORS = 1.96


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


class Estimate(NamedTuple):
    """A mean and half the width of its 95 % interval."""

    mean: float
    half_width: float


def estimate(values: Sequence[float] | np.ndarray) -> Estimate:
    """Mean of the values of independent tasks, and its 95 % interval by the normal distribution, as in MAML."""
    values = np.asarray(values, dtype=np.float64)
    if len(values) < 2:
        return Estimate(float(values.mean()), math.inf)
    return Estimate(float(values.mean()), float(_STANDARD_ERRORS * values.std(ddof=1) / math.sqrt(len(values))))


def paired_p_value(difference: Estimate) -> float:
    """Two-sided p-value of a mean difference of paired tasks being 0."""
    if difference.half_width == 0:
        return 1.0 if difference.mean == 0 else 0.0
    return math.erfc(abs(difference.mean) / (difference.half_width / _STANDARD_ERRORS) / math.sqrt(2))


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

    ``accuracies`` has an estimate for each loss, ``differences`` one for each loss but 'ce': its accuracy minus that of
    CE on the same test tasks, from the seeds that both have. Several seeds are averaged on each task, so that the
    intervals are about tasks and not about seeds.
    """

    split: Split
    imbalance_degree: float
    iterations: int
    seeds: dict[str, int]
    accuracies: dict[str, Estimate]
    differences: dict[str, Estimate]


def tabulate(results: Sequence[dict[str, Any]]) -> list[Row]:
    """A row for each split and number of meta-updates, by imbalance degree; a later result replaces an earlier one."""
    groups: dict[tuple, dict[str, dict[int, np.ndarray]]] = {}
    for result in results:
        key = round(result['imbalance_degree'], 9), tuple(result['split']), result['iterations']
        accuracies = np.array(result['correct']) / result['query']
        groups.setdefault(key, {}).setdefault(result['loss'], {})[result['seed']] = accuracies
    rows = []
    for (degree, split, iterations), losses in sorted(groups.items()):
        accuracies = {loss: estimate(np.mean(list(seeds.values()), axis=0)) for loss, seeds in losses.items()}
        differences = {}
        for loss, seeds in losses.items():
            common = sorted(set(seeds) & set(losses.get('ce', {})))
            if loss != 'ce' and common:
                gains = [seeds[seed] - losses['ce'][seed] for seed in common]
                differences[loss] = estimate(np.mean(gains, axis=0))
        counts = {loss: len(seeds) for loss, seeds in losses.items()}
        rows.append(Row(split, degree, iterations, counts, accuracies, differences))
    return rows
