"""A training set sampled to given numbers of instances, such as those of the CI loss paper's Table VII.

A chip comes with all its objects, so not every set of numbers can be met. No class ever gets more than its number; what
some lack is near the least possible: a linear program chooses, allowing parts of chips, and leaves at most as many of
them in parts as there are classes; these are dropped, and exchanges of whole chips make up for them.
"""

import os
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ship_det.tiling.chip_index import Chip, class_counts

# Exchanges tried in all, and in a row without success.
_EXCHANGES = 1000
_PATIENCE = 100
# Relative differences between chips that decide between equally good choices.
_NOISE = 1e-3


@dataclass(frozen=True)
class Sample:
    """Chips of a sampled training set.

    Attributes:
        chips: in the order of those they were taken from.
        counts: instances of each class in them.
        missing: by how many instances a class falls short of its number, where it does.
    """

    chips: list[Chip]
    counts: Counter[str]
    missing: dict[str, int]


def read_situation(path: str | os.PathLike) -> dict[str, int]:
    """Read ``class: count`` lines, a YAML mapping.

    Raises:
        ValueError: naming the file, and the class where its count is no whole number.
    """
    from ship_det.annotations.plain_yaml import read_yaml

    content = read_yaml(path, 'lines like "tanker: 50"')
    if not isinstance(content, dict) or not content:
        raise ValueError(f'{path}: found {repr(content)[:80]}, expected lines like "tanker: 50"')
    for name, count in content.items():
        # Nine digits are more instances than any data set has.
        if not isinstance(count, str) or not re.fullmatch('[0-9]{1,9}', count):
            raise ValueError(f'{path}: {name}: found {repr(count)[:80]}, expected a whole number of instances')
    return {name: int(count) for name, count in content.items()}


def sample_chips(chips: Sequence[Chip], numbers: Mapping[str, int], seed: int = 0) -> Sample:
    """Choose chips that hold given numbers of instances.

    The sum over the classes of what each lacks, as a share of its number, is made small. Chips without any object are
    kept in the share of the others that were chosen; chips with none of the named classes are all kept.

    A class that ``numbers`` does not name is not limited.

    Raises:
        ValueError: a number below 0.
    """
    for name, number in numbers.items():
        if number < 0:
            raise ValueError(f'{name}: expected 0 instances or more, found {number}')
    names = sorted(numbers)
    table = np.array([[chip.counts.get(name, 0) for name in names] for chip in chips], dtype=np.int64)
    table = table.reshape(len(chips), len(names))
    search = _Search(table, np.array([numbers[name] for name in names], dtype=np.int64), np.random.default_rng(seed))
    search.start()
    search.fill()
    search.improve()
    chosen = search.chosen.copy()
    bound = table.any(axis=1)
    empty = np.array([chip.empty for chip in chips], dtype=bool)
    chosen |= ~bound & ~empty
    share = search.chosen[bound].mean() if bound.any() else 1.0
    chosen[search.rng.permutation(np.flatnonzero(empty))[: round(share * int(empty.sum()))]] = True
    kept = [chip for chip, keep in zip(chips, chosen, strict=True) if keep]
    counts = class_counts(kept)
    missing = {name: numbers[name] - counts[name] for name in numbers if counts[name] < numbers[name]}
    return Sample(kept, counts, missing)


class _Search:
    """A choice of chips that never exceeds the wanted numbers.

    Args:
        table: (N, C) instances of each class in each chip.
        wanted: (C,) instances.
        rng: of every draw.
    """

    def __init__(self, table: NDArray[np.int64], wanted: NDArray[np.int64], rng: np.random.Generator) -> None:
        self.table, self.wanted, self.rng = table, wanted, rng
        self.chosen = np.zeros(len(table), dtype=bool)
        self.room = wanted.copy()
        # What one instance is worth: classes count alike, however large.
        self.worth = 1.0 / np.maximum(wanted, 1)
        self.useful = table.any(axis=1)

    def cost(self) -> float:
        """What the classes lack, each as a share of its number."""
        return float((self.room * self.worth).sum())

    def start(self) -> None:
        """Choose the chips that the linear program takes whole."""
        from scipy.optimize import linprog

        candidates = np.flatnonzero(self.useful & (self.table <= self.wanted).all(axis=1))
        if not len(candidates):
            return
        table = self.table[candidates]
        value = (table * self.worth).sum(axis=1) * (1 + self.rng.uniform(0, _NOISE, len(table)))
        solution = linprog(-value, A_ub=table.T, b_ub=self.wanted, bounds=(0, 1), method='highs')
        # Rounded down: no class gets more than in the program's own solution.
        whole = candidates[solution.x > 1 - 1e-6]
        self.chosen[whole] = True
        self.room -= self.table[whole].sum(axis=0)

    def fill(self) -> None:
        """Add random chips that fit until none does, the class with the least choice first."""
        fits = self.useful & ~self.chosen & (self.table <= self.room).all(axis=1)
        while fits.any():
            candidates = np.flatnonzero(fits)
            supply = self.table[candidates].sum(axis=0)
            choice = np.where((supply > 0) & (self.room > 0), supply / np.maximum(self.room, 1), np.inf)
            holders = candidates[self.table[candidates, int(np.argmin(choice))] > 0]
            self._add(int(self.rng.choice(holders)))
            fits[candidates] = ~self.chosen[candidates] & (self.table[candidates] <= self.room).all(axis=1)

    def improve(self) -> None:
        """Put in a chip of a class that lacks some, take out what it displaces, fill up; keep what does not hurt."""
        since = 0
        for _ in range(_EXCHANGES):
            lacking = np.flatnonzero(self.room > 0)
            holders = np.flatnonzero(
                ~self.chosen & (self.table[:, lacking] > 0).any(axis=1) & (self.table <= self.wanted).all(axis=1)
            )
            if not len(holders) or since >= _PATIENCE:
                return
            before, chosen, room = self.cost(), self.chosen.copy(), self.room.copy()
            self._make_room(int(self.rng.choice(holders)))
            self.fill()
            if self.cost() > before:
                self.chosen, self.room = chosen, room
            since = 0 if self.cost() < before else since + 1

    def _make_room(self, chip: int) -> None:
        """Add a chip and take out others, those of least worth first, until no class has too much."""
        self._add(chip)
        while (over := np.flatnonzero(self.room < 0)).size:
            candidates = np.flatnonzero(self.chosen & (self.table[:, over] > 0).any(axis=1))
            candidates = candidates[candidates != chip]
            removed = self.table[candidates]
            lost = (np.maximum(removed + np.minimum(self.room, 0), 0) * self.worth).sum(axis=1)
            worst = candidates[int(np.argmin(lost + self.rng.uniform(0, 0.05, len(lost))))]
            self.chosen[worst] = False
            self.room += self.table[worst]

    def _add(self, chip: int) -> None:
        self.chosen[chip] = True
        self.room -= self.table[chip]
