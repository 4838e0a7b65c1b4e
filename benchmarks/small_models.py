"""Small detectors trained with one setting or another, three seeds each: what a default is worth.

python benchmarks/small_models.py proposals --seeds 0 1 2     # anchors, thresholds, inclined code: the demo's data
python benchmarks/small_models.py losses --seeds 0 1 2        # class losses: a 45:1 tail, balanced test scenes,
                                                              # from the zoo's weights that know no classes
python benchmarks/small_models.py proposals --table           # what is finished, as a Markdown table

Every variant of a seed starts from the same weights and sees the same crops in the same order, so variants are compared
in pairs. A finished training is a line of docs/results/data/small_models.jsonl; what is there is not trained again, and
a training that was stopped goes on. The data are simulated below --data the first time.
"""

import argparse
import json
import math
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ship_det.checkout import describe_commit
from ship_det.cli import run
from ship_det.experiments.statistics import estimate, paired_p_value
from ship_det.files import digest, parse_json, read_text, write_text
from ship_det.processes import run_command
from ship_det.zoo import PREFIX, zoo_model

ROOT = Path(__file__).resolve().parents[1]
LINES = ROOT / 'docs/results/data/small_models.jsonl'
RPN = 'model.rpn_head.anchor_generator'
TRAIN = 'model.train_cfg.rpn'
HEAD = 'model.roi_head.bbox_head'
CODER = f'{HEAD}.bbox_coder'

#: Anchors, thresholds and codes as the demo had them at commit 4c74d37.
OLD_PROPOSALS = {
    f'{RPN}.scales': '[4]',
    f'{RPN}.ratios': '[0.12,0.35,1.0,2.8,8.0]',
    f'{TRAIN}.assigner.nearly_best': 1.0,
    f'{TRAIN}.allowed_border': 0,
}
OLD_CODE = {f'{CODER}.inclined_means': '(0.0,0.0,0.0,0.0,0.0)'}
#: Each number of the code of size 1, so that x, whose sign the canonical corner fixes, weighs twice as much as y.
MOMENTS = {f'{CODER}.inclined_stds': '(0.21,0.45,0.21,0.45,0.6)', f'{HEAD}.inclined_weight': 1.0}
LOSS = f'{HEAD}.loss_cls'


@dataclass(frozen=True)
class Scenes:
    """Simulated scenes: the arguments of ``ship-det simulate``, and the share of them that is trained on."""

    arguments: tuple[str, ...]
    trained: float


@dataclass(frozen=True)
class Comparison:
    """Variants of one config on one kind of scenes.

    Attributes:
        config: config file below configs/quickstart.
        scenes: what is trained and tested on, a folder each.
        variants: options of each by its name, the baseline first.
        iterations: of two crops.
        start: weights to begin with, as ``ship-det train --load`` takes them; None for the config's own.
    """

    config: str
    scenes: Mapping[str, Scenes]
    variants: Mapping[str, Mapping[str, Any]]
    iterations: int = 1200
    start: str | None = None


SIZE = ('--size', '1280', '--gsd', '2', '--ships', '160')
COMPARISONS = {
    'proposals': Comparison(
        config='r2cnn_r18w32_fpn64_ci_demo.py',
        scenes={'demo': Scenes(('--scenes', '10', *SIZE, '--min-per-class', '4', '--seed', '0'), 0.8)},
        variants={
            'before': {**OLD_PROPOSALS, **OLD_CODE},
            'positive from 0.5': {f'{TRAIN}.assigner.pos_iou_thr': 0.5, f'{TRAIN}.assigner.nearly_best': 1.0},
            'positive from 0.7': {f'{TRAIN}.assigner.nearly_best': 1.0},
            'nearly best 0.85': {},
            'the same, code without means': OLD_CODE,
            'the same, deviations of moments': MOMENTS,
        },
    ),
    'losses': Comparison(
        config='r2cnn_r18w32_fpn64_ci_demo.py',
        scenes={
            'tail_train': Scenes(('--scenes', '12', *SIZE, '--tail', '45', '--seed', '0'), 1.0),
            # One of the seven is of no use: every split has something to train on.
            'tail_test': Scenes(('--scenes', '7', *SIZE, '--tail', '1', '--seed', '1'), 1 / 7),
        },
        iterations=500,
        start='zoo:r2cnn-ships',
        variants={
            'CE': {f'{LOSS}.type': 'mmdet.CrossEntropyLoss'},
            'CI': {},
            'CI, matched gradient': {f'{LOSS}.match_gradient': True},
            'CI, background 1.66': {f'{LOSS}.background_factor': 1.66},
            'PF class_mean': {f'{LOSS}.type': 'PFLoss', f'{LOSS}.background': True},
            'PF class_mean, background a class': {f'{LOSS}.type': 'PFLoss'},
        },
    ),
}


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('comparison', choices=list(COMPARISONS))
    parser.add_argument('--seeds', type=int, nargs='+', default=[0, 1, 2])
    parser.add_argument('--variants', nargs='+', metavar='NAME', help='some of the variants (default: all)')
    parser.add_argument('--data', type=Path, default=Path('data/small_models'), help='folder of the scenes and chips')
    parser.add_argument('--work-dir', type=Path, default=Path('work_dirs/small_models'))
    parser.add_argument('--iterations', type=int, help='of two crops (default: 1200, losses: 500)')
    parser.add_argument('--start', help='weights that a training begins with (default: losses: zoo:r2cnn-ships)')
    parser.add_argument('--lines', type=Path, default=LINES, help='file of what is finished (%(default)s)')
    parser.add_argument('--table', action='store_true', help='train nothing')
    return parser.parse_args()


