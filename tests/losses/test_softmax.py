"""The margin of the target class, and the losses made of it or of the softmax at the largest logits there are."""

import pytest
import torch

from ship_det.losses import ci_loss, pf_loss, softmax_focal_loss
from ship_det.losses.softmax import target_margin

COUNTS = [4, 2, 1]
#: Each loss, and what one row of each class weighs in it where p is 0: the class factor of CI loss.
LOSSES = {
    'ci': (lambda logits, target: ci_loss(logits, target, COUNTS), [1, 2 ** (1 / 2), 2]),
    'ci by rows': (
        lambda logits, target: ci_loss(logits, target, COUNTS, reduction='none').mean(),
        [1, 2 ** (1 / 2), 2],
    ),
    'ci without modulator': (
        lambda logits, target: ci_loss(logits, target, COUNTS, modulate=False),
        [1, 2 ** (1 / 2), 2],
    ),
    **{
        f'focal {g}': (lambda logits, target, g=g: softmax_focal_loss(logits, target, g), [1, 1, 1])
        for g in (0, 0.5, 2)
    },
    **{
        f'pf {variant}': (lambda logits, target, variant=variant: pf_loss(logits, target, variant), [1, 1, 1])
        for variant in ('class_mean', 'soft_gmean')
    },
}


def test_margin_is_the_log_odds(batch):
    logits, target = batch
    p = logits.softmax(1)[torch.arange(40), target]
    torch.testing.assert_close(target_margin(logits, target), torch.log(p / (1 - p)))


def test_margin_does_not_saturate_where_the_probability_does():
    logits = torch.tensor([[50.0, 0.0, 0.0]])
    assert logits.softmax(1)[0, 0] == 1
    assert target_margin(logits, torch.tensor([0])).item() == pytest.approx(50 - 0.693147, rel=1e-6)


def test_margin_beyond_the_largest_number_is_that_number():
    logits = torch.tensor([[3e38, -3e38, -3e38], [-3e38, 3e38, 0]])
    largest = torch.finfo(torch.float32).max
    assert target_margin(logits, torch.tensor([0, 0])).tolist() == [largest, -largest]


@pytest.mark.parametrize('name', LOSSES)
@pytest.mark.parametrize(
    ('row', 'target', 'gradient'),
    [
        # p is 0: -log p is the distance to the largest of the others, shared where two are equal.
        ([3e38, -3e38, 0], 1, [1, -1, 0]),
        ([3e38, -3e38, 0], 2, [1, 0, -1]),
        ([-3e38, 3e38, 0], 0, [-1, 1, 0]),
        ([3e38, 3e38, -3e38], 2, [0.5, 0.5, -1]),
        ([0, 0, -3e38], 2, [0.5, 0.5, -1]),
        ([3.4e38, 0, -3.4e38], 1, [1, -1, 0]),
        ([-3.4e38, -3.4e38, 1e4], 0, [-1, 0, 1]),
        # p is 1.
        ([3e38, -3e38, 0], 0, [0, 0, 0]),
        ([0, -3e38, -3e38], 0, [0, 0, 0]),
    ],
)
def test_gradient_at_the_largest_logits(name, row, target, gradient):
    loss, factors = LOSSES[name]
    logits = torch.tensor([row], requires_grad=True)
    (found,) = torch.autograd.grad(loss(logits, torch.tensor([target])), logits)
    assert found[0].tolist() == pytest.approx([factors[target] * value for value in gradient], rel=1e-6)


@pytest.mark.parametrize('name', LOSSES)
def test_a_row_of_the_largest_logits_leaves_the_others_their_gradient(name):
    loss, _ = LOSSES[name]
    ordinary, target = [0.3, -1.2, 0.7], torch.tensor([0, 1])
    found, expected = (
        torch.autograd.grad(loss(logits, target), logits)[0][0].float()
        for logits in (
            torch.tensor([ordinary, [3e38, -3e38, 0]], requires_grad=True),
            torch.tensor([ordinary, [30.0, -30.0, 0]], dtype=torch.float64, requires_grad=True),
        )
    )
    torch.testing.assert_close(found, expected)


def test_an_absent_class_leaves_the_balanced_softmax_whatever_its_logit():
    logits = torch.tensor([[0.0, 1.0, 3e38], [-3e38, 3e38, 3e38]], requires_grad=True)
    # One class in the batch: nothing to tell it from.
    (found,) = torch.autograd.grad(pf_loss(logits, torch.tensor([0, 0]), 'balanced_softmax'), logits)
    assert not found.any()
    # One row of each of two classes: the cross-entropy of the first two columns.
    (found,) = torch.autograd.grad(pf_loss(logits, torch.tensor([1, 0]), 'balanced_softmax'), logits)
    p = 1 / (1 + torch.e**-1)
    assert found.flatten().tolist() == pytest.approx([(1 - p) / 2, (p - 1) / 2, 0, -0.5, 0.5, 0], rel=1e-6)
