"""Many networks of one architecture as a single one, whose layers work on all of them at once."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class StackedNetwork:
    """Networks of one architecture with parameters of their own, one forward pass for all.

    A convolution becomes one with groups, a linear layer a batched product. Networks come in order of the batches they
    see: with S batches and T networks, the first T / S see the first batch, and so on. Until the first layer with
    parameters a batch is worked on once for all that see it. On a CPU this takes channels-last memory: for six LeNets
    it is half of the time of one network after the other, while ``torch.func.vmap`` over the plain network takes
    longer than those.

    Args:
        networks: sequences of convolutions, linear layers, max-pooling, ReLU, dropout and flattening.
        device: where the parameters shall be.

    Attributes:
        parameters: leaves to optimise; what belongs to one network has no part in another's gradient.
    """

    def __init__(self, networks: Sequence[nn.Sequential], device: torch.device | str = 'cpu') -> None:
        self.count = len(networks)
        self._layers = list(networks[0])
        self._memory = torch.channels_last if torch.device(device).type == 'cpu' else torch.contiguous_format
        self._weights: dict[int, tuple[Tensor, Tensor]] = {}
        for position, layers in enumerate(zip(*networks, strict=True)):
            if isinstance(layers[0], nn.Conv2d | nn.Linear):
                self._weights[position] = self._stack(layers, device)
        self.parameters = [tensor for pair in self._weights.values() for tensor in pair]

    def _stack(self, layers: tuple[nn.Module, ...], device: torch.device | str) -> tuple[Tensor, Tensor]:
        """Weights and biases of one layer of all networks."""
        weights, biases = ([getattr(layer, name).detach() for layer in layers] for name in ('weight', 'bias'))
        if isinstance(layers[0], nn.Conv2d):
            weight = torch.cat(weights).to(device).contiguous(memory_format=self._memory)
            bias = torch.cat(biases).to(device)
        else:
            weight = torch.stack([matrix.T for matrix in weights]).to(device)
            bias = torch.stack(biases).unsqueeze(1).to(device)
        return weight.clone().requires_grad_(), bias.clone().requires_grad_()

    def __call__(self, images: Tensor, generators: Sequence[torch.Generator] | None = None) -> Tensor:
        """Logits of all networks, shape (T, B, K).

        Args:
            images: S batches, shape (S, B, channels, H, W), float32.
            generators: sources of the dropout, one a batch, so that all networks that see it drop the same; None
                turns dropout off.
        """
        batches, rows = images.shape[:2]
        hidden = images.transpose(0, 1).flatten(1, 2).contiguous(memory_format=self._memory)
        copies = batches
        for position, layer in enumerate(self._layers):
            if isinstance(layer, nn.Conv2d):
                weight, bias = self._weights[position]
                hidden = F.conv2d(hidden, weight, bias, layer.stride, layer.padding, groups=copies)
                copies = self.count
            elif isinstance(layer, nn.Linear):
                weight, bias = self._weights[position]
                if copies < self.count:
                    hidden = hidden.repeat_interleave(self.count // copies, 0)
                    copies = self.count
                hidden = torch.baddbmm(bias, hidden, weight)
            elif isinstance(layer, nn.Flatten):
                hidden = hidden.reshape(rows, copies, -1).transpose(0, 1)
            elif isinstance(layer, nn.Dropout):
                if generators is not None:
                    hidden = _drop(hidden, layer.p, copies // batches, generators)
            elif isinstance(layer, nn.ReLU | nn.MaxPool2d):
                hidden = layer(hidden)
            else:
                raise ValueError(f'network: found a layer {type(layer).__name__}, expected one that can be stacked')
        return hidden


def _drop(hidden: Tensor, p: float, sharing: int, generators: Sequence[torch.Generator]) -> Tensor:
    """Dropout with a mask a batch, on maps (B, T C, H, W) or vectors (T, B, F)."""
    batches = len(generators)
    if hidden.dim() == 4:
        rows, channels = hidden.shape[:2]
        shape = (rows, channels // (batches * sharing), *hidden.shape[2:])
        split, batch_axis = (rows, batches, sharing, *shape[1:]), 1
    else:
        shape = hidden.shape[1:]
        split, batch_axis = (batches, sharing, *shape), 0
    masks = [torch.rand(shape, generator=generator) >= p for generator in generators]
    mask = torch.stack(masks, batch_axis).unsqueeze(batch_axis + 1).to(hidden.device)
    return (hidden.reshape(split) * mask).reshape(hidden.shape) / (1 - p)
