"""The inner loop and the meta-gradient against derivations by hand in NumPy and against plain autograd."""

import math

import numpy as np
import pytest
import torch
from torch.func import functional_call

from ship_det.experiments.few_shot.config import LOSSES
from ship_det.experiments.few_shot.episodes import Tasks
from ship_det.experiments.few_shot.maml import MAML, task_loss
from ship_det.experiments.few_shot.network import Conv4
from ship_det.imbalance import class_factors

SPLIT = (1, 2, 3, 4, 5)
FEATURES, STEP = 6, 0.3


def linear_tasks(number: int = 3) -> Tasks:
    rng = np.random.default_rng(0)
    labels = torch.arange(5).repeat_interleave(torch.tensor(SPLIT)).expand(number, 15)
    draw = [torch.from_numpy(rng.normal(size=(number, 15, FEATURES))) for _ in range(2)]
    factors = torch.from_numpy(class_factors(SPLIT)).expand(number, 5)
    return Tasks(draw[0], labels, draw[1], labels, factors)


def linear(parameters, x):
    return x @ parameters['weight'].T + parameters['bias']


def initial() -> dict[str, torch.Tensor]:
    rng = np.random.default_rng(1)
    return {'weight': torch.from_numpy(rng.normal(size=(5, FEATURES))), 'bias': torch.from_numpy(rng.normal(size=5))}


# From here to the tests: NumPy, by hand. p is the softmax output of the target, eq. (4) with natural logarithm.


def softmax(logits):
    shifted = np.exp(logits - logits.max(1, keepdims=True))
    return shifted / shifted.sum(1, keepdims=True)


def slope(name, p, f):
    """dL/dp of one sample."""
    a = math.pi * p / 2
    ci = -(np.cos(a) * (1 - np.sin(a)) / p - math.pi / 2 * np.log(p) * (np.cos(math.pi * p) + np.sin(a)))
    focal = 2 * (1 - p) * np.log(p) - (1 - p) ** 2 / p
    return {'ce': -1 / p, 'fl': focal, 'ci': f * ci, 'ci_modulator': ci, 'ci_factors': -f / p}[name]


def value(name, p, f):
    a = math.pi * p / 2
    ci = -(1 - np.sin(a)) * np.cos(a) * np.log(p)
    focal = -((1 - p) ** 2) * np.log(p)
    return {'ce': -np.log(p), 'fl': focal, 'ci': f * ci, 'ci_modulator': ci, 'ci_factors': -f * np.log(p)}[name]


def gradient_by_hand(name, weight, bias, x, y):
    outputs, rows = softmax(x @ weight.T + bias), np.arange(len(y))
    p, f = outputs[rows, y], np.sqrt(5 / np.array(SPLIT))[y]
    # dp/dz_k = p ([k = y] - p_k)
    logit_gradient = (slope(name, p, f) * p)[:, None] * (np.eye(5)[y] - outputs) / len(y)
    return logit_gradient.T @ x, logit_gradient.sum(0)


def adapt_by_hand(name, weight, bias, x, y, steps):
    for _ in range(steps):
        to_weight, to_bias = gradient_by_hand(name, weight, bias, x, y)
        weight, bias = weight - STEP * to_weight, bias - STEP * to_bias
    return weight, bias


def outer_by_hand(name, weight, bias, tasks, steps):
    losses = []
    for x, y, qx, qy, _ in zip(*(part.numpy() for part in tasks), strict=True):
        adapted = adapt_by_hand(name, weight, bias, x, y, steps)
        p = softmax(qx @ adapted[0].T + adapted[1])[np.arange(len(qy)), qy]
        losses.append(value(name, p, np.sqrt(5 / np.array(SPLIT))[qy]).mean())
    return np.mean(losses)


@pytest.mark.parametrize('steps', [1, 5])
@pytest.mark.parametrize('name', LOSSES)
def test_inner_loop_is_the_step_derived_by_hand(name, steps):
    tasks, start = linear_tasks(), initial()
    maml = MAML(linear, task_loss(name), STEP, steps)
    adapted = torch.func.vmap(lambda task: maml.adapt(start, task))(tasks)
    for i in range(3):
        weight, bias = adapt_by_hand(
            name,
            start['weight'].numpy(),
            start['bias'].numpy(),
            tasks.support_images[i].numpy(),
            tasks.support_labels[i].numpy(),
            steps,
        )
        np.testing.assert_allclose(adapted['weight'][i], weight, rtol=0, atol=1e-6)
        np.testing.assert_allclose(adapted['bias'][i], bias, rtol=0, atol=1e-6)


