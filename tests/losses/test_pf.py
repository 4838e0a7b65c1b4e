"""Reconstructed PF-loss: its definition, the properties that the abstract claims, and the batch of two processes."""

import inspect
import re
import subprocess
import sys

import pytest
import torch
from torch.autograd import gradcheck
from torch.nn.functional import cross_entropy, softmax

from ship_det.losses import PFLoss, pf_loss, softmax_focal_loss

VARIANTS = ['class_mean', 'balanced_softmax', 'soft_gmean']


def definition(logits, target, variant):
    """The three formulas, class by class."""
    p = softmax(logits, 1)[torch.arange(len(target)), target]
    present = target.unique()
    if variant == 'class_mean':
        return torch.stack([-p[target == c].log().mean() for c in present]).mean()
    if variant == 'soft_gmean':
        return torch.stack([-p[target == c].mean().log() for c in present]).mean()
    counts = torch.bincount(target, minlength=logits.shape[1])
    scaled = counts * logits.exp()
    return -(scaled[torch.arange(len(target)), target] / scaled.sum(1)).log().mean()


@pytest.mark.parametrize('variant', VARIANTS)
@pytest.mark.parametrize('columns', [2, 6])
def test_is_its_definition_for_two_and_for_more_classes(batch, variant, columns):
    logits, target = batch[0][:, :columns].requires_grad_(), batch[1] % columns
    loss, expected = pf_loss(logits, target, variant), definition(logits, target, variant)
    torch.testing.assert_close(loss, expected)
    torch.testing.assert_close(torch.autograd.grad(loss, logits), torch.autograd.grad(expected, logits))


@pytest.mark.parametrize('variant', VARIANTS)
def test_gradcheck(batch, variant):
    assert gradcheck(lambda logits: pf_loss(logits, batch[1][:9], variant), batch[0][:9].requires_grad_())


@pytest.mark.parametrize('variant', ['class_mean', 'balanced_softmax'])
def test_is_the_cross_entropy_on_a_balanced_batch(batch, variant):
    logits, target = batch[0][:36], torch.arange(36) % 6
    torch.testing.assert_close(pf_loss(logits, target, variant), cross_entropy(logits, target))


@pytest.mark.parametrize(
    ('loss', 'minority', 'outlier'),
    [
        # Rows of (1 - p), p the target's: .1 .2 .05 .99, .7 .8; each class mean has its rows divided by 4 and by 2.
        (cross_entropy, 0.528, 0.349),
        (softmax_focal_loss, 0.599, 0.392),
        (PFLoss('class_mean'), 0.691, 0.228),
        (PFLoss('balanced_softmax'), 0.594, 0.340),
        # Rows of p (1 - p) over the sum of p of the class: .3074 / 2.66 for the majority, .37 / .5 for the minority.
        (PFLoss('soft_gmean'), 0.865, 0.0044),
    ],
)
def test_gradient_shares_of_the_toy_batch(gradient_shares, loss, minority, outlier):
    assert gradient_shares(loss) == (pytest.approx(minority, abs=5e-4), pytest.approx(outlier, abs=5e-4))


@pytest.mark.parametrize('variant', VARIANTS)
def test_attends_to_the_minority_rather_than_to_the_outlier(gradient_shares, variant):
    minority, outlier = gradient_shares(PFLoss(variant))
    assert minority > gradient_shares(cross_entropy)[0]
    assert outlier < gradient_shares(cross_entropy)[1]
    assert outlier < gradient_shares(softmax_focal_loss)[1]


def test_has_nothing_to_tune():
    """But the background's share."""
    assert list(inspect.signature(PFLoss).parameters) == ['variant', 'loss_weight', 'background']
    assert list(inspect.signature(pf_loss).parameters) == ['logits', 'target', 'variant', 'weight', 'background']


