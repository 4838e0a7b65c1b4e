"""Chips split into training, validation and test parts, so that each part sees every class as far as it can.

What goes to one part as a whole is a scene (overlapping chips show the same ships, so they must not straddle parts) or,
where that is wanted, a single chip.

Validation and test get chips of the grid only, with and without ships: what a detector would look at where no labels
tell it where to look. Chips that were added on ships are for training.
"""

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter
from pathlib import Path
from typing import Any

import numpy as np

from ship_det.annotations import DotaFolder
from ship_det.annotations.dota_folder import PARTS
from ship_det.files import write_text
from ship_det.tiling.assignment import assign_units
from ship_det.tiling.chip_index import INDEX_NAME, Chip, class_counts, read_chip_index, shared_area

# A chip added on ships that shares so much, of the smaller one, with a chip of another part shows the same.
_SAME = 0.5


@dataclass(frozen=True)
class Shares:
    """Shares of the parts; test gets what train and val leave."""

    train: float = 0.8
    val: float = 0.0

    def __post_init__(self):
        if not 0 < self.train <= 1:
            raise ValueError(f'train: expected a share above 0 and at most 1, found {self.train}')
        if not 0 <= self.val <= 1 - self.train + 1e-9:
            raise ValueError(f'val: expected a share between 0 and what train leaves, found {self.val}')

    def of_parts(self) -> dict[str, float]:
        """Share of each part that gets something, in the order of PARTS."""
        shares = dict(zip(PARTS, (self.train, self.val, 1 - self.train - self.val), strict=True))
        return {part: share for part, share in shares.items() if share > 1e-9}


def read_chips(root: str | os.PathLike, scene_pattern: str | None = None) -> list[Chip]:
    """Chips of a tiled data set; in one that was not tiled every image is a scene of one chip.

    Images whose names have the same first match of ``scene_pattern``, a regular expression, are of one scene.

    Raises:
        ValueError: naming the image where the pattern does not match its name, or the pattern where it is none.
    """
    root = Path(root)
    if (root / INDEX_NAME).is_file():
        chips = read_chip_index(root)
    else:
        folder = DotaFolder(root)
        chips = [
            Chip(image.name, image.name, (0, 0, 0, 0), dict(folder.count([image]).instances))
            for image in folder.select()
        ]
    if scene_pattern is None:
        return chips
    try:
        pattern = re.compile(scene_pattern)
    except re.error as error:
        raise ValueError(f'scene pattern {scene_pattern!r}: no regular expression: {error}') from error
    return [replace(chip, scene=_match(pattern, chip.file)) for chip in chips]


def _match(pattern: re.Pattern, name: str) -> str:
    found = pattern.search(name)
    if not found or not found.group():
        raise ValueError(f'{name}: does not match the scene pattern {pattern.pattern!r}, expected part of each name to')
    return found.group()


def check_index(root: str | os.PathLike, chips: Sequence[Chip]) -> None:
    """Check that the chips of a data set are its images.

    Raises:
        ValueError: naming the first chip without an image or image that is no chip.
    """
    folder = DotaFolder(root)
    files, images = {chip.file for chip in chips}, {image.name for image in folder.images}
    for file in sorted(files ^ images):
        lacks = folder.image_dir if file in files else folder.root / INDEX_NAME
        has = INDEX_NAME if file in files else folder.image_dir
        raise ValueError(f'{lacks}: lacks {file}, which {has} has; expected the chips that ship-det tile cut')


