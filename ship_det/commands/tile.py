"""Cut scenes into labelled chips.

SCENES is a data set folder with images/ and DOTA labels in labelTxt/; OUT gets the same layout and chips.jsonl, one
line a chip: file, scene, window (x, y, w, h), instance counts, whether it was added to the grid on ships. Killed and
started again, it goes on where it was. Other pixels than 8 bit are stretched between two percentiles of their scene; a
chip without any data is left out.
"""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from ship_det.cli import HelpFormatter, add_pixel_arguments, pixel_choices
from ship_det.processes import RunAll, processes
from ship_det.progress import count_noun, progress_bar

if TYPE_CHECKING:
    from ship_det.tiling import TilingSummary


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=HelpFormatter)
    parser.add_argument('scenes', help='data set folder of the scenes')
    parser.add_argument('out', help='folder to make')
    parser.add_argument('--chip', type=int, default=1000, help='side of a chip, px')
    parser.add_argument('--overlap', type=int, default=200, help='px shared by neighbouring chips')
    parser.add_argument(
        '--scales', type=float, nargs='+', default=[1.0], help='of the pixels; at 0.5 a chip shows twice the side'
    )
    add_pixel_arguments(parser)
    parser.add_argument(
        '--stretch',
        type=float,
        nargs=2,
        metavar=('LOW', 'HIGH'),
        help='percentiles of the scene that become 0 and 255 (default: 8 bit as it is, others 2 98)',
    )
    parser.add_argument('--workers', type=int, default=2, help='processes')
    parser.add_argument(
        '--min-visible', type=float, default=0.7, help='an object of which less is visible is marked difficult'
    )
    parser.add_argument(
        '--keep-empty',
        type=float,
        default=1.0,
        help='share of the chips without an object to keep; below 1 a test does not see the whole scene',
    )
    parser.add_argument('--format', choices=['png', 'jpg', 'tif'], default='png', help='of the chips')
    parser.add_argument(
        '--whole',
        action=argparse.BooleanOptionalAction,
        default=True,
        help='add chips so that every object that fits in a chip is whole in one',
    )
    parser.add_argument('--unlabeled', action='store_true', help='a scene without a label file has no objects')
    return parser


def main() -> None:
    args = make_parser().parse_args()
    # A complete folder needs no other process. They start while this one imports what it needs itself.
    workers = min(args.workers, 1) if (Path(args.out) / 'chips.jsonl').exists() else args.workers
    with processes(workers, 'ship_det.tiling.run') as run_all:
        tile(args, run_all)


def tile(args: argparse.Namespace, run_all: RunAll) -> None:
    """Cut the scenes of the command line, with a progress bar."""
    from ship_det.tiling import TilingOptions, tile_scenes_with

    options = TilingOptions(
        chip=args.chip,
        overlap=args.overlap,
        min_visible=args.min_visible,
        keep_empty=args.keep_empty,
        format=args.format,
        whole=args.whole,
        unlabeled=args.unlabeled,
        scales=tuple(args.scales),
        stretch=tuple(args.stretch) if args.stretch else None,
        **pixel_choices(args),
    )
    with progress_bar('cutting chips') as show:
        summary = tile_scenes_with(run_all, args.scenes, args.out, options, show)
    print_summary(args.out, summary)


def print_summary(out: str, summary: 'TilingSummary') -> None:
    """Say what was made, and what became of every object."""
    tally = summary.tally
    already = f' ({summary.resumed} were there already)' if summary.resumed else ''
    print(f'{count_noun(tally["chips"], "chip")} from {count_noun(tally["scenes"], "scene")} in {out}{already}')
    print(f'chips added on ships: {tally["chips added on ships"]}, empty chips: {tally["empty chips"]}')
    print(
        f'empty chips skipped: {tally["empty chips skipped"]}, '
        f'chips without data skipped: {tally["chips without data skipped"]}'
    )
    if summary.without_data:
        scenes = ', '.join(summary.without_data[:3]) + (', ...' if len(summary.without_data) > 3 else '')
        print(f'scenes of which nothing is left: {len(summary.without_data)} ({scenes}; --nodata, --no-alpha)')
    if summary.alphas:
        name, alpha = max(summary.alphas.items(), key=lambda item: item[1].hidden)
        odd = [scene for scene, each in summary.alphas.items() if each.is_picture]
        print(
            f'scenes of which an alpha band hides something: {len(summary.alphas)}, up to {alpha.hidden:.2%} of {name}'
        )
        if odd:
            print(f'values as of a picture, not of an alpha band (--no-alpha): {", ".join(odd)}')
    reordered = tally['scenes of another band order']
    if reordered:
        print(f'scenes whose files call other bands than 1 2 3 red, green and blue, read so: {reordered}')
    print(
        f'objects in the scenes: {tally["objects"]}, whole in at least one chip: {tally["objects whole in a chip"]}, '
        f'in no chip: {tally["objects in no chip"]}'
    )
    print(
        f'labels in the chips: {tally["labels whole"]} whole, {tally["labels cut"]} cut by the border, '
        f'{tally["labels marked difficult"]} marked difficult'
    )
    print(
        'instances: ' + (', '.join(f'{name} {count}' for name, count in summary.class_counts.most_common()) or 'none')
    )