def ship_det_command(*arguments: object) -> None:
    command = [sys.executable, '-m', 'ship_det.commands.main', *map(str, arguments)]
    if run_command(command):
        raise ValueError(f'ship-det {" ".join(map(str, arguments))}: failed, its message is above')


def make_chips(folder: Path, scenes: Scenes) -> Path:
    """Simulate, cut and split once; the commands do nothing where all is there."""
    root, chips = folder / 'scenes', folder / 'chips'
    if not (chips / 'test.txt').exists():
        ship_det_command('simulate', root, *scenes.arguments, '--workers', 1)
        ship_det_command('tile', root, chips, '--chip', 512, '--overlap', 100)
        ship_det_command('split', chips, '--train', scenes.trained, '--seed', 0)
    return chips


def as_options(options: Mapping[str, Any]) -> list[str]:
    return [f'{key}={value}' for key, value in options.items()]


def read_lines(path: Path) -> list[dict[str, Any]]:
    return [parse_json(line) for line in read_text(path).splitlines()] if path.exists() else []


def train_and_test(name: str, comparison: Comparison, variant: str, seed: int, args: argparse.Namespace) -> dict:
    """Train and test a variant; its line."""
    config = ROOT / 'configs/quickstart' / comparison.config
    chips = [make_chips(args.data / folder, scenes).resolve() for folder, scenes in comparison.scenes.items()]
    folder = (args.work_dir / name / f'{variant}_{seed}'.replace(' ', '_').replace(',', '')).resolve()
    model = as_options(comparison.variants[variant])
    test = [f'data_root={chips[-1]}', *model]
    checkpoint = folder / f'iter_{args.iterations}.pth'
    start = time.monotonic()
    if not checkpoint.exists():
        options = [f'data_root={chips[0]}', 'val_dataloader.dataset.ann_file=train.txt', *model]
        options += [f'train_cfg.max_iters={args.iterations}']
        options += [
            f'train_cfg.val_begin={args.iterations + 1}',
            f'param_scheduler.1.end={args.iterations}',
        ]
        load = ('--load', args.start) if args.start else ()
        run = ('--work-dir', folder, '--resume', '--amp', '--seed', seed, *load)
        ship_det_command('train', config, *run, '--cfg-options', *options)
    minutes = (time.monotonic() - start) / 60
    results = folder / 'results.json'
    saved = f'test_evaluator.results_file={results}'
    ship_det_command('test', config, checkpoint, '--work-dir', folder, '--cfg-options', *test, saved)
    recall = {}
    if comparison.start is None:
        # Weights of the zoo know how to propose, whatever the loss of the classes.
        found = folder / 'recall.json'
        command = [sys.executable, ROOT / 'benchmarks/proposals.py', config, checkpoint, '--json', found]
        subprocess.run([*map(str, command), '--cfg-options', *test], check=True, cwd=ROOT)
        recall = {'recall': parse_json(read_text(found))[0]['recall']}
    content = parse_json(read_text(results))
    return {
        'comparison': name,
        'variant': variant,
        'seed': seed,
        'options': {key: str(value) for key, value in comparison.variants[variant].items()},
        'iterations': args.iterations,
        'start': start_name(args.start),
        'commit': describe_commit(),
        'minutes': round(minutes, 1),
        **recall,
        'map': {f'{result["iou_threshold"]:g}': result['mean_ap'] for result in content['results']},
        'ap': {name: entry['ap'] for name, entry in content['results'][-1]['classes'].items()},
    }


