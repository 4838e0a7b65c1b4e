"""Small backbones from torchvision, for machines without a GPU."""

from collections.abc import Sequence

import torch
import torchvision
from mmengine.model import BaseModule
from mmrotate.registry import MODELS
from torch import Tensor, nn


class Float32Conv2d(nn.Conv2d):
    """A convolution in float32 on a CPU, under mixed precision too.

    oneDNN's backward pass of a depthwise convolution with a stride takes six times as long in bfloat16.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, C, H, W) to (B, C', H', W')."""
        if x.device.type != 'cpu':
            return super().forward(x)
        with torch.autocast('cpu', enabled=False):
            return super().forward(x.float())


@MODELS.register_module()
class TorchvisionBackbone(BaseModule):
    """The ``features`` of a torchvision classifier as a feature pyramid's backbone.

    Its parameters keep torchvision's names, so a weight file of torchvision initialises it as it is:
    ``init_cfg=dict(type='Pretrained', checkpoint='mobilenet_v2-b0353104.pth')``.

    Args:
        model: name of a torchvision model that has ``features``, such as 'mobilenet_v2'.
        out_indices: which stages of ``features`` to return; mobilenet_v2: 3, 6, 13, 17 have strides 4, 8, 16, 32 and
            24, 32, 96, 320 channels.
        norm_eval: keep batch norm's running statistics fixed while training, for small batches after pretraining.

    Raises:
        ValueError: torchvision has no such model, or it has no ``features``.
    """

    def __init__(
        self,
        model: str = 'mobilenet_v2',
        out_indices: Sequence[int] = (3, 6, 13, 17),
        norm_eval: bool = False,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg=init_cfg)
        if model not in torchvision.models.list_models(torchvision.models):
            raise ValueError(f'torchvision has no model {model!r}; expected one such as mobilenet_v2')
        features = getattr(torchvision.models.get_model(model, weights=None), 'features', None)
        if features is None:
            raise ValueError(f'torchvision model {model!r} has no features; expected one such as mobilenet_v2')
        self.out_indices = tuple(out_indices)
        self.norm_eval = norm_eval
        self.features = features[: max(self.out_indices) + 1]
        for module in self.features.modules():
            if isinstance(module, nn.Conv2d) and module.groups > 1 and module.stride != (1, 1):
                module.__class__ = Float32Conv2d

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Feature maps (B, C, H / stride, W / stride) of the chosen stages for images (B, 3, H, W)."""
        outputs = []
        for i, stage in enumerate(self.features):
            x = stage(x)
            if i in self.out_indices:
                outputs.append(x)
        return tuple(outputs)

    def train(self, mode: bool = True) -> 'TorchvisionBackbone':
        """Set training mode; batch norm stays in evaluation mode with ``norm_eval``."""
        super().train(mode)
        if mode and self.norm_eval:
            for module in self.modules():
                if isinstance(module, nn.modules.batchnorm._BatchNorm):
                    module.eval()
        return self
