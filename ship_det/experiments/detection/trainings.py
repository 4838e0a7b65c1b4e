"""The trainings of a comparison: a folder each, done once whoever asks, a line when it is tested.

::

    WORK_DIR/METHOD_SEED/              config.py, training.json, checkpoints and logs, predictions.jsonl, results.json
    WORK_DIR/METHOD_SEED_rate0.5/      the same at half the learning rate
    WORK_DIR/METHOD_SEED_fold2/        on the third fold of the data
    WORK_DIR/METHOD_SEED_val/          tested on the validation data

A process that trains holds ``.lock`` in the folder, and so does the training that it starts, should it be killed.
"""

import copy
import hashlib
import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config, ConfigDict
from mmengine.registry import DATASETS, init_default_scope

import ship_det
from ship_det.checkout import describe_commit
from ship_det.checkpoints import weights_digest
from ship_det.cli import text_option
from ship_det.experiments.detection.lines import IDENTITY, lines_file
from ship_det.experiments.detection.methods import class_heads, with_method
from ship_det.experiments.results import Result, locked
from ship_det.files import parse_json, read_text, write_text
from ship_det.imbalance import count_instances
from ship_det.imbalance.counting import dataset_classes
from ship_det.initial_weights import type_name
from ship_det.processes import run_command
from ship_det.progress import count_noun
from ship_det.zoo import PREFIX, weights_file

#: What of a config decides how a training and its test end, but for the class loss.
_DECISIVE = (
    *('model', 'train_dataloader', 'test_dataloader', 'optim_wrapper', 'param_scheduler', 'train_cfg'),
    *('default_hooks', 'custom_hooks', 'test_evaluator'),
)
#: What of it does not.
_PLACES = (
    *('data_root', 'num_workers', 'persistent_workers', 'pin_memory', 'prefetch_factor', 'loss_cls'),
    *('timer', 'logger', 'visualization', 'predictions_file', 'results_file'),
)
_METRIC = {'type': 'mmrotate.VOCRotatedMetric', 'iou_threshold': [0.5, 0.6]}
_POLL_SECONDS = 5


@dataclass(frozen=True)
class Training:
    """One training of a comparison.

    Attributes:
        method: key of ``METHODS``.
        seed: of weights, order of the data and crops.
        rate: factor of the config's learning rate.
        options: settings of the loss that differ from the method's.
        fold: number of the fold of the data; None for the config's own lists.
        part: what it is tested on, 'test' or 'val'.
    """

    method: str
    seed: int
    rate: float = 1.0
    options: Mapping[str, float] = field(default_factory=dict)
    fold: int | None = None
    part: str = 'test'

    @property
    def folder(self) -> str:
        """Name of its folder."""
        parts = [self.method, str(self.seed)]
        parts += [f'rate{self.rate:g}'] if self.rate != 1 else []
        parts += [f'{name}{value:g}' for name, value in self.options.items()]
        parts += [f'fold{self.fold}'] if self.fold is not None else []
        return '_'.join([*parts, 'val'] if self.part == 'val' else parts)


@dataclass(frozen=True)
class Data:
    """What a comparison trains and tests on.

    Attributes:
        identity: digest of the names and labels of all images.
        counts: training instances of each class.
    """

    identity: str
    counts: Mapping[str, int]


