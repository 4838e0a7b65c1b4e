"""Int8 convolutions for CPUs: static quantisation of an exported detector, calibrated on images."""

import os
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

from ship_det.onnx_files import INPUT
from ship_det.raster import resize
from ship_det.scenes.scene import describe_scene
from ship_det.scenes.view import open_view

#: Images that a calibration looks at, at most, and the px of a side that it sees of each.
MOST_IMAGES, MOST_SIDE = 32, 1024
LEAST_SIDE = 64
# What scores and codes of proposals come from: a step of int8 is a px there.
_FLOAT_PARTS = ('rpn_cls', 'rpn_reg')


def quantise(content: bytes, images: Sequence[str | os.PathLike], gsd: float | None = None, zoom: float = 1.0) -> bytes:
    """An exported detector whose convolutions compute in int8, each output channel with a scale of its own.

    Args:
        content: ONNX file with float32 weights.
        images: images like those that it will see; 32 of them, spread over the list, say how large the numbers get.
        gsd: m/px that the detector knows; images that know where they lie are seen at it, as in ``detect_scene``.
        zoom: factor that the detector wants images resized by.

    Returns:
        ONNX file.

    Raises:
        ValueError: no images, or one cannot be read.
    """
    if not images:
        raise ValueError('int8: found no images to calibrate on, expected some like those that are searched')
    with TemporaryDirectory() as folder:
        fused, out = Path(folder) / 'fused.onnx', Path(folder) / 'int8.onnx'
        # Batch normalisation goes into the convolutions first.
        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
        options.optimized_model_filepath = str(fused)
        options.log_severity_level = 3
        onnxruntime.InferenceSession(content, options, providers=['CPUExecutionProvider'])
        nodes = onnx.load(fused).graph.node
        quantize_static(
            fused,
            out,
            _Images(images, gsd, zoom),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            weight_type=QuantType.QInt8,
            activation_type=QuantType.QUInt8,
            op_types_to_quantize=['Conv'],
            nodes_to_exclude=[node.name for node in nodes if any(part in node.name for part in _FLOAT_PARTS)],
        )
        model = onnx.load(out)
        # It names domains that no node is of.
        standard = [entry for entry in model.opset_import if entry.domain == '']
        del model.opset_import[:]
        model.opset_import.extend(standard)
        return model.SerializeToString()


class _Images(CalibrationDataReader):
    """Images as the graph takes them, one after the other."""

    def __init__(self, images: Sequence[str | os.PathLike], gsd: float | None, zoom: float) -> None:
        chosen = np.linspace(0, len(images) - 1, min(len(images), MOST_IMAGES)).round().astype(int)
        self._inputs = (_read(images[index], gsd, zoom) for index in chosen)

    def get_next(self) -> dict[str, NDArray[np.float32]] | None:
        """The next input by name; None after the last."""
        return next(self._inputs, None)


def _read(path: str | os.PathLike, gsd: float | None, zoom: float) -> dict[str, NDArray[np.float32]]:
    """The middle of an image, as ``detect_scene`` shows it to a detector."""
    with open_view(describe_scene(path, Path(path).name), gsd) as view:
        windows = view.windows(MOST_SIDE, 0)
        middle = len(windows.windows) // 2
        pixels = view.read(windows.windows[middle], windows.images[middle])
    if pixels is None or min(pixels.shape[:2]) < LEAST_SIDE or pixels.min() == pixels.max():
        width, height = windows.images[middle]
        raise ValueError(
            f'{path}: found {width} x {height} px in its middle, of one value or none, or less than {LEAST_SIDE} px a '
            'side; expected an image to calibrate on'
        )
    if zoom != 1:
        pixels = resize(pixels, (int(pixels.shape[1] * zoom + 0.5), int(pixels.shape[0] * zoom + 0.5)))
    return {INPUT: pixels.transpose(2, 0, 1)[None].astype(np.float32)}
