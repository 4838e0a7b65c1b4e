"""Hook that makes each training iteration a function of the seed and its number, so that --resume continues exactly."""

import random
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

import numpy as np
import torch
from mmengine.dist import broadcast_object_list, get_rank
from mmengine.hooks import Hook
from mmengine.runner import EpochBasedTrainLoop, IterBasedTrainLoop, Runner
from mmrotate.registry import HOOKS

MODEL, DATA = 0, 1


@HOOKS.register_module()
class ReproducibleTrainingHook(Hook):
    """Seed Python's, NumPy's and torch's generators anew for each iteration and for each batch of data.

    The seeds come from the seed of the training, the rank and the number of the iteration or batch. Random numbers then
    depend neither on the iterations before, on validation in between, on the number of loading processes, nor on
    whether the training was stopped and resumed: a resumed training ends with the weights of one that was never
    stopped, bit for bit wherever the operations are deterministic, as they are on a CPU.

    What it does not restore: with ``accumulative_counts`` the gradients accumulated since the last step, so checkpoints
    should be written at multiples of it.
    """

    priority = 'VERY_HIGH'

    def __init__(self) -> None:
        self.seed = 0

    def before_train(self, runner: Runner) -> None:
        """Take the first process's seed, which a resumed training has from its checkpoint."""
        seeds: list[Any] = [runner.seed]
        broadcast_object_list(seeds)
        self.seed = seeds[0]
        loader = runner.train_dataloader
        if loader.batch_sampler is None:
            raise ValueError('train_dataloader: expected a batch_size or batch_sampler, found neither')
        samplers: tuple[Any, ...] = (loader.sampler, getattr(loader.batch_sampler, 'sampler', None))
        for sampler in samplers:
            # MMEngine builds the sampler before it reads the checkpoint's seed.
            if hasattr(sampler, 'seed'):
                sampler.seed = self.seed
        # A loader lets nobody exchange its batch sampler, for fear of a sampler that no longer fits; this one does.
        object.__setattr__(loader, 'batch_sampler', SeededBatchSampler(loader.batch_sampler, self.seed, get_rank()))

    def before_train_epoch(self, runner: Runner) -> None:
        """Number the batches to come, and leave out those that an interrupted epoch has had already."""
        loader = runner.train_dataloader
        if isinstance(runner.train_loop, EpochBasedTrainLoop):
            loader.batch_sampler.skip = runner.iter - runner.epoch * len(loader)
        skipped_one_by_one = isinstance(runner.train_loop, IterBasedTrainLoop) and not hasattr(loader.sampler, 'skip')
        loader.batch_sampler.position = 0 if skipped_one_by_one else runner.iter

    def before_train_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None) -> None:
        """Seed what the model draws."""
        seed_generators(self.seed, get_rank(), runner.iter, MODEL)


class SeededBatchSampler:
    """The batches of another batch sampler, each with the seed of the random numbers that loading it draws.

    Args:
        batches: a batch sampler.
        seed: seed of the training.
        rank: rank of this process.

    Attributes:
        position: number of the next batch, from the beginning of the training.
        skip: batches of the next epoch to leave out.
    """

    def __init__(self, batches: Any, seed: int, rank: int) -> None:
        self.batches = batches
        self.seed = seed
        self.rank = rank
        self.position = 0
        self.skip = 0
        # What MMEngine asks a batch sampler for.
        self.sampler = getattr(batches, 'sampler', None)
        self.batch_size = getattr(batches, 'batch_size', None)

    def __iter__(self) -> Iterator['SeededBatch']:
        for indices in islice(self.batches, self.skip, None):
            yield SeededBatch(indices, (self.seed, self.rank, self.position, DATA))
            self.position += 1

    def __len__(self) -> int:
        return len(self.batches)


class SeededBatch:
    """Indices of a batch; going through them seeds the generators of the process that loads the batch."""

    def __init__(self, indices: Sequence[int], seeds: tuple[int, ...]) -> None:
        self.indices = indices
        self.seeds = seeds

    def __iter__(self) -> Iterator[int]:
        seed_generators(*self.seeds)
        yield from self.indices

    def __len__(self) -> int:
        return len(self.indices)


def seed_generators(*seeds: int) -> None:
    """Seed the generators of ``random``, NumPy and torch from all of ``seeds``, numbers from 0 up."""
    for_random, for_numpy, for_torch = np.random.SeedSequence(seeds).generate_state(3).tolist()
    random.seed(for_random)
    np.random.seed(for_numpy)
    torch.manual_seed(for_torch)
