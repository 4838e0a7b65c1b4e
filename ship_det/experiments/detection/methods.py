"""What is compared: class losses, and how often images with rare classes are shown."""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mmengine.config import Config, ConfigDict

from ship_det.experiments.losses import LOSSES
from ship_det.initial_weights import type_name

#: Where the losses and hooks of ``METHODS`` are registered.
MODULES = ('ship_det.plugin', 'ship_det.experiments.detection.losses')
#: What every training of a comparison has: counts for the losses, and random numbers that depend on the seed alone.
HOOKS = ('ClassCountsHook', 'ReproducibleTrainingHook', 'NonFiniteLossHook')
BASELINE = 'ce'


@dataclass(frozen=True)
class Method:
    """How the classes of a detector are trained.

    Attributes:
        title: for tables and charts.
        loss: settings of ``loss_cls``.
        needs_classes: whether the loss takes ``num_classes``.
        repeated: share of the images below which a class's images are repeated (repeat-factor sampling, Gupta et al.,
            CVPR 2019, sec. 4.2); None: each image once.
        tuned: settings of the loss that are chosen on validation data where that is asked for, with their values
            beside the one in ``loss``.
    """

    title: str
    loss: Mapping[str, Any]
    needs_classes: bool = False
    repeated: float | None = None
    tuned: Mapping[str, Sequence[float]] = field(default_factory=dict)


_CE = {'type': 'mmdet.CrossEntropyLoss', 'use_sigmoid': False}
_CI = {'type': 'mmrotate.CILoss'}
# LVIS has 0.001 of 100 000 images; of some hundred images a rare class is in a few percent.
_REPEATED = 0.3

METHODS: dict[str, Method] = {
    'ce': Method(LOSSES['ce'].title, _CE),
    'fl': Method(LOSSES['fl'].title, {'type': 'mmrotate.SoftmaxFocalLoss', 'gamma': 2.0}, tuned={'gamma': (1.0, 5.0)}),
    'ci': Method(LOSSES['ci'].title, _CI),
    'ci_sqrt': Method('CI, always the square root', {**_CI, 'exponent': 0.5}),
    'ci_factors': Method(LOSSES['ci_factors'].title, {**_CI, 'modulate': False}),
    'ci_modulator': Method(LOSSES['ci_modulator'].title, {**_CI, 'use_factors': False}),
    'pf': Method(LOSSES['pf'].title, {'type': 'mmrotate.PFLoss'}),
    'ce_foreground': Method('CE, foreground as in CI', {'type': 'mmrotate.ForegroundWeightedCrossEntropy'}),
    'seesaw': Method('Seesaw', {'type': 'mmdet.SeesawLoss'}, needs_classes=True),
    'eqlv2': Method('EQLv2', {'type': 'mmrotate.EqualizationLossV2'}, needs_classes=True),
    'balanced_softmax': Method(LOSSES['balanced_softmax'].title, {'type': 'mmrotate.BalancedSoftmaxLoss'}),
    'ce_rfs': Method('CE, repeated', _CE, repeated=_REPEATED),
    'ci_rfs': Method('CI, repeated', _CI, repeated=_REPEATED),
}


def class_heads(cfg: Config) -> list[ConfigDict]:
    """Settings of the box heads of a detector that have a class loss.

    Raises:
        ValueError: it has none.
    """
    heads = (cfg.model.get('roi_head') or {}).get('bbox_head') or []
    found = [head for head in (heads if isinstance(heads, list) else [heads]) if 'loss_cls' in head]
    if not found:
        raise ValueError(
            f'{cfg.filename}: model.roi_head.bbox_head.loss_cls: found none, expected a detector with proposals and a '
            'box head, such as R2CNN, the skew-box Cascade, Rotated Faster R-CNN or Oriented R-CNN'
        )
    return found


def with_method(cfg: Config, name: str, options: Mapping[str, Any] | None = None) -> Config:
    """A copy of a config of MMDetection, MMRotate or ours whose classes are trained by a method; all else stays.

    ``name`` is a key of ``METHODS``; ``options`` are further settings of the loss.

    Raises:
        ValueError: the detector has no box head with a class loss.
    """
    cfg, method = copy.deepcopy(cfg), METHODS[name]
    for head in class_heads(cfg):
        loss = {**method.loss, **(options or {})}
        if 'loss_weight' in head.loss_cls:
            loss.setdefault('loss_weight', head.loss_cls.loss_weight)
        if method.needs_classes:
            loss['num_classes'] = head.num_classes
        head.loss_cls = ConfigDict(loss)
    if method.repeated is not None:
        dataset = cfg.train_dataloader.dataset
        if type_name(dataset) != 'ClassBalancedDataset':
            dataset = ConfigDict(type='mmdet.ClassBalancedDataset', dataset=dataset)
        cfg.train_dataloader.dataset = ConfigDict(dataset, oversample_thr=method.repeated)
    imports = cfg.get('custom_imports') or {}
    modules = list(dict.fromkeys([*imports.get('imports', []), *MODULES]))
    cfg.custom_imports = ConfigDict(imports=modules, allow_failed_imports=False)
    present = {type_name(hook) for hook in cfg.get('custom_hooks') or []}
    missing = [ConfigDict(type=f'mmrotate.{hook}') for hook in HOOKS if hook not in present]
    cfg.custom_hooks = [*(cfg.get('custom_hooks') or []), *missing]
    return cfg


def check_methods(names: Sequence[str], option: str = '--losses') -> None:
    """Raise a ValueError that names the option unless all are methods, each once."""
    for index, name in enumerate(names):
        if name not in METHODS or name in names[:index]:
            problem = f'{name} twice' if name in METHODS else name
            raise ValueError(f'{option}: found {problem}, expected some of {", ".join(METHODS)}')
