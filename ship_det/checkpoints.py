"""Checkpoints as data: how they are read without running what is in them, and whether they fit a model.

A pickle can call any function while it is read. Here a checkpoint may hold tensors and plain Python values, and the few
records that MMEngine writes beside them: NumPy arrays and numbers, and histories of logged values. These records are
rebuilt from their values by the stand-ins below; everything else is refused.
"""

import errno
import hashlib
import math
import re
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from pickle import UnpicklingError
from typing import Any, BinaryIO

import numpy as np
import torch

from ship_det.onnx_files import is_onnx, read_weights

# Numbers, truth values and text: the types whose bytes hold no reference to an object.
PLAIN_DTYPE = re.compile(r'[<>=|]?(?:[biufc]\d{1,2}|[SU]\d{1,6})')


def load_data(file: str | Path | BinaryIO, map_location: Any = 'cpu') -> Any:
    """Read what ``torch.save`` has written; nothing in the file is run.

    Raises:
        ValueError: the file is damaged, is no such file, or holds something other than tensors and plain data.
        OSError: there is no such file or it cannot be read.
    """
    with _reading(_name(file)):
        return _rebuilt(torch.load(file, map_location=map_location, weights_only=True), {})


def load_checkpoint(file: str | Path | BinaryIO, map_location: Any = 'cpu') -> dict[str, Any]:
    """Read a checkpoint: a dict of weights, or one that has them in ``state_dict``, or the weights of an ONNX file.

    Raises:
        ValueError: as :func:`load_data`, or the file holds no weights by name.
    """
    if isinstance(file, str | Path) and is_onnx(file):
        weights, facts = read_weights(file)
        least = {} if facts.min_scores is None else {'min_scores': dict(facts.min_scores)}
        tensors = {name: torch.from_numpy(value).to(map_location or 'cpu') for name, value in weights.items()}
        return {'state_dict': tensors, 'meta': {'dataset_meta': {'classes': facts.classes}, **least}}
    return _as_checkpoint(load_data(file, map_location), _name(file))


def weights_digest(file: str | Path) -> str:
    """What tells the weights of a checkpoint from others, whatever file they are in: 16 hexadecimal digits.

    Counters of batch normalisation and what belongs to a loss do not count, as in :func:`check_fits`.
    """
    checkpoint = load_checkpoint(file)
    found = hashlib.sha256()
    for name, value in sorted(checkpoint.get('state_dict', checkpoint).items()):
        if isinstance(value, torch.Tensor) and value.is_floating_point() and not _belongs_to_loss(name):
            found.update(f'{name} {tuple(value.shape)}'.encode() + value.float().cpu().numpy().tobytes())
    return found.hexdigest()[:16]


def read_checkpoints_as_data() -> None:
    """Make MMEngine read every checkpoint, local or downloaded, as :func:`load_checkpoint` does.

    All of its loaders (files, URLs, the model zoos of torchvision and OpenMMLab, object stores) end in these two.
    """
    from mmengine.runner import checkpoint

    checkpoint._safe_torch_load = lambda file, map_location=None, weights_only=None: load_checkpoint(file, map_location)
    checkpoint.load_url = _load_url


def _load_url(
    url: str, model_dir: str | None = None, map_location: Any = None, progress: bool = True
) -> dict[str, Any]:
    """``torch.hub.load_state_dict_from_url``, which keeps the file in ``model_dir``, for data alone."""
    from ship_det.initial_weights import cached_file

    name = f'{cached_file(url) if model_dir is None else Path(model_dir) / cached_file(url).name} (from {url})'
    with _reading(name):
        content = torch.hub.load_state_dict_from_url(url, model_dir, map_location, progress, weights_only=True)
        return _as_checkpoint(_rebuilt(content, {}), name)


