"""From a config and the command line's options to a runner."""

import argparse
from pathlib import Path

import pytest
from mmengine.config import Config

from ship_det.launch import build_runner, load_config

CONFIG = """
data_root = 'data/default'
train_dataloader = dict(dataset=dict(data_root=data_root, ann_file='train.txt'))
val_dataloader = dict(dataset=dict(dataset=dict(data_root=data_root), other=dict(data_root='data/other')))
"""


@pytest.fixture
def arguments(tmp_path) -> argparse.Namespace:
    path = tmp_path / 'small.py'
    path.write_text(CONFIG)
    return argparse.Namespace(config=str(path), cfg_options=[], launcher='none', local_rank=0, work_dir=None)


@pytest.fixture
def no_torchrun(monkeypatch):
    for name in ('TORCHELASTIC_RUN_ID', 'RANK', 'WORLD_SIZE'):
        monkeypatch.delenv(name, raising=False)


def test_data_root_reaches_the_data_sets_built_from_it(arguments):
    arguments.cfg_options = ['data_root=/chips', 'train_dataloader.dataset.ann_file=a.txt']
    cfg = load_config(arguments)
    assert cfg.train_dataloader.dataset == dict(data_root='/chips', ann_file='a.txt')
    assert cfg.val_dataloader.dataset == dict(dataset=dict(data_root='/chips'), other=dict(data_root='data/other'))


def test_work_dir_is_named_after_the_config(arguments):
    assert Path(load_config(arguments).work_dir) == Path('work_dirs/small')
    arguments.work_dir = 'elsewhere'
    assert load_config(arguments).work_dir == 'elsewhere'


def test_torchrun_needs_no_launcher_option(arguments, no_torchrun, monkeypatch):
    assert load_config(arguments).launcher == 'none'
    monkeypatch.setenv('TORCHELASTIC_RUN_ID', 'any')
    assert load_config(arguments).launcher == 'pytorch'


def test_launcher_without_torchrun(arguments, no_torchrun):
    arguments.launcher = 'pytorch'
    with pytest.raises(ValueError, match=r'--launcher pytorch: found no RANK .* torchrun'):
        load_config(arguments)


def test_other_launchers_need_gpus(monkeypatch):
    monkeypatch.setattr('ship_det.launch.get_device', lambda: 'cpu')
    with pytest.raises(ValueError, match='--launcher slurm: found no GPU'):
        build_runner(Config(dict(launcher='slurm')))