class TestBackground:
    """A batch of three classes and the background: 2, 4, 0 and 18 rows, as a detector's head samples them."""

    counts = (2, 4, 0, 18)
    target = torch.repeat_interleave(torch.arange(4), torch.tensor(counts))

    @pytest.fixture
    def logits(self):
        return torch.randn(24, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(3)).requires_grad_()

    def test_class_mean(self, logits):
        rows = cross_entropy(logits, self.target, reduction='none')
        expected = 6 / 24 * (rows[:2].mean() + rows[2:6].mean()) / 2 + 18 / 24 * rows[6:].mean()
        torch.testing.assert_close(pf_loss(logits, self.target, background=True), expected)

    def test_soft_gmean(self, logits):
        p = softmax(logits, 1)[torch.arange(24), self.target]
        expected = -6 / 24 * (p[:2].mean().log() + p[2:6].mean().log()) / 2 - 18 / 24 * p[6:].mean().log()
        torch.testing.assert_close(pf_loss(logits, self.target, 'soft_gmean', background=True), expected)

    def test_balanced_softmax(self, logits):
        # n_c |S| / n_foreground: 2 * 2 / 6 and 4 * 2 / 6; the absent class leaves the softmax.
        moved = logits[:, [0, 1, 3]] + torch.tensor([2 / 3, 4 / 3, 1.0]).log()
        expected = cross_entropy(moved, torch.tensor([0, 1, 9, 2])[self.target])
        torch.testing.assert_close(pf_loss(logits, self.target, 'balanced_softmax', background=True), expected)

    @pytest.mark.parametrize('variant', VARIANTS)
    def test_the_background_alone(self, logits, variant):
        loss = pf_loss(logits, torch.full((24,), 3), variant, background=True)
        loss.backward()
        assert loss.isfinite()
        assert logits.grad.isfinite().all()

    @pytest.mark.parametrize('variant', ['class_mean', 'balanced_softmax'])
    def test_is_the_cross_entropy_where_the_classes_are_balanced(self, logits, variant):
        target = torch.tensor([0, 1, 2] * 2 + [3] * 18)
        torch.testing.assert_close(pf_loss(logits, target, variant, background=True), cross_entropy(logits, target))

    def test_a_module_takes_it_for_a_class_unless_told_otherwise(self, logits):
        assert PFLoss()(logits, self.target) == pf_loss(logits, self.target)
        assert PFLoss(background=True)(logits, self.target) == pf_loss(logits, self.target, background=True)


@pytest.mark.parametrize('variant', VARIANTS)
def test_rows_of_weight_0_do_not_exist(batch, variant):
    logits, target = batch[0].requires_grad_(), batch[1]
    # Row 7 is the only one of class 5, which is then absent.
    weight = torch.ones(40)
    weight[[3, 7]] = 0
    kept = weight > 0
    loss = PFLoss(variant)(logits, target, weight, avg_factor=38.0)
    (gradient,) = torch.autograd.grad(loss, logits)
    expected = definition(logits[kept], target[kept], variant)
    torch.testing.assert_close(loss, expected)
    torch.testing.assert_close(gradient, torch.autograd.grad(expected, logits)[0])


@pytest.mark.parametrize('variant', VARIANTS)
def test_weight_counts_a_row_as_often(batch, variant):
    logits, target = batch
    weight = torch.arange(40) % 3
    repeated = torch.arange(40).repeat_interleave(weight)
    torch.testing.assert_close(
        pf_loss(logits, target, variant, weight=weight), pf_loss(logits[repeated], target[repeated], variant)
    )


@pytest.mark.parametrize('variant', VARIANTS)
@pytest.mark.parametrize('rows', [0, 3])
def test_batch_in_which_nothing_counts_is_zero_with_a_finite_gradient(variant, rows):
    logits = torch.randn(rows, 4, requires_grad=True)
    loss = pf_loss(logits, torch.zeros(rows, dtype=torch.int64), variant, weight=torch.zeros(rows))
    (gradient,) = torch.autograd.grad(loss, logits)
    assert loss == 0
    assert not gradient.any()


