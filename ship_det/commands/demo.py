"""The main job, end to end, on simulated harbors: scenes, chips, split, training, test, report, ships on a map."""

import argparse
import time
from pathlib import Path

from ship_det.commands.steps import newest, step

CONFIG = 'configs/quickstart/r2cnn_r18w32_fpn64_ci_finetune.py'
START = 'zoo:r2cnn-ships'
#: Seed of the scene that ships are found in at the end, beyond those of the data.
UNSEEN = 10_000


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description='Simulate harbor scenes, cut them into chips, train R2CNN with CI loss from weights that know no '
        'classes, test it on scenes it has not seen and write a page about it; then find the ships of another scene '
        'and put them on a map. Stopped and started again, it goes on where it was.'
    )
    parser.add_argument('--data', default='data/demo', type=Path, help='folder for scenes and chips (%(default)s)')
    parser.add_argument('--work-dir', default='work_dirs/demo', type=Path, help='folder for results (%(default)s)')
    parser.add_argument('--scenes', default=14, type=int, help='number of scenes, a third of them for the test')
    parser.add_argument('--seed', default=0, type=int, help='seed of scenes, split and training')
    parser.add_argument('--cfg-options', nargs='+', default=[], help='passed on to the training')
    return parser


def main() -> None:
    args = make_parser().parse_args()
    if args.scenes < 2:
        raise ValueError(f'--scenes: found {args.scenes}, expected 2 or more, some to train with and some to test with')
    start = time.monotonic()
    scenes, chips = args.data / 'scenes', args.data / 'chips'
    training, predictions = args.work_dir / 'train', args.work_dir / 'predictions.jsonl'
    seed = ('--seed', args.seed)
    options = ('--cfg-options', f'data_root={chips}')

    sizes = ('--size', 1280, '--gsd', 1.5, '--ships', 180, '--min-per-class', 6, '--workers', 2)
    step('Simulate harbor scenes', 'simulate', scenes, '--scenes', args.scenes, *sizes, *seed)
    step('Cut the scenes into chips', 'tile', scenes, chips, '--chip', 640, '--overlap', 160)
    step('Split by scene', 'split', chips, '--train', 0.65, *seed)
    train_arguments = ('--load', START, '--amp', '--work-dir', training, '--resume', *seed, *options)
    step('Train R2CNN with CI loss', 'train', CONFIG, *train_arguments, *args.cfg_options)
    checkpoint = (training / 'last_checkpoint').read_text().strip()
    step('Test on scenes not trained on', 'test', CONFIG, checkpoint, '--out', predictions, *options)
    lists = ('--list', chips / 'test.txt', '--train-list', chips / 'train.txt', '--merge', scenes)
    # CI loss leaves easy examples alone once they are right, so right scores stay lower than with cross-entropy.
    outputs = ('--score', 0.3, '--log', newest(training, '*/vis_data/scalars.json'), '--out', args.work_dir)
    step('Write the page', 'report', predictions, chips, *lists, *outputs)

    unseen, found = args.data / 'unseen', args.work_dir / 'ships'
    step('Simulate one more scene', 'simulate', unseen, '--scenes', 1, *sizes, '--seed', UNSEEN + args.seed)
    detector = ('--config', CONFIG, '--checkpoint', checkpoint)
    step('Find its ships', 'detect', unseen / 'images', *detector, '--out', found)

    minutes = (time.monotonic() - start) / 60
    print(f'\nDone in {minutes:.1f} minutes. Open')
    print(f'  {args.work_dir / "index.html"}: the AP table, the curves and the ships of the test')
    print(f'  {found / "index.html"}: the ships of a scene that it has not seen, on a map')
