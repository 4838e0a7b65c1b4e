"""Int8 convolutions for CPUs: static quantisation of an exported detector, calibrated on images."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

from ship_det.onnx_files import INPUT
from ship_det.raster import read_rgb, resize

#: Images that a calibration looks at, at most, and the px of a side that it sees of each.
MOST_IMAGES, MOST_SIDE = 32, 1024
LEAST_SIDE = 64
# What scores and codes of proposals come from: a step of int8 is a px there.
_FLOAT_PARTS = ('rpn_cls', 'rpn_reg')


def quantise(content: bytes, images: Sequence[str | os.PathLike], zoom: float = 1.0) -> bytes:
    """An exported detector whose convolutions compute in int8, each output channel with a scale of its own.

    Args:
        content: ONNX file with float32 weights.
        images: images like those that it will see; 32 of them, spread over the list, say how large the numbers get.
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
            _Images(images, zoom),
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

    def __init__(self, images: Sequence[str | os.PathLike], zoom: float) -> None:
        chosen = np.linspace(0, len(images) - 1, min(len(images), MOST_IMAGES)).round().astype(int)
        self._inputs = self._read([images[index] for index in chosen], zoom)

    def get_next(self) -> dict[str, NDArray[np.float32]] | None:
        """The next input by name; None after the last."""
        return next(self._inputs, None)

    @staticmethod
    def _read(images: Sequence[str | os.PathLike], zoom: float) -> Iterator[dict[str, NDArray[np.float32]]]:
        for path in images:
            pixels = read_rgb(path)
            height, width = pixels.shape[:2]
            if min(height, width) < LEAST_SIDE or pixels.min() == pixels.max():
                raise ValueError(
                    f'{path}: found {width} x {height} px from {pixels.min()} to {pixels.max()}, expected an image to '
                    f'calibrate on, of {LEAST_SIDE} px and more'
                )
            top, left = (max(0, (side - MOST_SIDE) // 2) for side in (height, width))
            pixels = pixels[top : top + MOST_SIDE, left : left + MOST_SIDE]
            if zoom != 1:
                pixels = resize(pixels, (int(pixels.shape[1] * zoom + 0.5), int(pixels.shape[0] * zoom + 0.5)))
            yield {INPUT: pixels.transpose(2, 0, 1)[None].astype(np.float32)}
