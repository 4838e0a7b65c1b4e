"""CI loss: the paper's values and derivative, its arguments, its counts in checkpoints."""

import math
import re
import subprocess
import sys
import warnings

import mpmath
import pytest
import torch
from torch.nn.functional import cross_entropy

from ship_det.imbalance import class_factors
from ship_det.losses import AbsentClassWarning, CILoss, ci_loss

COUNTS = [400, 100, 25, 64, 16]


def loss_and_slope(p, log_base=math.e, f=1.0):
    """Eq. (4) and its derivative with respect to p, the corrected eq. (15), for one class."""
    a = math.pi * p / 2
    loss = -f * (1 - math.sin(a)) * math.cos(a) * math.log(p)
    slope = math.cos(a) * (1 - math.sin(a)) / p - math.pi / 2 * math.log(p) * (math.cos(math.pi * p) + math.sin(a))
    return loss / math.log(log_base), -f * slope / math.log(log_base)


def printed_slope(p):
    """Eq. (15) as printed, natural logarithm and f = 1."""
    a = math.pi * p / 2
    return -(math.cos(a) * (1 - math.sin(a)) / p + math.pi / 2 * math.log(p) * (math.cos(math.pi * p) + math.sin(a)))


def probabilities(count):
    return torch.rand(count, generator=torch.Generator().manual_seed(1), dtype=torch.float64) * 0.998 + 0.001


@pytest.mark.parametrize('log_base', [math.e, 10])
def test_gradient_is_the_corrected_equation_15(log_base):
    p = probabilities(1000)
    logits = torch.stack([torch.log(p / (1 - p)), torch.zeros_like(p)], dim=1).requires_grad_()
    target = torch.zeros(1000, dtype=torch.int64)
    # Class 0 is the smaller of 9:1, so f = 3.
    rows = ci_loss(logits, target, [1, 9], log_base, reduction='none')
    total = ci_loss(logits, target, [1, 9], log_base, reduction='sum')
    expected = torch.tensor([loss_and_slope(value, log_base, f=3.0) for value in p.tolist()], dtype=torch.float64)
    assert rows.tolist() == pytest.approx(expected[:, 0].tolist(), rel=1e-9)
    for loss in (rows.sum(), total):
        (gradient,) = torch.autograd.grad(loss, logits)
        slope = gradient[:, 0] / (p * (1 - p))
        assert slope.tolist() == pytest.approx(expected[:, 1].tolist(), rel=1e-9)


def test_printed_equation_15_is_not_the_derivative_of_equation_4():
    for p in probabilities(20).tolist():
        derivative = mpmath.diff(
            lambda x: -(1 - mpmath.sin(mpmath.pi * x / 2)) * mpmath.cos(mpmath.pi * x / 2) * mpmath.log(x), p
        )
        assert loss_and_slope(p)[1] == pytest.approx(float(derivative), rel=1e-9)
        assert abs(printed_slope(p) - float(derivative)) > 1e-3 * abs(float(derivative))


def test_factor_of_the_smaller_class_doubles_the_loss_at_256_to_1():
    logits = torch.tensor([[0.3, -0.4]] * 2)
    majority = ci_loss(logits, torch.tensor([0, 0]), [256, 1], reduction='none')[0]
    minority = ci_loss(logits.flip(1), torch.tensor([1, 1]), [256, 1], reduction='none')[0]
    assert minority == pytest.approx(2 * majority)


def test_the_exponent_of_the_factors():
    logits = torch.tensor([[0.3, -0.4]])
    for counts, factor in (([900, 1], 900 ** (1 / 8)), ([9, 1], 3.0)):
        plain = ci_loss(logits, torch.tensor([1]), None)
        assert ci_loss(logits, torch.tensor([1]), counts) == pytest.approx(factor * plain)
        for loss in (
            ci_loss(logits, torch.tensor([1]), counts, exponent=0.5),
            CILoss(counts, exponent=0.5)(logits, torch.tensor([1])),
        ):
            assert loss == pytest.approx(counts[0] ** 0.5 * plain)
    with pytest.raises(ValueError, match='exponent: found -1, expected 0 to 1'):
        CILoss(exponent=-1)


def test_switches(batch):
    logits, target = batch
    f = torch.tensor([*class_factors(COUNTS), 1.0])[target]
    log_p = -cross_entropy(logits, target, reduction='none')
    a = math.pi / 2 * log_p.exp()
    modulator = (1 - a.sin()) * a.cos()
    for modulate, counts, expected in [
        (True, COUNTS, -f * modulator * log_p),
        (True, None, -modulator * log_p),
        (False, COUNTS, -f * log_p),
        (False, None, -log_p),
    ]:
        rows = ci_loss(logits, target, counts, modulate=modulate, reduction='none')
        torch.testing.assert_close(rows, expected)
        module = CILoss(counts, modulate=modulate, use_factors=counts is not None, reduction='none')
        torch.testing.assert_close(module(logits, target), expected, rtol=1e-6, atol=0)


