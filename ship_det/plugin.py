"""The one module a config imports: it registers the project's parts in MMRotate's registries.

A config says ``custom_imports = dict(imports=['ship_det.plugin'])``; MMRotate's own tools then run it too.
"""

from mmrotate.registry import MODELS

import ship_det.datasets
import ship_det.evaluation.voc_metric
import ship_det.hooks
import ship_det.models.assigner
import ship_det.models.backbones
import ship_det.models.overlaps
import ship_det.models.r2cnn
import ship_det.models.rpn_head
import ship_det.models.skew_cascade  # noqa: F401
from ship_det.checkpoints import read_checkpoints_as_data
from ship_det.losses import CILoss, PFLoss, SoftmaxFocalLoss

# The losses work with plain torch, so their own module does not know MMRotate.
for _loss in (CILoss, PFLoss, SoftmaxFocalLoss):
    MODELS.register_module(module=_loss)

# Whoever's tool runs the config.
read_checkpoints_as_data()