@pytest.mark.parametrize('name', ['ce', 'fl', 'ci'])
def test_second_order_gradient_is_the_finite_difference_of_the_loop_by_hand(name):
    tasks, start, steps, h = linear_tasks(), initial(), 2, 1e-5
    gradient, losses, _ = MAML(linear, task_loss(name), STEP, steps).meta_gradient(start, tasks)
    weight, bias = start['weight'].numpy(), start['bias'].numpy()
    assert losses.mean().item() == pytest.approx(outer_by_hand(name, weight, bias, tasks, steps), abs=1e-9)
    expected = np.zeros_like(weight)
    for index in np.ndindex(*weight.shape):
        step = np.zeros_like(weight)
        step[index] = h
        ends = [outer_by_hand(name, weight + sign * step, bias, tasks, steps) for sign in (1, -1)]
        expected[index] = (ends[0] - ends[1]) / (2 * h)
    np.testing.assert_allclose(gradient['weight'], expected, rtol=0, atol=1e-7)


def test_first_order_gradient_is_the_querys_at_the_adapted_weights():
    tasks, start = linear_tasks(), initial()
    gradient, _, _ = MAML(linear, task_loss('ci'), STEP, 2, first_order=True).meta_gradient(start, tasks)
    expected = []
    for x, y, qx, qy, _ in zip(*(part.numpy() for part in tasks), strict=True):
        adapted = adapt_by_hand('ci', start['weight'].numpy(), start['bias'].numpy(), x, y, 2)
        expected.append(gradient_by_hand('ci', *adapted, qx, qy)[0])
    np.testing.assert_allclose(gradient['weight'], np.mean(expected, axis=0), rtol=0, atol=1e-9)


def naive_meta_gradient(model, loss, lr, steps, tasks):
    """The same by autograd with create_graph, one task after the other."""
    parameters = dict(model.named_parameters())
    total = 0
    for task in map(Tasks._make, zip(*tasks, strict=True)):
        current = parameters
        for _ in range(steps):
            support = loss(functional_call(model, current, (task.support_images,)), task.support_labels, task.factors)
            gradients = torch.autograd.grad(support, list(current.values()), create_graph=True)
            current = {name: p - lr * g for (name, p), g in zip(current.items(), gradients, strict=True)}
        logits = functional_call(model, current, (task.query_images,))
        total = total + loss(logits, task.query_labels, task.factors) / len(tasks.factors)
    return dict(zip(parameters, torch.autograd.grad(total, list(parameters.values())), strict=True))


@pytest.mark.parametrize('at_once', [None, 2, 1])
def test_conv4_meta_gradient_is_that_of_plain_autograd(at_once):
    torch.manual_seed(0)
    model = Conv4(16, filters=3).double()
    tasks = linear_tasks()
    tasks = tasks._replace(
        support_images=torch.rand(3, 15, 3, 16, 16, dtype=torch.float64),
        query_images=torch.rand(3, 15, 3, 16, 16, dtype=torch.float64),
    )
    loss = task_loss('ci')
    maml = MAML(lambda p, x: functional_call(model, p, (x,)), loss, 0.1, 2, tasks_at_once=at_once)
    gradient, _, _ = maml.meta_gradient({name: p.detach() for name, p in model.named_parameters()}, tasks)
    expected = naive_meta_gradient(model, loss, 0.1, 2, tasks)
    for name, found in gradient.items():
        torch.testing.assert_close(found, expected[name], rtol=0, atol=1e-9)
    assert gradient['0.weight'].abs().max() > 1e-4


def test_predicts_after_adapting():
    tasks, start = linear_tasks(), initial()
    found = MAML(linear, task_loss('ce'), STEP, 1).predict(start, tasks, steps=10)
    for i in range(3):
        adapted = adapt_by_hand(
            'ce',
            start['weight'].numpy(),
            start['bias'].numpy(),
            tasks.support_images[i].numpy(),
            tasks.support_labels[i].numpy(),
            10,
        )
        expected = (tasks.query_images[i].numpy() @ adapted[0].T + adapted[1]).argmax(1)
        np.testing.assert_array_equal(found[i], expected)


def test_unknown_loss():
    with pytest.raises(ValueError, match="loss: found 'mse', expected one of ce"):
        task_loss('mse')
