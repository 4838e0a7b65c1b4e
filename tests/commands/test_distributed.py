"""Two processes on a CPU, joined by gloo, as torchrun starts them."""

import re
import socket
from pathlib import Path

import pytest
import torch

ROOT = Path(__file__).resolve().parents[2]
DETECTORS = ['r2cnn', 'skew_cascade']

# The second process gets chips 1 and 3, which have no ships.
SETTINGS = """
custom_imports = dict(imports=['ship_det.plugin', 'helpers'], allow_failed_imports=False)
metainfo = dict(classes=('tanker', 'submarine'))
train_pipeline = [
    dict(type='LoadImage'),
    dict(type='Poison'),
    dict(type='mmdet.LoadAnnotations', with_bbox=True, box_type='qbox'),
    dict(type='ConvertBoxType', box_type_mapping=dict(gt_bboxes='rbox')),
    dict(type='mmdet.PackDetInputs'),
]
train_dataloader = dict(
    batch_size=1,
    num_workers=0,
    persistent_workers=False,
    sampler=dict(type='InfiniteSampler', shuffle=False),
    dataset=dict(metainfo=metainfo, filter_cfg=None, pipeline=train_pipeline),
)
val_dataloader = dict(num_workers=0, persistent_workers=False, dataset=dict(metainfo=metainfo))
test_dataloader = val_dataloader
model = dict(
    rpn_head=dict(anchor_generator=dict(ratios=[0.35, 1.0, 2.8])),
    roi_head=dict(bbox_head=dict(num_classes=2, fc_out_channels=32)),
    train_cfg=dict(rpn_proposal=dict(max_per_img=50)),
)
train_cfg = dict(max_iters=2)
auto_scale_lr = dict(enable=False, base_batch_size=1)
default_hooks = dict(logger=dict(interval=1))
custom_hooks = [
    dict(type='ClassCountsHook'),
    dict(type='ReproducibleTrainingHook'),
    dict(type='NonFiniteLossHook'),
    dict(type='SaveRankHook'),
]
randomness = dict(seed=0)
"""
HELPERS = """
import os
import numpy as np
import torch
from mmcv.transforms import BaseTransform
from mmengine.hooks import Hook
from mmrotate.registry import HOOKS, TRANSFORMS

@HOOKS.register_module()
class SaveRankHook(Hook):
    def after_train(self, runner):
        weights = {name: value.detach() for name, value in runner.model.module.named_parameters()}
        torch.save(weights, f'{runner.work_dir}/rank_{runner.rank}.pth')

@TRANSFORMS.register_module()
class Poison(BaseTransform):
    def transform(self, results):
        if os.path.basename(results['img_path']) == os.environ.get('POISON'):
            results['img'] = np.full_like(results['img'], np.nan, dtype=np.float32)
        return results
"""


@pytest.fixture(scope='module', params=DETECTORS)
def folder(tmp_path_factory, request) -> Path:
    root = tmp_path_factory.mktemp('distributed')
    base = ROOT / f'configs/quickstart/{request.param}_r18w32_fpn64_ci_demo.py'
    (root / 'helpers.py').write_text(HELPERS)
    (root / 'config.py').write_text(f'_base_ = {str(base)!r}{SETTINGS}')
    return root


@pytest.fixture(scope='module')
def run_two(folder, noise_chips, run_side_by_side):
    """A function that runs a script in two processes: (exit code, output) of each."""

    def run(name: str, *arguments: object, **environment: str) -> list[tuple[int, str]]:
        with socket.socket() as free:
            free.bind(('127.0.0.1', 0))
            port = free.getsockname()[1]
        common = dict(
            environment,
            PYTHONPATH=str(folder),
            TORCHELASTIC_RUN_ID='test',
            WORLD_SIZE='2',
            MASTER_ADDR='127.0.0.1',
            MASTER_PORT=str(port),
        )
        environments = [dict(common, RANK=str(rank), LOCAL_RANK=str(rank)) for rank in (0, 1)]
        options = ('--cfg-options', f'data_root={noise_chips}')
        return run_side_by_side(name, folder / 'config.py', *arguments, *options, environments=environments)

    return run


@pytest.fixture(scope='module')
def trained(folder, run_two) -> Path:
    work_dir = folder / 'work'
    for code, output in run_two('train.py', '--auto-scale-lr', '--work-dir', work_dir):
        assert code == 0, output[-3000:]
    return work_dir


def test_training_leaves_the_same_weights_in_both_though_one_sees_no_ships(trained):
    first, second = (torch.load(trained / f'rank_{rank}.pth') for rank in (0, 1))
    saved = torch.load(trained / 'iter_2.pth', weights_only=False)['state_dict']
    assert first.keys() == second.keys()
    for name, value in first.items():
        assert torch.equal(value, second[name]), name
        assert torch.equal(value, saved[name]), name


def test_learning_rate_is_scaled_by_the_number_of_processes(trained):
    checkpoint = torch.load(trained / 'iter_2.pth', weights_only=False)
    # The config's 1e-3 is meant for one chip; two processes with one each make two.
    assert max(group['initial_lr'] for group in checkpoint['optimizer']['param_groups']) == pytest.approx(2e-3)


def test_testing_five_images_gives_the_detections_and_the_table_of_one_process(
    trained, folder, noise_chips, run_two, run_tool, tmp_path
):
    arguments = (trained / 'iter_2.pth', '--work-dir', tmp_path)
    options = ('--cfg-options', f'data_root={noise_chips}')
    environment = dict(PYTHONPATH=folder)
    alone = run_tool(
        'test.py', folder / 'config.py', *arguments, '--out', tmp_path / 'one.jsonl', *options, **environment
    )
    both = run_two('test.py', *arguments, '--out', tmp_path / 'two.jsonl')
    for code, output in (alone, *both):
        assert code == 0, output[-3000:]
    expected = (tmp_path / 'one.jsonl').read_text()
    assert expected.count('\n') == 6
    assert expected.count('[') > 100
    assert (tmp_path / 'two.jsonl').read_text() == expected
    rows = [re.findall(r'^\|.*', output, re.MULTILINE) for output in (alone[1], both[0][1])]
    assert len(rows[0]) > 3
    assert rows[0] == rows[1]


def test_a_loss_that_breaks_in_one_process_stops_both(folder, run_two, tmp_path):
    for code, output in run_two('train.py', '--work-dir', tmp_path, POISON='3.png'):
        assert code == 2, output[-3000:]
        (message,) = re.findall('^error: (.*)', output, re.MULTILINE)
        # The second process has chip 1 in the first iteration, 3 in the second.
        assert 'iteration 2: rank 1: loss_rpn_cls is nan, ' in message
        assert re.search(r'images of the batch: \S*/images/3\.png$', message)
    assert not list(tmp_path.glob('*.pth'))