@pytest.mark.parametrize('variant', VARIANTS)
@pytest.mark.parametrize('dtype', [torch.float32, torch.bfloat16])
def test_finite_at_logits_of_1e4(variant, dtype):
    logits = torch.tensor([[1e4, -1e4], [-1e4, 1e4], [-1e4, 1e4]], dtype=dtype, requires_grad=True)
    loss = PFLoss(variant, loss_weight=2.0)(logits, torch.tensor([0, 0, 0]))
    (gradient,) = torch.autograd.grad(loss, logits)
    assert loss.dtype == torch.float32
    assert loss.isfinite()
    assert gradient.isfinite().all()


def test_class_whose_every_p_underflows_has_a_gradient():
    logits = torch.tensor([[500.0, -500.0], [400.0, -500.0]], requires_grad=True)
    loss = pf_loss(logits, torch.tensor([1, 1]), 'soft_gmean')
    (gradient,) = torch.autograd.grad(loss, logits)
    # mean p = (e^-1000 + e^-900) / 2, all of it from the second row.
    assert loss.item() == pytest.approx(900 + 0.6931, rel=1e-6)
    assert gradient[1].tolist() == pytest.approx([1, -1])


def test_bad_arguments_are_named(batch):
    message = "variant: found 'gmean', expected one of class_mean, balanced_softmax, soft_gmean"
    with pytest.raises(ValueError, match=message):
        PFLoss('gmean')
    with pytest.raises(ValueError, match=message):
        pf_loss(*batch, 'gmean')
    with pytest.raises(ValueError, match="reduction_override: found 'none', expected 'mean': a batch has one loss"):
        PFLoss()(*batch, reduction_override='none')
    with pytest.raises(ValueError, match=re.escape('target: found shape (3,), expected (40,) class indices')):
        pf_loss(batch[0], batch[1][:3])


ONE_OF_TWO_PROCESSES = """
import sys
import torch
from torch import distributed as dist
from torch.func import grad, vmap
from ship_det.losses import pf_loss

rank, folder = int(sys.argv[1]), sys.argv[2]
dist.init_process_group('gloo', init_method=f'file://{folder}/meeting', rank=rank, world_size=2)
logits, target, weight = torch.load(f'{folder}/batch.pt')
results = {}
for rows in (13, 0):
    own = slice(0, rows) if rank == 0 else slice(rows, None)
    for variant in sys.argv[3:]:
        part = logits[own].requires_grad_()
        loss = pf_loss(part, target[own], variant, weight=weight[own])
        results[variant, rows] = loss.detach(), torch.autograd.grad(loss, part)[0]
        # Two stacked models, of which the first is this one.
        gradients = vmap(grad(lambda z: pf_loss(z, target[own], variant, weight=weight[own])))(
            torch.stack([part.detach(), -part.detach()])
        )
        torch.testing.assert_close(gradients[0], results[variant, rows][1])
torch.save(results, f'{folder}/{rank}.pt')
dist.destroy_process_group()
"""


def test_two_processes_have_the_loss_and_gradient_of_the_joined_batch(batch, tmp_path):
    logits, target = batch
    weight = (torch.arange(40) % 7 > 0).double()
    torch.save((logits, target, weight), tmp_path / 'batch.pt')
    command = [sys.executable, '-c', ONE_OF_TWO_PROCESSES]
    processes = [subprocess.Popen([*command, str(rank), str(tmp_path), *VARIANTS]) for rank in (0, 1)]
    assert [process.wait() for process in processes] == [0, 0]
    first, second = (torch.load(tmp_path / f'{rank}.pt') for rank in (0, 1))
    logits.requires_grad_()
    # The first process has 13 rows of the batch, then none of them.
    for variant, rows in first:
        loss = pf_loss(logits, target, variant, weight=weight)
        (gradient,) = torch.autograd.grad(loss, logits)
        torch.testing.assert_close(first[variant, rows][0], loss.detach())
        torch.testing.assert_close(second[variant, rows][0], loss.detach())
        # DistributedDataParallel takes the mean over the processes, so each one's part counts half.
        torch.testing.assert_close(torch.cat([first[variant, rows][1], second[variant, rows][1]]) / 2, gradient)
