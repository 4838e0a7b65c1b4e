"""Every config builds and does one training and one test step on a synthetic image."""

import json
import math
from functools import lru_cache
from pathlib import Path

import pytest
import torch
from mmdet.structures import DetDataSample
from mmdet.utils import register_all_modules as register_mmdet
from mmengine.config import ConfigDict
from mmengine.structures import InstanceData
from mmrotate.registry import DATASETS, MODELS
from mmrotate.structures.bbox import RotatedBoxes
from mmrotate.utils import register_all_modules
from torch import nn

from ship_det.launch import read_config

ROOT = Path(__file__).resolve().parents[1]
LOSSES = dict(ce='mmdet.CrossEntropyLoss', fl='SoftmaxFocalLoss', ci='CILoss', pf='PFLoss')
EXPERIMENTS = {'_base_', 'recognition', 'few_shot'}  # the last two have tests of their own
CONFIGS = sorted(path for path in (ROOT / 'configs').rglob('*.py') if not EXPERIMENTS & set(path.parts))
# Three times the epochs, as docs/guides/train.md says.
LONG = {
    'train_cfg.max_epochs': 36,
    'train_cfg.val_interval': 12,
    'param_scheduler.1.end': 36,
    'param_scheduler.1.milestones': [24, 33],
}


def sample(num_classes: int) -> DetDataSample:
    """Two ships and an ignore region without a class on 128 x 128 px."""
    boxes = [[40.0, 40.0, 50.0, 12.0, 0.3], [80.0, 90.0, 60.0, 10.0, -math.pi / 2], [100.0, 20.0, 30.0, 8.0, 0.0]]
    data = DetDataSample(metainfo=dict(img_shape=(128, 128), ori_shape=(128, 128), scale_factor=(1.0, 1.0), img_id=0))
    labels = torch.tensor([0, num_classes - 1])
    data.gt_instances = InstanceData(bboxes=RotatedBoxes(torch.tensor(boxes[:2])), labels=labels)
    region = RotatedBoxes(torch.tensor(boxes[2:]))
    data.ignored_instances = InstanceData(bboxes=region, labels=torch.tensor([-1]))
    return data


@pytest.fixture(autouse=True)
def mmrotate_scope() -> None:
    register_mmdet(init_default_scope=False)
    register_all_modules(init_default_scope=True)


def test_few_files():
    assert len(CONFIGS) <= 30


@pytest.mark.parametrize('loss', LOSSES)
@pytest.mark.parametrize('path', CONFIGS, ids=lambda path: path.stem)
def test_builds_trains_and_tests(path, loss):
    options = {} if loss == 'ci' else {'model.roi_head.bbox_head.loss_cls.type': LOSSES[loss]}
    cfg = read_config(path, options)
    head = cfg.model.roi_head.bbox_head
    assert head.loss_cls == dict(type=LOSSES[loss])
    for part in ('train', 'val', 'test'):
        data = cfg[f'{part}_dataloader'].dataset
        for each in (data, data.get('dataset', data)):
            if each.type != 'SimulatedHarbors':
                each.lazy_init = True
        assert len(DATASETS.build(data).metainfo['classes']) == head.num_classes
    for name, epochs in (('_1x_', 12), ('_3x_', 36)):
        assert name not in path.name or cfg.train_cfg.max_epochs == epochs
    # A loss knows nothing of the backbone: the others are tried in the small detectors.
    if loss != 'ci' and not path.stem.endswith('_demo'):
        return
    cfg.model.backbone.init_cfg = None
    # With backbones of other depths, the heads are those of ResNet-50: that the maps fit is enough.
    if '_r101_' in path.stem or '_r18_' in path.stem:
        with torch.device('meta'):
            assert len(MODELS.build(cfg.model).extract_feat(torch.empty(1, 3, 128, 128))) == 5
    else:
        train_and_test(json.dumps(cfg.model.to_dict()))


@pytest.mark.parametrize('path', [path for path in CONFIGS if '_fpn_ci_1x_' in path.name])
def test_three_times_the_epochs(path):
    cfg = read_config(path, LONG)
    assert cfg.train_cfg == dict(type='EpochBasedTrainLoop', max_epochs=36, val_interval=12)
    assert cfg.param_scheduler[1] == dict(
        type='MultiStepLR', by_epoch=True, begin=0, end=36, milestones=[24, 33], gamma=0.1
    )


@lru_cache
def train_and_test(model_cfg: str) -> None:
    """Build a model, once for all the configs that share it, and do a training and a test step."""
    torch.manual_seed(0)
    model = MODELS.build(ConfigDict(json.loads(model_cfg)))
    heads = model.roi_head.bbox_head
    heads = list(heads) if isinstance(heads, nn.ModuleList) else [heads]
    num_classes = heads[0].num_classes
    for head in heads:
        if hasattr(head.loss_cls, 'set_class_counts'):
            head.loss_cls.set_class_counts(list(range(1, num_classes + 1)))

    batch = dict(inputs=[torch.randint(0, 255, (3, 128, 128), dtype=torch.uint8)], data_samples=[sample(num_classes)])
    data = model.data_preprocessor(batch, training=True)
    loss, parts = model.parse_losses(model(**data, mode='loss'))
    cascade = {f's{stage}.loss_{part}' for stage in range(3) for part in ('cls', 'bbox')}
    expected = cascade if len(heads) == 3 else {'loss_cls', 'loss_bbox_axis', 'loss_bbox_inclined'}
    assert {'loss_rpn_cls', 'loss_rpn_bbox'} | expected == {name for name in parts if 'loss_' in name}
    assert torch.isfinite(loss)
    loss.backward()
    unused = [name for name, p in model.named_parameters() if p.requires_grad and p.grad is None]
    assert not unused

    batch = dict(inputs=batch['inputs'], data_samples=[sample(num_classes)])
    with torch.no_grad():
        (result,) = model.eval()(**model.data_preprocessor(batch, training=False), mode='predict')
    predicted = result.pred_instances
    assert predicted.bboxes.shape == (len(predicted.scores), 5)
    assert ((predicted.labels >= 0) & (predicted.labels < num_classes)).all()
