"""Train a detector."""

import argparse
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from ship_det.cli import quiet_imports
from ship_det.commands.config_arguments import add_config_arguments, load_config
from ship_det.onnx_files import is_onnx
from ship_det.progress import Console

if TYPE_CHECKING:
    from mmengine.config import Config


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description='Train a detector.')
    parser.add_argument('config', help='config file')
    parser.add_argument('--amp', action='store_true', help='train with automatic mixed precision')
    parser.add_argument('--auto-scale-lr', action='store_true', help='scale the learning rate with the batch size')
    parser.add_argument(
        '--resume',
        nargs='?',
        const='',
        metavar='CHECKPOINT',
        help='continue from this checkpoint, by default from the latest one in the work dir, if there is one',
    )
    parser.add_argument(
        '--load',
        metavar='WEIGHTS',
        help='start from these weights, a checkpoint or zoo:NAME; of other classes all but the class layer is taken',
    )
    parser.add_argument(
        '--loss',
        metavar='NAME',
        help='class loss or sampling in place of that of the config: a name of ship-det compare-losses, such as ci_rfs',
    )
    parser.add_argument('--tensorboard', action='store_true', help='also write curves for TensorBoard')
    parser.add_argument('--seed', type=int, help='seed of all random numbers')
    add_config_arguments(parser)
    return parser


def main() -> None:
    args = make_parser().parse_args()
    with Console() as console:
        console.begin('loading PyTorch and MMRotate')
        with quiet_imports():
            from ship_det.hooks import introduce
            from ship_det.initial_weights import download_errors, start_from
            from ship_det.launch import build_runner, config_errors, discard_failed_start
            from ship_det.settings import check_parts

        console.begin('reading the config')
        cfg = load_config(args, console, ('train_dataloader', 'val_dataloader'))
        check_parts(cfg, 'train')
        if args.loss is not None:
            cfg = choose_loss(cfg, args.loss)
        if args.amp:
            use_mixed_precision(cfg, console)
        if args.auto_scale_lr:
            if 'base_batch_size' not in (cfg.get('auto_scale_lr') or {}):
                raise ValueError(f'{args.config}: --auto-scale-lr needs auto_scale_lr = dict(base_batch_size=...)')
            cfg.auto_scale_lr.enable = True
        if args.tensorboard:
            if not (cfg.get('visualizer') or {}).get('vis_backends'):
                raise ValueError(f'{args.config}: --tensorboard needs visualizer.vis_backends, found none')
            cfg.visualizer.vis_backends.append(dict(type='TensorboardVisBackend'))
        if args.seed is not None:
            if not 0 <= args.seed < 2**32:
                raise ValueError(f'--seed: found {args.seed}, expected a whole number from 0, below 2 ** 32')
            cfg.randomness = dict(cfg.get('randomness', {}), seed=args.seed)
        if args.load is not None:
            start_from(cfg, args.load)
        if args.resume is not None:
            resume(cfg, args.resume)
        with discard_failed_start(cfg) as started:
            console.begin('building the model')
            # What the command line has set stands in the copy in the work dir.
            config = shlex.quote(str(Path(cfg.work_dir, Path(args.config).name)))
            runner = build_runner(cfg, console, f'ship-det test {config} {{}}', started)
            console.begin('reading the data set')
            with config_errors(args.config):
                _ = runner.train_loop, runner.val_loop
            introduce(runner, console, 'training', runner.train_dataloader.dataset)
            with download_errors(cfg):
                runner.train()


def choose_loss(cfg: 'Config', name: str) -> 'Config':
    """A copy of a config whose classes are trained by a method of ``ship-det compare-losses``."""
    from mmengine.utils import import_modules_from_strings

    from ship_det.experiments.detection.methods import check_methods, with_method

    check_methods([name], '--loss')
    cfg = with_method(cfg, name)
    import_modules_from_strings(**cfg.custom_imports)
    return cfg


def use_mixed_precision(cfg: 'Config', console: Console) -> None:
    """Train with automatic mixed precision: float16 and a loss scale that adapts on a GPU, bfloat16 on a CPU."""
    from mmengine.device import get_device

    from ship_det.hooks import has_bfloat16

    if get_device() != 'cpu':
        cfg.optim_wrapper.type = 'AmpOptimWrapper'
        cfg.optim_wrapper.setdefault('loss_scale', 'dynamic')
        return
    cfg.optim_wrapper.type = 'CPUAmpOptimWrapper'
    cfg.optim_wrapper.pop('loss_scale', None)
    if not has_bfloat16():
        console.say('--amp: this processor has no instructions for bfloat16; training takes longer than without --amp')


def resume(cfg: 'Config', checkpoint: str) -> None:
    """Continue from a checkpoint, or with '' from the latest one; without one training starts from its beginning."""
    from ship_det.hooks import latest_checkpoint

    if checkpoint and not Path(checkpoint).is_file():
        raise ValueError(f'--resume {checkpoint}: no such checkpoint; expected one such as epoch_12.pth')
    if is_onnx(checkpoint):
        raise ValueError(
            f'--resume {checkpoint}: found weights alone, expected the state of a training, such as epoch_12.pth; '
            '--load begins a training with weights'
        )
    path = checkpoint or latest_checkpoint(cfg.work_dir)
    if path is None:
        print(f'{cfg.work_dir}: no checkpoint to resume from; training starts from the beginning')
    else:
        cfg.resume, cfg.load_from = True, str(path)
