"""NonFiniteLossHook in training runs of a model of one weight."""

import math
import re
from pathlib import Path

import pytest
import torch
from mmdet.structures import DetDataSample
from mmengine.model import BaseModel
from mmengine.optim import AmpOptimWrapper, OptimWrapper
from mmengine.runner import Runner
from torch import Tensor, nn

from ship_det.hooks import NonFiniteLossError, NonFiniteLossHook


class Squares(BaseModel):
    """Losses weight * x and sqrt(x), x of the data: infinite where x is, and of infinite gradient where x is 0."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(1))

    def forward(self, inputs: list, data_samples: list, mode: str) -> dict[str, Tensor]:
        x = torch.tensor(inputs)
        return {
            'loss_line': self.weight * x.mean(),
            'loss_root': [torch.sqrt(self.weight * x).mean()],
            'acc': x * math.nan,
        }


def train(folder: Path, values: list[float], interval: int = 1, **optim_wrapper: object) -> None:
    """One iteration a value, with a checkpoint after each."""
    data = [
        dict(inputs=value, data_samples=DetDataSample(metainfo=dict(img_path=f'{i}.png')))
        for i, value in enumerate(values)
    ]
    Runner(
        Squares(),
        str(folder),
        train_dataloader=dict(dataset=data, batch_size=1, sampler=dict(type='DefaultSampler', shuffle=False)),
        train_cfg=dict(by_epoch=False, max_iters=len(values)),
        optim_wrapper=dict(optimizer=dict(type='SGD', lr=1e-3), **optim_wrapper),
        custom_hooks=[NonFiniteLossHook(interval)],
        default_hooks=dict(checkpoint=dict(type='CheckpointHook', by_epoch=False, interval=1)),
        experiment_name=f'{folder.parent.name}_{folder.name}',
        log_level='WARNING',
    ).train()


@pytest.mark.parametrize('value', [math.inf, math.nan])
def test_message_names_iteration_losses_and_images(tmp_path, value):
    message = (
        f'training stopped in iteration 3: loss_line is {value}, loss_root is {value} (no other loss); '
        'images of the batch: 2.png'
    )
    with pytest.raises(NonFiniteLossError, match=f'^{re.escape(message)}$'):
        train(tmp_path, [4.0, 9.0, value, 1.0])


def test_no_checkpoint_has_the_broken_weights(tmp_path):
    with pytest.raises(NonFiniteLossError):
        train(tmp_path, [4.0, math.inf, 1.0])
    assert [path.name for path in tmp_path.glob('*.pth')] == ['iter_1.pth']


def test_infinite_gradients_of_a_finite_loss_are_found_where_they_are_clipped(tmp_path):
    # d sqrt(w x) / dw = x / (2 sqrt(w x)) is 0 / 0 at x = 0.
    message = r'iteration 2: the norm of the gradients is nan \(loss_line is 0, loss_root is 0\); .* 1.png'
    with pytest.raises(NonFiniteLossError, match=message):
        train(tmp_path, [4.0, 0.0, 1.0], clip_grad=dict(max_norm=1.0))


def test_mixed_precision_meets_infinite_gradients_itself(tmp_path, monkeypatch):
    """Its loss scaler skips such a step and scales less from then on: nothing to stop for."""
    # The wrapper is for a GPU; without one its scaler does nothing, and this iteration is the last.
    monkeypatch.setattr('mmengine.optim.optimizer.amp_optimizer_wrapper.is_cuda_available', lambda: True)
    monkeypatch.setattr(AmpOptimWrapper, 'optim_context', OptimWrapper.optim_context)
    train(tmp_path, [4.0, 0.0], type='AmpOptimWrapper', clip_grad=dict(max_norm=1.0))


def test_only_some_iterations_are_checked(tmp_path):
    with pytest.raises(NonFiniteLossError, match='iteration 3'):
        train(tmp_path, [4.0, math.nan, 1.0], interval=3)


def test_finite_losses_pass(tmp_path):
    train(tmp_path, [4.0, 1e30], clip_grad=dict(max_norm=1.0))


def test_interval_must_be_positive():
    with pytest.raises(ValueError, match='at least 1, got 0'):
        NonFiniteLossHook(interval=0)
