"""Train a detector: python tools/train.py CONFIG."""

import argparse

from ship_det.cli import add_config_arguments, run


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description='Train a detector.')
    parser.add_argument('config', help='config file')
    parser.add_argument('--amp', action='store_true', help='train with automatic mixed precision')
    parser.add_argument('--auto-scale-lr', action='store_true', help='scale the learning rate with the batch size')
    parser.add_argument('--resume', action='store_true', help='continue from the latest checkpoint in the work dir')
    parser.add_argument('--seed', type=int, help='seed of all random numbers')
    add_config_arguments(parser)
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    from ship_det.launch import build_runner, config_errors, load_config

    cfg = load_config(args)
    if args.amp:
        cfg.optim_wrapper.type = 'AmpOptimWrapper'
        cfg.optim_wrapper.setdefault('loss_scale', 'dynamic')
    if args.auto_scale_lr:
        if 'base_batch_size' not in cfg.get('auto_scale_lr', {}):
            raise ValueError(f'{args.config}: --auto-scale-lr needs auto_scale_lr = dict(base_batch_size=...)')
        cfg.auto_scale_lr.enable = True
    if args.seed is not None:
        cfg.randomness = dict(cfg.get('randomness', {}), seed=args.seed)
    cfg.resume = args.resume
    runner = build_runner(cfg)
    with config_errors(args.config):
        _ = runner.train_loop, runner.val_loop
    runner.train()


if __name__ == '__main__':
    run(main)