@dataclass(frozen=True)
class Differences:
    """How weights differ from those that a model has, one line of text each; all empty where they fit.

    Attributes:
        shapes: weights of another shape.
        missing: weights that the model has and the checkpoint has not.
        unexpected: weights that the checkpoint has and the model has not.
        fitting: number of weights that fit.
    """

    shapes: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    unexpected: tuple[str, ...] = ()
    fitting: int = 0

    def __bool__(self) -> bool:
        return bool(self.shapes or self.missing or self.unexpected)

    def summary(self, limit: int = 3) -> str:
        """The first ``limit`` differences of each kind in one line."""
        kinds = {'of another shape': self.shapes, 'missing': self.missing, 'unexpected': self.unexpected}
        parts = []
        for kind, lines in kinds.items():
            if lines:
                rest = f' and {len(lines) - limit} more' if len(lines) > limit else ''
                parts.append(f'{kind}: {", ".join(lines[:limit])}{rest}')
        return '; '.join(parts)


def check_fits(expected: Mapping[str, Any], found: Mapping[str, Any], with_losses: bool = False) -> Differences:
    """Compare the weights of a checkpoint with those of a model by name and shape.

    The counters of batch normalisation may be absent: they change no result. So may what belongs to a loss, such as the
    class counts of CI loss: a detector trained with one loss is tested under a config with another.

    Args:
        expected: the model's state dict.
        found: the checkpoint's state dict; a prefix ``module.`` does not count.
        with_losses: names that belong to losses must agree too, as they do when a training is resumed.
    """

    def counts(name: str) -> bool:
        return not name.endswith('num_batches_tracked') and (with_losses or not _belongs_to_loss(name))

    found = {name.removeprefix('module.'): value for name, value in found.items()}
    common = [name for name in expected if name in found and counts(name)]
    # The counts of a loss have no shape before they are set, and the loss takes those of the checkpoint.
    others = [n for n in common if _shape(found[n]) != _shape(expected[n]) and not _belongs_to_loss(n)]
    return Differences(
        tuple(f'{name} (found {_shape(found[name])}, expected {_shape(expected[name])})' for name in others),
        tuple(name for name in expected if name not in found and counts(name)),
        tuple(name for name in found if name not in expected and counts(name)),
        len(common) - len(others),
    )


def trained_classes(checkpoint: Mapping[str, Any]) -> tuple[str, ...] | None:
    """The class names that MMEngine has written into a checkpoint, in order; None where it has not."""
    meta = checkpoint.get('meta')
    if not isinstance(meta, Mapping):
        return None
    data = meta.get('dataset_meta')
    for names in (data, meta):
        if isinstance(names, Mapping):
            classes = names.get('classes', names.get('CLASSES'))
            if isinstance(classes, list | tuple) and all(isinstance(name, str) for name in classes):
                return tuple(classes)
    return None


@contextmanager
def _reading(name: str) -> Iterator[None]:
    """Allow MMEngine's records while a file is read; say in one line what is wrong with it."""
    try:
        allowed: list[Any] = [(stand_in, path) for path, stand_in in _STAND_INS.items()]
        with torch.serialization.safe_globals(allowed), warnings.catch_warnings():
            # Whatever the protocol, its instructions are read or refused.
            warnings.filterwarnings('ignore', 'Detected pickle protocol')
            yield
    except (OSError, HTTPException) as error:
        # A cut file can make torch's reader seek before its beginning.
        if getattr(error, 'errno', None) != errno.EINVAL:
            raise
        raise ValueError(_damaged(name, 'it is cut off')) from error
    # Damaged bytes make an unpickler raise whatever they lead it to.
    except Exception as error:
        text = str(error)
        if forbidden := re.search(r'\bGLOBAL (\S+)', text):
            raise ValueError(
                f'{name}: found {forbidden[1]}, expected tensors and plain data: what a checkpoint would run is refused'
            ) from error
        reason = (text.partition('WeightsUnpickler error: ')[2] or text).strip().partition('\n')[0]
        raise ValueError(_damaged(name, reason or type(error).__name__)) from error


def _damaged(name: str, reason: str) -> str:
    return f'{name}: cannot be read as a checkpoint, expected a whole file written by torch.save: {reason}'


def _name(file: str | Path | BinaryIO) -> str:
    return str(file) if isinstance(file, str | Path) else str(getattr(file, 'name', 'checkpoint'))


