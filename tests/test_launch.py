"""From a config and the command line's options to a runner."""

import argparse
from pathlib import Path

import pytest
from mmengine.config import Config

from ship_det.commands.config_arguments import load_config
from ship_det.hooks import StartedHook
from ship_det.launch import build_runner, discard_failed_start

CONFIG = """
data_root = 'data/default'
train_dataloader = dict(dataset=dict(data_root=data_root, ann_file='train.txt'))
"""


@pytest.fixture
def arguments(tmp_path) -> argparse.Namespace:
    path = tmp_path / 'small.py'
    path.write_text(CONFIG)
    unset = dict.fromkeys(('work_dir', 'data_root', 'classes', 'other_classes'))
    return argparse.Namespace(config=str(path), cfg_options=[], launcher='none', local_rank=0, **unset)


@pytest.fixture
def no_torchrun(monkeypatch):
    for name in ('TORCHELASTIC_RUN_ID', 'RANK', 'WORLD_SIZE'):
        monkeypatch.delenv(name, raising=False)


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


@pytest.fixture
def config(tmp_path) -> Config:
    path = tmp_path / 'small.py'
    path.touch()
    return Config(dict(work_dir=str(tmp_path / 'deep' / 'work')), filename=str(path))


def make_run(config: Config, started: StartedHook) -> Path:
    """What a runner makes in its work dir before anything is trained."""
    folder = Path(config.work_dir) / '20260102_030405'
    started.folders.append(folder)
    started.wrote_config = True
    (folder / 'vis_data').mkdir(parents=True)
    (folder / 'run.log').touch()
    (folder.parent / 'small.py').write_text('new')
    return folder


def test_a_failed_start_leaves_no_folder(config, tmp_path):
    with pytest.raises(ValueError, match='no such folder'), discard_failed_start(config) as started:
        make_run(config, started)
        raise ValueError('no such folder')
    assert [path.name for path in tmp_path.iterdir()] == ['small.py']


def test_a_failed_start_leaves_what_was_there(config):
    work = Path(config.work_dir)
    (work / '20250101_000000').mkdir(parents=True)
    (work / 'iter_1.pth').touch()
    (work / 'small.py').write_text('old')
    with pytest.raises(KeyboardInterrupt), discard_failed_start(config) as started:
        make_run(config, started)
        raise KeyboardInterrupt
    assert sorted(path.name for path in work.iterdir()) == ['20250101_000000', 'iter_1.pth', 'small.py']
    assert (work / 'small.py').read_text() == 'old'


def test_a_training_that_fails_later_keeps_its_log(config):
    with pytest.raises(ValueError, match='loss'), discard_failed_start(config) as started:
        folder = make_run(config, started)
        started.after_train_iter(None, 0)
        raise ValueError('loss is nan')
    assert (folder / 'run.log').is_file()


def test_a_failed_start_leaves_what_another_process_makes_meanwhile(config):
    with pytest.raises(ValueError, match='refused'), discard_failed_start(config) as started:
        make_run(config, started)
        other = Path(config.work_dir) / '20260102_030406'
        other.mkdir()
        raise ValueError('refused')
    assert list(Path(config.work_dir).iterdir()) == [other]
