"""Units (scenes or chips) assigned to parts so that every part sees every class, in its share."""

from collections.abc import Iterator, Sequence
from itertools import combinations
from math import factorial, prod

import numpy as np
from numpy.typing import NDArray

# Up to this many assignments, all are tried; beyond, the best of this many swaps is.
_EXHAUSTIVE = 5_000
_SWAPS = 4_000

# A class missing from a part outweighs any imbalance; one missing from training outweighs several missing elsewhere.
_MISSING_FROM_TRAINING, _MISSING = 40.0, 10.0


def assign_units(counts: NDArray[np.int64], sizes: Sequence[int], seed: int) -> NDArray[np.int64]:
    """Choose a part for every unit.

    The best assignment is the one that leaves the fewest classes out of a part, then the one in which each part's
    share of each class is nearest to its share of the units. All are tried where they are few; otherwise rare classes
    are dealt out first and pairs of units are swapped as long as that helps.

    Args:
        counts: (U, C) instances of each class in each unit.
        sizes: units of each part, training first; they sum to U.
        seed: decides between equally good assignments.

    Returns:
        (U,) index of the part.
    """
    if sum(sizes) != len(counts):
        raise ValueError(f'sizes: expected a sum of {len(counts)} units, found {list(sizes)}')
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(counts))
    # A class that no unit holds says nothing about a split.
    shuffled = counts[order][:, counts.sum(axis=0) > 0]
    ways = factorial(len(counts)) // prod(factorial(size) for size in sizes) if len(counts) <= 30 else _EXHAUSTIVE + 1
    if ways <= _EXHAUSTIVE:
        parts = min(_all_assignments(sizes), key=lambda parts: split_cost(_totals(shuffled, parts, sizes), sizes))
    else:
        parts = _swap(_deal(shuffled, sizes), shuffled, sizes, rng)
    result = np.empty(len(counts), dtype=np.int64)
    result[order] = parts
    return result


def split_cost(totals: NDArray[np.int64], sizes: Sequence[float]) -> NDArray[np.float64]:
    """Cost of (..., P, C) tables of instances in each part, training first, where the parts are to have these sizes."""
    share = np.asarray(sizes) / sum(sizes)
    missing = (totals == 0).sum(axis=-1)
    all_parts = np.maximum(totals.sum(axis=-2, keepdims=True), 1)
    imbalance = np.abs(totals / all_parts - share[:, None]).sum(axis=(-2, -1)) / max(totals.shape[-1], 1)
    return _MISSING_FROM_TRAINING * missing[..., 0] + _MISSING * missing[..., 1:].sum(axis=-1) + imbalance


def _totals(counts: NDArray[np.int64], parts: NDArray[np.int64], sizes: Sequence[int]) -> NDArray[np.int64]:
    return np.stack([counts[parts == part].sum(axis=0) for part in range(len(sizes))])


def _all_assignments(sizes: Sequence[int]) -> Iterator[NDArray[np.int64]]:
    def fill(parts: NDArray[np.int64], part: int) -> Iterator[NDArray[np.int64]]:
        if part == 0:
            yield parts
            return
        # Whatever is not given to a later part is training.
        for chosen in combinations(np.flatnonzero(parts == 0), sizes[part]):
            filled = parts.copy()
            filled[list(chosen)] = part
            yield from fill(filled, part - 1)

    return fill(np.zeros(sum(sizes), dtype=np.int64), len(sizes) - 1)


def _deal(counts: NDArray[np.int64], sizes: Sequence[int]) -> NDArray[np.int64]:
    """Units of the rarest class first, each to the part that lacks most of that class (iterative stratification)."""
    parts = np.full(len(counts), -1, dtype=np.int64)
    room = np.array(sizes)
    wanted = counts.sum(axis=0) * (room / room.sum())[:, None]
    for column in np.argsort((counts > 0).sum(axis=0), kind='stable'):
        for unit in np.flatnonzero((parts < 0) & (counts[:, column] > 0)):
            lacking = np.where(room > 0, wanted[:, column], -np.inf)
            # Among parts that lack the same, the one with most room.
            part = max(range(len(sizes)), key=lambda index: (lacking[index], room[index]))
            parts[unit] = part
            room[part] -= 1
            wanted[part] -= counts[unit]
    rest = np.flatnonzero(parts < 0)
    parts[rest] = np.repeat(np.arange(len(sizes)), room)
    return parts


def _swap(
    parts: NDArray[np.int64], counts: NDArray[np.int64], sizes: Sequence[int], rng: np.random.Generator
) -> NDArray[np.int64]:
    parts = parts.copy()
    totals = _totals(counts, parts, sizes)
    cost = split_cost(totals, sizes)
    for first, second in rng.integers(len(parts), size=(_SWAPS, 2)):
        a, b = parts[first], parts[second]
        if a == b:
            continue
        tried = totals.copy()
        tried[a] += counts[second] - counts[first]
        tried[b] += counts[first] - counts[second]
        tried_cost = split_cost(tried, sizes)
        if tried_cost < cost:
            parts[first], parts[second] = b, a
            totals, cost = tried, tried_cost
    return parts
