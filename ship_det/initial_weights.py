"""Initial weights that a config asks MMEngine to download, and what to do where that fails."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPException
from pathlib import Path
from urllib.error import URLError
from urllib.parse import urlparse

import torch
from mmengine.config import Config
from mmengine.runner.checkpoint import get_torchvision_models

TORCHVISION = 'torchvision://'


@contextmanager
def download_errors(cfg: Config) -> Iterator[None]:
    """Turn a failed download of initial weights into a ValueError that says how to do without it.

    Raises:
        ValueError: at once if torchvision has no such weights; later if they cannot be downloaded.
    """
    downloads = [(key, _url(key, checkpoint)) for key, checkpoint in _remote_weights(cfg.model, 'model')]
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


def _remote_weights(node: object, key: str) -> Iterator[tuple[str, str]]:
    """Key of the ``init_cfg`` and name of the weights, for all below ``node`` that come over the net."""
    if isinstance(node, list | tuple):
        children = list(enumerate(node))
    elif isinstance(node, dict):
        children = list(node.items())
        checkpoint = node.get('checkpoint')
        if node.get('type') == 'Pretrained' and str(checkpoint).startswith((TORCHVISION, 'http://', 'https://')):
            yield key, checkpoint
    else:
        return
    for name, child in children:
        yield from _remote_weights(child, f'{key}.{name}')


def _url(key: str, checkpoint: str) -> str:
    if not checkpoint.startswith(TORCHVISION):
        return checkpoint
    urls = get_torchvision_models()
    name = checkpoint.removeprefix(TORCHVISION)
    if name not in urls:
        raise ValueError(f'{key}.checkpoint: torchvision has no weights {name!r}; expected one such as resnet50')
    return urls[name]


def cached_file(url: str) -> Path:
    """Where torch.hub keeps what it has downloaded."""
    return Path(torch.hub.get_dir()) / 'checkpoints' / Path(urlparse(url).path).name