class Comparison:
    """What all trainings of a comparison share.

    Args:
        cfg: config of a detector with its settings resolved; it is not changed.
        name: of the config.
        work_dir: folder of the trainings.
        lines: file of what is finished.
        start: weights to begin with, as ``ship-det train --load`` takes them; None for the config's own.
        amp: train in mixed precision.
        folds: training and test list of each fold; none for the config's own.

    Raises:
        ValueError: the detector has no class loss, or there are no such weights.
    """

    def __init__(
        self,
        cfg: Config,
        name: str,
        work_dir: Path,
        lines: Path,
        start: str | None = None,
        amp: bool = False,
        folds: Sequence[tuple[Path, Path]] = (),
    ) -> None:
        class_heads(cfg)
        self.cfg = copy.deepcopy(cfg)
        self.name = name
        self.work_dir = work_dir
        self.lines = lines_file(lines)
        self.start = start
        self.amp = amp
        self.folds = folds
        evaluators = cfg.test_evaluator if isinstance(cfg.test_evaluator, list) else [cfg.test_evaluator]
        ours = [found for found in evaluators if type_name(found) == 'VOCRotatedMetric']
        self.cfg.test_evaluator = ConfigDict(ours[0] if ours else _METRIC)
        self._shared = {
            'config': name,
            'settings': settings_digest(self.cfg),
            'start': start_name(start),
            'amp': amp,
        }
        self._data: dict[tuple[int | None, str], Data] = {}

    def wanted(self, training: Training) -> dict[str, Any]:
        """What the line of a training says of it."""
        return {**self._shared, 'data': self.data(training).identity, **asdict(training)}

    def data(self, training: Training) -> Data:
        """What a training is trained and tested on."""
        key = training.fold, training.part
        if key not in self._data:
            self._data[key] = read_data(self._for_data(training))
        return self._data[key]

    def find(self, training: Training) -> Result | None:
        """The line of a training, None where it is not finished."""
        return self.lines.by_key().get(self.lines.key(self.wanted(training)))

    def finished(self, trainings: Sequence[Training]) -> list[Result]:
        """Lines of the trainings that are done."""
        lines = self.lines.by_key()
        keys = (self.lines.key(self.wanted(training)) for training in trainings)
        return [lines[key] for key in keys if key in lines]

    def nothing_finished(self, trainings: Sequence[Training]) -> str:
        """Why none of the trainings is finished: what the lines of the same config say otherwise."""
        lines = [line for line in self.lines.read() if line['config'] == self.name]
        if not lines:
            return f'{self.lines.path}: found no finished training of {self.name}; leave out --table to train'
        wanted = [self.wanted(training) for training in trainings]
        told = []
        for name in IDENTITY:
            asked = {str(values[name]) for values in wanted}
            found = {str(line[name]) for line in lines}
            if not asked & found:
                told.append(f'{name} {", ".join(sorted(found))}, not {", ".join(sorted(asked))}')
        return (
            f'{self.lines.path}: found {count_noun(len(lines), "finished training")} of {self.name}, but with '
            f'{"; ".join(told) or "others together"}; expected the --losses, --seeds, --load, --amp, --folds, '
            '--data-root, --classes and --cfg-options that they were trained with'
        )

    def config(self, training: Training) -> Config:
        """The config of a training."""
        cfg = with_method(self._for_data(training), training.method, training.options)
        cfg.optim_wrapper.optimizer.lr *= training.rate
        cfg.work_dir = str(self.work_dir / training.folder)
        return cfg

    def _for_data(self, training: Training) -> Config:
        cfg = copy.deepcopy(self.cfg)
        if training.part == 'val':
            cfg.test_dataloader = cfg.val_dataloader
        if training.fold is not None:
            for loader, file in zip(
                (cfg.train_dataloader, cfg.test_dataloader), self.folds[training.fold], strict=True
            ):
                dataset = loader.dataset
                while 'dataset' in dataset:
                    dataset = dataset.dataset
                if type_name(dataset) != 'ShipDataset':
                    raise ValueError(f'--folds: found a {type_name(dataset)}, expected a config with a ShipDataset')
                dataset.ann_file = str(file.absolute())
        return cfg


def settings_digest(cfg: Config) -> str:
    """Digest of what decides how a training ends, whatever the class loss and wherever the data lie."""
    content = _without_places({key: cfg.get(key) for key in _DECISIVE})
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()[:16]


def _without_places(node: Any) -> Any:
    if isinstance(node, Mapping):
        kept = {key: _without_places(value) for key, value in node.items() if key not in _PLACES}
        # Initial weights lie elsewhere on another machine.
        return kept | {'checkpoint': Path(str(kept['checkpoint'])).name} if kept.get('checkpoint') else kept
    if isinstance(node, list | tuple):
        return [_without_places(value) for value in node]
    return node


def start_name(start: str | None) -> str | None:
    """The weights that a training begins with, by name and digest.

    Raises:
        ValueError: there are none.
    """
    if start is None:
        return None
    path = weights_file(start)
    return f'{start if start.startswith(PREFIX) else path.name}, weights {weights_digest(path)}'


def read_data(cfg: Config) -> Data:
    """Read the labels that a config trains and tests on."""
    init_default_scope(cfg.get('default_scope', 'mmengine'))
    train, test = (DATASETS.build(loader.dataset) for loader in (cfg.train_dataloader, cfg.test_dataloader))
    found = hashlib.sha256()
    for dataset in (train, test):
        while hasattr(dataset, 'dataset'):
            dataset = dataset.dataset
        for index in range(len(dataset)):
            info = dataset.get_data_info(index)
            name = Path(info.get('img_path', str(info.get('img_id')))).name
            found_objects = info.get('instances', [])
            objects = [[box['bbox'], box['bbox_label'], box.get('ignore_flag', 0)] for box in found_objects]
            found.update(json.dumps([name, objects]).encode())
    counts = count_instances(train).tolist()
    return Data(found.hexdigest()[:16], dict(zip(dataset_classes(train), counts, strict=True)))


