"""Networks in a stack do what each does alone."""

import pytest
import torch
from torch import nn

from ship_det.experiments.recognition.networks import aconvnet, lenet
from ship_det.experiments.recognition.stacked import StackedNetwork


def small() -> nn.Sequential:
    """Starts with a linear layer, which a stack must repeat the batch for."""
    return nn.Sequential(nn.Flatten(), nn.Linear(36, 5), nn.ReLU(), nn.Linear(5, 3))


@pytest.mark.parametrize(
    ('build', 'side', 'batches', 'networks'),
    [
        (lenet, 28, 1, 3),
        (lenet, 28, 2, 4),
        (lenet, 28, 3, 3),
        (aconvnet, 88, 2, 4),
        (small, 6, 2, 4),
        (lenet, 28, 1, 1),
    ],
)
def test_same_logits_and_gradients_as_alone(build, side, batches, networks):
    # In float64: of two pixels that are equal but for the rounding of float32 one or the other is the maximum of a pool
    # and has all of the gradient.
    torch.manual_seed(0)
    plain = [build().eval().double() for _ in range(networks)]
    images = torch.rand(batches, 5, 1, side, side, dtype=torch.float64)
    stack = StackedNetwork(plain)
    logits = stack(images)
    seen = [images[index * batches // networks] for index in range(networks)]
    expected = torch.stack([network(batch) for network, batch in zip(plain, seen, strict=True)])
    torch.testing.assert_close(logits, expected)

    slopes = torch.randn_like(expected)
    ours = torch.autograd.grad((logits * slopes).sum(), stack.parameters)
    for index, network in enumerate(plain):
        theirs = torch.autograd.grad((expected[index] * slopes[index]).sum(), list(network.parameters()))
        for stacked, alone in zip(ours, theirs, strict=True):
            # Convolutions lie one behind the other; linear layers have an axis of networks and are transposed.
            if stacked.dim() == 3:
                part = stacked[index].T.reshape(alone.shape)
            else:
                part = stacked.unflatten(0, (networks, -1))[index]
            torch.testing.assert_close(part, alone, rtol=1e-10, atol=1e-12)

    # Float32 has kernels of its own, and logits have no jumps.
    torch.testing.assert_close(StackedNetwork([network.float() for network in plain])(images.float()), expected.float())


def test_leaves_the_networks_as_they_are():
    network = lenet()
    before = network[0].weight.clone()
    stack = StackedNetwork([network])
    with torch.no_grad():
        stack.parameters[0].zero_()
    torch.testing.assert_close(network[0].weight, before)


@pytest.mark.parametrize('kind', ['maps', 'vectors'])
def test_dropout_is_shared_by_the_networks_of_a_batch(kind):
    # Ones pass a network without parameters' influence: identity convolution, or identity layer.
    if kind == 'maps':
        layers = [nn.Conv2d(1, 1, 1), nn.Dropout(0.25), nn.Flatten()]
        nn.init.ones_(layers[0].weight)
    else:
        layers = [nn.Flatten(), nn.Linear(400, 400), nn.Dropout(0.25)]
        nn.init.eye_(layers[1].weight)
    for layer in layers:
        if getattr(layer, 'bias', None) is not None:
            nn.init.zeros_(layer.bias)
    stack = StackedNetwork([nn.Sequential(*layers)] * 4)
    ones = torch.ones(2, 6, 1, 20, 20)

    def generators():
        return [torch.Generator().manual_seed(seed) for seed in (1, 2)]

    dropped = stack(ones, generators()).detach()
    values = dropped.unique()
    torch.testing.assert_close(values, torch.tensor([0.0, 1 / 0.75]))
    assert (dropped == 0).float().mean() == pytest.approx(0.25, abs=0.03)
    assert torch.equal(dropped[0], dropped[1]) and torch.equal(dropped[2], dropped[3])
    assert not torch.equal(dropped[0], dropped[2])
    assert not torch.equal(dropped[0, 0], dropped[0, 1])
    assert torch.equal(stack(ones).detach(), torch.ones(4, 6, 400))
    # The mask of a batch does not depend on what else is in the stack.
    alone = StackedNetwork([nn.Sequential(*layers)])(ones[1:], generators()[1:])
    torch.testing.assert_close(alone[0], dropped[2])


def test_refuses_a_layer_it_does_not_know():
    with pytest.raises(ValueError, match='found a layer Sigmoid'):
        StackedNetwork([nn.Sequential(nn.Sigmoid())])(torch.zeros(1, 1, 1, 2, 2))