def test_number_of_counts_decides_whether_the_last_column_is_background(batch):
    logits, target = batch
    rows = ci_loss(logits, target, COUNTS, modulate=False, background_factor=7.0, reduction='none')
    plain = cross_entropy(logits, target, reduction='none')
    assert rows[7] / plain[7] == pytest.approx(7)
    rows = ci_loss(logits, target, [*COUNTS, 4], modulate=False, background_factor=7.0, reduction='none')
    assert rows[7] / plain[7] == pytest.approx(10)
    message = 'found 4 counts for 6 logits, expected 6 (no background) or 5 (the last logit is the background)'
    for loss in (lambda *x: ci_loss(*x, COUNTS[:4]), CILoss(COUNTS[:4])):
        with pytest.raises(ValueError, match=re.escape(message)):
            loss(logits, target)


def test_counts_may_be_a_list_an_array_or_a_tensor(batch):
    values = [ci_loss(*batch, counts) for counts in (COUNTS, torch.tensor(COUNTS), torch.tensor(COUNTS).numpy())]
    assert values[0] == values[1] == values[2]


@pytest.mark.parametrize('reduction', ['mean', 'sum', 'none'])
@pytest.mark.parametrize('avg_factor', [None, 12.0, torch.tensor(12.0)])
def test_weight_reduction_and_avg_factor_have_mmdetections_meaning(batch, reduction, avg_factor):
    logits, target = batch
    weight = torch.arange(40.0) % 3
    rows = ci_loss(logits, target, COUNTS, reduction='none') * weight.double()
    module = CILoss(COUNTS, loss_weight=2.0)
    if reduction == 'sum' and avg_factor is not None:
        with pytest.raises(ValueError, match="avg_factor: found a number with reduction 'sum'"):
            module(logits, target, weight, avg_factor, reduction)
        return
    divisor = 1 if reduction == 'sum' else avg_factor or 40
    expected = rows if reduction == 'none' else rows.sum() / divisor
    result = module(logits, target, weight, avg_factor=avg_factor, reduction_override=reduction)
    torch.testing.assert_close(result, 2 * expected, rtol=1e-6, atol=0)


def test_batch_without_rows_is_zero_with_a_gradient():
    logits = torch.zeros(0, 6, requires_grad=True)
    for options in (dict(avg_factor=1.0), dict(avg_factor=0.0), {}):
        loss = CILoss(COUNTS)(logits, torch.zeros(0, dtype=torch.int64), **options)
        (gradient,) = torch.autograd.grad(loss, logits)
        assert (loss.item(), gradient.shape) == (0, (0, 6))


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
def test_half_precision_is_computed_in_float32(batch, dtype):
    logits, target = batch[0].to(dtype).requires_grad_(), batch[1]
    loss = CILoss(COUNTS)(logits, target)
    assert loss.dtype == torch.float32
    assert loss == CILoss(COUNTS)(logits.float(), target)
    (gradient,) = torch.autograd.grad(loss, logits)
    assert gradient.dtype == dtype


def test_autocast(batch):
    layer, loss = torch.nn.Linear(6, 6), CILoss(COUNTS)
    with torch.autocast('cpu', torch.bfloat16):
        scores = layer(batch[0].float())
        value = loss(scores, batch[1])
    assert (scores.dtype, value.dtype) == (torch.bfloat16, torch.float32)
    assert value == loss(scores.float(), batch[1])
    value.backward()
    assert layer.weight.grad.isfinite().all()


