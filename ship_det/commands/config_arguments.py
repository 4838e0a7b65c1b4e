"""The arguments of commands that take a config, and the config with them applied."""

import argparse
import os
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ship_det.progress import Console

if TYPE_CHECKING:
    from mmengine.config import Config


def add_config_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments that training and testing share, named as in MMRotate."""
    parser.add_argument('--work-dir', help='folder for logs and checkpoints (default: work_dirs/CONFIG_NAME)')
    parser.add_argument('--data-root', metavar='DIR', help='folder of the data set, for training and testing')
    parser.add_argument('--classes', metavar='NAMES', help='class names with commas between them: ship,boat')
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        default=[],
        metavar='KEY=VALUE',
        help='settings that override the config: train_cfg.max_epochs=3 optim_wrapper.optimizer.lr=1e-3',
    )
    parser.add_argument('--launcher', choices=['none', 'pytorch', 'slurm', 'mpi'], default='none', help='job launcher')
    parser.add_argument('--local_rank', '--local-rank', type=int, default=0, help='set by torch.distributed')


def load_config(
    args: argparse.Namespace, console: Console | None = None, loaders: Collection[str] | None = None
) -> 'Config':
    """Read ``args.config`` with the options of ``add_config_arguments`` applied.

    ``data_root``, ``classes`` and ``num_classes`` reach all data sets and heads, see :mod:`ship_det.settings`. With a
    ``console`` MMEngine logs nothing there.

    Raises:
        ValueError: the file is missing, is not a config or an option does not fit.
    """
    from mmengine.logging import MMLogger

    from ship_det.hooks import quiet
    from ship_det.launch import read_config
    from ship_det.settings import DATALOADERS

    if console is not None:
        quiet(MMLogger.get_current_instance(), console)
    os.environ.setdefault('LOCAL_RANK', str(args.local_rank))
    options = _parse_options(args.cfg_options)
    if args.data_root is not None:
        options['data_root'] = args.data_root
    if args.classes is not None:
        options['classes'] = args.classes
    cfg = read_config(args.config, options, DATALOADERS if loaders is None else loaders)
    cfg.launcher = _launcher(args.launcher)
    if args.work_dir is not None:
        cfg.work_dir = args.work_dir
    elif cfg.get('work_dir') is None:
        cfg.work_dir = str(Path('work_dirs') / Path(args.config).stem)
    return cfg


def _launcher(name: str) -> str:
    """The launcher of a name; torchrun need not be named."""
    under_torchrun = 'TORCHELASTIC_RUN_ID' in os.environ
    if name == 'none' and under_torchrun:
        return 'pytorch'
    if name == 'pytorch' and 'RANK' not in os.environ:
        raise ValueError(
            '--launcher pytorch: found no RANK in the environment; '
            'start with torchrun --nproc_per_node 2 tools/train.py CONFIG'
        )
    return name


def _parse_options(pairs: Sequence[str]) -> dict:
    """Key and value of each ``key=value``, with values read as MMEngine reads them, but for names, which are text."""
    for pair in pairs:
        if '=' not in pair:
            raise ValueError(f'--cfg-options: expected key=value, found {pair!r}')
    from mmengine.config import DictAction

    parser = argparse.ArgumentParser(prefix_chars='\0')
    parser.add_argument('pairs', nargs='*', action=DictAction)
    try:
        options = parser.parse_args(list(pairs)).pairs if pairs else {}
    except (AssertionError, RecursionError) as error:
        raise ValueError(f'--cfg-options: {error}, expected key=value with brackets that match') from error
    texts = dict(pair.split('=', 1) for pair in pairs)
    names = {key: texts[key] for key in ('data_root', 'classes') if key in texts and texts[key][:1] not in ('[', '(')}
    return options | names
