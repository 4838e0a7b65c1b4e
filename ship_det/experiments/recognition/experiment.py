"""What a config of the recognition experiments says, checked."""

import inspect
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import UnionType
from typing import Any

import numpy as np

from ship_det.experiments.config_files import check_choice, read_assignments
from ship_det.experiments.losses import check_spec
from ship_det.experiments.recognition.datasets import LOADERS, ImageSet
from ship_det.experiments.recognition.networks import NETWORKS
from ship_det.experiments.recognition.protocols import PROTOCOLS
from ship_det.experiments.recognition.training import Training

_REQUIRED = ('data', 'network', 'training', 'settings', 'losses')
_KINDS = {
    **dict.fromkeys(('data', 'training', 'settings', 'losses', 'tuned'), dict),
    **dict.fromkeys(('network', 'baseline', 'metric'), str),
    'trials': int,
}
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

    def trial(self, setting: str, loss: str, seed: int) -> dict[str, Any]:
        """What makes a trial: all that its result depends on besides the data, as JSON can hold it."""
        config = {
            'data': self.data['type'],
            'network': self.network,
            'training': vars(self.training),
            'setting': dict(self.settings[setting]),
            'loss': dict(self.losses[loss]),
        }
        return {'setting': setting, 'loss': loss, 'seed': seed, 'config': config}


def read_experiment(path: str | os.PathLike) -> Experiment:
    """Read a config file.

    Raises:
        ValueError: naming the file and the key, if it is not a config of a recognition experiment.
    """
    content = read_assignments(path, 'configs/recognition')
    try:
        _check(content)
        content['training'] = Training(**content['training'])
        return Experiment(Path(path).stem, **content)
    except (ValueError, TypeError) as error:
        raise ValueError(f'{path}: {error}') from error


def _check(content: Mapping[str, Any]) -> None:
    """Raise ValueError unless the keys are those of an experiment, and each value is what it has to be."""
    for key in _REQUIRED:
        if key not in content:
            raise ValueError(f'found no {key}, expected {", ".join(_REQUIRED)}')
    for key, value in content.items():
        if key not in _KINDS:
            raise ValueError(f'found {key}, expected only {", ".join(_KINDS)}')
        _check_kind(key, value, _KINDS[key])
        if _KINDS[key] is dict and key in _REQUIRED and not value:
            raise ValueError(f'{key}: found nothing, expected some')
    data = content['data']
    if set(data) != {'type', 'root'} or not isinstance(data['root'], str) or data['type'] not in [*LOADERS]:
        raise ValueError(f'data: found {data}, expected a root and a type of {", ".join(LOADERS)}')
    check_choice('network', content['network'], NETWORKS)
    check_choice('metric', content.get('metric', 'accuracy'), METRIC_NAMES)
    for name, spec in content['settings'].items():
        _check_kind(f'settings, {name}', spec, dict)
        _check_setting(f'settings, {name}', spec)
    for name, spec in content['losses'].items():
        _check_kind(f'losses, {name}', spec, dict)
        try:
            check_spec(spec)
        except ValueError as error:
            raise ValueError(f'losses, {name}: {error}') from error
    if content.get('trials', 1) < 1:
        raise ValueError(f'trials: found {content["trials"]!r}, expected a whole number from 1')
    _check_losses('baseline', [content.get('baseline', 'ce')], content['losses'])
    for name, members in content.get('tuned', {}).items():
        _check_kind(f'tuned, {name}', members, list | tuple)
        _check_losses(f'tuned, {name}', members, content['losses'])


def _check_kind(place: str, found: object, kind: type | UnionType) -> None:
    if not isinstance(found, kind):
        expected = kind.__name__ if isinstance(kind, type) else kind
        raise ValueError(f'{place}: found {found!r}, expected a value of type {expected}')


def _check_setting(place: str, spec: Mapping[str, Any]) -> None:
    check_choice(f'{place}, type', spec.get('type'), PROTOCOLS)
    known = dict(inspect.signature(PROTOCOLS[spec['type']]).parameters)
    del known['available']
    unknown = sorted(set(spec) - set(known) - {'type'})
    missing = [key for key, entry in known.items() if entry.default is entry.empty and key not in spec]
    if unknown or missing:
        found = f'found {unknown[0]}' if unknown else f'found no {missing[0]}'
        raise ValueError(f'{place}: {found}, expected {", ".join(known) or "type alone"}')


def _check_losses(place: str, names: Sequence[Any], losses: Mapping[str, Any]) -> None:
    for name in names:
        if name not in [*losses]:
            raise ValueError(f'{place}: found {name!r}, expected one of the losses {", ".join(losses)}')
