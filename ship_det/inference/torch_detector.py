"""A detector of PyTorch, from a config and a checkpoint."""

import copy
import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmcv.cnn import fuse_conv_bn
from mmdet.models.detectors import BaseDetector
from mmengine.config import Config
from mmengine.dataset import Compose
from mmengine.model import revert_sync_batchnorm
from mmengine.registry import init_default_scope
from mmrotate.registry import MODELS
from numpy.typing import NDArray
from torch import nn

from ship_det.checkpoints import load_checkpoint, trained_classes
from ship_det.evaluation.voc_metric import instance_arrays
from ship_det.files import digest
from ship_det.geometry import to_le90
from ship_det.hooks.checkpoint_fit import compare
from ship_det.inference.base import LoadedDetector
from ship_det.initial_weights import type_name, without_initial_weights
from ship_det.launch import config_errors, lay_out_for_cpu, read_config
from ship_det.scenes.detector import Detections, check_image, sort_by_score
from ship_det.settings import config_classes

# Transforms that read from disk what is an argument here, or that only labels need.
_LEFT_OUT = ('LoadImage', 'LoadAnnotations', 'ConvertBoxType')
_OWN_CONFIG = 'expected the config that the training has written into its work dir'


@dataclass(frozen=True)
class TrainedModel:
    """A model with the weights of a checkpoint.

    Attributes:
        model: in evaluation mode.
        cfg: its config.
        classes: class names that it was trained with.
        min_scores: (C,) least score of each class that is stored with the weights; None where none is.
    """

    model: BaseDetector
    cfg: Config
    classes: tuple[str, ...]
    min_scores: NDArray[np.float64] | None


def load_trained_model(config: str | os.PathLike, checkpoint: str | os.PathLike) -> TrainedModel:
    """Build the model of a config with the weights of a checkpoint.

    Raises:
        ValueError: a file is missing or wrong, or they do not fit each other; the message names it.
    """
    if not Path(checkpoint).is_file():
        raise ValueError(f'{checkpoint}: no such checkpoint; expected one such as epoch_12.pth of the work dir')
    cfg = read_config(config)
    with config_errors(config):
        init_default_scope(cfg.get('default_scope', 'mmrotate'))
        # The checkpoint has all weights; initial ones would only be downloaded.
        model = revert_sync_batchnorm(MODELS.build(without_initial_weights(cfg.model)))
    saved = load_checkpoint(Path(checkpoint))
    weights = saved.get('state_dict', saved)
    differences = compare(model, weights, with_losses=False)
    trained, stated = trained_classes(saved), config_classes(cfg)
    if differences:
        reason = differences.summary()
        if trained and stated and trained != stated:
            reason += f'; it was trained with the classes {", ".join(trained)}, {_OWN_CONFIG}'
        raise ValueError(f'{checkpoint}: does not fit {config}: {reason}')
    model.load_state_dict({name.removeprefix('module.'): value for name, value in weights.items()}, False)
    if trained and stated and trained != stated:
        raise ValueError(
            f'{checkpoint}: does not fit {config}: trained with the classes {", ".join(trained)}, but the config '
            f'has {", ".join(stated)}; {_OWN_CONFIG}'
        )
    classes = trained or stated
    if not classes:
        raise ValueError(f'{config}: names no classes; expected classes = (...) in the config')
    return TrainedModel(model.eval(), cfg, classes, stored_min_scores(saved, classes, checkpoint))


