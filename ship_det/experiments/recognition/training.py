"""Training of independent trials together, and their scores on the test set."""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from ship_det.experiments.config_files import check_choice
from ship_det.experiments.losses import Criterion
from ship_det.experiments.recognition.datasets import LabeledImages
from ship_det.experiments.recognition.metrics import Scores, score
from ship_det.experiments.recognition.protocols import sample_indices
from ship_det.experiments.recognition.stacked import StackedNetwork

SCHEDULES = ('constant', 'cosine')
STANDARDIZE = ('set', 'image')
_TEST_BATCH = 250


@dataclass(frozen=True)
class Training:
    """How a network is trained, the same for all losses: SGD with momentum.

    Attributes:
        epochs: passes over the training set.
        batch_size: images a step; the last of an epoch may have fewer.
        lr: learning rate at the start.
        momentum: of the SGD.
        weight_decay: of all parameters.
        schedule: 'constant', or 'cosine', which falls to 0 over the steps.
        crop_area: side of the central square of the images that random crops are cut from, px; None: the whole image.
        standardize: by which mean and standard deviation of pixels: 'set', those of all training images, or 'image',
            those of each crop, where brightness must not tell the class.
    """

    epochs: int
    batch_size: int
    lr: float
    momentum: float = 0.9
    weight_decay: float = 0.0
    schedule: str = 'cosine'
    crop_area: int | None = None
    standardize: str = 'set'

    def __post_init__(self) -> None:
        for name in ('epochs', 'batch_size'):
            value = getattr(self, name)
            if not isinstance(value, int) or value < 1:
                raise ValueError(f'{name}: found {value!r}, expected a whole number from 1')
        if self.crop_area is not None and (type(self.crop_area) is not int or self.crop_area < 1):
            raise ValueError(f'crop_area: found {self.crop_area!r}, expected a whole number from 1, or None')
        for name in ('lr', 'momentum', 'weight_decay'):
            value = getattr(self, name)
            if not isinstance(value, int | float) or not 0 <= value < math.inf or (name == 'lr' and not value):
                least = 'above 0' if name == 'lr' else 'from 0'
                raise ValueError(f'{name}: found {value!r}, expected a number {least}, a finite one')
        check_choice('schedule', self.schedule, SCHEDULES)
        check_choice('standardize', self.standardize, STANDARDIZE)

    def lr_at(self, step: int, steps: int) -> float:
        """Learning rate of a step of ``steps``."""
        return self.lr * (0.5 + 0.5 * np.cos(np.pi * step / steps)) if self.schedule == 'cosine' else self.lr


@dataclass(frozen=True)
class Task:
    """What the trials of one setting share.

    Attributes:
        train: images that training sets are drawn from.
        test: the test set.
        counts: training images of each class, shape (C,).
        build: makes a network with random parameters.
        side: side of the square that the network sees, px; cut out at random in training, from the centre in testing.
    """

    train: LabeledImages
    test: LabeledImages
    counts: np.ndarray
    build: Callable[[], nn.Sequential]
    side: int

    def __post_init__(self) -> None:
        if min(self.train.images.shape[1:]) < self.side:
            raise ValueError(f'images: found {self.train.images.shape[1:]} px, expected at least {self.side} a side')


@dataclass(frozen=True)
class TrialResult:
    """What became of one trial.

    Attributes:
        loss: name of the loss.
        seed: of its training set, initial parameters, batches, crops and dropout.
        scores: on the test set.
        train_loss: mean of the loss over the last epoch; not finite where training diverged.
        seconds: time of the training and testing, divided by the number of trials that shared it: on a CPU that of
            all its cores, to which other processes add little, on a GPU that of the clock.
        together: how many those were.
    """

    loss: str
    seed: int
    scores: Scores
    train_loss: float
    seconds: float
    together: int


