"""Checkpoints are whole, and the latest whole one is found."""

from pathlib import Path

import pytest
import torch
from mmengine.fileio import get_file_backend

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


def test_hook_is_registered_in_mmrotate():
    from mmrotate.registry import HOOKS

    assert HOOKS.get('SafeCheckpointHook') is SafeCheckpointHook
