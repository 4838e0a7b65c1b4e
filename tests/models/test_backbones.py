"""torchvision backbones: strides, weights by torchvision's names, fixed batch norm."""

import pytest
import torch
import torchvision

from ship_det.models.backbones import TorchvisionBackbone


def test_feature_maps_and_weights_are_torchvisions(tmp_path):
    reference = torchvision.models.mobilenet_v2(weights=None)
    torch.save(reference.state_dict(), tmp_path / 'weights.pth')
    backbone = TorchvisionBackbone(init_cfg=dict(type='Pretrained', checkpoint=str(tmp_path / 'weights.pth')))
    backbone.init_weights()
    images = torch.randn(1, 3, 64, 96)
    outputs = backbone.eval()(images)
    assert [tuple(x.shape[1:]) for x in outputs] == [(24, 16, 24), (32, 8, 12), (96, 4, 6), (320, 2, 3)]
    assert torch.equal(outputs[-1], reference.eval().features[:18](images))


def test_norm_eval_keeps_running_statistics():
    backbone = TorchvisionBackbone(norm_eval=True).train()
    before = backbone.features[0][1].running_mean.clone()
    backbone(torch.randn(2, 3, 32, 32))
    assert torch.equal(backbone.features[0][1].running_mean, before)
    assert backbone.features[0][0].training


def test_under_mixed_precision_depthwise_convolutions_with_a_stride_stay_in_float32():
    backbone = TorchvisionBackbone().eval()
    convolutions = [module for module in backbone.modules() if isinstance(module, torch.nn.Conv2d)]
    types = {}
    for module in convolutions:
        module.register_forward_hook(lambda module, _, output: types.__setitem__(module, output.dtype))
    with torch.autocast('cpu', torch.bfloat16):
        backbone(torch.randn(1, 3, 64, 64))
    strided = [module for module in convolutions if module.groups > 1 and module.stride == (2, 2)]
    assert len(strided) == 4
    assert {types[module] for module in strided} == {torch.float32}
    assert {types[module] for module in convolutions if module not in strided} == {torch.bfloat16}


def test_unknown_models_are_named():
    with pytest.raises(ValueError, match="no model 'mobile'"):
        TorchvisionBackbone('mobile')
    with pytest.raises(ValueError, match="'resnet18' has no features"):
        TorchvisionBackbone('resnet18')
