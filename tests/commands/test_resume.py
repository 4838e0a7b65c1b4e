"""A training killed with SIGKILL and resumed ends with the weights of one that was never stopped."""

import signal
from pathlib import Path

import pytest
import torch

ROOT = Path(__file__).resolve().parents[2]
CONFIG = ROOT / 'configs/quickstart/r2cnn_r18w32_fpn64_ci_demo.py'

# Loading in two processes, augmentation, an average of the weights, validation: whatever a resumed run could lose.
SETTINGS = f"""_base_ = '{CONFIG}'
custom_imports = dict(imports=['ship_det.plugin', 'killing'], allow_failed_imports=False)
metainfo = dict(classes=('tanker', 'submarine'))
train_pipeline = [
    dict(type='LoadImage'),
    dict(type='mmdet.LoadAnnotations', with_bbox=True, box_type='qbox'),
    dict(type='ConvertBoxType', box_type_mapping=dict(gt_bboxes='rbox')),
    dict(type='RandomAffineCrop', size=96, scale=(0.85, 1.18)),
    dict(type='mmdet.RandomFlip', prob=0.5, direction='horizontal'),
    dict(type='mmdet.PackDetInputs'),
]
train_dataloader = dict(
    batch_size=2,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='SAMPLER', shuffle=True),
    dataset=dict(metainfo=metainfo, filter_cfg=None, pipeline=train_pipeline),
)
val_dataloader = dict(num_workers=0, persistent_workers=False, dataset=dict(metainfo=metainfo))
test_dataloader = val_dataloader
model = dict(
    rpn_head=dict(anchor_generator=dict(ratios=[0.35, 1.0, 2.8])),
    roi_head=dict(bbox_head=dict(num_classes=2, fc_out_channels=32)),
    train_cfg=dict(rpn_proposal=dict(max_per_img=50)),
)
custom_hooks = [
    dict(type='ClassCountsHook'),
    dict(type='ReproducibleTrainingHook'),
    dict(type='EMAHook'),
    dict(type='KillingHook'),
]
randomness = dict(seed=SEED)
"""
BY_ITERATION = """
train_cfg = dict(max_iters=7, val_begin=1, val_interval=3)
param_scheduler = [dict(type='LinearLR', start_factor=0.1, by_epoch=False, begin=0, end=7)]
default_hooks = dict(checkpoint=dict(by_epoch=False, interval=2, max_keep_ckpts=1), logger=dict(interval=1))
"""
BY_EPOCH = """
train_cfg = dict(_delete_=True, type='EpochBasedTrainLoop', max_epochs=3, val_begin=9)
param_scheduler = [dict(type='LinearLR', start_factor=0.1, by_epoch=True, begin=0, end=3)]
default_hooks = dict(checkpoint=dict(by_epoch=True, interval=1), logger=dict(interval=1))
log_processor = dict(by_epoch=True)
"""

# KILL_IN=4: in the fifth iteration, with the signal KILL_SIGNAL.
# KILL_VALIDATING=3: in the validation after three iterations, with the signal KILL_SIGNAL.
# KILL_WRITING=4: in the middle of writing the checkpoint of iteration 4.
KILLING = """
import os, signal
from mmengine.hooks import Hook
from mmrotate.registry import HOOKS

@HOOKS.register_module()
class KillingHook(Hook):
    def before_train_iter(self, runner, batch_idx, data_batch=None):
        if os.environ.get('KILL_IN') == str(runner.iter):
            os.kill(os.getpid(), int(os.environ.get('KILL_SIGNAL', signal.SIGKILL)))

    def before_val_iter(self, runner, batch_idx, data_batch=None):
        if os.environ.get('KILL_VALIDATING') == str(runner.iter) and batch_idx == 1:
            os.kill(os.getpid(), int(os.environ['KILL_SIGNAL']))

    def before_save_checkpoint(self, runner, checkpoint):
        if os.environ.get('KILL_WRITING') == str(checkpoint['meta']['iter']):
            def kill(file):
                os.truncate(file, 1000)
                os.kill(os.getpid(), signal.SIGKILL)
            os.fsync = kill
"""


@pytest.fixture(scope='module')
def modules(tmp_path_factory) -> Path:
    """A folder with a module whose hook kills the process."""
    folder = tmp_path_factory.mktemp('modules')
    (folder / 'killing.py').write_text(KILLING)
    return folder


@pytest.fixture
def train(noise_chips, modules, run_tool):
    """A function that trains with a config's text in a folder: (exit code, output)."""

    def run(settings: str, folder: Path, *arguments: object, **environment: object) -> tuple[int, str]:
        config = folder.parent / 'config.py'
        config.write_text(settings)
        options = ('--work-dir', folder, '--cfg-options', f'data_root={noise_chips}')
        return run_tool('train.py', config, *arguments, *options, PYTHONPATH=modules, **environment)

    return run


