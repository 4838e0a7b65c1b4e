"""``ship-det SUBCOMMAND``: one door to all command lines.

Each subcommand is a module beside this one, imported when it is asked for.
"""

import os
import sys
from importlib import import_module

import ship_det
from ship_det.cli import run

#: What each subcommand does, in the order in which a user meets them.
SUBCOMMANDS = {
    'simulate': 'draw simulated harbor scenes',
    'convert': 'convert labels between formats',
    'tile': 'cut scenes into labelled chips',
    'split': 'split chips into training, validation and test lists',
    'check': 'find what breaks training later',
    'stats': 'count classes: imbalance and class factors',
    'anchors': 'how well anchors fit the ships of a data set',
    'rotate': 'turn a data set by any angle',
    'train': 'train a detector',
    'test': 'test a detector: average precision per class',
    'detect': 'find the ships in whole scenes: layers for GIS and a map page',
    'export': 'write a detector as one ONNX file, for machines without torch',
    'evaluate': 'evaluate saved predictions without a model',
    'report': 'write a page about predictions',
    'config': 'write a config with its settings resolved, for other tools',
    'demo': 'the main job on simulated harbors, end to end',
    'compare-losses': 'train a detector with several losses and compare them',
    'fine-tune': 'from scenes and labelled ships to a detector of them',
    'recognition': "the papers' experiments on MNIST and MSTAR",
    'few-shot': "the papers' few-shot experiment",
}


def main() -> None:
    """Run the subcommand that the command line names."""
    name = sys.argv[1] if len(sys.argv) > 1 else '--help'
    if name in ('-h', '--help'):
        run(lambda: print(usage()))
    elif name == '--version':
        print(f'ship-det {ship_det.__version__}')
    elif name in SUBCOMMANDS:
        sys.argv = [f'ship-det {name}', *sys.argv[2:]]
        run(import_module(f'ship_det.commands.{name.replace("-", "_")}').main)
    else:
        print(f'error: {name}: no such subcommand, expected one of {", ".join(SUBCOMMANDS)}', file=sys.stderr)
        sys.exit(2)


def usage() -> str:
    """What ``ship-det --help`` prints."""
    width = max(map(len, SUBCOMMANDS)) + 2
    lines = [f'  {name:{width}}{purpose}' for name, purpose in SUBCOMMANDS.items()]
    return os.linesep.join(
        [f'usage: ship-det SUBCOMMAND ...{os.linesep}', *lines, '', 'ship-det SUBCOMMAND --help says more of each.']
    )


if __name__ == '__main__':
    main()
