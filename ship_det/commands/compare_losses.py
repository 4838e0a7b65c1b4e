"""Does a loss help a detector? Train it with several class losses or samplings, some seeds each, and compare.

All methods of a seed begin with the same weights and see the same crops in the same order. A finished training is a
JSON line and is not done again; one that was stopped goes on; several processes, on several GPUs too, may share the
work dir. Works with any config of this project, MMRotate or MMDetection whose box head has a class loss.
"""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ship_det.cli import quiet_imports
from ship_det.commands.config_arguments import add_config_arguments, load_config
from ship_det.progress import count_noun

if TYPE_CHECKING:
    from mmengine.config import Config

    from ship_det.experiments.detection.trainings import Comparison


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', metavar='CONFIG', help='config file of a detector')
    parser.add_argument(
        '--losses',
        nargs='+',
        metavar='NAME',
        default=['ce', 'fl', 'ci'],
        help='of ce fl ci ci_sqrt ci_factors ci_modulator pf ce_foreground seesaw eqlv2 balanced_softmax ce_rfs '
        'ci_rfs (default: ce fl ci)',
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
    return parser


def main() -> None:
    args = make_parser().parse_args()
    with quiet_imports():
        from ship_det.experiments.detection.methods import check_methods
        from ship_det.experiments.detection.plan import read_folds
        from ship_det.experiments.detection.trainings import Comparison

    check_numbers(args)
    folds = read_folds(args.folds) if args.folds else []
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


def check_numbers(args: argparse.Namespace) -> None:
    """Refuse seeds and rates of no use."""
    from ship_det.experiments.detection.plan import TUNING_SEED

    for seed in args.seeds:
        if not 0 <= seed < TUNING_SEED or args.seeds.count(seed) > 1:
            raise ValueError(f'--seeds: found {seed}, expected different whole numbers from 0, below {TUNING_SEED}')
    for rate in args.tune or ():
        if not 0 < rate < float('inf') or args.tune.count(rate) > 1:
            raise ValueError(f'--tune: found {rate:g}, expected different factors above 0')
    if args.tune is not None and args.folds:
        raise ValueError('--tune: found --folds beside it, expected one of them: folds have no validation data')


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
    from ship_det.experiments.detection.plan import describe_choice, plan_trainings, tune
    from ship_det.experiments.detection.trainings import run_all

    trainings = plan_trainings(comparison, args.losses, args.seeds)
    chosen, tuned = {}, []
    if args.tune is not None:
        rates = args.tune or [0.5, 1.0, 2.0]
        chosen = tune(comparison, args.losses, rates, train=not args.table)
    if chosen:
        print(describe_choice(chosen, rates))
        tuned = plan_trainings(comparison, args.losses, args.seeds, chosen)
    if not args.table:
        run_all(comparison, [*trainings, *(training for training in tuned if training not in trainings)])
    found = comparison.finished(trainings)
    if not found:
        raise ValueError(comparison.nothing_finished(trainings))
    show(found, args, len(comparison.folds), '')
    if tuned:
        show(comparison.finished(tuned), args, len(comparison.folds), 'tuned')
    if args.report:
        from ship_det.experiments.detection.page import write_page

        write_page(comparison, trainings, Path(args.report))
        print(f'report: {Path(args.report) / "index.html"}')


def show(lines: Sequence[Mapping[str, Any]], args: argparse.Namespace, folds: int, kind: str) -> None:
    """Print the tables and draw the charts of finished trainings."""
    from ship_det.experiments.detection.lines import thresholds
    from ship_det.experiments.detection.tables import all_tables, make_rows

    rows, ious = make_rows(lines, max(folds, 1)), thresholds(lines)
    title = f'{Path(args.config).stem}{", tuned" if kind else ""}: {count_noun(len(lines), "training")}'
    minutes = sum(line['minutes'] for line in lines)
    print(f'\n{title}, {minutes / 60:.1f} hours\n')
    print('\n'.join(all_tables(rows, ious)))
    if args.plot:
        from ship_det.experiments.detection.charts import save_charts

        for path in save_charts(rows, ious[-1], Path(args.plot) / kind):
            print(f'chart: {path}')
