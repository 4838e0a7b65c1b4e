"""A detector of ONNX Runtime, from one file, without torch."""

import os
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ship_det.files import digest
from ship_det.geometry import multiclass_rotated_nms, to_le90
from ship_det.inference.base import LoadedDetector
from ship_det.onnx_files import INPUT, OUTPUT, OnnxFacts, check_seal
from ship_det.progress import count_noun
from ship_det.scenes.detector import Detections, check_image, sort_by_score

# Devices by ONNX Runtime's names. 'auto' takes the first that is there, but not OpenVINO: on a CPU that needs 1.3 times
# as long as ONNX Runtime's own.
_CUDA, _OPENVINO, _CPU = 'CUDAExecutionProvider', 'OpenVINOExecutionProvider', 'CPUExecutionProvider'
_KNOWN = (_CUDA, _OPENVINO, _CPU)


class OnnxDetector(LoadedDetector):
    """Finds ships as the detector does that ``ship-det export`` was given.

    Args:
        path: file of ``ship-det export``.
        device: 'cpu', 'cuda', 'cuda:1', 'openvino'; 'auto' for CUDA where ONNX Runtime has it, else the CPU.
        threads: threads that a CPU computes with; None for one a core.

    Attributes:
        classes: class names.
        gsd: m/px of the images it was trained on, None where it is not known.
        longest_ship: of the ships that it knows, m, likewise.
        min_scores: (C,) least score of each class that is stored with the weights; None where none is.
        batch_size: number of images that it looks at together.
        size_divisor: sides of other than a multiple of it, px, are padded.
        identity: name of the file, and what tells it from others.

    Raises:
        ValueError: the file is missing, damaged or no detector of this package, or ONNX Runtime lacks the device.
    """

    def __init__(self, path: str | os.PathLike, device: str = 'auto', threads: int | None = None) -> None:
        if not Path(path).is_file():
            found = 'a folder' if Path(path).is_dir() else 'no such file'
            raise ValueError(f'{path}: {found}; expected an .onnx file of `ship-det export`')
        self._session = _open(path, device, threads)
        metadata = self._session.get_modelmeta().custom_metadata_map
        self.facts = OnnxFacts.from_metadata(path, metadata)
        check_seal(path, metadata)
        self.classes = self.facts.classes
        self.gsd = self.facts.gsd
        self.longest_ship = self.facts.longest_ship
        least = self.facts.min_scores
        self.min_scores = None if least is None else np.array([float(least[name]) for name in self.classes])
        self.batch_size = 8 if self._session.get_providers()[0] == _CUDA else 1
        self.size_divisor = self.facts.size_divisor
        self.identity = f'{Path(path).name} (SHA-256 {digest(path)[:16]})'
        self._check_graph(path)

    def predict_batch(self, images: Sequence[NDArray[np.uint8]], min_score: float | None = None) -> list[Detections]:
        """Find the ships in some images, those of one size that follow each other at once; see ``predict``."""
        for image in images:
            check_image(image)
        found: list[Detections] = []
        for _, group in groupby(images, key=lambda image: image.shape):
            same = list(group)
            resized = np.stack([self._resize(image) for image in same])
            batch = resized.transpose(0, 3, 1, 2).astype(np.float32)
            try:
                (candidates,) = self._session.run([OUTPUT], {INPUT: batch})
            # Its errors have no common base.
            except Exception as error:
                raise ValueError(
                    f'{self.identity}: ONNX Runtime failed: {" ".join(str(error).split())[:200]}'
                ) from error
            scale = np.divide(resized.shape[2:0:-1], same[0].shape[1::-1])
            least = self.min_scores if min_score is None else min_score
            found += [self._detections(own.T, scale, least) for own in candidates]
        return found

    def _resize(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        height, width = (max(1, int(side * self.facts.zoom + 0.5)) for side in image.shape[:2])
        same = (height, width) == image.shape[:2]
        # As MMCV resizes.
        return image if same else np.asarray(cv2.resize(image, (width, height), interpolation=cv2.INTER_LINEAR))

    def _detections(
        self, candidates: NDArray[np.float32], scale: NDArray, min_score: float | NDArray[np.float64] | None
    ) -> Detections:
        boxes = np.concatenate([candidates[:, :4], candidates[:, -1:]], axis=1)
        scores = candidates[:, 4:-1]
        boxes = _shrink(boxes.astype(np.float64), scale)
        rows, labels = multiclass_rotated_nms(
            boxes, scores, self.facts.score_thr, self.facts.nms_iou, self.facts.max_per_img
        )
        found = scores[rows, labels].astype(np.float64)
        return sort_by_score(to_le90(boxes[rows]), found, labels, self.classes, min_score)

    def _check_graph(self, path: str | os.PathLike) -> None:
        """Compare the graph with the classes that the metadata name."""
        rows = 4 + len(self.classes) + 1
        names = [value.name for value in (*self._session.get_inputs(), *self._session.get_outputs())]
        shape = self._session.get_outputs()[0].shape
        if names != [INPUT, OUTPUT] or len(shape) != 3 or shape[1] != rows:
            raise ValueError(
                f'{path}: found a graph of {", ".join(names)} {shape}, expected {INPUT}, {OUTPUT} (B, {rows}, N) for '
                f'{count_noun(len(self.classes), "class")}'
            )


def _open(path: str | os.PathLike, device: str, threads: int | None) -> Any:
    """An inference session."""
    try:
        import onnxruntime
    except ModuleNotFoundError as error:
        raise ValueError(f"{path}: found no onnxruntime, which runs it: pip install '.[detect]' installs it") from error
    options = onnxruntime.SessionOptions()
    # Of warnings, none is for users.
    options.log_severity_level = 3
    if threads is not None:
        options.intra_op_num_threads = threads
    reason = ''
    for name, number in _providers(path, device, onnxruntime.get_available_providers()):
        own = {} if number is None else {'device_id': number}
        if name == _OPENVINO and threads is not None:
            own['num_of_threads'] = str(threads)
        others: list[tuple[str, dict]] = [] if name == _CPU else [(_CPU, {})]
        try:
            # Left to itself, ONNX Runtime takes the CPU in silence where a device cannot be had.
            session = onnxruntime.InferenceSession(
                os.fspath(path), options, providers=[(name, own), *others], enable_fallback=0
            )
        # Its errors have no common base, and damaged bytes lead to any of them.
        except Exception as error:
            reason = ' '.join(str(error).split())[:200]
            continue
        if session.get_providers()[0] == name:
            return session
        reason = f'ONNX Runtime took {session.get_providers()[0]}'
    if name == _CPU:
        raise ValueError(f'{path}: cannot be read as ONNX, expected a file of `ship-det export`: {reason}')
    raise ValueError(f'device {device}: cannot be used with {path}: {reason}')


def _providers(path: str | os.PathLike, device: str, there: Sequence[str]) -> list[tuple[str, str | None]]:
    """ONNX Runtime's names for a device, each with a device's number or None; for 'auto' all that there are."""
    names = {name.removesuffix('ExecutionProvider').lower(): name for name in _KNOWN if name in there}
    if device == 'auto':
        return [(name, None) for name in names.values() if name != _OPENVINO]
    kind, colon, number = device.partition(':')
    if kind not in names or (colon and not (kind == 'cuda' and number.isdigit())):
        raise ValueError(
            f'device {device}: cannot be used with {path}: expected one that ONNX Runtime has here: auto, '
            f'{", ".join(names)}'
        )
    return [(names[kind], number or None)]


def _shrink(boxes: NDArray[np.float64], scale: NDArray) -> NDArray[np.float64]:
    """Rotated boxes (N, 5) in the px of an image that was resized by ``scale`` (x, y) in the px before that."""
    if (scale == 1).all():
        return boxes
    shrink = 1 / scale
    cos_sin = np.stack([np.cos(boxes[:, 4]), np.sin(boxes[:, 4])], axis=1)
    along = np.linalg.norm(cos_sin * shrink, axis=1)
    across = np.linalg.norm(cos_sin[:, ::-1] * shrink, axis=1)
    angle = np.arctan2(cos_sin[:, 1] * shrink[1], cos_sin[:, 0] * shrink[0])
    return np.column_stack([boxes[:, :2] * shrink, boxes[:, 2] * along, boxes[:, 3] * across, angle])
