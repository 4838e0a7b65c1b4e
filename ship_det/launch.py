"""From a config file to a runner: what training, testing and inference share."""

import logging
import os
import shutil
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import torch
from mmdet.utils import register_all_modules as register_mmdet
from mmengine.config import Config
from mmengine.device import get_device
from mmengine.dist import is_main_process
from mmengine.logging import MMLogger
from mmengine.runner import Runner
from mmengine.runner import runner as mmengine_runner
from mmengine.runner.checkpoint import _load_checkpoint, _load_checkpoint_to_model
from mmrotate.utils import register_all_modules as register_mmrotate
from torch import distributed, nn

from ship_det.checkpoints import read_checkpoints_as_data
from ship_det.cli import quiet_imports
from ship_det.hooks import CheckpointFitHook, ConsoleHook, InterruptHook, StartedHook, quiet
from ship_det.memory import keep_freed_memory
from ship_det.progress import Console
from ship_det.settings import (
    DATALOADERS,
    check_classes,
    check_names,
    check_options,
    read_chain,
    spread_settings,
)
from ship_det.zoo import find_config

_MMENGINE_HOOKS = ('runtime_info', 'timer', 'sampler_seed', 'logger', 'param_scheduler', 'checkpoint')


@contextmanager
def config_errors(path: str | os.PathLike) -> Iterator[None]:
    """Turn what a wrong config raises while it is read or built into a ValueError that names the file."""
    try:
        yield
    except (SyntaxError, NameError, KeyError, TypeError, AttributeError, AssertionError, ImportError) as error:
        reason = ' '.join(str(error).split()) or type(error).__name__
        raise ValueError(f'{path}: cannot be built: {reason}') from error
    except FileNotFoundError as error:
        raise ValueError(f'{path}: needs {error.filename}: no such file') from error
    except RuntimeError as error:
        if 'size mismatch' in str(error) or 'loading state_dict' in str(error):
            raise ValueError(f'{path}: the weights do not fit the model: {error}') from error
        raise


def read_config(
    path: str | os.PathLike, options: Mapping[str, Any] | None = None, loaders: Collection[str] = DATALOADERS
) -> Config:
    """Read a config, with its settings spread over it, see :mod:`ship_det.settings`.

    Args:
        path: config file. It is a Python program, which runs while it is read.
        options: values by key with dots, that take the place of the file's.
        loaders: keys of the data loaders that will be used; their classes have to fit the model.

    Raises:
        ValueError: the file is missing, is not a config or an option does not fit.
    """
    path = find_config(path)
    if Path(path).suffix not in ('.py', '.json'):
        # MMEngine reads YAML with a loader that runs what its tags ask for.
        raise ValueError(f'{path}: expected a config whose name ends in .py or .json')
    with quiet_imports():
        register_mmdet(init_default_scope=False)
        register_mmrotate(init_default_scope=False)
    options = dict(options or {})
    with config_errors(path):
        try:
            chain = read_chain(path)
            cfg = Config.fromfile(path)
        except FileNotFoundError:
            raise
        except (Exception, SystemExit) as error:
            # It is a program, which may fail or end in any way.
            raise ValueError(f'{path}: cannot be built: {str(error) or type(error).__name__}') from error
        check_names(chain)
        check_options(cfg, options)
        cfg.merge_from_dict(options)
        spread_settings(cfg, chain, options)
        check_classes(cfg, path, loaders)
        for name, hook in list((cfg.get('default_hooks') or {}).items()):
            # MMEngine takes None for its own hooks only, and leaves those out.
            if hook is None and name not in _MMENGINE_HOOKS:
                del cfg.default_hooks[name]
    return cfg


def build_runner(
    cfg: Config, console: Console | None = None, test_command: str = '', started: StartedHook | None = None
) -> Runner:
    """Build the runner of a config.

    Args:
        cfg: config.
        console: where progress is said, in place of all that MMEngine logs; None leaves everything to MMEngine.
        test_command: see :class:`ship_det.hooks.ConsoleHook`.
        started: see ``discard_failed_start``.

    Raises:
        ValueError: the config names an unknown part or gives it wrong arguments, or the launcher needs GPUs.
    """
    if get_device() == 'cpu':
        keep_freed_memory()
        if cfg.launcher != 'none':
            _join_processes_on_cpu(cfg)
    read_checkpoints_as_data()
    with config_errors(cfg.filename):

        class ConsoleRunner(Runner):
            def build_logger(self, *args: Any, **kwargs: Any) -> MMLogger:
                if started is not None:
                    started.folders.append(Path(self.log_dir))
                logger = super().build_logger(*args, **kwargs)
                if console is not None:
                    quiet(logger, console)
                return logger

            def dump_config(self) -> None:
                if started is not None:
                    started.wrote_config = True
                super().dump_config()

        runner = ConsoleRunner.from_cfg(cfg)
    if get_device() == 'cpu':
        lay_out_for_cpu(runner.model)
    # Without a logger they print what the hook says.
    mmengine_runner._load_checkpoint = partial(_load_checkpoint, logger=runner.logger)
    mmengine_runner._load_checkpoint_to_model = partial(_load_checkpoint_to_model, logger=runner.logger)
    runner.register_hook(CheckpointFitHook())
    if started is not None:
        runner.register_hook(started)
    if console is not None:
        runner.register_hook(ConsoleHook(console, test_command))
        runner.register_hook(InterruptHook(console.say))
    return runner


def lay_out_for_cpu(model: nn.Module) -> None:
    """Keep weights and maps channels last, as oneDNN computes convolutions; from other layouts it copies."""
    model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]


@contextmanager
def discard_failed_start(cfg: Config) -> Iterator[StartedHook]:
    """Leave the work dir of a config as it was where the block fails before the first iteration is over.

    What it gives is for ``build_runner``: it notes that iteration and what is made before it. Another process may use
    the same work dir meanwhile.
    """
    folder, name = Path(cfg.work_dir), Path(cfg.filename or '').name
    made = [path for path in (folder, *folder.parents) if not path.exists()]
    dump = folder / name
    kept = dump.read_bytes() if name and dump.is_file() else None
    started = StartedHook()
    try:
        yield started
    except BaseException:
        if not started.is_over and is_main_process():
            logging.shutdown()
            for path in started.folders:
                shutil.rmtree(path, ignore_errors=True)
            if started.wrote_config and kept is not None:
                dump.write_bytes(kept)
            elif started.wrote_config:
                dump.unlink(missing_ok=True)
            for path in made:
                with suppress(OSError):
                    path.rmdir()
        raise


def _join_processes_on_cpu(cfg: Config) -> None:
    """Join the processes of torchrun by gloo; MMEngine's own start and wrapper ask for a GPU each."""
    if cfg.launcher != 'pytorch':
        raise ValueError(f'--launcher {cfg.launcher}: found no GPU; without GPUs, start the processes with torchrun')
    if not distributed.is_initialized():
        distributed.init_process_group('gloo')
    cfg.setdefault('model_wrapper_cfg', dict(type='MMDistributedDataParallel', broadcast_buffers=False))
    cfg.model_wrapper_cfg.setdefault('find_unused_parameters', cfg.get('find_unused_parameters', False))
    cfg.model_wrapper_cfg.device_ids = None
