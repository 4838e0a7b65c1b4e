"""Write a config as one file, with its bases read and its settings resolved, for other tools.

MMRotate's own tools settle a config's variables while they read it: there data_root, classes and num_classes of a
derived config do not reach what its bases have built from theirs. The file that this command writes needs no base.
"""

import argparse
from pathlib import Path

from ship_det.cli import check_outputs, quiet_imports
from ship_det.commands.config_arguments import add_config_arguments, load_config


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='config file')
    parser.add_argument('--out', metavar='FILE', help='file to write, .py (default: print it)')
    add_config_arguments(parser)
    return parser


def main() -> None:
    args = make_parser().parse_args()
    check_outputs({'--out': args.out}, [args.config])
    if args.out is not None and Path(args.out).suffix != '.py':
        raise ValueError(f'--out: found {args.out}, expected a name that ends in .py')
    with quiet_imports():
        from ship_det.files import write_text

        text = load_config(args).pretty_text
    if args.out is None:
        print(text, end='')
    else:
        write_text(args.out, text)
        print(f'resolved config: {args.out}')
