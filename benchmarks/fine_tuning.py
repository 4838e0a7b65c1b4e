"""What some labelled ships of your own are worth: a real harbor, from ImageNet's, the zoo's or random weights.

python benchmarks/fine_tuning.py HARBOR --ships 10 30 100 all --starts imagenet aosr15 ships --seeds 0 1
python benchmarks/fine_tuning.py HARBOR --zero        # what the zoo finds there without any training
python benchmarks/fine_tuning.py HARBOR --table

HARBOR is a DOTA folder with one image and the class ship. Its lower part, a third of the ships, is the test; a strip
above it, as high as it takes for so many ships, is trained on, and `all` is all that is above. A finished training is a
line of docs/results/data/fine_tuning.jsonl. SHIP_DET_MOBILENETV2 names torchvision's ImageNet weights.
"""

import argparse
import json
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from ship_det.annotations import LabeledObject, read_dota, write_dota
from ship_det.annotations.objects import MIN_QUAD_AREA, quad_areas
from ship_det.checkout import describe_commit
from ship_det.cli import run
from ship_det.experiments.statistics import estimate
from ship_det.files import parse_json, read_text, write_text
from ship_det.processes import run_command
from ship_det.raster import read_rgb
from ship_det.tiling.clipping import clip_quads

ROOT = Path(__file__).resolve().parents[1]
LINES = ROOT / 'docs/results/data/fine_tuning.jsonl'
TESTED = 1 / 3


@dataclass(frozen=True)
class Start:
    """Config below configs/quickstart, and the weights that its training begins with, None for the config's own."""

    config: str
    load: str | None = None


STARTS = {
    'imagenet': Start('r2cnn_mobilenetv2_fpn96_ci_harbor.py'),
    'aosr15': Start('r2cnn_r18w32_fpn64_ci_harbor.py', 'zoo:r2cnn-aosr15'),
    'ships': Start('r2cnn_r18w32_fpn64_ci_harbor.py', 'zoo:r2cnn-ships'),
    'random': Start('r2cnn_r18w32_fpn64_ci_harbor.py'),
}


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('harbor', type=Path)
    parser.add_argument('--ships', nargs='+', default=['10', '30', '100', 'all'], help='how many are trained on')
    parser.add_argument('--starts', nargs='+', choices=list(STARTS), default=list(STARTS))
    parser.add_argument('--seeds', type=int, nargs='+', default=[0, 1])
    parser.add_argument('--iterations', type=int, default=400, help='of two crops (%(default)s)')
    parser.add_argument('--data', type=Path, default=Path('data/fine_tuning'))
    parser.add_argument('--work-dir', type=Path, default=Path('work_dirs/fine_tuning'))
    parser.add_argument('--zero', action='store_true', help='train nothing, test what the zoo finds')
    parser.add_argument('--table', action='store_true', help='train nothing, show what is finished')
    return parser.parse_args()


def part_of(objects: Sequence[LabeledObject], width: int, top: int, bottom: int) -> list[LabeledObject]:
    """What the rows from ``top`` to ``bottom`` show; ships that a border cuts are as in a chip."""
    quads = np.array([labeled.quad for labeled in objects]) - (0, top)
    clipped, visible, _ = clip_quads(quads, np.tile([0, 0, width, bottom - top], (len(quads), 1)))
    return [
        replace(labeled, quad=quad, difficult=labeled.difficult or share < 0.7)
        for labeled, quad, share, area in zip(objects, clipped, visible, quad_areas(clipped), strict=True)
        if area >= MIN_QUAD_AREA
    ]


def count(objects: Sequence[LabeledObject]) -> int:
    """Ships to find."""
    return sum(labeled.name == 'ship' and not labeled.difficult for labeled in objects)


def prepare(harbor: Path, data: Path, ships: str) -> tuple[Path, Path, int]:
    """Folders to train and to test on, and how many ships are trained on."""
    (image,) = sorted((harbor / 'images').iterdir())
    pixels = read_rgb(image)
    height, width = pixels.shape[:2]
    objects = read_dota(harbor / 'labelTxt' / f'{image.stem}.txt')
    border = next(
        row for row in range(height) if count(part_of(objects, width, row, height)) <= TESTED * count(objects)
    )
    # The strip ends at the border, so that what is trained on lies beside what is tested on.
    tops = range(border - 1, -1, -1)
    number = len(objects) if ships == 'all' else int(ships)
    top = next((row for row in tops if count(part_of(objects, width, row, border)) >= number), 0)
    folders = data / f'train_{ships}', data / 'test'
    for folder, first, last in ((folders[0], top, border), (folders[1], border, height)):
        for name in ('images', 'labelTxt'):
            (folder / name).mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels[first:last]).save(folder / 'images' / f'{image.stem}.png')
        write_dota(folder / 'labelTxt' / f'{image.stem}.txt', part_of(objects, width, first, last))
    return *folders, count(part_of(objects, width, top, border))