def state(path: Path) -> dict:
    return torch.load(path, weights_only=False, map_location='cpu')


def assert_same(found: dict, expected: dict) -> None:
    """Weights, averaged weights and the optimizer's state are equal, bit for bit."""
    for part in ('state_dict', 'ema_state_dict'):
        assert found[part].keys() == expected[part].keys()
        for name, value in expected[part].items():
            assert torch.equal(found[part][name], value), f'{part}: {name}'
    for index, moments in expected['optimizer']['state'].items():
        for name, value in moments.items():
            assert torch.equal(found['optimizer']['state'][index][name], value), f'optimizer: {index} {name}'


def test_by_iteration_killed_in_an_iteration_and_while_writing(train, tmp_path):
    settings = SETTINGS.replace('SAMPLER', 'InfiniteSampler').replace('SEED', '3') + BY_ITERATION
    code, output = train(settings, tmp_path / 'whole')
    assert code == 0, output[-3000:]

    folder = tmp_path / 'killed'
    assert train(settings, folder, KILL_IN=3)[0] == -signal.SIGKILL
    assert train(settings, folder, '--resume', KILL_WRITING=4)[0] == -signal.SIGKILL
    # The only checkpoint that is kept outlives a kill while its successor is written.
    assert [path.name for path in folder.glob('*.pth')] == ['iter_2.pth']
    code, output = train(settings, folder, '--resume')
    assert code == 0, output[-3000:]
    assert 'training starts from iteration 2: 7 iterations' in output
    assert_same(state(folder / 'iter_7.pth'), state(tmp_path / 'whole' / 'iter_7.pth'))


def test_by_epoch_without_a_seed(train, tmp_path):
    """The seed of a run without one is in its checkpoint, so both runs start from a copy of the first epoch."""
    settings = SETTINGS.replace('SAMPLER', 'DefaultSampler').replace('SEED', 'None') + BY_EPOCH
    folder = tmp_path / 'killed'
    # Five chips, batches of two: three iterations an epoch, killed in the second epoch's second.
    assert train(settings, folder, KILL_IN=4)[0] == -signal.SIGKILL
    first = folder / 'epoch_1.pth'
    seed = state(first)['meta']['seed']

    code, output = train(settings.replace('seed=None', f'seed={seed}'), tmp_path / 'whole')
    assert code == 0, output[-3000:]
    code, output = train(settings, folder, '--resume')
    assert code == 0, output[-3000:]
    assert_same(state(folder / 'epoch_3.pth'), state(tmp_path / 'whole' / 'epoch_3.pth'))


@pytest.mark.parametrize(
    ('number', 'by_epoch'), [(signal.SIGINT, False), (signal.SIGTERM, True)], ids=['Ctrl-C', 'scheduler']
)
def test_interrupted_training_saves_what_it_has_and_goes_on(train, tmp_path, number, by_epoch):
    """The second epoch's second iteration is finished and saved; resumed, the third follows, not the first."""
    sampler, schedule = ('DefaultSampler', BY_EPOCH) if by_epoch else ('InfiniteSampler', BY_ITERATION)
    settings = SETTINGS.replace('SAMPLER', sampler).replace('SEED', '3') + schedule
    last = 'epoch_3.pth' if by_epoch else 'iter_7.pth'
    code, output = train(settings, tmp_path / 'whole')
    assert code == 0, output[-3000:]

    folder = tmp_path / 'interrupted'
    code, output = train(settings, folder, KILL_IN=4, KILL_SIGNAL=int(number))
    assert code == 128 + number, output[-3000:]
    saved = folder / 'interrupted.pth'
    assert f'stopped after iteration 5, saved as {saved}; --resume continues there' in output
    assert 'Traceback' not in output
    assert state(saved)['meta']['iter'] == 5

    code, output = train(settings, folder, '--resume')
    assert code == 0, output[-3000:]
    assert 'training starts from iteration 5' in output
    assert_same(state(folder / last), state(tmp_path / 'whole' / last))
    # Its place is taken by the next regular checkpoint.
    assert not saved.exists()


def test_interrupted_validation_keeps_weights_and_averages_apart(train, tmp_path):
    """While the averages are validated they stand where the weights are."""
    settings = SETTINGS.replace('SAMPLER', 'InfiniteSampler').replace('SEED', '3') + BY_ITERATION
    code, output = train(settings, tmp_path / 'whole')
    assert code == 0, output[-3000:]
    folder = tmp_path / 'interrupted'
    code, output = train(settings, folder, KILL_VALIDATING=3, KILL_SIGNAL=int(signal.SIGINT))
    assert code == 128 + signal.SIGINT, output[-3000:]
    assert state(folder / 'interrupted.pth')['meta']['iter'] == 3
    code, output = train(settings, folder, '--resume')
    assert code == 0, output[-3000:]
    assert_same(state(folder / 'iter_7.pth'), state(tmp_path / 'whole' / 'iter_7.pth'))
