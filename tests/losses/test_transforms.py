"""The losses under the transforms of torch.func, against autograd."""

import pytest
import torch
from torch.func import grad, hessian, jvp, vmap

from ship_det.losses import CILoss, PFLoss, SoftmaxFocalLoss, ci_loss, pf_loss, softmax_focal_loss

pytestmark = pytest.mark.filterwarnings('ignore:.torch.jit.script. is deprecated')  # torch's own, in forward mode
COUNTS = [400, 100, 25, 64, 16]
LOSSES = {
    'ci mean': lambda z, t: ci_loss(z, t, COUNTS),
    'ci sum, weighted': lambda z, t: ci_loss(z, t, COUNTS, weight=torch.arange(8) % 3, reduction='sum'),
    'ci none': lambda z, t: ci_loss(z, t, COUNTS, reduction='none').square().sum(),
    'ci average': lambda z, t: ci_loss(z, t, COUNTS, avg_factor=torch.tensor(5.0)),
    'ci factors alone': lambda z, t: ci_loss(z, t, COUNTS, modulate=False),
    'CILoss': CILoss(COUNTS, log_base=10, loss_weight=2.0),
    'focal mean': lambda z, t: softmax_focal_loss(z, t, class_weights=[1, 2, 3, 4, 5, 6]),
    'focal sum': lambda z, t: softmax_focal_loss(z, t, 0.5, weight=torch.arange(8) % 3, reduction='sum'),
    'focal none': lambda z, t: softmax_focal_loss(z, t, reduction='none').square().sum(),
    'SoftmaxFocalLoss': SoftmaxFocalLoss(class_weights=[1, 2, 3, 4, 5, 6]),
    'pf class_mean': pf_loss,
    'pf balanced_softmax': lambda z, t: pf_loss(z, t, 'balanced_softmax', weight=torch.arange(8) % 3),
    'pf soft_gmean': lambda z, t: pf_loss(z, t, 'soft_gmean', weight=torch.arange(8) % 3),
    'PFLoss': PFLoss('soft_gmean'),
}


@pytest.fixture(params=LOSSES.values(), ids=LOSSES.keys())
def loss(request):
    return request.param


@pytest.fixture
def tasks(batch):
    """Logits (3, 8, 6) and labels (3, 8) of three tasks with other classes each."""
    return batch[0][:24].view(3, 8, 6), batch[1][:24].view(3, 8)


def derivatives(loss, logits, target):
    """Gradient and Hessian times the logits, of autograd."""
    logits = logits.clone().requires_grad_()
    (first,) = torch.autograd.grad(loss(logits, target), logits, create_graph=True)
    (second,) = torch.autograd.grad(first, logits, logits.detach())
    return first.detach(), second


def test_gradients_of_a_stack_of_tasks(loss, tasks):
    expected = torch.stack([derivatives(loss, *task)[0] for task in zip(*tasks, strict=True)])
    torch.testing.assert_close(grad(loss)(tasks[0][0], tasks[1][0]), expected[0])
    torch.testing.assert_close(vmap(grad(loss))(*tasks), expected)


def test_gradient_of_the_sum_over_a_stack(loss, tasks):
    def total(logits):
        return vmap(loss)(logits, tasks[1]).sum()

    expected = torch.stack([derivatives(loss, *task)[0] for task in zip(*tasks, strict=True)])
    torch.testing.assert_close(grad(total)(tasks[0]), expected)
    logits = tasks[0].clone().requires_grad_()
    torch.testing.assert_close(torch.autograd.grad(total(logits), logits)[0], expected)


def test_gradient_of_the_gradient(loss, tasks):
    def slope(logits, target, direction):
        return (grad(loss)(logits, target) * direction).sum()

    expected = torch.stack([derivatives(loss, *task)[1] for task in zip(*tasks, strict=True)])
    torch.testing.assert_close(grad(slope)(tasks[0][0], tasks[1][0], tasks[0][0]), expected[0])
    torch.testing.assert_close(vmap(grad(slope))(*tasks, tasks[0]), expected)


def test_forward_mode_over_the_gradient(loss, tasks):
    logits, target = tasks[0][0], tasks[1][0]
    first, second = derivatives(loss, logits, target)
    result = jvp(lambda z: grad(loss)(z, target), (logits,), (logits,))
    torch.testing.assert_close(result, (first, second))
    torch.testing.assert_close(torch.einsum('abcd,cd->ab', hessian(loss)(logits, target), logits), second)


def test_adaptation_step_is_differentiated_through(loss, tasks):
    """One inner step of MAML with stacked tasks: the gradient passes through the step."""
    logits, target = tasks

    def adapted(start, target):
        return loss(start - 0.5 * grad(loss)(start, target), target.flip(0))

    def by_autograd(start, target):
        start = start.clone().requires_grad_()
        (step,) = torch.autograd.grad(loss(start, target), start, create_graph=True)
        return torch.autograd.grad(loss(start - 0.5 * step, target.flip(0)), start)[0]

    expected = torch.stack([by_autograd(*task) for task in zip(logits, target, strict=True)])
    torch.testing.assert_close(vmap(grad(adapted))(logits, target), expected)


def test_factors_of_each_task_come_as_row_weights(tasks):
    factors = torch.arange(18.0, dtype=torch.float64).view(3, 6)

    def own_factors(logits, target, factors):
        return ci_loss(logits, target, None, weight=factors[target])

    expected = torch.stack([grad(own_factors)(*task) for task in zip(*tasks, factors, strict=True)])
    torch.testing.assert_close(vmap(grad(own_factors))(*tasks, factors), expected)
    rows = ci_loss(tasks[0][2], tasks[1][2], None, reduction='none')
    torch.testing.assert_close(
        own_factors(tasks[0][2], tasks[1][2], factors[2]), (rows * factors[2][tasks[1][2]]).mean()
    )
