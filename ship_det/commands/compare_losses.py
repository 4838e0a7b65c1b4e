"""Does a loss help a detector? Train it with several class losses or samplings, some seeds each, and compare.

All methods of a seed begin with the same weights and see the same crops in the same order. A finished training is a
JSON line and is not done again; one that was stopped goes on; several processes, on several GPUs too, may share the
work dir. Works with any config of this project, MMRotate or MMDetection whose box head has a class loss.
"""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ship_det.cli import quiet_imports
from ship_det.commands.config_arguments import add_config_arguments, load_config

if TYPE_CHECKING:
    from mmengine.config import Config

    from ship_det.experiments.detection.trainings import Comparison, Training

#: Its seed is that of no training that is tested.
TUNING_SEED = 1_000_000


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', metavar='CONFIG', help='config file of a detector')
    parser.add_argument(
        '--losses',
        nargs='+',
        metavar='NAME',
        default=['ce', 'fl', 'ci'],
        help='of ce fl ci ci_factors ci_modulator pf ce_foreground seesaw eqlv2 balanced_softmax ce_rfs ci_rfs '
        '(default: ce fl ci)',
    )
    parser.add_argument('--seeds', nargs='+', type=int, metavar='N', default=[0, 1, 2], help='default: 0 1 2')
    parser.add_argument('--load', metavar='WEIGHTS', help='weights to begin with, a checkpoint or zoo:NAME')
    parser.add_argument('--amp', action='store_true', help='train in mixed precision')
    parser.add_argument('--folds', metavar='DIR', help='cross-validate: the folder that `ship-det split --folds` wrote')
    parser.add_argument(
        '--tune',
        nargs='*',
        type=float,
        metavar='FACTOR',
        help="choose the learning rate of each method, a factor of the config's, on the validation data (default: "
        "0.5 1 2), focal loss's gamma too; the table without it stays",
    )
    parser.add_argument('--lines', metavar='FILE', help='finished trainings (default: WORK_DIR/lines.jsonl)')
    parser.add_argument('--prepare', action='store_true', help='make the data that the config declares, and stop')
    parser.add_argument('--table', action='store_true', help='train nothing, show what is finished')
    parser.add_argument('--plot', metavar='DIR', help='draw the charts into this folder')
    parser.add_argument('--report', metavar='DIR', help="write the page with the first seed's trainings side by side")
    add_config_arguments(parser)
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    check_numbers(args)
    folds = read_folds(args.folds)
    with quiet_imports():
        from ship_det.experiments.detection.methods import check_methods
        from ship_det.experiments.detection.trainings import Comparison

    check_methods(args.losses)
    cfg = load_config(args)
    if args.prepare or not args.table:
        prepare(args, cfg)
    if args.prepare:
        return
    name = Path(args.config).stem
    work_dir = Path(args.work_dir or Path('work_dirs/compare_losses') / name)
    lines = Path(args.lines or work_dir / 'lines.jsonl')
    compare(Comparison(cfg, name, work_dir, lines, args.load, args.amp, folds), args)


def prepare(args: argparse.Namespace, cfg: 'Config') -> None:
    """Make the data that the config declares."""
    if 'simulation' in cfg:
        from ship_det.experiments.detection.simulated_data import make_data

        make_data(Path(cfg.data_root), cfg.simulation, args.config)
        if args.prepare:
            print(f'{cfg.data_root}: the data are there')
    elif args.prepare:
        raise ValueError(f'{args.config}: --prepare: found no simulation, expected a config that declares its data')


def compare(comparison: 'Comparison', args: argparse.Namespace) -> None:
    """Train what is not finished, and show what is."""
    trainings = plan(args, len(comparison.folds))
    chosen = tune(comparison, args) if args.tune is not None else {}
    tuned = plan(args, len(comparison.folds), chosen) if chosen else []
    run_missing(comparison, [*trainings, *(training for training in tuned if training not in trainings)], args)
    found = finished(comparison, trainings)
    if not found:
        print(f'{comparison.lines}: no training of these is finished')
        return
    show(found, args, len(comparison.folds), '')
    if tuned:
        show(finished(comparison, tuned), args, len(comparison.folds), 'tuned')
    if args.report:
        write_page(comparison, trainings, Path(args.report))


def run_missing(comparison: 'Comparison', trainings: 'Sequence[Training]', args: argparse.Namespace) -> None:
    """Do what is not done, where that is asked for."""
    from ship_det.experiments.detection.trainings import run_all

    if not args.table:
        run_all(comparison, trainings)


def finished(comparison: 'Comparison', trainings: 'Sequence[Training]') -> list[dict]:
    """Lines of the trainings that are done."""
    from ship_det.experiments.detection.lines import read_lines

    lines = read_lines(comparison.lines)
    return [line for training in trainings if (line := comparison.find(training, lines))]


def check_numbers(args: argparse.Namespace) -> None:
    """Refuse seeds and rates of no use."""
    for seed in args.seeds:
        if not 0 <= seed < TUNING_SEED or args.seeds.count(seed) > 1:
            raise ValueError(f'--seeds: found {seed}, expected different whole numbers from 0, below {TUNING_SEED}')
    for rate in args.tune or ():
        if not 0 < rate < float('inf') or args.tune.count(rate) > 1:
            raise ValueError(f'--tune: found {rate:g}, expected different factors above 0')
    if args.tune is not None and args.folds:
        raise ValueError('--tune: found --folds beside it, expected one of them: folds have no validation data')


