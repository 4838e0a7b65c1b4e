"""Chips of a scene split by area: blocks for test and validation, a gap around each, and training in what is left.

A block is a rectangle on the scene. The chips of the grid wholly inside it are of its part; training gets chips that
stay a gap away from every block. What lies between is of no part, so that no pixel and no ship is in two parts.

Which rectangle is the best is tried out: over borders of chips, some a side, on all scenes in turn. The best leaves the
fewest classes out of a part, and then has the shares of the classes nearest to those wanted and the least in the gap.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter

import numpy as np
from numpy.typing import NDArray

from ship_det.annotations.dota_folder import PARTS
from ship_det.tiling.assignment import split_cost
from ship_det.tiling.chip_index import INDEX_NAME, Chip
from ship_det.tiling.splitting import Shares, count_table, named_scenes

# Places where a block may begin along a side, and as many where it may end.
_PLACES = 16
# Passes over the scenes; the blocks of two or three scenes settle in as many.
_ROUNDS = 4


@dataclass(frozen=True)
class AreaSplit:
    """Chips of each part, and those of none.

    Attributes:
        parts: chips of each part, in the order of all chips.
        gap: chips between parts, of the grid and added ones.
        uncut: scenes that have no room for a block of each part and a gap.
    """

    parts: dict[str, list[Chip]]
    gap: list[Chip]
    uncut: list[str]


def split_by_area(
    chips: list[Chip], shares: Shares, gap: int | None = None, seed: int = 0, test_scenes: Sequence[str] = ()
) -> AreaSplit:
    """Split the chips of each scene into blocks.

    Args:
        chips: all chips, of a tiled data set.
        shares: of the chips of the grid that are in a part.
        gap: px of the scene between two parts, 0 for neighbours that share no px; None for the longest side of a chip.
        seed: decides between equally good splits.
        test_scenes: scenes, with or without suffix, that make up the test part as a whole.

    Raises:
        ValueError: chips without windows, a gap or seed below 0, an unknown scene, or no scene that has room.
    """
    if seed < 0:
        raise ValueError(f'seed: expected a whole number from 0, found {seed}')
    if gap is not None and gap < 0:
        raise ValueError(f'gap: expected 0 px or more, found {gap}')
    if not all(chip.window[2] and chip.window[3] for chip in chips):
        raise ValueError(f'by area: found images without windows, expected chips of ship-det tile ({INDEX_NAME})')
    wanted = shares.of_parts()
    fixed = named_scenes(chips, test_scenes)
    parts: dict[str, list[Chip]] = {}
    if fixed:
        parts['test'] = [chip for chip in chips if chip.scene in fixed and not chip.added]
        wanted.pop('test', None)
    rest = [chip for chip in chips if chip.scene not in fixed]
    between: list[Chip] = []
    blockless: set[str] = set()
    rng = np.random.default_rng(seed)
    # The test first: what is left is a gap away from it, and so is any block for validation within.
    for part in [part for part in ('test', 'val') if part in wanted]:
        block, kept, dropped = _cut_off(rest, wanted[part] / sum(wanted.values()), gap, part, rng)
        del wanted[part]
        parts[part] = block
        between += dropped
        blockless |= {chip.scene for chip in rest} - {chip.scene for chip in block}
        rest = kept
    parts['train'] = rest
    place = {chip.file: index for index, chip in enumerate(chips)}
    ordered = {part: sorted(parts[part], key=lambda chip: place[chip.file]) for part in PARTS if part in parts}
    return AreaSplit(ordered, sorted(between, key=lambda chip: place[chip.file]), sorted(blockless))


@dataclass(frozen=True)
class _Candidates:
    """Ways to cut a block off a scene; the first cuts none.

    Attributes:
        chips: (N,) the scene's chips.
        across: (I, 2) left and right of rectangles, px.
        down: (J, 2) top and bottom of rectangles, px.
        inside: (I * J + 1, C) instances of each class in the block; the last column is chips of the grid.
        outside: likewise in training.
        possible: (I * J + 1,) those that leave chips of the grid in block and training; the first where no other does.
        gap: px.
    """

    chips: list[Chip]
    across: NDArray[np.int64]
    down: NDArray[np.int64]
    inside: NDArray[np.int64]
    outside: NDArray[np.int64]
    possible: NDArray[np.bool_]
    gap: int

    def part_of(self, candidate: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """(N,) chips in the block, and chips in training."""
        if candidate == 0:
            return np.zeros(len(self.chips), dtype=bool), np.ones(len(self.chips), dtype=bool)
        across, down = np.unravel_index(candidate - 1, (len(self.across), len(self.down)))
        x, y = (_sides(self.chips, axis) for axis in (0, 1))
        within = _within(x, self.across[[across]]) & _within(y, self.down[[down]])
        near = _near(x, self.across[[across]], self.gap) & _near(y, self.down[[down]], self.gap)
        return within[0], ~near[0]


def _cut_off(
    chips: list[Chip], share: float, gap: int | None, part: str, rng: np.random.Generator
) -> tuple[list[Chip], list[Chip], list[Chip]]:
    """Chips of the grid in blocks, one block a scene; chips in training; and those between."""
    scenes = list(dict.fromkeys(chip.scene for chip in chips))
    table = count_table(chips, [chip.file for chip in chips], attrgetter('file'))
    row = {chip.file: index for index, chip in enumerate(chips)}
    candidates = []
    for scene in scenes:
        shown = [chip for chip in chips if chip.scene == scene]
        distance = max(max(chip.window[2:]) for chip in shown) if gap is None else gap
        candidates.append(_find_candidates(shown, table[[row[chip.file] for chip in shown]], distance))
    if all(of_scene.possible[0] for of_scene in candidates):
        px = 'the side of a chip' if gap is None else f'{gap} px'
        raise ValueError(
            f'by area: no scene has room for a block of {part}, a gap of {px} and training; a smaller --gap leaves '
            'more room, and so do smaller chips (ship-det tile --chip)'
        )
    chosen = _choose(candidates, share, rng)
    block, kept, dropped = [], [], []
    for of_scene, candidate in zip(candidates, chosen, strict=True):
        inside, outside = of_scene.part_of(candidate)
        for chip, is_inside, is_outside in zip(of_scene.chips, inside.tolist(), outside.tolist(), strict=True):
            if is_outside:
                kept.append(chip)
            elif is_inside and not chip.added:
                block.append(chip)
            elif not is_inside:
                dropped.append(chip)
    return block, kept, dropped


def _find_candidates(chips: list[Chip], table: NDArray[np.int64], gap: int) -> _Candidates:
    """All rectangles between borders of chips that leave chips of the grid inside and outside."""
    in_grid = np.array([not chip.added for chip in chips])
    x, y = (_sides(chips, axis) for axis in (0, 1))
    across, down = _spans(x[in_grid]), _spans(y[in_grid])
    # In a block, chips that were added do not count; the table has them for classes that no other chip shows.
    grid_table = table * in_grid[:, None]
    within, near = (_within(x, across), _within(y, down)), (_near(x, across, gap), _near(y, down, gap))
    shape = len(across), len(down), table.shape[1]
    in_block, in_reach = np.empty(shape, dtype=np.int64), np.empty(shape, dtype=np.int64)
    for index in range(len(across)):
        # In floating point matrices are multiplied by BLAS; such counts are exact there.
        in_block[index] = (within[1] & within[0][index]).astype(np.float64) @ grid_table
        in_reach[index] = (near[1] & near[0][index]).astype(np.float64) @ table
    none = np.zeros((1, shape[2]), dtype=np.int64)
    inside = np.concatenate([none, in_block.reshape(-1, shape[2])])
    outside = table.sum(axis=0) - np.concatenate([none, in_reach.reshape(-1, shape[2])])
    possible = (inside[:, -1] > 0) & (outside[:, -1] > 0)
    possible[0] = not possible.any()
    return _Candidates(chips, across, down, inside, outside, possible, gap)


def _choose(candidates: Sequence[_Candidates], share: float, rng: np.random.Generator) -> list[int]:
    """The candidate of each scene, so that all blocks together have their share of each class."""
    total = np.sum([of_scene.outside[0] for of_scene in candidates], axis=0)
    # A class that no chip shows says nothing about a split.
    columns = np.flatnonzero(total > 0)
    chosen = [0] * len(candidates)
    for _ in range(_ROUNDS):
        before = list(chosen)
        for index in rng.permutation(len(candidates)).tolist():
            of_scene = candidates[index]
            others = [(other, kept) for other, kept in zip(candidates, chosen, strict=True) if other is not of_scene]
            blocks = of_scene.inside + sum((other.inside[kept] for other, kept in others), np.int64(0))
            training = of_scene.outside + sum((other.outside[kept] for other, kept in others), np.int64(0))
            totals = np.stack([training, blocks], axis=-2)[..., columns]
            lost = 1 - totals.sum(axis=-2) / total[columns]
            cost = split_cost(totals, (1 - share, share)) + lost.mean(axis=-1)
            cost[~of_scene.possible] = np.inf
            best = np.flatnonzero(cost <= cost.min() + 1e-12)
            if chosen[index] not in best:
                chosen[index] = int(rng.choice(best))
        if chosen == before:
            break
    return chosen


def _sides(chips: Sequence[Chip], axis: int) -> NDArray[np.int64]:
    """(N, 2) where chips begin and end along an axis, px of the scene."""
    starts = np.array([chip.window[axis] for chip in chips], dtype=np.int64)
    return np.column_stack([starts, starts + np.array([chip.window[axis + 2] for chip in chips], dtype=np.int64)])


def _spans(sides: NDArray[np.int64]) -> NDArray[np.int64]:
    """(I, 2) spans from where a chip begins to where one ends."""
    places = [np.unique(sides[:, column]) for column in (0, 1)]
    starts, ends = (at[np.linspace(0, len(at) - 1, min(len(at), _PLACES)).round().astype(int)] for at in places)
    spans = np.array([(start, end) for start in starts for end in ends if start < end], dtype=np.int64)
    return spans.reshape(-1, 2)


def _within(sides: NDArray[np.int64], spans: NDArray[np.int64]) -> NDArray[np.bool_]:
    """(I, N) whether chips lie wholly in spans."""
    return (sides[:, 0] >= spans[:, :1]) & (sides[:, 1] <= spans[:, 1:])


def _near(sides: NDArray[np.int64], spans: NDArray[np.int64], gap: int) -> NDArray[np.bool_]:
    """(I, N) whether chips overlap spans or come nearer to them than the gap."""
    return (sides[:, 0] < spans[:, 1:] + gap) & (sides[:, 1] > spans[:, :1] - gap)