def split_chips(
    chips: list[Chip], shares: Shares, by: str = 'scene', seed: int = 0, test_scenes: Sequence[str] = ()
) -> dict[str, list[Chip]]:
    """Split chips into parts.

    Chips added on ships go to training, or to no part: by scene those of other parts' scenes, by chip those that show
    half of a chip of another part or have half of themselves in one. Where an index does not say which were added, all
    count as chips of the grid.

    Args:
        chips: all chips.
        shares: of the scenes, or of the chips of the grid; with ``test_scenes`` only the ratio of train to val counts.
        by: ``scene`` or ``chip``.
        seed: decides between equally good splits.
        test_scenes: scenes, with or without suffix, that make up the test part.

    Returns:
        Chips of each part, in the order of ``chips``.

    Raises:
        ValueError: a seed below 0, fewer scenes or chips than parts, an unknown scene, or another value of ``by``.
    """
    if seed < 0:
        raise ValueError(f'seed: expected a whole number from 0, found {seed}')
    if by not in ('scene', 'chip'):
        raise ValueError(f'by: expected scene or chip, found {by!r}')
    fixed = named_scenes(chips, test_scenes)
    wanted = {part: share for part, share in shares.of_parts().items() if part != 'test' or not fixed}
    free = [chip for chip in chips if chip.scene not in fixed]
    unit_of = _unit_of(by)
    part_of = _deal_out(free, wanted, by, ', '.join(wanted), seed, _hint(free, by))
    parts: dict[str, list[Chip]] = {part: [] for part in PARTS if part in wanted or (fixed and part == 'test')}
    for chip in chips:
        # By chip, an added one is no unit.
        part = 'test' if chip.scene in fixed else part_of.get(unit_of(chip), 'train')
        if part == 'train' or not chip.added:
            parts[part].append(chip)
    if by == 'chip':
        others = [chip for part in parts if part != 'train' for chip in parts[part]]
        parts['train'] = _without_copies(parts['train'], others)
    return parts


def split_folds(chips: list[Chip], folds: int, by: str = 'scene', seed: int = 0) -> list[dict[str, list[Chip]]]:
    """Training and test chips of each fold of a cross-validation, each of 2 or more the test part once.

    Arguments are those of :func:`split_chips`, which also says what becomes of added chips.

    Raises:
        ValueError: fewer than two folds, or fewer scenes or chips than folds.
    """
    if folds < 2:
        raise ValueError(f'folds: found {folds}, expected 2 or more')
    unit_of = _unit_of(by)
    fold_of = _deal_out(chips, dict.fromkeys(range(folds), 1 / folds), by, f'{folds} folds', seed)
    found = []
    for fold in range(folds):
        test = [chip for chip in chips if fold_of.get(unit_of(chip)) == fold and not chip.added]
        train = [chip for chip in chips if fold_of.get(unit_of(chip)) != fold]
        found.append({'train': _without_copies(train, test) if by == 'chip' else train, 'test': test})
    return found


def thin_out_empty(chips: Sequence[Chip], share: float, seed: int = 0) -> list[Chip]:
    """Leave out chips without an object but for a share of them, 0 to 1, and at least one where it is above 0.

    Those that stay are drawn at random; with the same seed a larger share draws the same ones and more.

    Raises:
        ValueError: another share.
    """
    if not 0 <= share <= 1:
        raise ValueError(f'empty: expected a share between 0 and 1, found {share}')
    empty = [chip.file for chip in chips if chip.empty]
    wanted = max(round(share * len(empty)), 1 if share else 0)
    drawn = {empty[row] for row in np.random.default_rng(seed).permutation(len(empty))[:wanted]}
    return [chip for chip in chips if not chip.empty or chip.file in drawn]


@dataclass(frozen=True)
class MissingClass:
    """A class that a part has no instance of.

    Attributes:
        part: name of the part.
        name: of the class.
        instances: of the class in all parts.
        units: how many scenes or chips hold them.
        scarce: there are fewer of those than parts, so that one part had to go without.
    """

    part: str
    name: str
    instances: int
    units: int
    scarce: bool


def missing_classes(
    parts: dict[str, list[Chip]], by: str = 'scene', chips: Sequence[Chip] | None = None
) -> list[MissingClass]:
    """Classes that occur, but not in each part; ``by`` as in the split, and all chips, where some are in no part."""
    chips = chips or [chip for of_part in parts.values() for chip in of_part]
    totals = class_counts(chips)
    unit_of = _unit_of(by)
    found = []
    for part, of_part in parts.items():
        counts = class_counts(of_part)
        for name in totals:
            if totals[name] and not counts[name]:
                units = len({unit_of(chip) for chip in chips if chip.counts.get(name)})
                found.append(MissingClass(part, name, totals[name], units, units < len(parts)))
    return found


