"""The model zoo: trained detectors that come with the package.

``models.json`` beside them names each model's config and checksum. A model is one ONNX file with float16 weights, which
ONNX Runtime runs and training starts from; see docs/reference/zoo.md for what they were trained on and what they find.
"""

import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import ship_det
from ship_det.files import digest, parse_json, read_text

FOLDER = Path(__file__).parent
PREFIX = 'zoo:'


@dataclass(frozen=True)
class ZooModel:
    """A detector of the zoo.

    Attributes:
        name: what ``--model`` and ``load`` call it.
        config: its config, as ``find_config`` finds it.
        weights: ONNX file.
        sha256: checksum of that file.
        finds: what it finds, a few words.
    """

    name: str
    config: str
    weights: Path
    sha256: str
    finds: str


@cache
def zoo_models() -> dict[str, ZooModel]:
    """All models by name."""
    entries = parse_json(read_text(FOLDER / 'models.json'))
    return {
        name: ZooModel(name, entry['config'], FOLDER / f'{name}.onnx', entry['sha256'], entry['finds'])
        for name, entry in entries.items()
    }


def names_zoo_model(source: str | os.PathLike) -> bool:
    """Whether a source is meant to be a name of the zoo: with the prefix ``zoo:``, or just the name of a model."""
    return isinstance(source, str) and (source.startswith(PREFIX) or source in zoo_models())


def zoo_model(name: str) -> ZooModel:
    """The model of a name, with or without the prefix ``zoo:``; its file has been checked.

    Raises:
        ValueError: there is none, or its file is missing or damaged.
    """
    models = zoo_models()
    model = models.get(name.removeprefix(PREFIX))
    if model is None:
        raise ValueError(f'{name}: no such model in the zoo; expected one of {", ".join(models)}')
    if not model.weights.is_file():
        raise ValueError(f'{model.weights}: no such file; expected the weights of {model.name}: install ship-det anew')
    if (found := digest(model.weights)) != model.sha256:
        raise ValueError(
            f'{model.weights}: damaged: found SHA-256 {found}, expected {model.sha256}: install ship-det anew'
        )
    return model


def weights_file(source: str) -> Path:
    """The file of weights that a path or ``zoo:NAME`` means.

    Raises:
        ValueError: there is none, or the zoo's file is damaged.
    """
    path = zoo_model(source).weights if source.startswith(PREFIX) else Path(source)
    if not path.is_file():
        raise ValueError(
            f'{source}: no such checkpoint; expected a file of weights, such as epoch_12.pth of a work dir, or zoo:NAME'
        )
    return path


def find_config(path: str | os.PathLike) -> Path:
    """A config file: a path from here, or the name of one that comes with the package, configs/r2cnn/....py.

    Raises:
        ValueError: there is none.
    """
    own = Path(ship_det.__file__).parent / 'configs'
    for place in (Path(path), own.parent / path, own / path):
        if place.is_file():
            return place
    raise ValueError(f'{path}: no such config file; expected one such as configs/r2cnn/r2cnn_r50_fpn_ci_1x_aosr15.py')
