"""ReproducibleTrainingHook: which random numbers data and model draw, wherever a training starts from."""

import json
import random
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.model import BaseModel
from mmengine.runner import Runner
from torch import nn
from torch.utils.data import Dataset

from ship_det.hooks import ReproducibleTrainingHook
from ship_det.hooks.reproducible import SeededBatchSampler, seed_generators


class Draws(Dataset):
    """An item is its index and a number drawn by each generator."""

    def __len__(self) -> int:
        return 5

    def __getitem__(self, index: int) -> dict:
        drawn = [random.random(), float(np.random.rand()), float(torch.rand(()))]
        return dict(inputs=[index, *drawn], data_samples=[])


class Recorder(BaseModel):
    """Writes down what each iteration gets and draws."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(1))
        self.path = path

    def forward(self, inputs: list, data_samples: list, mode: str) -> dict:
        line = [[value.tolist() for value in inputs], random.random(), np.random.rand(), torch.rand(()).item()]
        with self.path.open('a') as file:
            file.write(json.dumps(line) + '\n')
        return {'loss': self.weight.sum()}


def train(
    folder: Path, sampler: str, iterations: int, *, seed: int | None = 0, workers: int = 0, **runner: object
) -> list:
    """What each iteration got and drew."""
    path = folder / f'{len(list(folder.iterdir()))}.jsonl'
    Runner(
        Recorder(path),
        str(folder),
        train_dataloader=dict(
            dataset=Draws(),
            batch_size=2,
            num_workers=workers,
            collate_fn=dict(type='default_collate'),
            sampler=dict(type=sampler, shuffle=True),
        ),
        train_cfg=dict(by_epoch=False, max_iters=iterations),
        optim_wrapper=dict(optimizer=dict(type='SGD', lr=1e-3)),
        custom_hooks=[ReproducibleTrainingHook()],
        default_hooks=dict(checkpoint=dict(type='CheckpointHook', by_epoch=False, interval=1)),
        randomness=dict(seed=seed),
        experiment_name=f'{folder.name}_{path.stem}',
        log_level='WARNING',
        **runner,
    ).train()
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_every_iteration_and_every_batch_draws_other_numbers(tmp_path):
    lines = train(tmp_path, 'InfiniteSampler', 4)
    drawn = [number for line in lines for number in [*line[1:], *np.ravel(line[0][1:])]]
    assert len(drawn) == 4 * 3 + 4 * 2 * 3
    assert len(set(drawn)) == len(drawn)
    assert train(tmp_path, 'InfiniteSampler', 4) == lines
    assert train(tmp_path, 'InfiniteSampler', 4, seed=1) != lines


def test_number_of_loading_processes_does_not_matter(tmp_path):
    assert train(tmp_path, 'InfiniteSampler', 4) == train(tmp_path, 'InfiniteSampler', 4, workers=2)


@pytest.mark.parametrize('seed', [0, None])
@pytest.mark.parametrize('sampler', ['InfiniteSampler', 'DefaultSampler'])
def test_resumed_training_continues(tmp_path, monkeypatch, sampler, seed):
    # MMEngine's pause between epochs.
    monkeypatch.setattr('time.sleep', lambda seconds: None)
    # Three batches are an epoch of DefaultSampler, so the second epoch is cut.
    lines = train(tmp_path, sampler, 6, seed=seed)
    rest = train(tmp_path, sampler, 6, seed=seed, load_from=str(tmp_path / 'iter_4.pth'), resume=True)
    assert rest == lines[4:]


def test_ranks_draw_other_numbers():
    drawn = []
    for rank in (0, 1):
        (batch,) = SeededBatchSampler([[7, 8]], seed=0, rank=rank)
        assert list(batch) == [7, 8]
        drawn.append(np.random.rand())
    assert drawn[0] != drawn[1]


def test_data_and_model_of_each_rank_draw_other_numbers(tmp_path, monkeypatch):
    lines = []
    for rank in (0, 1):
        monkeypatch.setattr('ship_det.hooks.reproducible.get_rank', lambda rank=rank: rank)
        lines += train(tmp_path, 'InfiniteSampler', 2)
    for part in (lambda line: np.ravel(line[0][1:]).tolist(), lambda line: line[1:]):
        drawn = [number for line in lines for number in part(line)]
        assert len(set(drawn)) == len(drawn)


def test_seeds_of_all_numbers_count():
    states = []
    for seeds in ((0, 0, 1), (0, 1, 0), (1, 0, 0), (0, 0)):
        seed_generators(*seeds)
        states.append((random.random(), np.random.rand(), torch.rand(()).item()))
    assert len({number for state in states for number in state}) == 12
