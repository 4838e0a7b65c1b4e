"""From a name of the zoo, or a config and a checkpoint, to a detector."""

import os
import shutil

from ship_det.onnx_files import is_onnx
from ship_det.scenes import Detector
from ship_det.zoo import names_zoo_model, zoo_model, zoo_models

PathLike = str | os.PathLike


def load(
    source: PathLike | tuple[PathLike, PathLike],
    checkpoint: PathLike | None = None,
    *,
    device: str = 'auto',
    threads: int | None = None,
) -> Detector:
    """Load a trained detector.

    A model of the zoo and an .onnx file run by ONNX Runtime and need no torch; a model of the zoo runs by PyTorch where
    that alone has a GPU. A config is a Python program, and reading it runs it; a checkpoint is read as data.

    Args:
        source: a model of the zoo, such as 'r2cnn-aosr15'; an .onnx file of ``ship-det export``; a config file, of this
            project or any MMRotate config with rotated boxes; or (config, checkpoint).
        checkpoint: weights of the config, a .pth file of training or an .onnx file.
        device: 'cpu', 'cuda', 'cuda:1', ...; 'auto' for a GPU where there is one.
        threads: threads that a CPU computes with; None leaves them as they are.

    Raises:
        ValueError: a file is missing or wrong, or the checkpoint does not fit the config; the message names it.
    """
    if threads is not None and (type(threads) is not int or threads < 1):
        raise ValueError(f'threads: found {threads!r}, expected a whole number from 1, or None')
    if not isinstance(device, str):
        raise ValueError(f"device: found {device!r}, expected a name such as 'auto', 'cpu' or 'cuda:1'")
    if isinstance(source, tuple):
        if len(source) != 2 or checkpoint is not None:
            raise ValueError(f'expected (config, checkpoint), found {(*source, checkpoint)}')
        source, checkpoint = source
    if checkpoint is None and names_zoo_model(source):
        model = zoo_model(str(source))
        source, checkpoint = (
            (model.config, model.weights) if _has_gpu_for_torch_alone(device) else (model.weights, None)
        )
    if checkpoint is None:
        if not is_onnx(source):
            raise ValueError(
                f'{source}: expected an .onnx file, a config and a checkpoint, load(config, checkpoint), or a model of '
                f'the zoo: {", ".join(zoo_models())}'
            )
        from ship_det.inference.onnx_detector import OnnxDetector

        return OnnxDetector(source, device, threads)
    from ship_det.inference.torch_detector import TorchDetector

    return TorchDetector(source, checkpoint, device, threads)


def _has_gpu_for_torch_alone(device: str) -> bool:
    """Whether a GPU is asked for that PyTorch can use and ONNX Runtime cannot."""
    if device.partition(':')[0] not in ('auto', 'cuda') or shutil.which('nvidia-smi') is None:
        return False
    try:
        import torch
    except ModuleNotFoundError:
        return False
    try:
        import onnxruntime
    except ModuleNotFoundError:
        return torch.cuda.is_available()
    return 'CUDAExecutionProvider' not in onnxruntime.get_available_providers() and torch.cuda.is_available()
