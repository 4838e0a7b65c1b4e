"""The declared networks."""

import pytest
import torch
from torch import nn

from ship_det.experiments.recognition.networks import NETWORKS, aconvnet


@pytest.mark.parametrize(
    ('name', 'parameters'),
    [
        # 156 + 2416 + 256 * 120 + 120 + 120 * 84 + 84 + 84 * 10 + 10
        ('lenet', 44_426),
        # 25 * 16 + 16, 25 * 16 * 32 + 32, 36 * 32 * 64 + 64, 25 * 64 * 128 + 128, 9 * 128 * 10 + 10
        ('aconvnet', 416 + 12_832 + 73_792 + 204_928 + 11_530),
    ],
)
def test_size(name, parameters):
    network, side = NETWORKS[name].build(10), NETWORKS[name].side
    assert sum(parameter.numel() for parameter in network.parameters()) == parameters
    assert network(torch.zeros(2, 1, side, side)).shape == (2, 10)


def test_aconvnet_has_no_fully_connected_layer():
    kernels = [layer.kernel_size[0] for layer in aconvnet() if isinstance(layer, nn.Conv2d)]
    assert kernels == [5, 5, 6, 5, 3]
    assert not any(isinstance(layer, nn.Linear) for layer in aconvnet())
