"""Imbalanced tasks."""

from pathlib import Path

import numpy as np
import pytest
import torch

from ship_det.experiments.class_folders import ClassImages
from ship_det.experiments.few_shot.episodes import (
    TaskShape,
    check_enough,
    draw_task,
    draw_tasks,
    shape_for_testing,
    shape_for_training,
)

SPLIT = (1, 2, 3, 4, 5)
# Each image says in its pixels which class it is of and which of its images it is.
COUNTS = (70, 66, 80, 66, 90, 66, 67)
IMAGES = torch.zeros(sum(COUNTS), 3, 1, 1, dtype=torch.uint8)
IMAGES[:, 0, 0, 0] = torch.repeat_interleave(torch.arange(7), torch.tensor(COUNTS))
IMAGES[:, 1, 0, 0] = torch.cat([torch.arange(count) for count in COUNTS])
DATA = ClassImages(Path('data/train'), tuple('abcdefg'), COUNTS, IMAGES)


def pixels(images: torch.Tensor) -> np.ndarray:
    return (images * 255).round().long()[..., :2, 0, 0].numpy()


@pytest.mark.parametrize('split', [SPLIT, (1, 1, 1, 1, 11), (3, 3, 3, 3, 3)])
def test_counts_are_those_of_the_split(split):
    tasks = draw_tasks(DATA, shape_for_training(split, 2), [(0, 0), (0, 1)])
    assert tasks.support_images.shape == (2, 15, 3, 1, 1)
    for support, query in zip(tasks.support_labels, tasks.query_labels, strict=True):
        assert torch.bincount(support).tolist() == list(split)
        assert torch.bincount(query).tolist() == [2 * count for count in split]


def test_balanced_query_in_testing():
    tasks = draw_tasks(DATA, shape_for_testing(SPLIT, 15), [(7,)])
    assert torch.bincount(tasks.support_labels[0]).tolist() == list(SPLIT)
    assert torch.bincount(tasks.query_labels[0]).tolist() == [15] * 5


def test_a_label_is_a_class_and_no_sample_comes_twice():
    seen = set()
    for key in range(30):
        tasks = draw_tasks(DATA, shape_for_training((1, 1, 1, 1, 11), 5), [(key,)])
        support, query = pixels(tasks.support_images[0]), pixels(tasks.query_images[0])
        samples = np.concatenate([support, query])
        assert len({tuple(sample) for sample in samples}) == len(samples) == 15 * 6
        labels = np.concatenate([tasks.support_labels[0], tasks.query_labels[0]])
        classes = [set(samples[labels == label, 0]) for label in range(5)]
        assert all(len(names) == 1 for names in classes)
        assert len(set().union(*classes)) == 5
        seen |= {tuple(sample) for sample in samples}
    # Classes and samples are all drawn some time.
    assert {name for name, _ in seen} == set(range(7))
    assert len(seen) > 400


def test_the_key_decides():
    shape = shape_for_training(SPLIT, 1)
    first, again, other = (draw_task(DATA, shape, key)[0].tolist() for key in [(1, 2, 3), (1, 2, 3), (1, 2, 4)])
    assert first == again != other


def test_factors_are_those_of_the_labels_counts():
    # Eq. (5): lambda of 1,1,1,1,11 is .83, so f = sqrt(11 / N).
    tasks = draw_tasks(DATA, shape_for_training((1, 1, 1, 1, 11), 1), [(0,)])
    torch.testing.assert_close(tasks.factors[0], torch.tensor([11**0.5] * 4 + [1.0]))
    permuted = draw_tasks(DATA, shape_for_training(SPLIT, 3, permute_counts=True), [(key,) for key in range(20)])
    orders = set()
    for labels, query, factors in zip(permuted.support_labels, permuted.query_labels, permuted.factors, strict=True):
        counts = torch.bincount(labels)
        assert sorted(counts.tolist()) == list(SPLIT)
        assert torch.equal(torch.bincount(query), 3 * counts)
        torch.testing.assert_close(factors, (5 / counts).sqrt())
        orders.add(tuple(counts.tolist()))
    assert len(orders) > 10


def test_too_few():
    check_enough(DATA, shape_for_training((1, 1, 1, 1, 11), 5))
    with pytest.raises(
        ValueError,
        match='train/a: found 70 images, expected at least 77 for the split 1,1,1,1,11: 11 support and 66 query',
    ):
        check_enough(DATA, shape_for_training((1, 1, 1, 1, 11), 6))
    with pytest.raises(ValueError, match='train: found 7 classes, expected at least 8'):
        check_enough(DATA, shape_for_training((1,) * 8, 1))
    with pytest.raises(ValueError, match='as many counts in both, from 1'):
        TaskShape((1, 2), (1, 0))
