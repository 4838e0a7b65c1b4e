"""Tasks of imbalanced few-shot learning: support and query samples of a few classes, with any number of each class."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from ship_det.experiments.class_folders import ClassImages
from ship_det.imbalance import class_factors
from ship_det.progress import count_noun


@dataclass(frozen=True)
class TaskShape:
    """Samples of each class of a task.

    Attributes:
        support: samples to adapt to, one count a class.
        query: other samples of the same classes to compute the outer loss or the accuracy on.
        permute_counts: draw for each task which of its labels has which counts; without it label i has the i-th.
    """

    support: tuple[int, ...]
    query: tuple[int, ...]
    permute_counts: bool = False

    def __post_init__(self) -> None:
        if len(self.support) != len(self.query) or min(self.support + self.query, default=0) < 1:
            raise ValueError(
                f'task: found support {self.support} and query {self.query}, expected as many counts in both, from 1'
            )


class Tasks(NamedTuple):
    """Some tasks, or, under ``vmap``, one of them without the first dimension.

    Images are float32 in [0, 1], shape (T, S, 3, H, W) and (T, Q, 3, H, W); labels (T, S) and (T, Q); factors (T, C)
    are the CI loss's class factors of the support counts.
    """

    support_images: Tensor
    support_labels: Tensor
    query_images: Tensor
    query_labels: Tensor
    factors: Tensor


def shape_for_training(split: Sequence[int], query_factor: int, permute_counts: bool = False) -> TaskShape:
    """Shape of a task of meta-training: the query has the proportions of the support, [p N_1, ..., p N_C]."""
    return TaskShape(tuple(split), tuple(query_factor * count for count in split), permute_counts)


def shape_for_testing(split: Sequence[int], query: int, permute_counts: bool = False) -> TaskShape:
    """Shape of a task of meta-testing: the query has the same number of samples of each class."""
    return TaskShape(tuple(split), (query,) * len(split), permute_counts)


def check_enough(images: ClassImages, shape: TaskShape) -> None:
    """Raise ValueError unless there are classes and, in each of them, samples enough for such tasks."""
    if len(images.classes) < len(shape.support):
        raise ValueError(
            f'{images.folder}: found {count_noun(len(images.classes), "class")}, expected at least '
            f'{len(shape.support)} for a task'
        )
    support, query = max(zip(shape.support, shape.query, strict=True), key=sum)
    for name, count in zip(images.classes, images.counts, strict=True):
        if count < support + query:
            raise ValueError(
                f'{images.folder / name}: found {count_noun(count, "image")}, expected at least {support + query} for '
                f'the split {",".join(map(str, shape.support))}: {support} support and {query} query samples of its '
                'largest class'
            )


def draw_task(images: ClassImages, shape: TaskShape, key: Sequence[int]) -> tuple[np.ndarray, ...]:
    """Indices and labels of a task's support and query samples, and the support counts of its labels.

    Args:
        images: holds enough of them, see :func:`check_enough`.
        shape: samples of each class.
        key: numbers from 0 that make the draw; the same ones give the same task.

    Returns:
        support indices (S,), support labels (S,), query indices (Q,), query labels (Q,), counts (C,); no sample twice.
    """
    rng = np.random.default_rng(list(key))
    ways = len(shape.support)
    classes = rng.choice(len(images.classes), ways, replace=False)
    order = rng.permutation(ways) if shape.permute_counts else np.arange(ways)
    support_counts, query_counts = np.array(shape.support)[order], np.array(shape.query)[order]
    starts = images.starts
    support, query = [], []
    for index, first, second in zip(classes, support_counts, query_counts, strict=True):
        drawn = starts[index] + rng.choice(images.counts[index], first + second, replace=False)
        support.append(drawn[:first])
        query.append(drawn[first:])
    labels = np.arange(ways)
    return (
        np.concatenate(support),
        labels.repeat(support_counts),
        np.concatenate(query),
        labels.repeat(query_counts),
        support_counts,
    )


def draw_tasks(images: ClassImages, shape: TaskShape, keys: Sequence[Sequence[int]]) -> Tasks:
    """One task for each key, on the device of the images; see :func:`draw_task`."""
    drawn = [np.stack(part) for part in zip(*(draw_task(images, shape, key) for key in keys), strict=True)]
    factors = np.stack([class_factors(counts) for counts in drawn[4]])
    device = images.images.device
    support, support_labels, query, query_labels = (torch.from_numpy(part).to(device) for part in drawn[:4])
    return Tasks(
        images.images[support].float() / 255,
        support_labels,
        images.images[query].float() / 255,
        query_labels,
        torch.from_numpy(factors).to(device, torch.float32),
    )
