"""ONNX files of detectors: what stands in them beside the graph, and their weights as a state dict.

The graph is read by ONNX Runtime. What it does not know of, classes, metres a pixel and thresholds, are metadata of the
file, once for this package and once more as the plugin Deepness of QGIS names them.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ship_det import __version__
from ship_det.files import parse_json

if TYPE_CHECKING:
    from numpy.typing import NDArray

SUFFIX = '.onnx'


def is_onnx(path: str | os.PathLike) -> bool:
    """Whether a file is one of ONNX by its name."""
    return Path(path).suffix.lower() == SUFFIX


#: Name of the input: images (B, 3, H, W) float32, RGB, 0 to 255.
INPUT = 'images'
#: Name of the output: candidates (B, 4 + classes + 1, N).
OUTPUT = 'candidates'
_KEY = 'ship_det'
# Key of the SHA-256 of the file, and what stands in its place while it is computed.
_SEAL, _BLANK = 'sha256', b'0' * 64
#: How weights may be stored.
PRECISIONS = ('float32', 'float16', 'int8')


@dataclass(frozen=True)
class OnnxFacts:
    """What a file says of its detector.

    Attributes:
        method: 'R2CNN' or 'SkewCascade'.
        classes: class names.
        gsd: m/px of the images that it was trained on; None where it is not known.
        longest_ship: length of the longest ship that it knows, m, likewise.
        min_scores: least score by class; None where none is stored with the weights.
        zoom: factor that images are resized by before they go in.
        size_divisor: the graph pads sides of other than a multiple of it, px.
        mean: of each channel, R, G, B, 0 to 255, which the graph subtracts.
        std: of each channel, which the graph divides by.
        score_thr: score that a candidate needs before NMS.
        nms_iou: IoU above which of two boxes of a class the worse is left out.
        max_per_img: detections of an image at most.
        precision: of the weights, 'float32', 'float16' or 'int8'.
        config: name of the config.
        version: of this package.
        commit: of its code, where it was a checkout.
    """

    method: str
    classes: tuple[str, ...]
    gsd: float | None
    longest_ship: float | None
    min_scores: Mapping[str, float] | None
    zoom: float
    size_divisor: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    score_thr: float
    nms_iou: float
    max_per_img: int
    precision: str
    config: str
    version: str
    commit: str | None

    def to_metadata(self, window: int = 1024) -> dict[str, str]:
        """The metadata of a file, by key.

        Args:
            window: side of the windows that Deepness is to cut, px.
        """
        least = min(self.min_scores.values()) if self.min_scores else 0.3
        # Deepness divides by 255, then by this.
        unscaled = [1 / 255] * 3
        deepness: dict[str, Any] = {
            'model_type': 'Detector',
            'det_type': 'YOLO_Ultralytics_obb',
            'class_names': dict(enumerate(self.classes)),
            'tile_size': window,
            'tiles_overlap': 20,
            'det_conf': least,
            'det_iou_thresh': self.nms_iou,
            'standardization_mean': [0.0, 0.0, 0.0],
            'standardization_std': unscaled,
        }
        if self.gsd is not None:
            # cm/px of what goes into the graph.
            deepness['resolution'] = 100 * self.gsd / self.zoom
            if self.longest_ship is not None:
                # Percent of a tile.
                overlap = 100 * self.longest_ship * self.zoom / self.gsd / window
                deepness['tiles_overlap'] = min(50, round(overlap))
        return {key: json.dumps(value) for key, value in ({_KEY: asdict(self)} | deepness).items()} | {
            _SEAL: json.dumps(_BLANK.decode())
        }

    @classmethod
    def from_metadata(cls, path: str | os.PathLike, metadata: Mapping[str, str]) -> 'OnnxFacts':
        """What the metadata of a file say.

        Raises:
            ValueError: naming the file, where they are missing or damaged.
        """
        if _KEY not in metadata:
            found = ', '.join(sorted(metadata)) or 'no metadata'
            raise ValueError(f'{path}: found {found}, expected the key {_KEY}, as `ship-det export` writes it')
        try:
            values = parse_json(metadata[_KEY])
            if missing := [key for key in cls.__dataclass_fields__ if key not in values]:
                raise ValueError(f'found no {", ".join(missing)}')
            if unknown := [key for key in values if key not in cls.__dataclass_fields__]:
                raise ValueError(
                    f'found {", ".join(unknown)} of version {values["version"]}, newer than this one, {__version__}'
                )
            facts = cls(**values | {key: tuple(values[key]) for key in ('classes', 'mean', 'std')})
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise ValueError(
                f'{path}: metadata {_KEY}: {str(error) or type(error).__name__}; expected what `ship-det export` writes'
            ) from error
        return facts

    def __post_init__(self) -> None:
        """Raise ValueError where a value is of no use."""
        names = self.classes
        if not names or not all(isinstance(name, str) and name for name in names) or len(set(names)) < len(names):
            raise ValueError(f'classes: found {list(names)}, expected different names')
        if self.precision not in PRECISIONS:
            raise ValueError(f'precision: found {self.precision!r}, expected one of {", ".join(PRECISIONS)}')
        least = self.min_scores
        if least is not None and (not isinstance(least, Mapping) or set(least) != set(names)):
            raise ValueError(f'min_scores: found {least}, expected one of each class')
        whole: dict[str, Any] = {'size_divisor': self.size_divisor, 'max_per_img': self.max_per_img}
        shares: dict[str, Any] = {'score_thr': self.score_thr, 'nms_iou': self.nms_iou}
        shares |= {f'min_scores of {name}': score for name, score in (least or {}).items()}
        positive: dict[str, Any] = {'zoom': self.zoom, 'gsd': self.gsd, 'longest_ship': self.longest_ship}
        positive |= {f'std {index}': value for index, value in enumerate(self.std)}
        for name, value in whole.items():
            if type(value) is not int or value < 1:
                raise ValueError(f'{name}: found {value!r}, expected a whole number from 1')
        for name, value in shares.items():
            if type(value) not in (int, float) or not 0 <= value <= 1:
                raise ValueError(f'{name}: found {value!r}, expected 0 to 1')
        for name, value in positive.items():
            may_miss = value is None and name in ('gsd', 'longest_ship')
            if not may_miss and (type(value) not in (int, float) or not 0 < value < float('inf')):
                raise ValueError(f'{name}: found {value!r}, expected a number above 0')


def seal(content: bytes) -> bytes:
    """A file whose metadata have its own SHA-256, of the file with zeros in the place of its digits.

    Args:
        content: a file with the metadata of :meth:`OnnxFacts.to_metadata`.
    """
    if content.count(_BLANK) != 1:
        raise ValueError('expected one place for the SHA-256 in the metadata')
    return content.replace(_BLANK, hashlib.sha256(content).hexdigest().encode())


def check_seal(path: str | os.PathLike, metadata: Mapping[str, str]) -> None:
    """Compare a file with its SHA-256.

    Raises:
        ValueError: naming the file, where it is damaged.
    """
    stated = json.loads(metadata.get(_SEAL, '""'))
    content = Path(path).read_bytes()
    found = hashlib.sha256(content.replace(stated.encode(), _BLANK, 1)).hexdigest() if len(stated) == 64 else 'none'
    if found != stated:
        raise ValueError(f'{path}: damaged: found SHA-256 {found}, expected {stated or "one in the metadata"}')


def read_onnx(path: str | os.PathLike) -> Any:
    """An ONNX file as a ``ModelProto``.

    Raises:
        ValueError: naming the file, where it is damaged or no ONNX file, or the package onnx is missing.
    """
    try:
        import onnx
    except ModuleNotFoundError as error:
        raise ValueError(f"{path}: found no onnx, which reads it: pip install '.[train]' installs it") from error
    try:
        model = onnx.load_model_from_string(Path(path).read_bytes())
        onnx.checker.check_model(model)
    except OSError:
        raise
    # Damaged bytes make a reader raise whatever they lead it to.
    except Exception as error:
        raise ValueError(f'{path}: cannot be read as ONNX, expected a whole file: {_first_line(error)}') from error
    return model


def read_weights(path: str | os.PathLike) -> tuple[dict[str, 'NDArray'], OnnxFacts]:
    """The weights of a file by the names of the state dict, and what it says of its detector.

    Raises:
        ValueError: naming the file, where it is damaged, no detector's, or its weights are quantised.
    """
    model = read_onnx(path)
    import numpy as np
    from onnx.numpy_helper import to_array

    metadata = {entry.key: entry.value for entry in model.metadata_props}
    facts = OnnxFacts.from_metadata(path, metadata)
    check_seal(path, metadata)
    if facts.precision == 'int8':
        raise ValueError(f'{path}: found int8 weights, expected float32 or float16: these cannot be trained on')
    return {tensor.name: np.array(to_array(tensor)) for tensor in model.graph.initializer}, facts


def _first_line(error: Exception) -> str:
    return ' '.join(str(error).split())[:200] or type(error).__name__
