"""Which trainings a comparison has: methods by seeds or folds, and the settings of methods tuned on validation data."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from ship_det.experiments.detection.methods import METHODS
from ship_det.experiments.detection.trainings import Comparison, Training, run_all

#: Its seed is that of no training that is tested.
TUNING_SEED = 1_000_000


def read_folds(folder: str | Path) -> list[tuple[Path, Path]]:
    """Training and test list of each fold, as ``ship-det split --folds`` writes them.

    Raises:
        ValueError: there are fewer than two, or a list is missing.
    """
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


def plan_trainings(
    comparison: Comparison, methods: Sequence[str], seeds: Sequence[int], tuned: Mapping[str, Training] | None = None
) -> list[Training]:
    """Trainings that are tested, seed by seed, so that all methods have a seed before the next begins.

    Where there are folds each seed is trained on each of them. ``tuned`` has, for some methods, a training with the
    settings that were chosen.
    """
    plain = [(tuned or {}).get(name, Training(name, 0)) for name in methods]
    folds = range(len(comparison.folds)) if comparison.folds else [None]
    return [
        replace(training, seed=seed, fold=fold, part='test') for seed in seeds for fold in folds for training in plain
    ]


def tune(comparison: Comparison, methods: Sequence[str], rates: Sequence[float], train: bool) -> dict[str, Training]:
    """The learning rate, then the further settings, of each method with the best mAP on the validation data.

    Args:
        comparison: what the trainings are part of.
        methods: keys of ``METHODS``.
        rates: factors of the config's learning rate.
        train: whether to do the trainings that are not done; a method that has some left is not in the result.

    Raises:
        ValueError: the config has no validation data of its own.
    """
    cfg = comparison.cfg
    if not cfg.get('val_dataloader') or cfg.val_dataloader.dataset == cfg.test_dataloader.dataset:
        raise ValueError(
            f'{cfg.filename}: val_dataloader: found the test data or none, expected validation data of its own for '
            '--tune, such as the val.txt that `ship-det split --val 0.1` writes'
        )
    candidates = {name: [Training(name, TUNING_SEED, rate, part='val') for rate in rates] for name in methods}
    best = _choose_best(comparison, candidates, train)
    for name, training in best.items():
        options = [{key: value} for key, values in METHODS[name].tuned.items() for value in values]
        candidates[name] = [training, *(replace(training, options=entry) for entry in options)]
    return _choose_best(comparison, {name: candidates[name] for name in best}, train)


def describe_choice(chosen: Mapping[str, Training], rates: Sequence[float]) -> str:
    """What was chosen for each method; where it is the least or the largest rate, what lies beyond was not tried."""
    texts = []
    for name, training in chosen.items():
        options = ''.join(f', {key} {value:g}' for key, value in training.options.items())
        edges = [word for word, rate in (('least', min(rates)), ('largest', max(rates))) if training.rate == rate]
        edge = f' (the {edges[0]} that was tried; others may be better)' if edges else ''
        texts.append(f'{name} rate x {training.rate:g}{options}{edge}')
    return f'chosen on the validation data: {"; ".join(texts)}'


def _choose_best(
    comparison: Comparison, candidates: Mapping[str, Sequence[Training]], train: bool
) -> dict[str, Training]:
    """The best candidate of each method whose candidates are all done, the first of equal ones."""
    if train:
        run_all(comparison, [training for trainings in candidates.values() for training in trainings])
    best = {}
    for name, trainings in candidates.items():
        lines = comparison.finished(trainings)
        if len(lines) == len(trainings):
            scores = [max(line['results'], key=lambda result: result['iou'])['map'] or 0.0 for line in lines]
            best[name] = trainings[scores.index(max(scores))]
    return best