def _as_checkpoint(content: Any, name: str) -> dict[str, Any]:
    state = content.get('state_dict', content) if isinstance(content, dict) else None
    if not isinstance(state, dict) or not all(isinstance(key, str) for key in state):
        raise ValueError(f'{name}: expected a checkpoint with weights by name, found {_kind(content)}')
    # MMEngine would run this text as a config when it resumes; its own checkpoints have none.
    if isinstance(content.get('meta'), dict):
        content['meta'].pop('config', None)
    return content


def _kind(content: Any) -> str:
    return f'a dict with {", ".join(map(str, content))[:80]}' if isinstance(content, dict) else type(content).__name__


def _belongs_to_loss(name: str) -> bool:
    return any(part.startswith('loss') for part in name.split('.'))


def _shape(value: Any) -> tuple[int, ...] | str:
    return tuple(value.shape) if isinstance(value, torch.Tensor) else type(value).__name__


class _DType:
    """Stands in for ``numpy.dtype``."""

    def __init__(self, code: str, align: bool = False, copy: bool = False) -> None:
        if not PLAIN_DTYPE.fullmatch(code):
            raise UnpicklingError(f'GLOBAL numpy.dtype({code!r})')
        self.value = np.dtype(code)

    def __setstate__(self, state: tuple) -> None:
        # Version and byte order; what follows describes types that are not plain.
        self.value = self.value.newbyteorder(state[1])


class _Array:
    """Stands in for ``numpy.ndarray`` and the function that pickles build it with."""

    def __init__(self, *empty: Any) -> None:
        self.value: np.ndarray | None = None

    def __setstate__(self, state: tuple) -> None:
        _, shape, dtype, column_major, content = state
        if len(content) != math.prod(shape) * dtype.value.itemsize:
            raise UnpicklingError(f'found {len(content)} bytes for an array of shape {shape}')
        view: np.ndarray = np.ndarray(shape, dtype.value, bytearray(content), order='F' if column_major else 'C')
        self.value = view.copy(order='K')


def _number(dtype: _DType, content: bytes) -> Any:
    """Stands in for the function that pickles build NumPy's numbers with."""
    return np.frombuffer(content, dtype.value, count=1)[0]


class _History:
    """Stands in for MMEngine's HistoryBuffer, which would take functions from the file into its class."""

    def __setstate__(self, state: dict[str, Any]) -> None:
        self._arguments = (state['_log_history'].value, state['_count_history'].value, int(state['max_length']))

    @property
    def value(self) -> Any:
        from mmengine.logging import HistoryBuffer

        return HistoryBuffer(*self._arguments)


def _method_name(owner: Any, name: str) -> str:
    """Stands in for ``getattr``, by which a pickled HistoryBuffer names its own methods."""
    if owner is not _History:
        raise UnpicklingError('GLOBAL builtins.getattr')
    return name


def _no_bytes() -> bytes:
    """Stands in for ``bytes``, by which pickles write the content of an empty array."""
    return b''


def _rebuilt(value: Any, done: dict[int, tuple[Any, Any]]) -> Any:
    """``value`` with what stood in replaced by its own value, at any depth; dicts and lists are changed in place.

    ``done`` has the containers seen before, by id, and what became of them.
    """
    if isinstance(value, _DType | _Array | _History):
        return value.value
    if not isinstance(value, dict | list) and type(value) is not tuple:
        return value
    if id(value) in done:
        return done[id(value)][1]
    if isinstance(value, tuple):
        done[id(value)] = value, tuple(_rebuilt(item, done) for item in value)
        return done[id(value)][1]
    done[id(value)] = value, value
    items: Iterable = value.items() if isinstance(value, dict) else enumerate(value)
    for key, item in list(items):
        value[key] = _rebuilt(item, done)
    return value


# What a checkpoint may name, and what it gets. NumPy 2 and 1 keep two functions in different places.
_STAND_INS: dict[str, Any] = {
    'numpy.dtype': _DType,
    'numpy.ndarray': _Array,
    'numpy._core.multiarray._reconstruct': _Array,
    'numpy.core.multiarray._reconstruct': _Array,
    'numpy._core.multiarray.scalar': _number,
    'numpy.core.multiarray.scalar': _number,
    'mmengine.logging.history_buffer.HistoryBuffer': _History,
    'builtins.getattr': _method_name,
    'builtins.bytes': _no_bytes,
}
