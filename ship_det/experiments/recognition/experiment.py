"""What a config of the recognition experiments says, checked."""

import inspect
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ship_det.experiments.losses import check_spec
from ship_det.experiments.recognition.datasets import LOADERS, ImageSet
from ship_det.experiments.recognition.networks import NETWORKS
from ship_det.experiments.recognition.protocols import PROTOCOLS
from ship_det.experiments.recognition.training import Training

_REQUIRED = ('data', 'network', 'training', 'settings', 'losses')
_OPTIONAL = ('trials', 'baseline', 'metric', 'tuned')
#: Scores that losses can be compared by, and what tables and charts call them.
METRIC_NAMES = {'accuracy': 'accuracy', 'gmean': 'G-mean', 'auc': 'AUC'}


@dataclass(frozen=True)
class Experiment:
    """An experiment: every loss in every setting, several trials each.

    Attributes:
        name: of the config file.
        data: ``type``, a name of ``LOADERS``, and ``root``, the folder.
        network: name of the network.
        training: the schedule of all losses.
        settings: parameters of a protocol by the setting's name; classes by name.
        losses: ``type`` and parameters by the loss's name in tables.
        trials: of each loss in each setting.
        baseline: name of the loss that the others are compared with.
        metric: the score that they are compared by, 'accuracy', 'gmean' or 'auc'.
        tuned: losses that are one loss with several parameters, by a name for the best of them.
    """

    name: str
    data: Mapping[str, str]
    network: str
    training: Training
    settings: Mapping[str, Mapping[str, Any]]
    losses: Mapping[str, Mapping[str, Any]]
    trials: int = 5
    baseline: str = 'ce'
    metric: str = 'accuracy'
    tuned: Mapping[str, list[str]] = field(default_factory=dict)

    def load_data(self, root: str | os.PathLike | None = None) -> ImageSet:
        """The data set, from ``root`` where it is not where the config says."""
        return LOADERS[self.data['type']](root or self.data['root'])

    def counts(self, setting: str, data: ImageSet) -> np.ndarray:
        """Training images of each class in a setting, shape (C,).

        Raises:
            ValueError: if the setting asks for what the data set does not have.
        """
        arguments = dict(self.settings[setting])
        protocol = PROTOCOLS[arguments.pop('type')]
        for key in {'classes', 'minority'} & set(arguments):
            unknown = sorted(set(arguments[key]) - set(data.classes))
            if unknown:
                raise ValueError(f'setting {setting}: found class {unknown[0]}, expected among {list(data.classes)}')
            arguments[key] = [data.classes.index(name) for name in arguments[key]]
        try:
            return protocol(data.train_counts, **arguments)
        except ValueError as error:
            raise ValueError(f'setting {setting}: {error}') from error

    def trial_config(self, setting: str, loss: str) -> dict[str, Any]:
        """All that a trial's result depends on besides its seed and the data, as JSON can hold it."""
        return {
            'data': self.data['type'],
            'network': self.network,
            'training': vars(self.training),
            'setting': dict(self.settings[setting]),
            'loss': dict(self.losses[loss]),
        }


def read_experiment(path: str | os.PathLike) -> Experiment:
    """Read a config file.

    Raises:
        ValueError: naming the file and the key, if it is not a config of a recognition experiment.
    """
    content = _read(Path(path))
    try:
        return _checked(Path(path).stem, content)
    except (ValueError, TypeError) as error:
        raise ValueError(f'{path}: {error}') from error


def _read(path: Path) -> dict[str, Any]:
    from mmengine.config import Config

    if path.suffix != '.py':
        raise ValueError(f'{path}: found a name ending in {path.suffix!r}, expected a config in Python')
    if not path.is_file():
        raise ValueError(f'{path}: no such config file; expected one such as those in configs/recognition')
    try:
        content = Config.fromfile(path).to_dict()
    except (Exception, SystemExit) as error:
        # It is a program, which may fail or end in any way.
        raise ValueError(f'{path}: found no readable config ({error}), expected one in Python') from error
    # Names with an underscore are the file's own.
    return {key: value for key, value in content.items() if not key.startswith('_')}


