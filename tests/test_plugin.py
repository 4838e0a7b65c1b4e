"""The plugin puts the project's parts into MMRotate's registries."""

from pathlib import Path

import pytest
import torch
from mmengine.runner import load_checkpoint
from mmrotate.registry import DATASETS, HOOKS, METRICS, MODELS, TASK_UTILS, TRANSFORMS

import ship_det.plugin  # noqa: F401

REGISTERED = {
    MODELS: ['CILoss', 'PFLoss', 'SoftmaxFocalLoss', 'R2CNNBBoxHead', 'MultiSizeRoIExtractor', 'TorchvisionBackbone'],
    TASK_UTILS: ['R2CNNCoder', 'BoundsOverlaps2D'],
    DATASETS: ['ShipDataset'],
    TRANSFORMS: ['LoadImage', 'RandomAffineCrop', 'IgnoreDegenerateBoxes'],
    HOOKS: ['ClassCountsHook'],
    METRICS: ['VOCRotatedMetric'],
}


@pytest.mark.parametrize(
    ('registry', 'name'), [(registry, name) for registry in REGISTERED for name in REGISTERED[registry]]
)
def test_registered(registry, name):
    found = registry.get(name)
    assert found is not None
    assert found.__module__.startswith('ship_det.')


def test_checkpoints_are_read_as_data_under_any_tool(tmp_path):
    torch.save({'w': Path('a')}, tmp_path / 'a.pth')
    with pytest.raises(ValueError, match=r'a\.pth: found pathlib'):
        load_checkpoint(torch.nn.Linear(1, 1), str(tmp_path / 'a.pth'))
