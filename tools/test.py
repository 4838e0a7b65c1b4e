"""Test a detector: python tools/test.py CONFIG CHECKPOINT prints the AP table."""

import argparse
from pathlib import Path

from ship_det.cli import add_config_arguments, run


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description='Test a detector: average precision per class and mean.')
    parser.add_argument('config', help='config file')
    parser.add_argument('checkpoint', help='checkpoint file')
    parser.add_argument('--out', help='write the predictions to this file, JSON lines')
    parser.add_argument('--show', action='store_true', help='show each image with its detections in a window')
    parser.add_argument('--show-dir', help='write each image with its ground truth and detections into this folder')
    parser.add_argument('--wait-time', type=float, default=2, help='seconds between images of --show')
    add_config_arguments(parser)
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    from ship_det.launch import build_runner, config_errors, load_config

    cfg = load_config(args)
    if not Path(args.checkpoint).is_file():
        raise ValueError(f'{args.checkpoint}: no such checkpoint; expected one such as epoch_12.pth of the work dir')
    cfg.load_from = args.checkpoint
    if args.out:
        cfg.test_evaluator.predictions_file = args.out
    if args.show or args.show_dir:
        hook = cfg.default_hooks.visualization
        hook.update(draw=True, show=args.show, wait_time=args.wait_time)
        if args.show_dir:
            hook.test_out_dir = args.show_dir
    runner = build_runner(cfg)
    with config_errors(args.config):
        _ = runner.test_loop
    runner.test()


if __name__ == '__main__':
    run(main)
