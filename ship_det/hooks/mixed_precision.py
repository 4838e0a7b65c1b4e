"""Mixed precision for training on a processor."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from mmengine.optim import OptimWrapper
from mmengine.registry import OPTIM_WRAPPERS
from torch import nn


@OPTIM_WRAPPERS.register_module()
class CPUAmpOptimWrapper(OptimWrapper):
    """Training on a CPU with convolutions and matrix products in bfloat16, everything else in float32.

    MMEngine's AmpOptimWrapper needs a GPU. bfloat16 has the range of float32, so no loss is scaled. Processors with AMX
    or AVX512-BF16 compute it in hardware; others take longer than with float32.
    """

    @contextmanager
    def optim_context(self, model: nn.Module) -> Iterator[None]:
        """The context of an iteration's forward pass."""
        with super().optim_context(model), torch.autocast('cpu', torch.bfloat16):
            yield


def has_bfloat16() -> bool:
    """Whether this processor has instructions for bfloat16."""
    return torch.cpu._is_amx_tile_supported() or torch.cpu._is_avx512_bf16_supported()