class TorchDetector(LoadedDetector):
    """Finds ships as ``ship-det test`` does with the same config and checkpoint.

    Args:
        config: config file with a test pipeline and rotated boxes.
        checkpoint: its weights.
        device: 'cpu', 'cuda', ...; 'auto' for a GPU where there is one.
        threads: threads that a CPU computes with; None leaves them as they are.

    Attributes:
        classes: class names.
        gsd: the config's ``gsd``, m/px, None without one.
        longest_ship: the config's ``longest_ship``, m, None without one.
        min_scores: (C,) least score of each class that is stored with the weights; None where none is.
        batch_size: number of images that it looks at together.
        size_divisor: sides of other than a multiple of it, px, are padded.
        identity: names of the files, and what tells config and weights from others.

    Raises:
        ValueError: a file is missing or wrong, or they do not fit each other; the message names them.
    """

    def __init__(
        self, config: str | os.PathLike, checkpoint: str | os.PathLike, device: str = 'auto', threads: int | None = None
    ) -> None:
        trained = load_trained_model(config, checkpoint)
        self._model, cfg = trained.model, trained.cfg
        if threads is not None:
            torch.set_num_threads(threads)
        if device == 'auto':
            device = 'cuda' if torch.cuda.is_available() else 'cpu'
        with config_errors(config):
            self._pipeline = Compose(array_pipeline(cfg))
        self.classes = trained.classes
        self.gsd = cfg.get('gsd')
        self.longest_ship = cfg.get('longest_ship')
        self.min_scores = trained.min_scores
        self.batch_size = 1 if device == 'cpu' else 8
        self.size_divisor = getattr(self._model.data_preprocessor, 'pad_size_divisor', 1)
        settings = hashlib.sha256(cfg.pretty_text.encode()).hexdigest()
        names = f'{Path(config).name} (SHA-256 {settings[:16]}), {Path(checkpoint).name}'
        self.identity = f'{names} (SHA-256 {digest(checkpoint)[:16]})'
        try:
            self._model.to(device)
        except (RuntimeError, AssertionError) as error:
            raise ValueError(f'device {device}: cannot be used: {" ".join(str(error).split())}') from error
        if device == 'cpu':
            fuse_batch_norm(self._model)
            lay_out_for_cpu(self._model)

    def predict_batch(self, images: Sequence[NDArray[np.uint8]], min_score: float | None = None) -> list[Detections]:
        """Find the ships in some images at once; see ``predict``."""
        prepared = [self._prepare(image) for image in images]
        batch = {name: [data[name] for data in prepared] for name in ('inputs', 'data_samples')}
        with torch.no_grad():
            samples = self._model.test_step(batch) if prepared else []
        return [self._detections(sample, self.min_scores if min_score is None else min_score) for sample in samples]

    def _prepare(self, image: NDArray[np.uint8]) -> dict[str, Any]:
        check_image(image)
        height, width = image.shape[:2]
        results = {
            # The pipelines of MMDetection work in BGR.
            'img': np.ascontiguousarray(image[..., ::-1]),
            'img_id': 0,
            'img_path': '',
            'img_shape': (height, width),
            'ori_shape': (height, width),
        }
        return self._pipeline(results)

    def _detections(self, sample: Any, min_score: float | NDArray[np.float64] | None) -> Detections:
        found = instance_arrays('image', sample.pred_instances, ('scores', 'labels'))
        labels = found['labels'].astype(np.intp)
        return sort_by_score(to_le90(found['boxes']), found['scores'], labels, self.classes, min_score)


def fuse_batch_norm(detector: nn.Module) -> None:
    """Fold batch normalisation into the convolutions before it, in backbone and neck: on a CPU a fifth of their time.

    MMCV goes by the order in which a module names its parts. Where that is not the order of computation, or a part is
    used twice, the result differs, and the parts are left as they are.
    """
    names = [name for name in ('backbone', 'neck') if isinstance(getattr(detector, name, None), nn.Module)]
    parts = nn.Sequential(*(getattr(detector, name) for name in names))
    if not any(isinstance(module, nn.modules.batchnorm._BatchNorm) for module in parts.modules()):
        return
    fused = fuse_conv_bn(copy.deepcopy(parts))
    image = torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    try:
        with torch.no_grad():
            pairs = list(zip(parts(image), fused(image), strict=True))
        same = all(torch.allclose(a, b, rtol=1e-3, atol=1e-4 * float(a.abs().max())) for a, b in pairs)
    # A backbone of any kind may want another image, or give something else than maps: it is left as it is.
    except Exception:
        return
    if same:
        for name, part in zip(names, fused, strict=True):
            setattr(detector, name, part)


def stored_min_scores(saved: dict, classes: Sequence[str], checkpoint: str | os.PathLike) -> NDArray[np.float64] | None:
    """(C,) least score of each class that a checkpoint has in ``meta['min_scores']``, by class name."""
    stored = saved.get('meta', {}).get('min_scores')
    if stored is None:
        return None
    if not isinstance(stored, dict) or set(classes) - set(stored):
        raise ValueError(f'{checkpoint}: min_scores: expected one of each class {", ".join(classes)}, found {stored}')
    return np.array([float(stored[name]) for name in classes])


def array_pipeline(cfg: Config) -> Sequence[dict]:
    """The test pipeline of a config, for images that are in memory."""
    dataset = cfg.test_dataloader.dataset
    while 'pipeline' not in dataset:
        dataset = dataset['dataset'] if 'dataset' in dataset else dataset['datasets'][0]
    return [step for step in dataset.pipeline if not type_name(step).startswith(_LEFT_OUT)]