def train_together(
    task: Task,
    training: Training,
    criteria: Mapping[str, Criterion],
    seeds: Sequence[int],
    device: torch.device | str = 'cpu',
    on_step: Callable[[float], None] = lambda share: None,
) -> list[TrialResult]:
    """Train one network for each seed and loss, all at once; the result of a trial does not depend on the others.

    The losses of a seed share its training set, initial parameters, order of images, crops and dropout, so that they
    are compared in pairs. ``on_step`` is called after each step with the share of all steps that it was.
    """
    scale = task.train.pixel_scale if training.standardize == 'set' else None
    clock = time.process_time if torch.device(device).type == 'cpu' else time.perf_counter
    start = clock()
    sources = [_Source(task, seed) for seed in seeds]
    stack = StackedNetwork([_initial(task, seed) for seed in seeds for _ in criteria], device)
    optimizer = torch.optim.SGD(
        stack.parameters, training.lr, momentum=training.momentum, weight_decay=training.weight_decay
    )
    images = _Crops(_central(task.train.images, training.crop_area, task.side), task.side, scale, device)
    labels = torch.from_numpy(task.train.labels).to(device)
    size = len(sources[0].indices)
    steps = training.epochs * -(-size // training.batch_size)
    step = 0
    for _ in range(training.epochs):
        orders = np.stack([source.shuffled() for source in sources])
        total = torch.zeros(len(seeds), len(criteria), device=device)
        for first in range(0, size, training.batch_size):
            rows = orders[:, first : first + training.batch_size]
            optimizer.param_groups[0]['lr'] = training.lr_at(step, steps)
            corners = np.stack([source.corners(rows.shape[1], images.freedom) for source in sources])
            logits = stack(images.cut(rows, corners), [source.dropout for source in sources])
            losses = _losses(logits, labels[torch.from_numpy(rows).to(device)], list(criteria.values()))
            optimizer.zero_grad(set_to_none=True)
            losses.sum().backward()
            optimizer.step()
            total += losses.detach() * rows.shape[1]
            step += 1
            on_step(1 / steps)
    means = (total / size).flatten().tolist()
    scores = _test(stack, task, scale, device)
    seconds = (clock() - start) / stack.count
    pairs = [(name, seed) for seed in seeds for name in criteria]
    return [
        TrialResult(name, seed, trial_scores, mean, seconds, stack.count)
        for (name, seed), trial_scores, mean in zip(pairs, scores, means, strict=True)
    ]


def _losses(logits: Tensor, targets: Tensor, criteria: Sequence[Criterion]) -> Tensor:
    """Loss of each seed and criterion, shape (S, L), from logits (S L, B, K) and targets (S, B)."""
    by_seed = logits.unflatten(0, (len(targets), len(criteria)))
    if len(targets) == 1:
        return torch.stack([criterion(by_seed[0, i], targets[0]) for i, criterion in enumerate(criteria)])[None]
    parts = [torch.func.vmap(criterion)(by_seed[:, i], targets) for i, criterion in enumerate(criteria)]
    return torch.stack(parts, dim=1)


class _Source:
    """The randomness of a seed, each use from a stream of its own."""

    def __init__(self, task: Task, seed: int) -> None:
        self.indices = sample_indices(task.train.labels, task.counts, np.random.default_rng([seed, 0]))
        self._orders = np.random.default_rng([seed, 1])
        self._crops = np.random.default_rng([seed, 2])
        self.dropout = torch.Generator().manual_seed(seed)

    def shuffled(self) -> np.ndarray:
        return self._orders.permutation(self.indices)

    def corners(self, rows: int, freedom: tuple[int, int]) -> np.ndarray:
        """Upper left corners of crops, (y, x), shape (rows, 2), px."""
        return self._crops.integers(0, np.add(freedom, 1), size=(rows, 2))


def _initial(task: Task, seed: int) -> nn.Sequential:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return task.build()


def _central(images: np.ndarray, area: int | None, side: int) -> np.ndarray:
    """The central squares of images (N, H, W), or all of them."""
    if area is None:
        return images
    height, width = images.shape[1:]
    if not side <= area <= min(height, width):
        raise ValueError(f'crop_area: found {area}, expected {side} to {min(height, width)} px')
    top, left = (height - area) // 2, (width - area) // 2
    return images[:, top : top + area, left : left + area]


class _Crops:
    """Squares cut out of images, as float32, standardised by a mean and deviation or, without them, each by its own."""

    def __init__(
        self, images: np.ndarray, side: int, scale: tuple[float, float] | None, device: torch.device | str
    ) -> None:
        pixels = torch.tensor(images).to(device)
        self.freedom = (pixels.shape[1] - side, pixels.shape[2] - side)
        self._scale = scale
        #: All squares of all images, shape (N, positions down, positions across, side, side); a view.
        self._squares = pixels.unfold(1, side, 1).unfold(2, side, 1)

    def cut(self, rows: np.ndarray, corners: np.ndarray) -> Tensor:
        """Squares of images ``rows`` (S, B) at ``corners`` (S, B, 2), shape (S, B, 1, side, side)."""
        picks = (torch.from_numpy(pick).to(self._squares.device) for pick in (rows, corners[..., 0], corners[..., 1]))
        crops = self._squares[tuple(picks)].unsqueeze(2).float()
        if self._scale is not None:
            return crops.sub_(self._scale[0]).div_(self._scale[1])
        deviation, mean = torch.std_mean(crops, dim=(-2, -1), keepdim=True)
        # A crop of one grey value has no deviation and becomes 0.
        return crops.sub_(mean).div_(deviation.clamp_(min=1e-3))


def _test(
    stack: StackedNetwork, task: Task, scale: tuple[float, float] | None, device: torch.device | str
) -> list[Scores]:
    """Scores of each network of the stack."""
    images = _Crops(task.test.images, task.side, scale, device)
    size = len(task.test.labels)
    parts = []
    with torch.no_grad():
        for first in range(0, size, _TEST_BATCH):
            rows = np.arange(first, min(first + _TEST_BATCH, size))[None]
            corners = np.broadcast_to(np.array(images.freedom) // 2, (*rows.shape, 2)).copy()
            parts.append(stack(images.cut(rows, corners)).double().log_softmax(-1).cpu())
    # A network that diverged answers the first class.
    by_network = torch.cat(parts, dim=1).nan_to_num(nan=0.0, neginf=-1e30).numpy()
    return [score(log_p, task.test.labels) for log_p in by_network]
