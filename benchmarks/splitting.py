"""How evenly classes are split, and how near sampled training sets come to the numbers asked for.

Synthetic chips: 15 classes of a 45:1 tail, in 98 scenes each of which favours classes of its own. The split is compared
with random ones, the sample with the bound that a linear program gives.
"""

import time
from collections import Counter

import numpy as np
from scipy.optimize import linprog

from ship_det.tiling import Chip
from ship_det.tiling.chip_index import class_counts
from ship_det.tiling.sampling import sample_chips
from ship_det.tiling.splitting import Shares, split_chips

CLASSES, SCENES, CHIPS, SHIPS_A_CHIP = 15, 98, 6000, 2.5
NAMES = [f'class {index:02d}' for index in range(CLASSES)]


def main() -> None:
    rng = np.random.default_rng(0)
    chips = make_chips(rng)
    for by in ('chip', 'scene'):
        start = time.perf_counter()
        parts = split_chips(chips, Shares(0.8), by)
        print(f'by {by}, {time.perf_counter() - start:.1f} s: {spread(parts["test"], chips)}')
        for _ in range(3):
            units = sorted({getattr(chip, 'file' if by == 'chip' else 'scene') for chip in chips})
            chosen = set(rng.choice(units, round(0.2 * len(units)), replace=False))
            test = [chip for chip in chips if (chip.file if by == 'chip' else chip.scene) in chosen]
            print(f'  at random: {spread(test, chips)}')
    train = split_chips(chips, Shares(0.8), 'chip')['train']
    counts = np.array([class_counts(train)[name] for name in NAMES])
    situations = {
        'even classes cut to a tenth': np.where(np.arange(CLASSES) % 2, counts, counts // 10),
        'at most 60 of each': np.minimum(counts, 60),
        'the tail reversed': np.minimum(counts, np.geomspace(20, 1500, CLASSES).astype(int)),
        'half of each': counts // 2,
    }
    for title, wanted in situations.items():
        start = time.perf_counter()
        sample = sample_chips(train, dict(zip(NAMES, wanted.tolist(), strict=True)))
        seconds = time.perf_counter() - start
        lacking = sum(missing / wanted[NAMES.index(name)] for name, missing in sample.missing.items())
        print(
            f'{title}, {seconds:.1f} s: {sample.counts.total()} of {wanted.sum()} instances, '
            f'sum of relative shortfalls {lacking:.3f}, bound {bound(train, wanted):.3f}'
        )


def make_chips(rng: np.random.Generator) -> list[Chip]:
    tail = np.geomspace(1, 1 / 45, CLASSES)
    mixtures = rng.dirichlet(0.3 * CLASSES * tail / tail.sum(), SCENES)
    chips = []
    for index, ships in enumerate(rng.poisson(SHIPS_A_CHIP, CHIPS)):
        scene = index * SCENES // CHIPS
        counts = rng.multinomial(ships, mixtures[scene])
        present = {name: int(count) for name, count in zip(NAMES, counts, strict=True) if count}
        chips.append(Chip(f'{index}.png', f'{scene}.tif', (0, 0, 1000, 1000), present))
    return chips


def spread(part: list[Chip], chips: list[Chip]) -> str:
    found, total = class_counts(part), Counter(class_counts(chips))
    shares = [found[name] / total[name] for name in total]
    return f'share of each class in the test part {min(shares):.3f} to {max(shares):.3f}'


def bound(chips: list[Chip], wanted: np.ndarray) -> float:
    """Least sum of relative shortfalls, if chips could be cut."""
    table = np.array([[chip.counts.get(name, 0) for name in NAMES] for chip in chips])
    solution = linprog(-(table / np.maximum(wanted, 1)).sum(axis=1), A_ub=table.T, b_ub=wanted, bounds=(0, 1))
    return float((wanted > 0).sum() + solution.fun)


if __name__ == '__main__':
    main()
