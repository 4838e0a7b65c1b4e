"""From a name of the zoo, or a config and a checkpoint, to a detector."""

import os

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

    A config is a Python program, and reading it runs it; a checkpoint is read as data.

    Args:
        source: a model of the zoo, such as 'r2cnn-aosr15'; a config file, of this project or any MMRotate config with
            rotated boxes; or (config, checkpoint).
        checkpoint: weights of the config, a .pth file of training.
        device: 'cpu', 'cuda', 'cuda:1', ...; 'auto' for a GPU where there is one.
        threads: threads that a CPU computes with; None leaves them as they are.

    Raises:
        ValueError: a file is missing or wrong, or the checkpoint does not fit the config; the message names it.
    """
    if isinstance(source, tuple):
        if len(source) != 2 or checkpoint is not None:
            raise ValueError(f'expected (config, checkpoint), found {(*source, checkpoint)}')
        source, checkpoint = source
    if checkpoint is None and names_zoo_model(source):
        model = zoo_model(str(source))
        source, checkpoint = model.config, model.weights
    if checkpoint is None:
        raise ValueError(
            f'{source}: expected a config and a checkpoint, load(config, checkpoint), or a model of the zoo: '
            f'{", ".join(zoo_models())}'
        )
    from ship_det.inference.torch_detector import TorchDetector

    return TorchDetector(source, checkpoint, device, threads)
