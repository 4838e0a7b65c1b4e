"""Weights that a training starts from: a checkpoint, the zoo's, or what a config asks MMEngine to download."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.parse import urlparse

import torch
from mmengine.config import Config
from mmengine.runner.checkpoint import get_torchvision_models

from ship_det.settings import walk
from ship_det.zoo import weights_file

TORCHVISION = 'torchvision://'


def start_from(cfg: Config, source: str) -> None:
    """Let a training start from trained weights, and load no others.

    Args:
        cfg: config; its ``load_from`` and the initial weights of its model change.
        source: checkpoint file, or ``zoo:NAME``.

    Raises:
        ValueError: there is none, or the zoo's file is damaged.
    """
    cfg.load_from = str(weights_file(source))
    cfg.model = without_initial_weights(cfg.model)


def without_initial_weights(model: Any) -> Any:
    """A model's settings without the weights that it would start a training from."""
    if isinstance(model, dict):
        items = {key: without_initial_weights(value) for key, value in model.items()}
        pretrained = isinstance(model.get('init_cfg'), dict) and type_name(model['init_cfg']).startswith('Pretrained')
        return type(model)(items | {'init_cfg': None} if pretrained else items)
    if isinstance(model, list | tuple):
        return type(model)(without_initial_weights(part) for part in model)
    return model


def type_name(part: dict) -> str:
    """Name of a part's type without its scope; a config that imports its parts has the classes themselves."""
    kind = part.get('type', '')
    return kind.rpartition('.')[2] if isinstance(kind, str) else kind.__name__


@contextmanager
def download_errors(cfg: Config) -> Iterator[None]:
    """Turn a failed download of initial weights into a ValueError that says how to do without it.

    Raises:
        ValueError: at once if torchvision has no such weights; later if they cannot be downloaded.
    """
    downloads = list(_downloads(cfg.model))
    try:
        yield
    except (URLError, HTTPException, ConnectionError, TimeoutError) as error:
        missing = [(key, url) for key, url in downloads if not cached_file(url).is_file()]
        if not missing:
            raise
        key, url = missing[0]
        file = cached_file(url)
        raise ValueError(
            f'cannot download the initial weights {url}: {error}. Download the file elsewhere and put it into '
            f'{file.parent}, or name it with --cfg-options {key}.checkpoint=/path/to/{file.name}; '
            f'{key}=None trains from random weights'
        ) from error


def _downloads(model: Any) -> Iterator[tuple[str, str]]:
    """Key of the ``init_cfg`` and URL of the weights, for all of a model that come over the net."""
    for key, part in walk(model, 'model'):
        checkpoint = str(part.get('checkpoint')) if isinstance(part, dict) and part.get('type') == 'Pretrained' else ''
        if checkpoint.startswith(TORCHVISION):
            urls, name = get_torchvision_models(), checkpoint.removeprefix(TORCHVISION)
            if name not in urls:
                raise ValueError(
                    f'{key}.checkpoint: torchvision has no weights {name!r}; expected one such as resnet50'
                )
            yield key, urls[name]
        elif checkpoint.startswith(('http://', 'https://')):
            yield key, checkpoint


def cached_file(url: str) -> Path:
    """Where torch.hub keeps what it has downloaded."""
    return Path(torch.hub.get_dir()) / 'checkpoints' / Path(urlparse(url).path).name
