"""Trials trained together are the trials trained one by one."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from ship_det.experiments.losses import LOSSES, build_criterion
from ship_det.experiments.recognition.datasets import LabeledImages
from ship_det.experiments.recognition.networks import lenet
from ship_det.experiments.recognition.training import Task, Training, train_together

COUNTS = np.array([20, 5, 20, 5])
# Ends at losses of 0.1 and more: what two orders of the same sums share near 0, where a loss is the difference of
# nearly equal numbers, depends on the processor.
TRAINING = Training(epochs=3, batch_size=16, lr=0.03, weight_decay=0.01)
# Logits are a few units, and a float32 loss is good to some eps (1.2e-7) of those. Relatively, 12 steps gather the
# rounding of their gradients, with now and then a maximum of a pool that is taken at another of two equal pixels.
LOSS = partial(pytest.approx, rel=2e-4, abs=1e-6)


def criteria(*names: str) -> dict:
    return {name: build_criterion({'type': name}, torch.tensor(COUNTS)) for name in names}


@pytest.fixture
def task(bars) -> Task:
    return Task(bars.train, bars.test, COUNTS, partial(lenet, 4), 28)


def dropping(classes: int = 4) -> nn.Sequential:
    """A network with dropout that sees 24 x 24 px of the images."""
    return nn.Sequential(
        nn.Conv2d(1, 8, 5), nn.MaxPool2d(4), nn.ReLU(), nn.Dropout(0.5), nn.Flatten(), nn.Linear(200, classes)
    )


def by_trial(results) -> dict:
    return {(result.loss, result.seed): result for result in results}


@pytest.mark.parametrize('build_and_side', [(partial(lenet, 4), 28), (dropping, 24)], ids=['lenet', 'crops, dropout'])
def test_together_and_one_by_one(bars, build_and_side):
    task = Task(bars.train, bars.test, COUNTS, *build_and_side)
    together = by_trial(train_together(task, TRAINING, criteria(*LOSSES), [3, 8]))
    assert set(together) == {(name, seed) for name in LOSSES for seed in (3, 8)}
    for (name, seed), trial in together.items():
        (alone,) = train_together(task, TRAINING, criteria(name), [seed])
        assert alone.train_loss == LOSS(trial.train_loss)
        assert alone.scores.auc == pytest.approx(trial.scores.auc, abs=0.01)
        assert alone.together == 1 and trial.together == 2 * len(LOSSES)
    assert together['ce', 3].train_loss != together['ce', 8].train_loss


def test_is_the_training_that_torch_does(task, bars):
    """A loop over a plain network, with torch's own optimizer and schedule, on the batches of the seed."""
    # Long enough for some of the answers to be right, not all.
    training = replace(TRAINING, epochs=6, lr=0.05)
    (ours,) = train_together(task, training, criteria('ce'), [5])
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(5)
        network = lenet(4)
    generator = np.random.default_rng([5, 0])
    members = [np.flatnonzero(bars.train.labels == label) for label in range(4)]
    rows = np.sort(np.concatenate([generator.permutation(m)[:n] for m, n in zip(members, COUNTS, strict=True)]))
    mean, deviation = bars.train.images.mean(), bars.train.images.std()
    images, test_images = (
        torch.from_numpy((part.images[:, None] - mean) / deviation).float() for part in (bars.train, bars.test)
    )
    labels = torch.tensor(bars.train.labels)
    optimizer = torch.optim.SGD(network.parameters(), 0.05, momentum=0.9, weight_decay=0.01)
    # 50 images in batches of 16: four steps an epoch.
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=24)
    order = np.random.default_rng([5, 1])
    for _ in range(6):
        total = 0.0
        for batch in torch.from_numpy(order.permutation(rows)).split(16):
            loss = F.cross_entropy(network(images[batch]), labels[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            total += loss.item() * len(batch)
    assert ours.train_loss == LOSS(total / 50)
    with torch.no_grad():
        answers = network(test_images).argmax(1).numpy()
    assert 0.5 < ours.scores.accuracy < 1
    assert ours.scores.accuracy == pytest.approx((answers == bars.test.labels).mean())


def test_learns_and_reports_its_steps(task):
    steps = []
    training = Training(epochs=20, batch_size=10, lr=0.05)
    (result,) = train_together(task, training, criteria('ce'), [0], on_step=steps.append)
    assert result.scores.accuracy > 0.9
    assert len(steps) == 100 and sum(steps) == pytest.approx(1)
    assert result.seconds > 0


def test_one_diverging_trial_leaves_the_others(task):
    losses = criteria('ce')
    losses['broken'] = lambda logits, target: F.cross_entropy(logits, target) * float('inf')
    (ce, broken) = train_together(task, TRAINING, losses, [1])
    (alone,) = train_together(task, TRAINING, criteria('ce'), [1])
    assert not np.isfinite(broken.train_loss)
    assert broken.scores.accuracy == 0.25  # one answer for all four classes
    assert ce.train_loss == LOSS(alone.train_loss)


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        ({'epochs': 0}, 'epochs: found 0, expected a whole number from 1'),
        ({'batch_size': 2.5}, 'batch_size: found 2.5'),
        ({'lr': 0}, 'lr: found 0, expected a number above 0'),
        ({'crop_area': 0}, 'crop_area: found 0, expected a whole number from 1, or None'),
        ({'standardize': 'none'}, "standardize: found 'none', expected one of set, image"),
        ({'schedule': 'step'}, "schedule: found 'step', expected one of constant, cosine"),
    ],
)
def test_refuses_schedules(change, message):
    with pytest.raises(ValueError, match=message):
        Training(**{'epochs': 1, 'batch_size': 1, 'lr': 0.1, **change})