def ship_det(*arguments: object) -> None:
    command = [sys.executable, '-m', 'ship_det.commands.main', *map(str, arguments)]
    if run_command(command):
        raise ValueError(f'ship-det {" ".join(map(str, arguments))}: failed, its message is above')


def measure(config: Path, checkpoint: Path, test: Path, folder: Path) -> dict[str, float]:
    """AP at each IoU on the test part."""
    results = folder / 'results.json'
    saved = f'test_evaluator.results_file={results}'
    ship_det('test', config, checkpoint, '--data-root', test, '--work-dir', folder, '--cfg-options', saved)
    return {f'{found["iou_threshold"]:g}': found['mean_ap'] for found in parse_json(read_text(results))['results']}


def train_and_test(start: Start, ships: str, seed: int, args: argparse.Namespace) -> dict[str, Any]:
    """Train and test once; what is found."""
    train, test, number = prepare(args.harbor.resolve(), args.data.resolve(), ships)
    config = ROOT / 'configs/quickstart' / start.config
    name = next(name for name, other in STARTS.items() if other == start)
    folder = (args.work_dir / f'{name}_{ships}_{seed}').resolve()
    checkpoint = folder / f'iter_{args.iterations}.pth'
    begin = time.monotonic()
    if not checkpoint.exists():
        load = ('--load', start.load) if start.load else ()
        options = [f'train_cfg.max_iters={args.iterations}', f'train_cfg.val_begin={args.iterations + 1}']
        options += [f'param_scheduler.1.end={args.iterations}']
        command = ('--work-dir', folder, '--resume', '--amp', '--seed', seed, '--data-root', train, *load)
        ship_det('train', config, *command, '--cfg-options', *options)
    minutes = (time.monotonic() - begin) / 60
    return {
        'start': name,
        'ships': ships,
        'trained_on': number,
        'seed': seed,
        'iterations': args.iterations,
        'commit': describe_commit(),
        'minutes': round(minutes, 1),
        'ap': measure(config, checkpoint, test, folder),
    }


def read_lines() -> list[dict[str, Any]]:
    return [parse_json(line) for line in read_text(LINES).splitlines()] if LINES.exists() else []


def table(lines: list[Mapping[str, Any]]) -> str:
    """AP at each IoU by number of ships and start: of each seed, or of more than two their mean with its interval."""
    rows = ['| trained on | from | AP@0.5 | AP@0.6 | AP@0.7 |', '|--:|---|--:|--:|--:|']
    groups: dict[tuple[int, str], list[Mapping[str, Any]]] = {}
    for line in sorted(lines, key=lambda line: (line['trained_on'], list(STARTS).index(line['start']), line['seed'])):
        groups.setdefault((line['trained_on'], line['start']), []).append(line)
    for (ships, start), found in groups.items():
        cells = [_cell([line['ap'][threshold] for line in found]) for threshold in ('0.5', '0.6', '0.7')]
        rows.append(f'| {ships} | {start} | {" | ".join(cells)} |')
    return '\n'.join(rows)


def _cell(values: Sequence[float]) -> str:
    if len(values) <= 2:
        return ' / '.join(f'{value:.3f}' for value in values)
    found = estimate(values)
    return f'{found.center:.3f} ± {found.margin:.3f}'


def main() -> None:
    args = parse_args()
    if args.zero:
        from ship_det.zoo import zoo_model

        _, test, _ = prepare(args.harbor.resolve(), args.data.resolve(), 'all')
        model = zoo_model('r2cnn-ships')
        config = ROOT / 'configs/quickstart' / STARTS['ships'].config
        print(measure(config, model.weights, test, (args.work_dir / 'zero').resolve()))
        return
    if not args.table:
        for seed in args.seeds:
            for ships in args.ships:
                for name in args.starts:
                    done = {(line['start'], line['ships'], line['seed'], line['iterations']) for line in read_lines()}
                    if (name, ships, seed, args.iterations) not in done:
                        line = train_and_test(STARTS[name], ships, seed, args)
                        write_text(LINES, ''.join(f'{json.dumps(found)}\n' for found in [*read_lines(), line]))
    print(table(read_lines()))


if __name__ == '__main__':
    run(main)
