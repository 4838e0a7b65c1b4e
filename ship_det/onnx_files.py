"""ONNX files of detectors: what stands in them beside the graph, and their weights as a state dict.

The graph is read by ONNX Runtime. What it does not know of, classes, metres a pixel and thresholds, are metadata of the
file, once for this package and once more as the plugin Deepness of QGIS names them.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ship_det.files import parse_json

if TYPE_CHECKING:
    from numpy.typing import NDArray

SUFFIX = '.onnx'
#: Name of the input: images (B, 3, H, W) float32, RGB, 0 to 255.
INPUT = 'images'
#: Name of the output: candidates (B, 4 + classes + 1, N).
OUTPUT = 'candidates'
_KEY = 'ship_det'


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
            # cm/px.
            deepness['resolution'] = 100 * self.gsd
            if self.longest_ship is not None:
                # Percent of a tile.
                deepness['tiles_overlap'] = min(50, round(100 * self.longest_ship / self.gsd / window))
        return {key: json.dumps(value) for key, value in ({_KEY: asdict(self)} | deepness).items()}

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
            facts = cls(**{**values, **{key: tuple(values[key]) for key in ('classes', 'mean', 'std')}})
            facts._check()
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise ValueError(
                f'{path}: metadata {_KEY}: {str(error) or type(error).__name__}; expected what `ship-det export` writes'
            ) from error
        return facts

    def _check(self) -> None:
        """Raise ValueError where a value is of no use."""
        if not self.classes or not all(isinstance(name, str) and name for name in self.classes):
            raise ValueError(f'classes: found {list(self.classes)}, expected names')
        if self.min_scores is not None and set(self.min_scores) != set(self.classes):
            raise ValueError(f'min_scores: found {", ".join(self.min_scores)}, expected those of the classes')
        numbers: dict[str, Any] = {
            'zoom': self.zoom,
            'size_divisor': self.size_divisor,
            'max_per_img': self.max_per_img,
            'gsd': self.gsd,
            'longest_ship': self.longest_ship,
        }
        for name, value in numbers.items():
            if value is not None and not 0 < float(value) < float('inf'):
                raise ValueError(f'{name}: found {value}, expected a number above 0')
        for name in ('score_thr', 'nms_iou'):
            if not 0 <= float(getattr(self, name)) <= 1:
                raise ValueError(f'{name}: found {getattr(self, name)}, expected 0 to 1')


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

    facts = OnnxFacts.from_metadata(path, {entry.key: entry.value for entry in model.metadata_props})
    if facts.precision == 'int8':
        raise ValueError(f'{path}: found int8 weights, expected float32 or float16: these cannot be trained on')
    return {tensor.name: np.array(to_array(tensor)) for tensor in model.graph.initializer}, facts


def _first_line(error: Exception) -> str:
    return ' '.join(str(error).split())[:200] or type(error).__name__
