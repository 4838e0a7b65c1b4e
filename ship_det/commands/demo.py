"""The main job, end to end, on simulated harbors: scenes, chips, split, training, test, report."""

import argparse
import subprocess
import sys
import time
from pathlib import Path

CONFIG = 'configs/quickstart/r2cnn_r18w32_fpn64_ci_demo.py'


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description='Simulate harbor scenes, cut them into chips, train R2CNN with CI loss, test it on scenes it has '
        'not seen and write a page about it. Stopped and started again, it goes on where it was.'
    )
    parser.add_argument('--data', default='data/demo', type=Path, help='folder for scenes and chips (%(default)s)')
    parser.add_argument('--work-dir', default='work_dirs/demo', type=Path, help='folder for results (%(default)s)')
    parser.add_argument('--scenes', default=10, type=int, help='number of scenes, a fifth of them for the test')
    parser.add_argument('--seed', default=0, type=int, help='seed of scenes, split and training')
    parser.add_argument('--cfg-options', nargs='+', default=[], help='passed on to the training')
    return parser.parse_args()


def step(title: str, subcommand: str, *arguments: object) -> None:
    """Run a subcommand of ``ship-det``; end with its exit code if it fails, since it has said why."""
    command = [sys.executable, '-m', 'ship_det.commands.main', subcommand, *map(str, arguments)]
    print(f'\n== {title}\n$ ship-det {subcommand} {" ".join(map(str, arguments))}', flush=True)
    start = time.monotonic()
    code = subprocess.run(command, check=False).returncode
    if code:
        print(f'ship-det {subcommand} ended with exit code {code}; its message is above', file=sys.stderr)
        # Where a signal ended it, the code is minus its number.
        sys.exit(code if code > 0 else 128 - code)
    print(f'-- {title}: {time.monotonic() - start:.0f} s', flush=True)


def newest(folder: Path, pattern: str) -> Path:
    """The last written file below ``folder`` that matches ``pattern``."""
    found = sorted(folder.glob(pattern), key=lambda path: path.stat().st_mtime)
    if not found:
        raise ValueError(f'{folder}: expected a file {pattern} there, found none')
    return found[-1]


def main() -> None:
    args = parse_args()
    if args.scenes < 2:
        raise ValueError(f'--scenes: found {args.scenes}, expected 2 or more, some to train with and some to test with')
    start = time.monotonic()
    scenes, chips = args.data / 'scenes', args.data / 'chips'
    training, predictions = args.work_dir / 'train', args.work_dir / 'predictions.jsonl'
    seed = ('--seed', args.seed)
    options = ('--cfg-options', f'data_root={chips}')

    sizes = ('--size', 1280, '--gsd', 2, '--ships', 160, '--min-per-class', 4, '--workers', 2)
    step('Simulate harbor scenes', 'simulate', scenes, '--scenes', args.scenes, *sizes, *seed)
    step('Cut the scenes into chips', 'tile', scenes, chips, '--chip', 512, '--overlap', 100)
    step('Split by scene', 'split', chips, '--train', 0.8, *seed)
    train_arguments = ('--work-dir', training, '--resume', *seed, *options, *args.cfg_options)
    step('Train R2CNN with CI loss', 'train', CONFIG, *train_arguments)
    checkpoint = (training / 'last_checkpoint').read_text().strip()
    step('Test on scenes not trained on', 'test', CONFIG, checkpoint, '--out', predictions, *options)
    lists = ('--list', chips / 'test.txt', '--train-list', chips / 'train.txt', '--merge', scenes)
    # CI loss leaves easy examples alone once they are right, so right scores stay lower than with cross-entropy.
    outputs = ('--score', 0.3, '--log', newest(training, '*/vis_data/scalars.json'), '--out', args.work_dir)
    step('Write the page', 'report', predictions, chips, *lists, *outputs)

    minutes, page = (time.monotonic() - start) / 60, args.work_dir / 'index.html'
    print(f'\nDone in {minutes:.1f} minutes. Open {page}: the AP table, the curves and the ships.')