def run_all(comparison: Comparison, trainings: Sequence[Training], say: Callable[[str], object] = print) -> None:
    """Do the trainings that are not done yet. One that another process is at is left to it, and waited for."""
    left = [training for training in trainings if not comparison.find(training)]
    if left:
        say(f'{count_noun(len(trainings), "training")}, {len(trainings) - len(left)} of them done')
    while left:
        others = []
        for training in left:
            with locked(comparison.work_dir / training.folder / '.lock', wait=False) as lock:
                if lock is None:
                    others.append(training)
                elif not comparison.find(training):
                    number = trainings.index(training) + 1
                    say(f'\n== {number} of {len(trainings)}: {training.folder}')
                    comparison.lines.add([train_and_test(comparison, training, lock.fileno())])
        if len(others) == len(left):
            time.sleep(_POLL_SECONDS)
        left = [training for training in others if not comparison.find(training)]


def train_and_test(comparison: Comparison, training: Training, lock: int) -> dict[str, Any]:
    """Train and test, or go on with it; its line. ``lock``: a file descriptor that the processes inherit.

    Raises:
        ValueError: the folder is of a training with other settings or data.
        SystemExit: a training or test failed, with its exit code; its message has been printed.
    """
    folder = comparison.work_dir / training.folder
    wanted = comparison.wanted(training)
    _claim(folder, wanted)
    cfg, config = comparison.config(training), folder / 'config.py'
    write_text(config, cfg.pretty_text)
    load = ('--load', comparison.start) if comparison.start else ()
    amp = ('--amp',) if comparison.amp else ()
    with _clock(folder / 'minutes.txt') as clock:
        _ship_det(lock, 'train', config, '--work-dir', folder, '--resume', '--seed', training.seed, *load, *amp)
    checkpoint = Path(read_text(folder / 'last_checkpoint').strip())
    # The work dir may have been moved since.
    checkpoint = checkpoint if checkpoint.is_file() else folder / checkpoint.name
    results, predictions = folder / 'results.json', folder / 'predictions.jsonl'
    saved = text_option('test_evaluator.results_file', results)
    _ship_det(lock, 'test', config, checkpoint, '--work-dir', folder, '--out', predictions, '--cfg-options', saved)
    return {
        **wanted,
        # None where a training is counted in epochs.
        'iterations': comparison.cfg.train_cfg.get('max_iters'),
        'counts': dict(comparison.data(training).counts),
        'version': ship_det.__version__,
        'commit': describe_commit(),
        'device': torch.cuda.get_device_name() if torch.cuda.is_available() else 'cpu',
        'minutes': round(float(read_text(clock)), 1),
        'results': [_figures(result) for result in parse_json(read_text(results))['results']],
    }


@contextmanager
def _clock(file: Path) -> Iterator[Path]:
    """Add the minutes that the block takes, however it ends, to those in a file."""
    begin, before = time.monotonic(), float(read_text(file)) if file.exists() else 0.0
    try:
        yield file
    finally:
        write_text(file, f'{before + (time.monotonic() - begin) / 60}\n')


def _claim(folder: Path, wanted: Result) -> None:
    """Write what a folder is of, or check that it is that."""
    file, identity = folder / 'training.json', {key: wanted[key] for key in IDENTITY}
    if file.exists():
        found = parse_json(read_text(file))
        differing = [key for key in IDENTITY if found.get(key) != identity[key]]
        if differing:
            key = differing[0]
            raise ValueError(
                f'{folder}: found a training with {key} {found.get(key)}, expected {identity[key]}; keep a comparison '
                'with other settings or data in another folder (--work-dir)'
            )
    else:
        write_text(file, json.dumps(identity, indent=1) + '\n')


def _figures(result: Mapping[str, Any]) -> dict[str, Any]:
    """What a line keeps of a result: figures at the score of best F1, which differs between losses."""
    classes = {
        name: {
            'ap': found['ap'],
            'ground_truths': found['num_ground_truths'],
            **{key: found['best_f1'][key] for key in ('precision', 'recall', 'f1', 'gmean')},
        }
        for name, found in result['classes'].items()
    }
    return {'iou': result['iou_threshold'], 'map': result['mean_ap'], 'classes': classes}


def _ship_det(lock: int, *arguments: object) -> None:
    command = [sys.executable, '-m', 'ship_det.commands.main', *map(str, arguments)]
    code = run_command(command, (lock,))
    if code:
        raise SystemExit(code)
