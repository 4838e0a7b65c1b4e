"""Split a data set into training, validation and test lists.

Writes train.txt, val.txt and test.txt (image file names, one a line) into the data set's folder and prints how many
instances of each class every part has. By scene, chips of one scene, which overlap, never straddle two parts. Classes
are spread over the parts in their shares, rare ones first. Validation and test get all chips of the grid and none that
`ship-det tile` added on ships; training gets both, and of the empty ones a share. By area, blocks are cut out of each
scene for test and validation, and chips nearer to a block than --gap go to no part. With --situation the training list
is a sample that has no more than the given number of instances of each class; the other lists stay what they are
without it.
"""

import argparse
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from ship_det.cli import HelpFormatter, split_names
from ship_det.progress import count_noun

if TYPE_CHECKING:
    from ship_det.tiling import Chip


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=HelpFormatter)
    parser.add_argument('chips', help='data set folder, as made by ship-det tile')
    parser.add_argument('--train', type=float, default=0.8, help='share of the training part')
    parser.add_argument('--val', type=float, default=0.0, help='share of the validation part; the rest is test')
    parser.add_argument(
        '--by', choices=['scene', 'chip', 'area'], default='scene', help='what goes to one part as a whole'
    )
    parser.add_argument(
        '--gap', type=int, metavar='PX', help='by area, px of the scene between two parts (default: the side of a chip)'
    )
    parser.add_argument('--seed', type=int, default=0, help='decides between equally good splits')
    parser.add_argument(
        '--empty',
        type=float,
        default=0.1,
        metavar='SHARE',
        help='share of the chips without an object that training gets, at least one; 0 for none, 1 for all',
    )
    parser.add_argument(
        '--folds',
        type=int,
        metavar='K',
        help='cross-validation: K times a K-th for the test, into folds/0, folds/1, ...',
    )
    parser.add_argument(
        '--scene-pattern', metavar='REGEX', help='images whose names have the same match are one scene: "DJI_[0-9]+"'
    )
    parser.add_argument(
        '--like', metavar='SCENES', help='data set that the chips were cut from: each goes where its scene is listed'
    )
    parser.add_argument('--test-scenes', default='', metavar='A,B', help='these scenes are the test part')
    parser.add_argument(
        '--situation', metavar='FILE', help='YAML, "class: count": instances to sample for training; others: all'
    )
    parser.add_argument('--out', metavar='DIR', help='folder for the lists, if not that of the data set')
    return parser


def main() -> None:
    args = make_parser().parse_args()
    from ship_det.tiling.splitting import (
        Shares,
        check_index,
        class_counts,
        missing_classes,
        read_chips,
        split_chips,
        thin_out_empty,
        write_split,
    )

    check_area(args)
    chips = read_chips(args.chips, args.scene_pattern)
    check_index(args.chips, chips)
    if args.folds is not None:
        write_folds(args, chips)
        return
    numbers = read_numbers(args.situation, chips) if args.situation else {}
    test_scenes = split_names('--test-scenes', args.test_scenes)
    if args.like:
        parts, lines = split_like(args, chips)
    elif args.by == 'area':
        parts, lines = split_areas(args, chips, test_scenes)
    else:
        parts = split_chips(chips, Shares(args.train, args.val), args.by, args.seed, test_scenes)
        lines = explain_added(args.chips, chips, parts)
    missing = missing_classes(parts, args.by, chips)
    before = len(parts['train'])
    parts['train'] = thin_out_empty(parts['train'], args.empty, args.seed)
    if len(parts['train']) < before:
        left_out = count_noun(before - len(parts['train']), 'empty chip')
        lines.append(f'left out of training: {left_out} (--empty {args.empty:g} keeps that share)')
    if args.situation:
        lines += sample_training(parts, numbers, args.seed)
    out = Path(args.out or args.chips)
    out.mkdir(parents=True, exist_ok=True)
    write_split(out, parts)
    print_parts(parts, class_counts(chips), numbers)
    for found in missing:
        unit = 'scene' if args.by == 'scene' else 'chip'
        reason = f'{count_noun(found.instances, "instance")} in {count_noun(found.units, unit)}'
        if not found.scarce and not args.like:
            reason += '; no split found gives every part every class'
        print(f'no instance in {found.part}: {found.name} ({reason})')
    for line in lines:
        print(line)


def split_like(args: argparse.Namespace, chips: list['Chip']) -> tuple[dict[str, list['Chip']], list[str]]:
    """Split as the scenes are; the lines say what is in no list."""
    from ship_det.annotations import DotaFolder
    from ship_det.tiling.given_parts import split_as_scenes

    if args.test_scenes or args.val or args.scene_pattern or args.folds is not None:
        raise ValueError('--like: found --test-scenes, --val, --scene-pattern or --folds beside it, expected none')
    parts, unlisted = split_as_scenes(chips, DotaFolder(args.like))
    listed = [chip for chip in chips if chip.scene not in unlisted]
    lines = explain_added(args.chips, listed, parts)
    if unlisted:
        lines.append(f'in no list: the chips of {count_noun(len(unlisted), "scene")} ({", ".join(unlisted[:3])})')
    return parts, lines


def check_area(args: argparse.Namespace) -> None:
    """Refuse options that mean nothing by area, or nothing else."""
    if args.by != 'area' and args.gap is not None:
        raise ValueError(f'--gap: found --by {args.by}, expected --by area')
    for option in ('folds', 'scene_pattern', 'like') if args.by == 'area' else ():
        if getattr(args, option) is not None:
            raise ValueError(f'--by area: found --{option.replace("_", "-")} beside it, expected it without')


