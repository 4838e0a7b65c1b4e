"""Conv4."""

import pytest
import torch

from ship_det.experiments.few_shot.network import Conv4


@pytest.mark.parametrize(('size', 'features'), [(84, 5 * 5 * 64), (64, 4 * 4 * 64), (16, 64)])
def test_features(size, features):
    network = Conv4(size)
    assert network(torch.zeros(2, 3, size, size)).shape == (2, 5)
    assert network[-1].in_features == features
    # 3 x 3 kernels, a scale and a shift of the batch norm, and the linear layer.
    assert sum(p.numel() for p in network.parameters()) == 9 * 64 * (3 + 3 * 64) + 8 * 64 + 5 * features + 5


def test_batch_statistics_also_in_eval_mode():
    network = Conv4(16, filters=4).eval()
    assert not list(network.buffers())
    with torch.no_grad():
        features = network[1](network[0](torch.rand(8, 3, 16, 16) * 5 + 2))
    torch.testing.assert_close(features.mean((0, 2, 3)), torch.zeros(4), atol=1e-5, rtol=0)
    torch.testing.assert_close(features.std((0, 2, 3), unbiased=False), torch.ones(4), atol=1e-3, rtol=0)
