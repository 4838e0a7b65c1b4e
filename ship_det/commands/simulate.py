"""Simulate harbor scenes: georeferenced GeoTIFF images with DOTA labels of 15 ship classes.

    ship-det simulate OUT --scenes 2 --size 12544 --seed 0

writes OUT/images/scene_0000.tif, OUT/labelTxt/scene_0000.txt and so on, and the parameters to OUT/simulation.json.
The same seed gives the same bytes; finished scenes are left as they are.
"""

import argparse
from collections import Counter

from ship_det.cli import HelpFormatter
from ship_det.progress import count_noun, progress_bar


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], formatter_class=HelpFormatter)
    parser.add_argument('out', metavar='OUT', help='folder to write to')
    parser.add_argument('--scenes', type=int, default=2, help='number of scenes')
    parser.add_argument('--size', type=int, default=12544, help='side of a scene in pixels')
    parser.add_argument('--gsd', type=float, default=0.6, help='metres a pixel')
    parser.add_argument('--seed', type=int, default=0, help='seed of the set of scenes')
    parser.add_argument('--ships', type=int, help='ships a scene; left out: 12.9 for each km of its side')
    parser.add_argument(
        '--tail', type=float, default=45.0, help='submarines to one tanker over many scenes; 1: balanced'
    )
    parser.add_argument(
        '--min-per-class',
        type=int,
        default=0,
        help='least ships of each class in a scene; above 0 it shortens the tail',
    )
    parser.add_argument('--workers', type=int, default=2, help='processes that draw')
    return parser


def main() -> None:
    arguments = make_parser().parse_args()
    # Imported late, so that --help answers at once.
    from rich.console import Console
    from rich.table import Table

    from ship_det.simulation import SceneSpec, simulate

    spec = SceneSpec(
        arguments.size, arguments.gsd, arguments.seed, arguments.ships, arguments.tail, arguments.min_per_class
    )
    console = Console()
    with progress_bar('drawing scenes', arguments.scenes * spec.size, counts=False) as show:
        reports = simulate(arguments.out, spec, arguments.scenes, arguments.workers, lambda rows: show(advance=rows))
    counts: Counter[str] = Counter()
    for report in reports:
        counts.update(report.counts)
    table = Table('class', 'ships')
    for name, count in counts.items():
        table.add_row(name, str(count))
    console.print(table)
    skipped = sum(report.skipped for report in reports)
    print(f'{count_noun(len(reports), "scene")} in {arguments.out}, {skipped} of them were there before')
    for report in reports:
        for name, count in report.missing.items():
            console.print(f'scene_{report.number:04d}: {count} {name} found no place')
