"""Run the trials of an imbalanced classification experiment, and show what came out.

CONFIG is a file of configs/recognition. Finished trials are kept, one JSON line each, and not done again, so an
interrupted run goes on where it was. With --table or --plot nothing is trained: they show the trials there are.
"""

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ship_det.progress import count_noun, progress_bar

if TYPE_CHECKING:
    from ship_det.experiments.recognition.experiment import Experiment
    from ship_det.experiments.recognition.runner import Selection
    from ship_det.experiments.results import ResultsFile


# Of one loss in one setting; a list of the seeds is held in memory.
MOST_TRIALS = 100_000


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config', metavar='CONFIG', help='config file')
    parser.add_argument('--data', metavar='DIR', help="data set folder, in place of the config's")
    parser.add_argument('--out', metavar='DIR', help='folder of results; default: work_dirs/recognition/CONFIG_NAME')
    parser.add_argument('--trials', type=int, help="trials of each loss in each setting, in place of the config's")
    parser.add_argument('--first-seed', type=int, default=0, help='seed of the first trial; default: 0')
    parser.add_argument('--losses', nargs='+', metavar='NAME', help='these losses only')
    parser.add_argument('--settings', nargs='+', metavar='NAME', help='these settings only')
    parser.add_argument('--device', help='cpu or cuda; default: cuda where there is one')
    parser.add_argument(
        '--together',
        type=int,
        help='trials trained at once; default: 64 on a GPU; on a CPU all losses of a seed of a small network, else 1',
    )
    parser.add_argument('--table', action='store_true', help='print the table of the finished trials')
    parser.add_argument('--plot', action='store_true', help='draw the finished trials: scores and recalls')
    parser.add_argument(
        '--from',
        dest='source',
        metavar='FILE',
        help='show the trials of this file, in place of those of --out; with --table or --plot',
    )
    return parser


def main() -> None:
    args = make_parser().parse_args()
    from ship_det.experiments.recognition.experiment import read_experiment
    from ship_det.experiments.recognition.runner import Selection
    from ship_det.experiments.recognition.tables import make_rows, make_table
    from ship_det.experiments.recognition.trials import trials_file

    experiment = read_experiment(args.config)
    settings = select_names(args.config, '--settings', args.settings, experiment.settings)
    losses = select_names(args.config, '--losses', args.losses, experiment.losses)
    check_numbers(args)
    seeds = range(args.first_seed, args.first_seed + (args.trials or experiment.trials))
    out = Path(args.out) if args.out else Path('work_dirs/recognition') / experiment.name
    if args.source and not (args.table or args.plot):
        raise ValueError(f'--from: found {args.source}, expected --table or --plot with it, since it trains nothing')
    if args.source and not Path(args.source).is_file():
        raise ValueError(f'--from: found no file {args.source}, expected finished trials, one JSON line each')
    trials = trials_file(args.source or out / 'trials.jsonl')
    if not (args.table or args.plot):
        train(args, experiment, Selection(settings, losses, seeds), trials)
    rows = make_rows(experiment, trials.by_key().values(), settings, losses)
    if not rows:
        hint = f'of {args.config}' if args.source else '(run without --table and --plot)'
        raise ValueError(f'{trials.path}: found no finished trial, expected some {hint}')
    if not args.plot or args.table:
        print('\n'.join(make_table(experiment, rows)))
    if args.plot:
        from ship_det.experiments.recognition.charts import save_charts

        for path in save_charts(experiment, rows, out):
            print(f'chart: {path}')


def check_numbers(args: argparse.Namespace) -> None:
    """Refuse numbers of no use."""
    for option, value in (('--trials', args.trials), ('--together', args.together)):
        if value is not None and not 1 <= value <= MOST_TRIALS:
            raise ValueError(f'{option}: found {value}, expected a whole number from 1 to {MOST_TRIALS}')
    if not 0 <= args.first_seed < 2**62:
        raise ValueError(f'--first-seed: found {args.first_seed}, expected a whole number from 0, below 2 ** 62')


def select_names(config: str, option: str, names: list[str] | None, known: Mapping) -> list[str]:
    """The names given, or all that the config has."""
    for name in names or ():
        if name not in known:
            raise ValueError(f'{option}: found {name}, expected among {", ".join(known)}, which {config} has')
    return names or list(known)


def train(args: argparse.Namespace, experiment: 'Experiment', selection: 'Selection', trials: 'ResultsFile') -> None:
    """Run what is not finished, with a progress bar in trials."""
    import torch

    from ship_det.devices import check_device
    from ship_det.evaluation.results_file import software
    from ship_det.experiments.recognition.runner import default_together, pending_stacks, run_stack
    from ship_det.memory import keep_freed_memory

    device = args.device or ('cuda' if torch.cuda.is_available() else 'cpu')
    check_device(device)
    keep_freed_memory()
    together = args.together or default_together(experiment, len(selection.losses), device)
    # By seed, so that an interrupted run has as many trials of every setting.
    pending = pending_stacks(experiment, selection, trials, together)
    stacks = sorted(pending, key=lambda stack: stack.seeds[0])
    total = len(selection.settings) * len(selection.losses) * len(selection.seeds)
    to_do = sum(stack.trials for stack in stacks)
    if to_do < total:
        print(f'{trials.path}: {total - to_do} of {total} trials are finished')
    if not stacks:
        return
    data = experiment.load_data(args.data)
    for setting in selection.settings:
        experiment.counts(setting, data)
    with progress_bar('training', to_do) as show:
        done = 0
        for stack in stacks:
            seeds = ', '.join(map(str, stack.seeds))
            show(done, title=f'{stack.setting}, seed {seeds}: {count_noun(len(stack.losses), "loss")}')

            def advance(share: float, weight: int = stack.trials) -> None:
                show(advance=share * weight)

            trials.add(run_stack(experiment, data, stack, device, advance, software()))
            done += stack.trials
            show(done)
