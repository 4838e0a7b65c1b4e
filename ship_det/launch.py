"""From a config file to a runner: what tools/train.py and tools/test.py share."""

import argparse
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from mmdet.utils import register_all_modules as register_mmdet
from mmengine.config import Config, DictAction
from mmengine.device import get_device
from mmengine.runner import Runner
from mmrotate.utils import register_all_modules as register_mmrotate
from torch import distributed

from .checkpoints import read_checkpoints_as_data
from .hooks import CheckpointFitHook
from .memory import keep_freed_memory


@contextmanager
def config_errors(path: str | Path) -> Iterator[None]:
    """Turn what a wrong config raises while it is read or built into a ValueError that names the file."""
    try:
        yield
    except (SyntaxError, NameError, KeyError, TypeError, AttributeError, AssertionError, ImportError) as error:
        reason = ' '.join(str(error).split()) or type(error).__name__
        raise ValueError(f'{path}: cannot be built: {reason}') from error
    except RuntimeError as error:
        if 'size mismatch' in str(error) or 'loading state_dict' in str(error):
            raise ValueError(f'{path}: the weights do not fit the model: {error}') from error
        raise


def load_config(args: argparse.Namespace) -> Config:
    """Read ``args.config`` with the options of ``ship_det.cli.add_config_arguments`` applied.

    ``--cfg-options data_root=...`` also reaches the data sets that a config has already built from its ``data_root``.

    Raises:
        ValueError: the file is missing, is not a config or an option does not fit.
    """
    if not Path(args.config).is_file():
        raise ValueError(f'{args.config}: no such config file; expected one such as those below configs/')
    os.environ.setdefault('LOCAL_RANK', str(args.local_rank))
    register_mmdet(init_default_scope=False)
    register_mmrotate(init_default_scope=False)
    with config_errors(args.config):
        cfg = Config.fromfile(args.config)
        options = _parse_options(args.cfg_options)
        if options:
            old_root = cfg.get('data_root')
            cfg.merge_from_dict(options)
            if 'data_root' in options:
                _replace_root(cfg._cfg_dict, old_root, cfg.data_root)
    cfg.launcher = _launcher(args.launcher)
    if args.work_dir is not None:
        cfg.work_dir = args.work_dir
    elif cfg.get('work_dir') is None:
        cfg.work_dir = str(Path('work_dirs') / Path(args.config).stem)
    return cfg


def build_runner(cfg: Config) -> Runner:
    """Build the runner of a config.

    Raises:
        ValueError: the config names an unknown part or gives it wrong arguments, or the launcher needs GPUs.
    """
    if get_device() == 'cpu':
        keep_freed_memory()
        if cfg.launcher != 'none':
            _join_processes_on_cpu(cfg)
    read_checkpoints_as_data()
    with config_errors(cfg.filename):
        runner = Runner.from_cfg(cfg)
    runner.register_hook(CheckpointFitHook())
    return runner


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


def _join_processes_on_cpu(cfg: Config) -> None:
    """Join the processes of torchrun by gloo; MMEngine's own start and wrapper ask for a GPU each."""
    if cfg.launcher != 'pytorch':
        raise ValueError(f'--launcher {cfg.launcher}: found no GPU; without GPUs, start the processes with torchrun')
    if not distributed.is_initialized():
        distributed.init_process_group('gloo')
    cfg.setdefault('model_wrapper_cfg', dict(type='MMDistributedDataParallel', broadcast_buffers=False))
    cfg.model_wrapper_cfg.setdefault('find_unused_parameters', cfg.get('find_unused_parameters', False))
    cfg.model_wrapper_cfg.device_ids = None


def _parse_options(pairs: Sequence[str]) -> dict:
    """Key and value of each ``key=value``, with values read as MMEngine reads them."""
    for pair in pairs:
        if '=' not in pair:
            raise ValueError(f'--cfg-options: expected key=value, found {pair!r}')
    parser = argparse.ArgumentParser(prefix_chars='\0')
    parser.add_argument('pairs', nargs='*', action=DictAction)
    return parser.parse_args(list(pairs)).pairs if pairs else {}


def _replace_root(node: object, old: str, new: str) -> None:
    """Set ``data_root`` to ``new`` wherever it is ``old`` below ``node``."""
    if isinstance(node, dict):
        if node.get('data_root') == old:
            node['data_root'] = new
        children = node.values()
    elif isinstance(node, list):
        children = node
    else:
        return
    for child in children:
        _replace_root(child, old, new)
