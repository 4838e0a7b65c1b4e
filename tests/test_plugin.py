"""The plugin puts the project's parts into MMRotate's registries."""

import pytest
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
