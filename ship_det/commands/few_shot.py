"""Train and test MAML on imbalanced few-shot tasks: one run for each split, loss and seed of CONFIG.

The images lie in DATA_ROOT/train/CLASS/, DATA_ROOT/val/CLASS/ and DATA_ROOT/test/CLASS/. A run that was interrupted
goes on from its last checkpoint; a finished one is not done again.
"""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from ship_det.progress import count_noun, progress_bar

if TYPE_CHECKING:
    from ship_det.experiments.few_shot.config import FewShotConfig
    from ship_det.experiments.few_shot.experiment import Experiment, Run


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        'config', metavar='CONFIG', help='settings, such as configs/few_shot/maml_conv4_84_miniimagenet.py'
    )
    parser.add_argument('--data', metavar='DATA_ROOT', help="folder of the images (default: the config's data_root)")
    parser.add_argument(
        '--splits', nargs='+', metavar='SPLIT', help='support samples of the classes, as 3,3,3,3,3 1,2,3,4,5; or all'
    )
    parser.add_argument('--losses', nargs='+', metavar='LOSS', help='ce, fl, ci, ci_modulator, ci_factors')
    parser.add_argument('--seeds', nargs='+', type=int, metavar='SEED', help='seeds of the trainings')
    parser.add_argument('--iterations', type=int, metavar='N', help='meta-updates; more than before goes on from there')
    parser.add_argument(
        '--work-dir', metavar='DIR', help='results and checkpoints (default: work_dirs/few_shot/CONFIG)'
    )
    parser.add_argument('--device', help='cpu, cuda, cuda:1, ... (default: cuda where there is one)')
    parser.add_argument('--table', action='store_true', help='only print the table of the results there are')
    parser.add_argument('--plot', metavar='FILE', help='only draw accuracy against imbalance degree (.png, .svg, .pdf)')
    return parser


def main() -> None:
    args = make_parser().parse_args()
    from ship_det.experiments.few_shot.config import read_config

    splits = 'all' if args.splits == ['all'] else args.splits
    config = read_config(
        args.config,
        data_root=args.data,
        splits=splits,
        losses=args.losses,
        seeds=args.seeds,
        iterations=args.iterations,
    )
    work_dir = Path(args.work_dir or Path('work_dirs/few_shot') / Path(args.config).stem)
    if not (args.table or args.plot):
        train_and_test(config, work_dir, args.device)
    show(config, work_dir / 'results.jsonl', args.plot)


def train_and_test(config: 'FewShotConfig', work_dir: Path, device: str | None) -> None:
    """Do the runs that have no result yet."""
    import torch

    from ship_det.devices import check_device
    from ship_det.experiments.few_shot.experiment import open_experiment
    from ship_det.memory import keep_freed_memory

    keep_freed_memory()
    device = device or ('cuda' if torch.cuda.is_available() else 'cpu')
    check_device(device)
    with progress_bar('reading images') as progress:
        experiment = open_experiment(config, work_dir, device, progress)
    open_runs, total = experiment.open_runs(), len(experiment.runs())
    updates = count_noun(config.iterations, 'meta-update')
    print(f'{len(open_runs)} of {count_noun(total, "run")} to do on {device}, {updates} each')
    for number, run in enumerate(open_runs, total - len(open_runs) + 1):
        run_with_progress(experiment, run, f'{number}/{total} {run.name}')


def run_with_progress(experiment: 'Experiment', run: 'Run', title: str) -> None:
    """Do a run under a progress bar, and say its accuracy."""
    with progress_bar(title, experiment.config.iterations) as show_progress:
        result = experiment.run(run, lambda done, words: show_progress(done, title=f'{title} {words}'))
    print(f'{run.name}: accuracy {result["accuracy"]:.4f} on {count_noun(len(result["correct"]), "test task")}')


def show(config: 'FewShotConfig', path: Path, plot: str | None) -> None:
    """Print the table of the results that have the config's settings, and draw them."""
    from ship_det.experiments.few_shot.presentation import INTERVALS, make_table, plot_accuracy
    from ship_det.experiments.few_shot.results import results_file, tabulate

    results, settings = results_file(path).read(), config.of_a_run()
    chosen = [result for result in results if all(result['settings'].get(k) == v for k, v in settings.items())]
    if not chosen:
        raise ValueError(f'{path}: found no result with the settings of the config, expected at least one')
    rows = tabulate(chosen)
    print('\n'.join([*make_table(rows), '', INTERVALS]))
    if len(chosen) < len(results):
        print(f'left out {len(results) - len(chosen)} results with other settings')
    if plot:
        plot_accuracy(rows, plot)
        print(f'plot: {plot}')