def write_split(root: str | os.PathLike, parts: dict[str, list[Chip]]) -> None:
    """Write train.txt, val.txt and test.txt, one chip file a line; the list of a part that is not there is removed."""
    paths = {part: DotaFolder(root).list_path(part) for part in PARTS}
    for path in paths.values():
        if path.is_dir():
            raise ValueError(f'{path}: a folder is in the way, expected a file')
    for part, path in paths.items():
        if part in parts:
            write_text(path, ''.join(f'{chip.file}\n' for chip in parts[part]))
        else:
            path.unlink(missing_ok=True)


def _without_copies(chips: list[Chip], others: list[Chip]) -> list[Chip]:
    """Chips without those added on ships that show what a chip of another part shows."""
    by_scene: dict[str, list[Chip]] = {}
    for other in others:
        by_scene.setdefault(other.scene, []).append(other)
    return [
        chip
        for chip in chips
        if not chip.added or shared_area(chip, by_scene.get(chip.scene, [])).max(initial=0) < _SAME
    ]


def named_scenes(chips: list[Chip], names: Sequence[str]) -> set[str]:
    """Scenes of names with or without suffix; an unknown one is a ValueError that lists those there are."""
    by_name = {name: chip.scene for chip in chips for name in (Path(chip.scene).stem, chip.scene)}
    for name in names:
        if name not in by_name:
            raise ValueError(f'no scene {name!r}, expected one of: {", ".join(sorted({chip.scene for chip in chips}))}')
    return {by_name[name] for name in names}


def _unit_of(by: str) -> attrgetter:
    """What of a chip names the unit that goes to one part as a whole."""
    return attrgetter('scene' if by == 'scene' else 'file')


def _hint(chips: list[Chip], by: str) -> str:
    """What helps where there are fewer units than parts, for a message."""
    if by != 'scene':
        return ''
    if all(chip.window[2] and chip.window[3] for chip in chips):
        return '; --by area splits each scene'
    return '; --by area splits each scene, once ship-det tile has cut chips'


def _deal_out(
    chips: list[Chip], shares: Mapping[Any, float], by: str, what: str, seed: int, hint: str = ''
) -> dict[str, Any]:
    """The part, a key of ``shares``, that each unit goes to; chips that were added on ships are none."""
    unit_of = _unit_of(by)
    free = [chip for chip in chips if by == 'scene' or not chip.added]
    units = list(dict.fromkeys(map(unit_of, free)))
    sizes = _whole_sizes(list(shares.values()), len(units), f'{by}s to split into {what}', hint)
    parts = list(shares)
    assigned = assign_units(count_table(free, units, unit_of), sizes, seed)
    return {unit: parts[part] for unit, part in zip(units, assigned, strict=True)}


def _whole_sizes(shares: Sequence[float], units: int, what: str, hint: str) -> list[int]:
    """Numbers of units nearest to the shares, at least one each; what rounding leaves goes to the largest share."""
    if units < len(shares):
        raise ValueError(f'{what}: found {units}, expected at least {len(shares)}{hint}')
    sizes = [max(1, round(share / sum(shares) * units)) for share in shares]
    sizes[int(np.argmax(shares))] += units - sum(sizes)
    return sizes


def count_table(chips: list[Chip], units: list[str], unit_of: attrgetter) -> np.ndarray:
    """(U, C + 1) instances of each class in the grid's chips of each unit; the last column is the number of these."""
    classes = sorted(class_counts(chips))
    row = {unit: index for index, unit in enumerate(units)}
    column = {name: index for index, name in enumerate(classes)}
    in_grid = class_counts([chip for chip in chips if not chip.added])
    table = np.zeros((len(units), len(classes) + 1), dtype=np.int64)
    for chip in chips:
        table[row[unit_of(chip)], -1] += not chip.added
        for name, count in chip.counts.items():
            # A class that no chip of the grid shows enough of can be learnt, if not tested.
            if not chip.added or not in_grid[name]:
                table[row[unit_of(chip)], column[name]] += count
    return table
