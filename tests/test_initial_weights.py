"""What is said where the weights a config starts from cannot be downloaded."""

import re
from urllib.error import URLError

import pytest
import torch
from mmengine.config import Config

from ship_det.initial_weights import download_errors, without_initial_weights

RESNET50 = 'https://download.pytorch.org/models/resnet50-0676ba61.pth'


def config(checkpoint: str) -> Config:
    return Config(
        dict(model=dict(backbone=dict(type='ResNet', init_cfg=dict(type='Pretrained', checkpoint=checkpoint))))
    )


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setattr(torch.hub, 'get_dir', lambda: str(tmp_path))
    return tmp_path / 'checkpoints'


def no_internet() -> None:
    raise URLError('Temporary failure in name resolution')


@pytest.mark.parametrize('checkpoint', ['torchvision://resnet50', RESNET50])
def test_message_names_url_cache_and_options(cache, checkpoint):
    with pytest.raises(ValueError) as caught, download_errors(config(checkpoint)):
        no_internet()
    message = str(caught.value)
    assert message.startswith(f'cannot download the initial weights {RESNET50}: <urlopen error Temporary failure')
    assert f'put it into {cache}, ' in message
    assert '--cfg-options model.backbone.init_cfg.checkpoint=/path/to/resnet50-0676ba61.pth' in message
    assert 'model.backbone.init_cfg=None' in message


def test_several_initialisations():
    cfg = Config(
        dict(
            model=dict(
                init_cfg=[
                    dict(type='Xavier'),
                    dict(type='Pretrained', checkpoint='https://none.example/a.pth'),
                ]
            )
        )
    )
    with pytest.raises(ValueError, match=re.escape('model.init_cfg.1=None')), download_errors(cfg):
        no_internet()


@pytest.mark.parametrize('checkpoint', ['/data/resnet50.pth', 'torchvision://resnet50'])
def test_other_errors_of_the_net_stay_as_they_are(cache, checkpoint):
    cache.mkdir()
    (cache / 'resnet50-0676ba61.pth').touch()
    with pytest.raises(URLError, match='name resolution'), download_errors(config(checkpoint)):
        no_internet()


def test_unknown_weights_are_refused_at_once():
    message = "model.backbone.init_cfg.checkpoint: torchvision has no weights 'resnet51'"
    with pytest.raises(ValueError, match=message), download_errors(config('torchvision://resnet51')):
        pytest.fail('not reached')


def test_a_trained_model_needs_no_initial_weights():
    pretrained, drawn = dict(type='Pretrained', checkpoint='torchvision://resnet50'), dict(type='Normal', std=0.01)
    model = dict(
        backbone=dict(depth=50, init_cfg=pretrained),
        heads=[dict(init_cfg=drawn), dict(fc=dict(init_cfg=dict(pretrained, type='mmengine.PretrainedInit')))],
    )
    assert without_initial_weights(model) == dict(
        backbone=dict(depth=50, init_cfg=None), heads=[dict(init_cfg=drawn), dict(fc=dict(init_cfg=None))]
    )
