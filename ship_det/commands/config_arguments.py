"""The arguments of commands that take a config, and the config with them applied."""

import argparse
import os
import re
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ship_det.progress import Console

if TYPE_CHECKING:
    from mmengine.config import Config

# A text in quotes; a list in quotes is a list, as MMEngine has it.
_QUOTED = re.compile(r"""(?P<mark>["'])(?P<text>(?!\[.*\].$|\(.*\).$).*)(?P=mark)""", re.DOTALL)
_AROUND_MARKS = re.compile(r'(?<=[,\[\]()]) +| +(?=[,\[\]()])')
# Stands for a space while MMEngine reads a value; it drops the others.
_SPACE = '\0'


def add_config_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments that training and testing share, named as in MMRotate."""
    parser.add_argument('--work-dir', help='folder for logs and checkpoints (default: work_dirs/CONFIG_NAME)')
    parser.add_argument('--data-root', metavar='DIR', help='folder of the data set, for training and testing')
    parser.add_argument('--classes', metavar='NAMES', help='class names with commas between them: ship,boat')
    parser.add_argument(
        '--other-classes',
        choices=['error', 'background', 'ignore'],
        help="what a label of another class is (default: the config's)",
    )
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

    ``data_root``, ``classes``, ``num_classes`` and ``other_classes`` reach all data sets and heads, see
    :mod:`ship_det.settings`. With a ``console`` MMEngine logs nothing there.

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
    if args.other_classes is not None:
        options['other_classes'] = args.other_classes
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
    """Key and value of each ``key=value``, with values read as MMEngine reads them.

    But names are text, and so is what stands in quotes and is no list; texts keep their spaces.
    """
    for pair in pairs:
        if '=' not in pair:
            raise ValueError(f'--cfg-options: expected key=value, found {pair!r}')
    from mmengine.config import DictAction

    parser = argparse.ArgumentParser(prefix_chars='\0')
    parser.add_argument('pairs', nargs='*', action=DictAction)
    try:
        options = parser.parse_args([_keep_spaces(pair) for pair in pairs]).pairs if pairs else {}
    except (AssertionError, RecursionError) as error:
        raise ValueError(f'--cfg-options: {error}, expected key=value with brackets that match') from error
    options = {key: _with_spaces(value) for key, value in options.items()}
    texts = dict(pair.split('=', 1) for pair in pairs)
    names = {key: texts[key] for key in ('data_root', 'classes') if key in texts and texts[key][:1] not in ('[', '(')}
    quoted = {key: match['text'] for key, text in texts.items() if (match := _QUOTED.fullmatch(text))}
    return options | names | quoted


def _keep_spaces(pair: str) -> str:
    """A ``key=value`` of which MMEngine drops no spaces but those around the commas and brackets of a list."""
    key, value = pair.split('=', 1)
    value = value.strip()
    if _QUOTED.fullmatch(value):
        return f'{key}='
    if value[:1] in ('[', '(') or ',' in value:
        value = _AROUND_MARKS.sub('', value)
    return f'{key}={value.replace(" ", _SPACE)}'


def _with_spaces(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return type(value)(map(_with_spaces, value))
    return value.replace(_SPACE, ' ') if isinstance(value, str) else value