def _checked(name: str, content: dict[str, Any]) -> Experiment:
    for key in _REQUIRED:
        if key not in content:
            raise ValueError(f'found no {key}, expected {", ".join(_REQUIRED)}')
    unknown = sorted(set(content) - {*_REQUIRED, *_OPTIONAL})
    if unknown:
        raise ValueError(f'found {unknown[0]}, expected only {", ".join((*_REQUIRED, *_OPTIONAL))}')
    for key in ('data', 'training', 'settings', 'losses'):
        if not isinstance(content[key], dict) or not content[key]:
            raise ValueError(f'{key}: found {content[key]!r}, expected a dict')
    _check_types(content)
    if content['data']['type'] not in LOADERS or set(content['data']) != {'type', 'root'}:
        raise ValueError(f'data: found {content["data"]}, expected a root and a type of {", ".join(LOADERS)}')
    if content['network'] not in NETWORKS:
        raise ValueError(f'network: found {content["network"]!r}, expected one of {", ".join(NETWORKS)}')
    for setting, arguments in content['settings'].items():
        _check_setting(setting, arguments)
    for loss, spec in content['losses'].items():
        try:
            check_spec(spec)
        except ValueError as error:
            raise ValueError(f'losses, {loss}: {error}') from error
    content['training'] = Training(**content['training'])
    experiment = Experiment(name, **content)
    _check_names(experiment)
    return experiment


def _check_types(content: dict[str, Any]) -> None:
    """That every value is of the type that its checks take for granted."""
    data = content['data']
    values = [(f'data, {key}', data.get(key), str) for key in ('type', 'root')]
    values += [(key, content.get(key, ''), str) for key in ('network', 'baseline', 'metric')]
    for key in ('settings', 'losses'):
        for name, spec in content[key].items():
            values += [(f'{key}, {name}', spec, dict)]
            values += [(f'{key}, {name}, type', spec.get('type'), str)] if isinstance(spec, dict) else []
    values += [('tuned', content.get('tuned', {}), dict)]
    for place, found, kind in values:
        if not isinstance(found, kind):
            raise ValueError(f'{place}: found {found!r}, expected a {kind.__name__}')
    for name, members in content.get('tuned', {}).items():
        if not isinstance(members, list | tuple) or not all(isinstance(loss, str) for loss in members):
            raise ValueError(f'tuned, {name}: found {members!r}, expected names of losses')


def _check_setting(setting: str, arguments: dict[str, Any]) -> None:
    protocol = PROTOCOLS.get(arguments.get('type'))
    if protocol is None:
        raise ValueError(
            f'settings, {setting}, type: found {arguments.get("type")!r}, expected one of {", ".join(PROTOCOLS)}'
        )
    known = dict(inspect.signature(protocol).parameters)
    del known['available']
    unknown = sorted(set(arguments) - set(known) - {'type'})
    missing = [key for key, entry in known.items() if entry.default is entry.empty and key not in arguments]
    if unknown or missing:
        found = f'found {unknown[0]}' if unknown else f'found no {missing[0]}'
        raise ValueError(f'settings, {setting}: {found}, expected {", ".join(known) or "type alone"}')


def _check_names(experiment: Experiment) -> None:
    if not isinstance(experiment.trials, int) or experiment.trials < 1:
        raise ValueError(f'trials: found {experiment.trials!r}, expected a whole number from 1')
    if experiment.metric not in METRIC_NAMES:
        raise ValueError(f'metric: found {experiment.metric!r}, expected one of {", ".join(METRIC_NAMES)}')
    named = [('baseline', experiment.baseline)]
    named += [(f'tuned, {name}', loss) for name, members in experiment.tuned.items() for loss in members]
    for key, loss in named:
        if loss not in experiment.losses:
            raise ValueError(f'{key}: found {loss!r}, expected one of the losses {", ".join(experiment.losses)}')
