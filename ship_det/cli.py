"""What every command line shares: bad input ends in one message and exit code 2, not in a traceback."""

import argparse
import os
import sys
from collections.abc import Callable
from typing import NoReturn


def run(main: Callable[[], int | None]) -> NoReturn:
    """Call ``main`` and leave the process with its exit code.

    ValueError and OSError mean bad input: their message goes to stderr and the exit code is 2.
    With the environment variable SHIP_DET_TRACEBACK set they are raised as they are, for debugging.
    """
    try:
        code = main() or 0
    except (ValueError, OSError) as error:
        if os.environ.get('SHIP_DET_TRACEBACK'):
            raise
        print(f'error: {_message(error)}', file=sys.stderr)
        code = 2
    except KeyboardInterrupt:
        print('interrupted', file=sys.stderr)
        code = 130
    sys.exit(code)


def add_config_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments that training and testing share, named as in MMRotate."""
    parser.add_argument('--work-dir', help='folder for logs and checkpoints (default: work_dirs/CONFIG_NAME)')
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        default=[],
        metavar='KEY=VALUE',
        help='settings that override the config: data_root=data/mine train_cfg.max_epochs=3',
    )
    parser.add_argument('--launcher', choices=['none', 'pytorch', 'slurm', 'mpi'], default='none', help='job launcher')
    parser.add_argument('--local_rank', '--local-rank', type=int, default=0, help='set by torch.distributed')


def _message(error: Exception) -> str:
    """The error's own words; torch wraps those of a data loading process into the text of their traceback."""
    message = str(error)
    if message.startswith('Caught ') and 'Original Traceback' in message:
        last = message.strip().splitlines()[-1]
        return last.partition(': ')[2] or last
    return message