def read_folds(folder: str | None) -> list[tuple[Path, Path]]:
    """Training and test list of each fold."""
    if folder is None:
        return []
    folds: list[tuple[Path, Path]] = []
    while (place := Path(folder) / str(len(folds))).is_dir():
        train, test = (place / f'{part}.txt' for part in ('train', 'test'))
        for file in (train, test):
            if not file.is_file():
                raise ValueError(f'{file}: no such list; expected those that `ship-det split --folds` writes')
        folds.append((train, test))
    if len(folds) < 2:
        raise ValueError(f'{folder}: found no folders 0, 1, ... with train.txt and test.txt, expected two or more')
    return folds


def plan(args: argparse.Namespace, folds: int, chosen: 'dict[str, Training] | None' = None) -> 'list[Training]':
    """Trainings that are tested, seed by seed, so that all methods have a seed before the next begins."""
    from ship_det.experiments.detection.trainings import Training

    trainings = []
    for seed in args.seeds:
        for fold in range(folds) if folds else (None,):
            for name in args.losses:
                found = (chosen or {}).get(name)
                settings = {} if found is None else {'rate': found.rate, 'options': found.options}
                trainings.append(Training(name, seed, fold=fold, **settings))
    return trainings


def tune(comparison: 'Comparison', args: argparse.Namespace) -> 'dict[str, Training]':
    """The learning rate, then the further settings, of each method with the best mAP on the validation data."""
    from ship_det.experiments.detection.methods import METHODS
    from ship_det.experiments.detection.trainings import Training

    cfg = comparison.cfg
    if not cfg.get('val_dataloader') or cfg.val_dataloader.dataset == cfg.test_dataloader.dataset:
        raise ValueError(
            f'{args.config}: val_dataloader: found the test data or none, expected validation data of its own for '
            '--tune, such as the val.txt that `ship-det split --val 0.1` writes'
        )
    rates = args.tune or [0.5, 1.0, 2.0]
    candidates = {name: [Training(name, TUNING_SEED, rate, part='val') for rate in rates] for name in args.losses}
    best = best_of(comparison, candidates, args)
    candidates = {
        name: [
            found,
            *(
                replace(found, options={key: value})
                for key in METHODS[name].tuned
                for value in METHODS[name].tuned[key]
            ),
        ]
        for name, found in best.items()
    }
    return best_of(comparison, candidates, args)


def best_of(
    comparison: 'Comparison', candidates: 'Mapping[str, Sequence[Training]]', args: argparse.Namespace
) -> 'dict[str, Training]':
    """The best candidate of each method whose candidates are all done."""
    from ship_det.experiments.detection.trainings import choose

    run_missing(comparison, [training for trainings in candidates.values() for training in trainings], args)
    return {
        name: choose(comparison, trainings)
        for name, trainings in candidates.items()
        if len(finished(comparison, trainings)) == len(trainings)
    }


def show(lines: Sequence[dict], args: argparse.Namespace, folds: int, kind: str) -> None:
    """Print the tables and draw the charts of finished trainings."""
    from ship_det.experiments.detection.lines import thresholds
    from ship_det.experiments.detection.tables import all_tables, make_rows

    rows, ious = make_rows(lines, max(folds, 1)), thresholds(lines)
    title = f'{Path(args.config).stem}{", tuned" if kind else ""}: {len(lines)} trainings'
    minutes = sum(line['minutes'] for line in lines)
    print(f'\n{title}, {minutes / 60:.1f} hours\n')
    print('\n'.join(all_tables(rows, ious)))
    if args.plot:
        from ship_det.experiments.detection.charts import save_charts

        for path in save_charts(rows, ious[-1], Path(args.plot) / kind):
            print(f'chart: {path}')


def write_page(comparison: 'Comparison', trainings: 'Sequence[Training]', out: Path) -> None:
    """Write the report about the trainings of the first seed or fold, side by side."""
    from ship_det.datasets import ShipDataset
    from ship_det.experiments.detection.methods import METHODS
    from ship_det.initial_weights import type_name
    from ship_det.report import ReportOptions, RunFiles, write_report

    first = [
        training for training in trainings if (training.seed, training.fold) == (trainings[0].seed, trainings[0].fold)
    ]
    runs = []
    for training in first:
        predictions = comparison.work_dir / training.folder / 'predictions.jsonl'
        if comparison.find(training) and predictions.is_file():
            runs.append(RunFiles(METHODS[training.method].title.replace(',', ''), predictions))
    if not runs:
        raise ValueError(f'--report: {comparison.work_dir}: found no predictions.jsonl, expected those of a training')
    dataset = comparison.config(first[0]).test_dataloader.dataset
    if type_name(dataset) != ShipDataset.__name__:
        raise ValueError(
            f'{comparison.name}: test_dataloader: --report needs a ShipDataset, found {type_name(dataset)}'
        )
    root = Path(dataset.get('data_root') or '')
    folder = (root / dataset.get('data_prefix', {}).get('img_path', 'images')).parent
    lists = [Path(dataset.ann_file), root / dataset.ann_file] if dataset.ann_file else []
    options = ReportOptions(
        list_file=next((path.absolute() for path in lists if path.is_file()), None),
        other_classes=dataset.get('other_classes', 'error'),
        title=comparison.name,
        score_threshold=0.3,
    )
    write_report(runs, folder, out, options)
    print(f'report: {out / "index.html"}')