def split_areas(
    args: argparse.Namespace, chips: list['Chip'], test_scenes: list[str]
) -> tuple[dict[str, list['Chip']], list[str]]:
    """Split by area; the lines say what is in no list, and which scenes are too small."""
    from ship_det.tiling.area_splitting import split_by_area
    from ship_det.tiling.splitting import Shares, class_counts

    split = split_by_area(chips, Shares(args.train, args.val), args.gap, args.seed, test_scenes)
    between = {chip.file for chip in split.gap}
    lines = explain_added(args.chips, [chip for chip in chips if chip.file not in between], split.parts)
    instances = ', '.join(f'{name} {count}' for name, count in class_counts(split.gap).most_common() if count)
    empty = sum(chip.empty for chip in split.gap)
    lines.append(
        f'in the gap between parts, in no list: {count_noun(len(split.gap), "chip")}, of these {empty} empty'
        + (f'; instances: {instances}' if instances else '')
    )
    if split.uncut:
        scenes = ', '.join(split.uncut[:3]) + (', ...' if len(split.uncut) > 3 else '')
        where = count_noun(len(split.uncut), 'scene')
        lines.append(
            f'no room for a block of each part in {where} (a smaller --gap or smaller chips, ship-det tile --chip, '
            f'leave more): {scenes}'
        )
    return split.parts, lines


def write_folds(args: argparse.Namespace, chips: list['Chip']) -> None:
    """Write the lists of each fold into a folder of its own."""
    from ship_det.tiling.splitting import class_counts, split_folds, thin_out_empty, write_split

    if args.situation or args.test_scenes or args.val:
        raise ValueError('--folds: found --situation, --test-scenes or --val beside it, expected it alone')
    out = Path(args.out or Path(args.chips) / 'folds')
    if (out / str(args.folds)).exists():
        raise ValueError(f'{out}: found a folder {args.folds}, of more folds than {args.folds}; remove {out} first')
    for number, parts in enumerate(split_folds(chips, args.folds, args.by, args.seed)):
        parts['train'] = thin_out_empty(parts['train'], args.empty, args.seed)
        folder = out / str(number)
        folder.mkdir(parents=True, exist_ok=True)
        write_split(folder, parts)
        print(f'\n{folder}')
        print_parts(parts, class_counts(chips), {})


def explain_added(root: str, chips: list['Chip'], parts: dict[str, list['Chip']]) -> list[str]:
    """What became of the chips that were added on ships, where they are not all in training."""
    if any(chip.added is None for chip in chips):
        return [
            f'{root}/chips.jsonl does not say which chips were added on ships, so that val and test may have some; '
            'ship-det tile says it when it is run again with the options in tiling.json'
        ]
    kept = {chip.file for of_part in parts.values() for chip in of_part}
    left_out = sum(chip.file not in kept for chip in chips)
    if not left_out:
        return []
    return [f'in no list: {count_noun(left_out, "chip")} added on ships (val and test take the grid alone)']


def read_numbers(path: str, chips: list['Chip']) -> dict[str, int]:
    """Read a situation and check that its classes are those of the data set."""
    from ship_det.tiling.chip_index import class_counts
    from ship_det.tiling.sampling import read_situation

    numbers = read_situation(path)
    known = class_counts(chips)
    for name, number in numbers.items():
        if number and name not in known:
            raise ValueError(f'{path}: unknown class {name!r}, expected one of: {", ".join(sorted(known))}')
    return numbers


def sample_training(parts: dict[str, list['Chip']], numbers: dict[str, int], seed: int) -> list[str]:
    """Replace the training chips by a sample; the result says what it lacks."""
    from ship_det.tiling.chip_index import class_counts
    from ship_det.tiling.sampling import sample_chips

    before = class_counts(parts['train'])
    sample = sample_chips(parts['train'], numbers, seed)
    lines = [f'sampled {len(sample.chips)} of {count_noun(len(parts["train"]), "training chip")}']
    for name, lacking in sample.missing.items():
        reason = f'training has {before[name]}' if before[name] < numbers[name] else 'other classes would have too many'
        lines.append(f'not met: {name} {numbers[name] - lacking} of {numbers[name]}, {lacking} too few ({reason})')
    parts['train'] = sample.chips
    return lines


def print_parts(parts: dict[str, list['Chip']], classes: Counter[str], numbers: dict[str, int]) -> None:
    """Print the instances of each class in each part, and how many were wanted for training."""
    from rich.console import Console
    from rich.table import Table

    from ship_det.tiling.chip_index import class_counts

    counts = {part: class_counts(chips) for part, chips in parts.items()}
    wanted = ['wanted'] if numbers else []
    table = Table('class', *wanted, *parts)
    for column in table.columns[1:]:
        column.justify = 'right'
    for name, _ in classes.most_common():
        table.add_row(name, *(str(numbers.get(name, 'all')) for _ in wanted), *(str(counts[p][name]) for p in parts))
    table.add_section()
    blank = [''] * len(wanted)
    table.add_row('chips', *blank, *(str(len(chips)) for chips in parts.values()))
    table.add_row('of these empty', *blank, *(str(sum(chip.empty for chip in chips)) for chips in parts.values()))
    added = [sum(bool(chip.added) for chip in chips) for chips in parts.values()]
    table.add_row('of these added on ships', *blank, *map(str, added))
    table.add_row('scenes', *blank, *(str(len({chip.scene for chip in chips})) for chips in parts.values()))
    # A class may be called [red] or :ship:.
    Console(markup=False, emoji=False).print(table)
