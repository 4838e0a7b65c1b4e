"""Split a data set into training, validation and test lists.

Writes train.txt, val.txt and test.txt (image file names, one a line) into the data set's folder and prints how many
instances of each class every part has. By scene, chips of one scene, which overlap, never straddle two parts.
"""

import argparse

from ship_det.cli import run


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument('chips', help='data set folder, as made by tile.py')
    parser.add_argument('--train', type=float, default=0.8, help='share of the training part')
    parser.add_argument('--val', type=float, default=0.0, help='share of the validation part; the rest is test')
    parser.add_argument('--by', choices=['scene', 'chip'], default='scene', help='what goes to one part as a whole')
    parser.add_argument('--seed', type=int, default=0, help='decides between equally good splits')
    parser.add_argument('--test-scenes', default='', metavar='A,B', help='these scenes are the test part')
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    from ship_det.tiling.splitting import Shares, read_chips, split_chips, write_split

    shares = Shares(args.train, args.val)
    test_scenes = [name.strip() for name in args.test_scenes.split(',') if name.strip()]
    parts = split_chips(read_chips(args.chips), shares, args.by, args.seed, test_scenes)
    write_split(args.chips, parts)
    print_parts(parts)


def print_parts(parts: dict) -> None:
    """Print the instances of each class in each part, and which classes a part lacks."""
    from rich.console import Console
    from rich.table import Table

    from ship_det.tiling.splitting import class_counts

    counts = {part: class_counts(chips) for part, chips in parts.items()}
    classes = class_counts([chip for chips in parts.values() for chip in chips])
    table = Table('class', *parts)
    for column in table.columns[1:]:
        column.justify = 'right'
    for name, _ in classes.most_common():
        table.add_row(name, *(str(counts[part][name]) for part in parts))
    table.add_section()
    table.add_row('chips', *(str(len(chips)) for chips in parts.values()))
    table.add_row('scenes', *(str(len({chip.scene for chip in chips})) for chips in parts.values()))
    Console().print(table)
    for part in parts:
        lacking = [name for name in classes if not counts[part][name]]
        if lacking:
            print(f'no instance in {part}: {", ".join(lacking)}')


if __name__ == '__main__':
    run(main)
