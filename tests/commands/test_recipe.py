"""Training by the strong recipe: the averages of the weights are validated, kept, tested and loaded."""

import json
import math
import shutil
from pathlib import Path

import pytest
import torch

import ship_det
from ship_det.commands.test import train_list
from ship_det.launch import read_config

ROOT = Path(__file__).resolve().parents[2]
GAMMA = 4
BASES = ROOT / 'configs/_base_'
SETTINGS = f"""_base_ = ['{BASES}/models/r2cnn_r18_fpn.py', '{BASES}/recipes/augmented_3x.py']
classes = ('tanker', 'submarine')
model = dict(
    backbone=dict(init_cfg=None),
    roi_head=dict(bbox_head=dict(fc_out_channels=16)),
    train_cfg=dict(rpn_proposal=dict(max_per_img=50)),
    test_cfg=dict(rpn=dict(max_per_img=20), rcnn=dict(score_thr=0.0, max_per_img=20)),
)
train_dataloader = dict(batch_size=2, num_workers=0, persistent_workers=False)
val_dataloader = dict(num_workers=0, persistent_workers=False)
test_dataloader = val_dataloader
train_cfg = dict(max_epochs=2, val_interval=1)
param_scheduler = [dict(type='ConstantLR', factor=1.0, by_epoch=True)]
default_hooks = dict(ema=dict(gamma={GAMMA}))
randomness = dict(seed=0)
"""


@pytest.fixture(scope='module')
def own_chips(chips, tmp_path_factory) -> Path:
    """The two chips, with a list for validation."""
    root = tmp_path_factory.mktemp('recipe') / 'chips'
    shutil.copytree(chips, root, ignore=shutil.ignore_patterns('work'))
    shutil.copy(root / 'test.txt', root / 'val.txt')
    (root / 'strong.py').write_text(SETTINGS)
    return root


@pytest.fixture(scope='module')
def strong(own_chips, run_tool) -> tuple[Path, str]:
    """The work dir of a training of two iterations, one an epoch, and what it printed."""
    work = own_chips / 'work'
    code, output = run_tool('train.py', own_chips / 'strong.py', '--work-dir', work, '--data-root', own_chips)
    assert code == 0, output[-3000:]
    return work, output


def state(path: Path) -> dict:
    return torch.load(path, weights_only=False, map_location='cpu')


def weights_and_averages(path: Path) -> tuple[torch.Tensor, torch.Tensor]:
    """One layer of a checkpoint: the last weights, and the averages that stand in their place."""
    name = 'roi_head.bbox_head.fc_cls.weight'
    found = state(path)
    return found['ema_state_dict'][f'module.{name}'], found['state_dict'][name]


def test_averages_stand_in_place_of_the_weights(strong):
    work, _ = strong
    first, second = (weights_and_averages(work / f'epoch_{epoch}.pth') for epoch in (1, 2))
    assert torch.equal(*first)
    share = (1 - 0.0002) * math.exp(-2 / GAMMA) + 0.0002
    assert not torch.equal(*second)
    torch.testing.assert_close(second[1], first[0] + share * (second[0] - first[0]))


def test_the_best_is_kept_and_said(strong):
    work, output = strong
    (best,) = work.glob('best_voc_mAP_epoch_*.pth')
    assert f'best voc/mAP in validation: {best}' in output
    assert f'test it: ship-det test {work / "strong.py"} {best}' in output
    assert f'training data: 2 images in {work.parent}, listed in train.txt\n' in output
    epoch = work / f'{best.name.removeprefix("best_voc_mAP_")}'
    for found, expected in zip(weights_and_averages(best), weights_and_averages(epoch), strict=True):
        assert torch.equal(found, expected)


def scores(path: Path) -> list:
    return [line['scores'] for line in map(json.loads, path.read_text().splitlines()[1:])]


def test_testing_and_loading_take_the_averages(strong, own_chips, run_tool, tmp_path):
    checkpoint = strong[0] / 'epoch_2.pth'
    content = state(checkpoint)
    averages, weights = tmp_path / 'averages.pth', tmp_path / 'weights.pth'
    torch.save({'state_dict': content['state_dict'], 'meta': content['meta']}, averages)
    last = {key[7:]: value for key, value in content['ema_state_dict'].items() if key.startswith('module.')}
    torch.save({'state_dict': last, 'meta': content['meta']}, weights)
    found = {}
    for name, path, options in (
        ('all', checkpoint, ()),
        ('averages', averages, ('--cfg-options', 'default_hooks.ema=None')),
        ('weights', weights, ('--cfg-options', 'default_hooks.ema=None')),
    ):
        out = tmp_path / f'{name}.jsonl'
        arguments = ('--work-dir', tmp_path / 'work', '--data-root', own_chips, '--out', out, *options)
        code, output = run_tool('test.py', own_chips / 'strong.py', path, *arguments)
        assert code == 0, output[-3000:]
        found[name] = scores(out)
    assert found['all'] == found['averages'] != found['weights']
    loaded = ship_det.load(own_chips / 'strong.py', checkpoint, device='cpu')._model.state_dict()
    # Those before the heads have batch normalisation folded in.
    heads = {name: value for name, value in content['state_dict'].items() if name.startswith(('rpn_head', 'roi_head'))}
    assert all(torch.equal(loaded[name], value) for name, value in heads.items() if 'loss' not in name)


def test_training_from_a_checkpoint_starts_from_its_averages(strong, own_chips, run_tool, tmp_path):
    options = ('--cfg-options', f'load_from={strong[0] / "epoch_2.pth"}', 'optim_wrapper.optimizer.lr=0.0')
    arguments = ('--work-dir', tmp_path / 'work', '--data-root', own_chips, *options)
    code, output = run_tool('train.py', own_chips / 'strong.py', *arguments)
    assert code == 0, output[-3000:]
    for found in weights_and_averages(tmp_path / 'work' / 'epoch_2.pth'):
        torch.testing.assert_close(found, weights_and_averages(strong[0] / 'epoch_2.pth')[1])


def test_repetitions_are_a_setting_and_counted(own_chips, run_tool, tmp_path):
    options = ('--cfg-options', 'train_dataloader.dataset.oversample_thr=4', 'train_cfg.max_epochs=1')
    arguments = ('--work-dir', tmp_path / 'work', '--data-root', own_chips, *options)
    code, output = run_tool('train.py', own_chips / 'strong.py', *arguments)
    assert code == 0, output[-3000:]
    # Each class is in each chip: sqrt(4 / 1) times.
    assert f'training data: 2 images in {own_chips}, listed in train.txt, 4 with repetitions' in output
    assert 'submarine         10   71.43%' in output


def test_a_report_finds_the_list_that_is_repeated(own_chips):
    assert train_list(read_config(own_chips / 'strong.py')) == 'train.txt'


def test_a_set_without_a_list_for_validation(chips, own_chips, run_tool, tmp_path):
    arguments = ('--work-dir', tmp_path / 'work', '--data-root', chips)
    code, output = run_tool('train.py', own_chips / 'strong.py', *arguments)
    assert code == 2, output[-3000:]
    message = output.splitlines()[-1]
    assert f'error: {chips / "val.txt"}: no such file' in message
    assert '`ship-det split --val 0.1` makes' in message
    code, output = run_tool(
        'train.py', own_chips / 'strong.py', *arguments, '--cfg-options', 'val_dataloader.dataset.ann_file=test.txt'
    )
    assert code == 0, output[-3000:]
