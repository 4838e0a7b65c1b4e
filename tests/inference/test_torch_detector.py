"""A loaded detector finds what tools/test.py finds with the same config and checkpoint."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

import ship_det
from ship_det.evaluation import read_predictions
from ship_det.inference.torch_detector import fuse_batch_norm

ROOT = Path(__file__).resolve().parents[2]
STOCK = """
_base_ = ['STOCK']
classes = ('tanker', 'submarine')
custom_imports = dict(imports=['ship_det.plugin'])
model = dict(backbone=dict(depth=18, init_cfg=None), neck=dict(in_channels=[64, 128, 256, 512]))
test_dataloader = dict(
    _delete_=True,
    batch_size=1,
    num_workers=0,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(type='ShipDataset', data_root='', test_mode=True, pipeline=[
        dict(type='mmdet.LoadImageFromFile'),
        dict(type='mmdet.Resize', scale=(256, 256), keep_ratio=True),
        dict(type='mmdet.LoadAnnotations', with_bbox=True, box_type='qbox'),
        dict(type='ConvertBoxType', box_type_mapping=dict(gt_bboxes='rbox')),
        dict(type='mmdet.PackDetInputs', meta_keys=('img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor')),
    ]),
)
val_dataloader = test_dataloader
train_dataloader = dict(dataset=dict(metainfo=dict(classes=classes)))
test_evaluator = dict(_delete_=True, type='VOCRotatedMetric')
val_evaluator = test_evaluator
"""


def stock_config(name: str) -> str:
    import mmrotate

    (path,) = (Path(mmrotate.__file__).parent / '.mim/configs').rglob(name)
    return STOCK.replace('STOCK', str(path))


@pytest.fixture
def one_thread():
    """As the command that is compared with: with more threads float32 is summed in another order."""
    before = torch.get_num_threads()
    yield 1
    torch.set_num_threads(before)


@pytest.mark.parametrize(
    'name',
    [
        'r2cnn',
        'cascade',
        'resized',
        'rotated-faster-rcnn-le90_r50_fpn_1x_dota.py',
        'oriented-rcnn-le90_r50_fpn_1x_dota.py',
    ],
)
def test_finds_what_a_test_finds(name, chips, run_tool, tmp_path, one_thread, make_checkpoint, small_configs):
    config, out = tmp_path / 'config.py', tmp_path / 'predictions.jsonl'
    config.write_text(small_configs.get(name) or stock_config(name))
    checkpoint = make_checkpoint(config)
    options = ('--data-root', chips, '--out', out, '--work-dir', tmp_path / 'work')
    code, output = run_tool('test.py', config, checkpoint, *options)
    assert code == 0, output[-3000:]

    detector = ship_det.load(config, checkpoint, device='cpu', threads=one_thread)
    assert detector.classes == ('tanker', 'submarine')
    for record in read_predictions(out).images:
        found = detector.predict(np.asarray(Image.open(chips / 'images' / record['file'])))
        expected = np.argsort(-record['scores'], kind='stable')
        assert len(found) == len(expected) > 0
        np.testing.assert_allclose(found.scores, record['scores'][expected], atol=1e-4)
        np.testing.assert_array_equal(found.labels, record['labels'][expected])
        np.testing.assert_allclose(found.boxes, record['boxes'][expected], atol=1e-2)


def test_least_score(trained, chips):
    image = np.asarray(Image.open(chips / 'images/a.png'))
    detector = ship_det.load(trained, device='cpu')
    every = detector.predict(image)
    limit = float(np.median(every.scores))
    assert detector.predict(image, min_score=limit).scores.tolist() == [s for s in every.scores if s >= limit]
    assert detector.gsd == 0.6


def test_the_checkpoint_has_to_fit(trained, small_configs, tmp_path):
    checkpoint = trained[1]
    other = tmp_path / 'other.py'
    other.write_text(small_configs['cascade'])
    with pytest.raises(ValueError, match=r'config\.pth: does not fit .*other\.py: missing: roi_head\.bbox_head\.0'):
        ship_det.load(other, checkpoint)
    other.write_text(small_configs['r2cnn'].replace("'tanker', 'submarine'", "'submarine', 'tanker'"))
    with pytest.raises(ValueError, match='trained with the classes tanker, submarine, but the config has submarine, t'):
        ship_det.load(other, checkpoint)


@pytest.mark.parametrize(
    ('source', 'message'),
    [
        (
            lambda config, checkpoint: config,
            r'expected an .onnx file, a config and a checkpoint, .* the zoo: r2cnn-',
        ),
        (lambda config, checkpoint: 'zoo:r2d2', 'zoo:r2d2: no such model in the zoo; expected one of r2cnn-'),
        (lambda config, checkpoint: ('none.py', checkpoint), r'none\.py: no such config'),
        (lambda config, checkpoint: (config, 'none.pth'), r'none\.pth: no such checkpoint'),
        (lambda config, checkpoint: (config, checkpoint, config), r'expected \(config, checkpoint\), found'),
    ],
)
def test_what_cannot_be_loaded(trained, source, message):
    with pytest.raises(ValueError, match=message):
        ship_det.load(source(*trained))


class AsksForSize(nn.Sequential):
    """Takes images of one size alone."""

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor]:
        """One map."""
        assert x.size(-1) == 128
        return (super().forward(x),)


class Swapped(nn.Module):
    """Names its parts in another order than it uses them."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.norm, self.second = nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Conv2d(4, 4, 3)
        nn.init.uniform_(self.norm.running_var, 2.0, 3.0)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor]:
        """First, second, then the norm."""
        return (self.norm(self.second(self.first(x))),)


def test_batch_norm_is_folded_where_that_changes_nothing(trained):
    detector = ship_det.load(trained, device='cpu')
    norms = [m for m in detector._model.modules() if isinstance(m, nn.BatchNorm2d)]
    assert not norms
    other = nn.Module()
    other.backbone = Swapped().eval()
    fuse_batch_norm(other)
    assert isinstance(other.backbone.norm, nn.BatchNorm2d)
    # Half of the size that it asks for.
    other.backbone = AsksForSize(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)).eval()
    fuse_batch_norm(other)
    assert isinstance(other.backbone[1], nn.BatchNorm2d)


def test_a_device_that_is_not_there(trained):
    with pytest.raises(ValueError, match=r'device warp: cannot be used: .*warp'):
        ship_det.load(trained, device='warp')


def test_the_package_itself_is_there_at_once():
    code = "import sys, ship_det; print(ship_det.__version__, 'numpy' in sys.modules, 'torch' in sys.modules)"
    result = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert result.stdout.split() == [ship_det.__version__, 'False', 'False']
