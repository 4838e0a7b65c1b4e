"""Small detectors with random weights, and images with bright bars."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.registry import init_default_scope
from mmrotate.registry import MODELS
from PIL import Image

from ship_det.launch import read_config

ROOT = Path(__file__).resolve().parents[2]
QUICKSTART = ROOT / 'configs/quickstart'
_CONFIGS = {
    'r2cnn': f"_base_ = '{QUICKSTART}/r2cnn_r18w32_fpn64_ci_demo.py'\nclasses = ('tanker', 'submarine')\n",
    'cascade': f"_base_ = '{QUICKSTART}/skew_cascade_r18w32_fpn64_ci_demo.py'\nclasses = ('tanker', 'submarine')\n",
    # Half size in the test pipeline: boxes come back in the pixels of the image.
    'resized': f"""_base_ = '{QUICKSTART}/r2cnn_r18w32_fpn64_ci_demo.py'
classes = ('tanker', 'submarine')
test_pipeline = [
    dict(type='LoadImage'),
    dict(type='mmdet.Resize', scale_factor=0.5, keep_ratio=True),
    dict(type='mmdet.LoadAnnotations', with_bbox=True, box_type='qbox'),
    dict(type='ConvertBoxType', box_type_mapping=dict(gt_bboxes='rbox')),
    dict(type='mmdet.PackDetInputs', meta_keys=('img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor')),
]
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
""",
}


@pytest.fixture(scope='session')
def chips(tmp_path_factory) -> Path:
    """Two images of different sizes with bright bars, labelled."""
    root = tmp_path_factory.mktemp('chips')
    for folder in ('images', 'labelTxt'):
        (root / folder).mkdir()
    generator = np.random.default_rng(0)
    for name, (height, width) in {'a': (96, 128), 'b': (160, 112)}.items():
        pixels = generator.integers(0, 90, (height, width, 3), dtype=np.uint8)
        pixels[30:42, 20:90] = 220
        Image.fromarray(pixels).save(root / 'images' / f'{name}.png')
        (root / 'labelTxt' / f'{name}.txt').write_text('20 30 90 30 90 42 20 42 tanker 0\n')
    (root / 'test.txt').write_text('a.png\nb.png\n')
    (root / 'train.txt').write_text('a.png\n')
    return root


def _make_checkpoint(config: Path) -> Path:
    """Random weights of a config's model, with box scores that are not all alike."""
    cfg = read_config(config)
    init_default_scope('mmrotate')
    torch.manual_seed(0)
    model = MODELS.build(cfg.model)
    for name, value in model.state_dict().items():
        if 'fc_cls.weight' in name:
            value.copy_(torch.randn(value.shape))
    path = config.with_suffix('.pth')
    meta = {'dataset_meta': {'classes': ('tanker', 'submarine')}}
    torch.save({'state_dict': model.state_dict(), 'meta': meta}, path)
    return path


@pytest.fixture(scope='session')
def make_checkpoint() -> Callable[[Path], Path]:
    return _make_checkpoint


@pytest.fixture(scope='session')
def small_configs() -> dict[str, str]:
    """Texts of configs by name: r2cnn, cascade, and resized, whose test pipeline makes images half as large."""
    return _CONFIGS


@pytest.fixture(scope='session')
def trained(tmp_path_factory) -> tuple[Path, Path]:
    config = tmp_path_factory.mktemp('trained') / 'config.py'
    config.write_text(_CONFIGS['r2cnn'] + 'gsd = 0.6\n')
    return config, _make_checkpoint(config)
