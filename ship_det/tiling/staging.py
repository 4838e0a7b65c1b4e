"""The output folder of a tiling run: staged while it grows, moved into place as a whole, resumable after a kill.

All files are made in ``OUT/.tiling``. A batch of chips counts as done once a note says so, so a chip that was being
written when the run was killed is written again. ``chips.jsonl`` appears last: a folder that has it is complete.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ship_det.annotations import DotaFolder
from ship_det.files import parse_json, read_text, write_text
from ship_det.tiling.chip_index import INDEX_NAME, Chip, write_chip_index
from ship_det.tiling.options import TilingOptions

RECORD_NAME = 'tiling.json'


class StagedOutput:
    """The output folder of a run.

    Args:
        root: output folder, made where missing.
        options: how the scenes are cut; a folder made with other options is refused.
        inputs: a digest for each scene, see :func:`fingerprint`.

    Raises:
        ValueError: the folder holds a data set made otherwise, or files of another origin.
    """

    def __init__(self, root: Path, options: dict[str, Any], inputs: dict[str, str]):
        self.root = root
        self.stage = root / '.tiling'
        #: The chips and their labels while they are cut.
        self.staged = DotaFolder(self.stage)
        # As they read back: tuples become lists.
        self.options = json.loads(json.dumps(options))
        self.inputs = inputs
        #: What the record of a complete folder says.
        self.record: dict[str, Any] = {}
        self._made: list[Path] = []
        self.complete = (root / INDEX_NAME).exists()
        if self.complete:
            self.record = self._check_record(root / RECORD_NAME, {'options': self.options, 'inputs': inputs})
            # Left by a run that was killed after its last step but one.
            shutil.rmtree(self.stage, ignore_errors=True)
            return
        if (self.stage / RECORD_NAME).exists():
            self._check_record(self.stage / RECORD_NAME, {'options': self.options})
            return
        self._made = [path for path in (root, *root.parents) if not path.exists()]
        foreign = [path for path in DotaFolder(root).folders if path.exists()]
        if foreign:
            raise ValueError(f'{foreign[0]}: already there, expected a folder without a data set')
        self.staged.make()
        (self.stage / 'done').mkdir(exist_ok=True)
        write_text(self.stage / RECORD_NAME, json.dumps({'options': self.options}))

    @contextmanager
    def discarded_if_nothing_is_done(self) -> Iterator[None]:
        """Leave nothing behind where the block fails before the first step is noted: there is nothing to go on from."""
        try:
            yield
        except (ValueError, OSError):
            if not any((self.stage / 'done').iterdir()):
                self.discard()
            raise

    def discard(self) -> None:
        """Remove what was made, and the folders that were not there before."""
        shutil.rmtree(self.stage, ignore_errors=True)
        for path in self._made:
            with suppress(OSError):
                path.rmdir()

    def note(self, scene: str, what: str, content: Any) -> None:
        """Note on disk that a step of a scene is finished, and what came of it."""
        write_text(self._note_path(scene, what), json.dumps({'input': self.inputs[scene], 'content': content}))

    def is_noted(self, scene: str, what: str) -> bool:
        """Whether a step was finished, by this run or by one before it on the same input."""
        return self._read_note(scene, what).get('input') == self.inputs[scene]

    def noted(self, scene: str, what: str) -> Any:
        """What came of a step; None where it was not finished or not taken."""
        return self._read_note(scene, what).get('content')

    def finish(self, chips: list[Chip], details: dict[str, Any]) -> None:
        """Move everything into place; files of a scene that changed between two runs are left out.

        Args:
            chips: that were written.
            details: what else the record is to say of the run.
        """
        expected = {Path(chip.file).stem for chip in chips}
        for staged, final in zip(self.staged.folders, DotaFolder(self.root).folders, strict=True):
            if staged.exists():
                for path in staged.iterdir():
                    if path.stem not in expected:
                        path.unlink()
                os.replace(staged, final)
        record = {'options': self.options, 'inputs': self.inputs, **details}
        # Made in the stage, so that a kill leaves no temporary file beside the finished ones.
        write_text(self.stage / 'record', json.dumps(record, indent=1))
        write_chip_index(self.stage, chips)
        os.replace(self.stage / 'record', self.root / RECORD_NAME)
        os.replace(self.stage / INDEX_NAME, self.root / INDEX_NAME)
        shutil.rmtree(self.stage)

    def _note_path(self, scene: str, what: str) -> Path:
        return self.stage / 'done' / f'{scene}.{what}'

    def _read_note(self, scene: str, what: str) -> dict[str, Any]:
        path = self._note_path(scene, what)
        return parse_json(read_text(path)) if path.exists() else {}

    def _check_record(self, path: Path, expected: dict[str, Any]) -> dict[str, Any]:
        if not path.exists():
            raise ValueError(f'{self.root}: holds a {INDEX_NAME} but no {RECORD_NAME}, expected a folder of its own')
        try:
            found = parse_json(read_text(path))
            # An option that is newer than the record had its default; nan is itself.
            made = {**json.loads(json.dumps(asdict(TilingOptions()))), **found['options']}
            differing = [key for key, value in expected['options'].items() if repr(made.get(key)) != repr(value)]
            changed = 'inputs' in expected and found['inputs'] != expected['inputs']
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ValueError(f'{path}: not the record of a tiling run ({error!r})') from error
        if differing:
            key = differing[0]
            raise ValueError(
                f'{self.root}: made with {key} {made.get(key)}, not {expected["options"][key]}; '
                'expected the same options or another folder'
            )
        if changed:
            raise ValueError(f'{self.root}: made from other scenes or labels; expected the same ones or another folder')
        return found


def fingerprint(image: Path, labels: Path) -> str:
    """Digest of a scene: its size, both ends of its file and its labels; the pixels between are not read."""
    digest = hashlib.sha256()
    size = image.stat().st_size
    digest.update(str(size).encode())
    with image.open('rb') as file:
        digest.update(file.read(1 << 16))
        file.seek(max(size - (1 << 16), 0))
        digest.update(file.read())
    digest.update(labels.read_bytes() if labels.is_file() else b'unlabeled')
    return digest.hexdigest()