def test_refuses_images_smaller_than_the_network(bars):
    with pytest.raises(ValueError, match=r'images: found \(28, 28\) px, expected at least 88 a side'):
        Task(bars.train, bars.test, COUNTS, lenet, 88)


def test_crops_lie_in_the_central_area(bars):
    other = bars.train.images.copy()
    # The same grey values, in another order where a crop of the central 26 px never comes.
    other[:, 0] = other[:, 0, ::-1]
    losses = {}
    for area in (None, 26):
        training = Training(epochs=2, batch_size=16, lr=0.05, crop_area=area)
        for name, images in (('as it is', bars.train.images), ('other border', other)):
            task = Task(LabeledImages(images, bars.train.labels), bars.test, COUNTS, dropping, 24)
            losses[area, name] = train_together(task, training, criteria('ce'), [0])[0].train_loss
    assert losses[26, 'as it is'] == losses[26, 'other border'] != losses[None, 'as it is']
    assert losses[None, 'as it is'] != losses[None, 'other border']


def test_the_centre_is_tested(bars):
    """What lies outside of the central 24 px does not matter to the test."""
    other = bars.test.images.copy()
    for border in (np.s_[:, :2], np.s_[:, 26:], np.s_[:, :, :2], np.s_[:, :, 26:]):
        other[border] = 255
    scores = []
    for images in (bars.test.images, other):
        task = Task(bars.train, LabeledImages(images, bars.test.labels), COUNTS, dropping, 24)
        scores.append(train_together(task, Training(2, 16, 0.05), criteria('ce'), [0])[0].scores)
    assert scores[0].auc == scores[1].auc
    np.testing.assert_array_equal(scores[0].recalls, scores[1].recalls)


def test_refuses_an_area_smaller_than_the_crop_or_larger_than_the_image(bars):
    task = Task(bars.train, bars.test, COUNTS, dropping, 24)
    for area in (23, 29):
        with pytest.raises(ValueError, match=f'crop_area: found {area}, expected 24 to 28 px'):
            train_together(task, Training(1, 10, 0.1, crop_area=area), criteria('ce'), [0])


def test_standardised_by_image_a_darker_test_set_is_the_same(bars):
    even, half = (LabeledImages(bars.test.images // 2 * factor, bars.test.labels) for factor in (2, 1))
    scores = {}
    for standardize in ('set', 'image'):
        training = Training(epochs=3, batch_size=16, lr=0.05, standardize=standardize)
        for name, test in (('even', even), ('half', half)):
            task = Task(bars.train, test, COUNTS, partial(lenet, 4), 28)
            scores[standardize, name] = train_together(task, training, criteria('ce'), [0])[0].scores.auc
    assert scores['image', 'half'] == scores['image', 'even']
    assert scores['set', 'half'] != scores['set', 'even']
