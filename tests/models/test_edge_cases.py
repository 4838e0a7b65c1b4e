"""Both detectors on images that break others: no ship, one, a thousand, cut by the border, as slender as 30 to 1."""

import math
from pathlib import Path

import pytest
import torch
from mmdet.structures import DetDataSample
from mmdet.structures.bbox import get_box_tensor
from mmdet.utils import register_all_modules as register_mmdet
from mmengine.config import Config
from mmengine.structures import InstanceData
from mmrotate.registry import MODELS
from mmrotate.structures.bbox import RotatedBoxes
from mmrotate.utils import register_all_modules

CONFIGS = Path(__file__).resolve().parents[2] / 'configs'
DETECTORS = ['r2cnn_r18w32_fpn64_ci_demo', 'skew_cascade_r18w32_fpn64_ci_demo']
SIDE = 192


def boxes_of(case: str) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    angles = (torch.rand(1000, generator=generator) - 0.5) * math.pi
    centers = torch.rand(1000, 2, generator=generator) * SIDE
    if case == 'empty':
        return torch.zeros(0, 5)
    if case == 'one':
        return torch.tensor([[90.0, 80.0, 60.0, 12.0, 0.4]])
    if case == 'thousand':
        sides = torch.tensor([12.0, 4.0]).expand(1000, 2)
        return torch.cat([centers, sides, angles[:, None]], dim=1)
    if case == 'border':
        edge = torch.tensor([[0.0, 90], [SIDE, 40], [70, 0], [120, SIDE], [0, 0], [SIDE, SIDE]])
        return torch.cat([edge, torch.tensor([80.0, 14]).expand(6, 2), angles[:6, None]], dim=1)
    if case == 'slender':
        return torch.cat([centers[:20], torch.tensor([120.0, 4]).expand(20, 2), angles[:20, None]], dim=1)
    raise ValueError(case)


@pytest.fixture(scope='module', params=DETECTORS)
def model(request) -> torch.nn.Module:
    register_mmdet(init_default_scope=False)
    register_all_modules(init_default_scope=True)
    cfg = Config.fromfile(CONFIGS / 'quickstart' / f'{request.param}.py')
    torch.manual_seed(0)
    built = MODELS.build(cfg.model)
    built.init_weights()
    for module in built.modules():
        if hasattr(module, 'set_class_counts'):
            module.set_class_counts(list(range(1, 16)))
    return built


@pytest.mark.parametrize('others', [False, True], ids=['alone', 'beside another image'])
@pytest.mark.parametrize('case', ['empty', 'one', 'thousand', 'border', 'slender'])
def test_losses_are_finite_and_all_parameters_learn(model, case, others):
    cases = [case, 'one'] if others else [case]
    torch.manual_seed(0)
    batch = dict(inputs=[torch.randint(0, 255, (3, SIDE, SIDE), dtype=torch.uint8) for _ in cases], data_samples=[])
    for boxes in map(boxes_of, cases):
        sample = DetDataSample(metainfo=dict(img_shape=(SIDE, SIDE), ori_shape=(SIDE, SIDE), scale_factor=(1.0, 1.0)))
        sample.gt_instances = InstanceData(bboxes=RotatedBoxes(boxes), labels=torch.arange(len(boxes)) % 15)
        sample.ignored_instances = InstanceData(bboxes=RotatedBoxes(boxes[:0]), labels=torch.zeros(0).long())
        batch['data_samples'].append(sample)
    model.train().zero_grad()
    data = model.data_preprocessor(batch, training=True)
    loss, parts = model.parse_losses(model(**data, mode='loss'))
    assert all(torch.isfinite(value).all() for value in parts.values()), parts
    if case != 'empty':
        regression = [value for name, value in parts.items() if 'loss_bbox' in name]
        assert max(float(value) for value in regression) > 0
    loss.backward()
    gradients = [parameter.grad for parameter in model.parameters()]
    assert all(gradient is not None and torch.isfinite(gradient).all() for gradient in gradients)
    with torch.no_grad():
        results = model.eval()(**data, mode='predict')
    assert all(torch.isfinite(result.pred_instances.bboxes).all() for result in results)


def test_boxes_stay_in_float32_under_mixed_precision(model):
    """In bfloat16 a coordinate of 190 px is good to half a pixel; with the same weights, boxes move far less."""
    torch.manual_seed(0)
    sample = DetDataSample(metainfo=dict(img_shape=(SIDE, SIDE), ori_shape=(SIDE, SIDE), scale_factor=(1.0, 1.0)))
    sample.gt_instances = InstanceData(bboxes=RotatedBoxes(boxes_of('one')), labels=torch.tensor([3]))
    sample.ignored_instances = InstanceData(bboxes=RotatedBoxes(torch.zeros(0, 5)), labels=torch.zeros(0).long())
    batch = dict(inputs=[torch.randint(0, 255, (3, SIDE, SIDE), dtype=torch.uint8)], data_samples=[sample])
    data = model.data_preprocessor(batch, training=True)
    model.eval()
    with torch.autocast('cpu', dtype=torch.bfloat16):
        with torch.no_grad():
            feats = model.extract_feat(data['inputs'])
            (proposals,) = model.rpn_head.predict(feats, data['data_samples'], rescale=False)
            (found,) = model.roi_head.predict(feats, [proposals], data['data_samples'], rescale=False)
        model.train().zero_grad()
        loss, _ = model.parse_losses(model(**data, mode='loss'))
    assert feats[0].dtype == torch.bfloat16
    boxes = get_box_tensor(proposals.bboxes)
    assert boxes.dtype == found.bboxes.dtype == torch.float32
    coordinates = boxes[boxes > 64]
    assert (coordinates.bfloat16().float() != coordinates).double().mean() > 0.5
    loss.backward()
    assert all(torch.isfinite(parameter.grad).all() for parameter in model.parameters())
