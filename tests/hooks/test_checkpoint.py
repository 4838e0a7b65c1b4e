"""Checkpoints are whole, and the latest whole one is found."""

import logging
from pathlib import Path

import pytest
import torch
from mmengine.fileio import get_file_backend
from mmengine.logging import MessageHub

from ship_det.hooks import latest_checkpoint
from ship_det.hooks.checkpoint import SafeCheckpointHook


def save(path: Path) -> Path:
    torch.save({'weight': torch.arange(1000.0)}, path)
    return path


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def test_a_broken_write_leaves_the_old_file(tmp_path, monkeypatch):
    backend = get_file_backend(backend_args={'backend': 'whole_files'})
    path = tmp_path / 'new' / 'iter_1.pth'
    backend.put(b'first', path)

    def full_disk(file: int) -> None:
        raise OSError('No space left on device')

    monkeypatch.setattr('os.fsync', full_disk)
    with pytest.raises(OSError, match='No space'):
        backend.put(b'second', path)
    assert path.read_bytes() == b'first'
    assert latest_checkpoint(path.parent) is None


def test_recorded_checkpoint_comes_first(tmp_path):
    elsewhere = save(tmp_path / 'other.pth')
    folder = tmp_path / 'work'
    folder.mkdir()
    save(folder / 'iter_9.pth')
    (folder / 'last_checkpoint').write_text(f'{elsewhere}\n')
    assert latest_checkpoint(folder) == elsewhere


def test_moved_folder(tmp_path):
    save(tmp_path / 'epoch_3.pth')
    save(tmp_path / 'epoch_4.pth')
    (tmp_path / 'last_checkpoint').write_text('/gone/run/epoch_3.pth')
    assert latest_checkpoint(tmp_path) == tmp_path / 'epoch_3.pth'


@pytest.mark.parametrize('record', [None, '', 'iter_12.pth', 'iter_99.pth'])
def test_furthest_whole_checkpoint_without_a_good_record(tmp_path, record):
    for name in ('iter_8.pth', 'iter_10.pth', 'iter_12.pth', 'best_voc_mAP_iter_11.pth'):
        save(tmp_path / name)
    truncate(tmp_path / 'iter_12.pth')
    if record is not None:
        (tmp_path / 'last_checkpoint').write_text(record)
    assert latest_checkpoint(tmp_path) == tmp_path / 'iter_10.pth'


def test_nothing_to_resume_from(tmp_path):
    assert latest_checkpoint(tmp_path) is None
    assert latest_checkpoint(tmp_path / 'none') is None


class Writer:
    """What a checkpoint hook needs of a runner; notes what is in the folder when a checkpoint is written."""

    def __init__(self, work_dir: Path) -> None:
        self.work_dir = str(work_dir)
        self.epoch = self.iter = 0
        self.logger = logging.getLogger('writer')
        self.message_hub = MessageHub(f'writer {work_dir}')
        self.seen: list[list[str]] = []

    def save_checkpoint(self, out_dir: str, filename: str, *args: object, **options: object) -> None:
        self.seen.append(sorted(path.name for path in Path(out_dir).glob('best_*')))
        (Path(out_dir) / filename).touch()


@pytest.mark.parametrize('metrics', [['voc/mAP'], ['voc/mAP', 'voc/AP']])
def test_the_best_so_far_is_there_until_a_better_one_is(tmp_path, metrics):
    hook, runner = SafeCheckpointHook(by_epoch=True, save_best=metrics, rule='greater'), Writer(tmp_path)
    hook.before_train(runner)
    for epoch, value in enumerate((0.1, 0.05, 0.3), start=1):
        runner.epoch = epoch
        hook.after_val_epoch(runner, dict.fromkeys(metrics, value))
    names = {key: f'best_{key.replace("/", "_")}_epoch_' for key in metrics}
    assert sorted(path.name for path in tmp_path.glob('best_*')) == sorted(f'{name}3.pth' for name in names.values())
    assert {f'{name}1.pth' for name in names.values()} <= {*runner.seen[-1], *runner.seen[-2]}
    assert hook.best_checkpoints == {key: str(tmp_path / f'{name}3.pth') for key, name in names.items()}
    assert runner.message_hub.get_info('best_ckpt' if len(metrics) == 1 else 'best_ckpt_voc/mAP').endswith('_3.pth')


def test_hook_is_registered_in_mmrotate():
    from mmrotate.registry import HOOKS

    assert HOOKS.get('SafeCheckpointHook') is SafeCheckpointHook