def start_name(start: str | None) -> str | None:
    """What the weights are that a training begins with, with how long they were trained."""
    if start is None:
        return None
    path = zoo_model(start).weights if start.startswith(PREFIX) else Path(start)
    return f'{start} (SHA-256 {digest(path)[:16]})'


#: Columns of the table: how each figure of a line is called and found.
FIGURES = {
    'recall 0.5': lambda line: line['recall']['0.5'],
    'recall 0.7': lambda line: line['recall']['0.7'],
    'mAP@0.5': lambda line: line['map']['0.5'],
    'mAP@0.6': lambda line: line['map']['0.6'],
    'worst class, AP@0.6': lambda line: min(line['ap'].values()),
}


def table(lines: Sequence[Mapping[str, Any]], baseline: str) -> Iterator[str]:
    """Mean of each figure over the seeds with its 95 % interval, and the paired difference from the baseline."""
    has_recall = all('recall' in line for line in lines)
    figures = {name: figure for name, figure in FIGURES.items() if has_recall or not name.startswith('recall')}
    yield '| variant | trainings | ' + ' | '.join(figures) + ' | mAP@0.6 over the baseline (p) |'
    yield '|---|--:|' + '--:|' * len(figures) + '--:|'
    by_variant: dict[str, dict[int, Mapping[str, Any]]] = {}
    for line in lines:
        by_variant.setdefault(line['variant'], {})[line['seed']] = line
    for variant, trainings in by_variant.items():
        cells = [spread([figure(line) for line in trainings.values()]) for figure in figures.values()]
        pairs = sorted(trainings.keys() & by_variant.get(baseline, {}).keys())
        gain = ''
        if variant != baseline and pairs:
            ours, theirs = (
                [FIGURES['mAP@0.6'](of[seed]) for seed in pairs] for of in (trainings, by_variant[baseline])
            )
            p = paired_p_value(ours, theirs)
            difference = spread([our - their for our, their in zip(ours, theirs, strict=True)], '+')
            gain = difference + ('' if math.isnan(p) else f' ({p:.2g})')
        yield f'| {variant} | {len(trainings)} | ' + ' | '.join(cells) + f' | {gain} |'


def spread(values: Sequence[float], sign: str = '') -> str:
    found = estimate(values)
    return f'{found.center:{sign}.3f}' + ('' if math.isnan(found.margin) else f' ± {found.margin:.3f}')


def finished(args: argparse.Namespace) -> list[dict[str, Any]]:
    """Lines of this comparison, number of iterations and start."""
    wanted = {'comparison': args.comparison, 'iterations': args.iterations, 'start': start_name(args.start)}
    return [line for line in read_lines(args.lines) if wanted.items() <= {'start': None, **line}.items()]


def main() -> None:
    args = parse_args()
    comparison = COMPARISONS[args.comparison]
    args.iterations = args.iterations or comparison.iterations
    args.start = args.start or comparison.start
    unknown = set(args.variants or ()) - {*comparison.variants}
    if unknown:
        raise ValueError(f'--variants: found {min(unknown)}, expected some of {", ".join(comparison.variants)}')
    if not args.table:
        for seed in args.seeds:
            for variant in args.variants or comparison.variants:
                if (variant, seed) not in {(line['variant'], line['seed']) for line in finished(args)}:
                    line = train_and_test(args.comparison, comparison, variant, seed, args)
                    write_text(
                        args.lines, ''.join(f'{json.dumps(found)}\n' for found in [*read_lines(args.lines), line])
                    )
    # The zoo's weights change; what was trained from others stands by itself.
    wanted = {'comparison': args.comparison, 'iterations': args.iterations}
    lines = [line for line in read_lines(args.lines) if wanted.items() <= line.items()]
    for start in dict.fromkeys(line.get('start') for line in lines):
        if start is not None:
            print(f'\nfrom {start}:\n')
        print('\n'.join(table([line for line in lines if line.get('start') == start], next(iter(comparison.variants)))))


if __name__ == '__main__':
    run(main)