def test_module_without_counts_says_how_to_set_them(batch):
    message = r'CILoss has no class counts: pass class_counts, call set_class_counts\(counts\), load a checkpoint'
    with pytest.raises(RuntimeError, match=message):
        CILoss()(*batch)


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (dict(log_base=1), 'log_base: found 1, expected a number above 1'),
        (dict(background_factor=-1), 'background_factor: found -1, expected a finite number from 0'),
        (dict(reduction='avg'), "reduction: found 'avg', expected 'none', 'mean' or 'sum'"),
        (dict(class_counts=[3, -1]), 'class counts: found -1.0 for class 1'),
        (dict(class_counts=[3, 1.5]), 'class_counts: found 1.5 for class 1, expected a whole number'),
        (dict(class_counts=[]), 'class counts: found shape (0,), expected one count a class'),
        (dict(class_counts=[0, 0]), 'class counts: found 0 for every class'),
    ],
)
def test_bad_arguments_are_named(arguments, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        CILoss(**arguments)


@pytest.mark.parametrize(
    ('logits', 'target', 'message'),
    [
        (torch.zeros(3), torch.zeros(3), 'logits: found shape (3,), expected (N, K) with at least two columns'),
        (torch.zeros(3, 1), torch.zeros(3), 'logits: found shape (3, 1), expected (N, K) with at least two columns'),
        (torch.zeros(3, 2), torch.zeros(2), 'target: found shape (2,), expected (3,) class indices'),
    ],
)
def test_bad_shapes_are_named(logits, target, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        ci_loss(logits, target.long(), None)


def test_absent_classes_have_factor_1_and_are_named_in_one_warning(batch):
    with pytest.warns(AbsentClassWarning, match='no instance of class 1, 3: factor 1, left out of lambda') as caught:
        loss = CILoss([400, 0, 25, 0, 16])
    assert len(caught) == 1
    assert loss.factors.tolist() == pytest.approx([1, 1, 4, 1, 5, 1])
    with pytest.warns(AbsentClassWarning, match='no instance of class 1'):
        ci_loss(*batch, [400, 0, 25, 1, 16])


class Head(torch.nn.Module):
    def __init__(self, **arguments):
        super().__init__()
        self.fc = torch.nn.Linear(2, 6)
        self.loss_cls = CILoss(**arguments)


@pytest.mark.parametrize('strict', [True, False])
def test_checkpoint_carries_the_counts(batch, strict):
    with pytest.warns(AbsentClassWarning):
        trained = Head(class_counts=[400, 0, 25, 64, 16])
    checkpoint = trained.state_dict()
    fresh = Head()
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        fresh.load_state_dict(checkpoint, strict=strict)
    assert fresh.loss_cls.class_counts.tolist() == [400, 0, 25, 64, 16]
    assert fresh.loss_cls(*batch) == trained.loss_cls(*batch)


def test_checkpoint_replaces_counts_and_their_factors(batch):
    head = Head(class_counts=[1, 1, 1, 1, 1])
    head.load_state_dict(Head(class_counts=COUNTS).state_dict())
    assert head.loss_cls(*batch) == CILoss(COUNTS)(*batch)


def test_checkpoint_without_counts_leaves_those_that_are_set(batch):
    head = Head(class_counts=COUNTS)
    head.load_state_dict(Head().state_dict())
    assert head.loss_cls(*batch) == CILoss(COUNTS)(*batch)


def test_checkpoint_of_another_number_of_classes_is_a_size_mismatch():
    with pytest.raises(RuntimeError, match=r'size mismatch for loss_cls\.class_counts'):
        Head(class_counts=COUNTS).load_state_dict(Head(class_counts=[3, 4]).state_dict())


def test_half_precision_model_keeps_its_counts():
    loss = CILoss([100_000, 3]).half()
    assert loss.class_counts.tolist() == [100_000, 3]


def test_losses_do_not_import_mmdetection():
    code = 'import sys, ship_det.losses; assert not {"mmcv", "mmengine", "mmdet", "mmrotate"} & set(sys.modules)'
    subprocess.run([sys.executable, '-c', code], check=True)


@pytest.mark.parametrize('options', [{}, dict(modulate=False), dict(use_factors=False), dict(background_factor=3.0)])
@pytest.mark.parametrize('columns', [6, 7])
def test_a_matched_gradient_is_as_large_as_that_of_the_cross_entropy(options, columns):
    """In all, that is; between the rows it is spread as without."""
    torch.manual_seed(0)
    logits = (torch.randn(40, columns, dtype=torch.float64) * 3).requires_grad_()
    target, weight = torch.randint(columns, (40,)), 3 * torch.rand(40, dtype=torch.float64)
    counts = [1000, 200, 90, 40, 8, 3]

    def gradient(loss):
        return torch.autograd.grad(loss(logits, target, weight, avg_factor=31.0), logits)[0]

    def plain_entropy(logits, target, weight, avg_factor):
        return (cross_entropy(logits, target, reduction='none') * weight).sum() / avg_factor

    matched = gradient(CILoss(counts, match_gradient=True, **options))
    expected = gradient(plain_entropy).abs().sum()
    torch.testing.assert_close(matched.abs().sum(), expected, rtol=1e-6, atol=0)
    plain = gradient(CILoss(counts, **options))
    torch.testing.assert_close(matched / expected, plain / plain.abs().sum(), rtol=1e-6, atol=1e-12)
    half = gradient(CILoss(counts, match_gradient=True, loss_weight=0.5, **options))
    torch.testing.assert_close(half, matched / 2)


def test_a_matched_gradient_of_examples_that_are_right_is_finite():
    for logit in (20.0, 100.0, 1e30):
        logits = torch.tensor([[logit, 0.0, 0.0]], requires_grad=True)
        loss = CILoss([5, 4], match_gradient=True)(logits, torch.tensor([0]))
        loss.backward()
        assert loss.isfinite()
        assert logits.grad.isfinite().all()
