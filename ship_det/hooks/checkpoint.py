"""Checkpoints that a training can be resumed from, whenever its process was killed: how they are written and found."""

import os
import re
import zipfile
from pathlib import Path
from typing import Any

from mmengine.dist import is_main_process
from mmengine.fileio import LocalBackend, register_backend
from mmengine.hooks import CheckpointHook
from mmengine.runner import Runner
from mmrotate.registry import HOOKS

from ship_det.files import read_text, replacing

NAME = re.compile(r'(?:epoch|iter)_(\d+)\.pth')
#: What a training that was interrupted leaves behind; the next regular checkpoint replaces it.
INTERRUPTED = 'interrupted.pth'


@register_backend('whole_files')
class WholeFilesBackend(LocalBackend):
    """Local files that are either whole or not there."""

    def put(self, obj: bytes, filepath: str | os.PathLike) -> None:
        """Write ``obj`` to ``filepath``, onto the disk."""
        path = Path(filepath)
        path.parent.mkdir(parents=True, exist_ok=True)
        # One process writes checkpoints; the next one overwrites what a killed one has left.
        with replacing(path, owner='part') as temporary, open(temporary, 'wb') as file:
            file.write(obj)
            file.flush()
            os.fsync(file.fileno())


@HOOKS.register_module()
class SafeCheckpointHook(CheckpointHook):
    """MMEngine's CheckpointHook, safe against a process killed while it writes.

    A local checkpoint is written under another name and renamed, and an outdated one, the best so far too, is removed
    after the new one is there and not before.
    """

    backend_args: dict[str, Any] | None

    def before_train(self, runner: Runner) -> None:
        """Choose how files are written, unless the config says it."""
        if self.backend_args is None and self.file_client_args is None and '://' not in (self.out_dir or ''):
            self.backend_args = {'backend': 'whole_files'}
        super().before_train(runner)

    @property
    def best_checkpoints(self) -> dict[str, str]:
        """Paths of the best checkpoints so far, by the metric that each is best in."""
        if not self.save_best:
            return {}
        several = len(self.key_indicators) > 1
        paths = self.best_ckpt_path_dict if several else {self.key_indicators[0]: self.best_ckpt_path}
        return {metric: str(path) for metric, path in paths.items() if path}

    def after_val_epoch(self, runner: Runner, metrics: dict) -> None:
        """Save the best checkpoint, and once more the one of this step, for what the validation has told."""
        super().after_val_epoch(runner, metrics)
        step = runner.epoch if self.by_epoch else runner.iter
        path = self.file_backend.join_path(self.out_dir, self.filename_tmpl.format(step))
        if self.file_backend.isfile(path):
            self._save_checkpoint_with_step(runner, step, {'epoch': runner.epoch, 'iter': runner.iter})

    def _save_best_checkpoint(self, runner: Runner, metrics: dict) -> None:
        if not self.save_best:
            return
        several = len(self.key_indicators) > 1
        paths: Any = self.best_ckpt_path_dict if several else vars(self)
        kept = {key: paths.get(key) for key in (self.key_indicators if several else ['best_ckpt_path'])}
        # What MMEngine does not know of it does not remove.
        paths.update(dict.fromkeys(kept))
        super()._save_best_checkpoint(runner, metrics)
        for key, path in kept.items():
            if paths[key] is None:
                paths[key] = path
            elif path not in (None, paths[key]) and is_main_process() and self.file_backend.isfile(path):
                self.file_backend.remove(path)

    def _save_checkpoint_with_step(self, runner: Runner, step: int, meta: dict) -> None:
        outdated = None
        if (
            self.max_keep_ckpts > 0
            and len(self.keep_ckpt_ids) == self.max_keep_ckpts
            and step not in self.keep_ckpt_ids
        ):
            outdated = self.keep_ckpt_ids.popleft()
        super()._save_checkpoint_with_step(runner, step, meta)
        if is_main_process():
            for name in ([] if outdated is None else [self.filename_tmpl.format(outdated)]) + [INTERRUPTED]:
                path = self.file_backend.join_path(self.out_dir, name)
                if self.file_backend.isfile(path):
                    self.file_backend.remove(path)


def latest_checkpoint(work_dir: str | os.PathLike) -> Path | None:
    """The checkpoint to resume from: the one that ``last_checkpoint`` names, else the furthest one in the folder.

    Damaged ones are passed over. None if there is no whole checkpoint.
    """
    folder = Path(work_dir)
    record = folder / 'last_checkpoint'
    # Path('') is the folder itself: no file.
    named = Path(read_text(record).strip() if record.is_file() else '')
    steps = {path: int(match[1]) for path in folder.glob('*.pth') if (match := NAME.fullmatch(path.name))}
    for path in (named, folder / named.name, *sorted(steps, key=steps.__getitem__, reverse=True)):
        if path.is_file() and zipfile.is_zipfile(path):
            return path
    return None
