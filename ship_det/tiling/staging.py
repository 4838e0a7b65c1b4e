"""The output folder of a tiling run: staged while it grows, moved into place as a whole, resumable after a kill.

All files are made in ``OUT/.tiling``. A batch of chips counts as done once its marker is there, so a chip that was
being written when the run was killed is written again. ``chips.jsonl`` appears last: a folder that has it is complete.
"""

import hashlib
import json
import os
import shutil
from pathlib import Path
from typing import Any

from ship_det.annotations.files import read_text, write_text

from .chip_index import INDEX_NAME, Chip, write_chip_index

RECORD_NAME = 'tiling.json'
_PARTS = ('images', 'labelTxt')


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
        self.options = options
        self.inputs = inputs
        self.complete = (root / INDEX_NAME).exists()
        if self.complete:
            self._check_record(root / RECORD_NAME, {'options': options, 'inputs': inputs})
            return
        if (self.stage / RECORD_NAME).exists():
            self._check_record(self.stage / RECORD_NAME, {'options': options})
            return
        foreign = [root / name for name in _PARTS if (root / name).exists()]
        if foreign:
            raise ValueError(f'{foreign[0]}: already there, expected a folder without a data set')
        for part in (*_PARTS, 'done'):
            (self.stage / part).mkdir(parents=True, exist_ok=True)
        write_text(self.stage / RECORD_NAME, json.dumps({'options': options}))

    @property
    def images(self) -> Path:
        return self.stage / 'images'

    @property
    def labels(self) -> Path:
        return self.stage / 'labelTxt'

    def is_done(self, scene: str, batch: int) -> bool:
        """Whether a batch of a scene was finished, by this run or by one before it on the same input."""
        marker = self._marker(scene, batch)
        return marker.exists() and marker.read_text() == self.inputs[scene]

    def mark_done(self, scene: str, batch: int) -> None:
        write_text(self._marker(scene, batch), self.inputs[scene])

    def finish(self, chips: list[Chip]) -> None:
        """Move everything into place; files of a scene that changed between two runs are left out."""
        for part in _PARTS:
            staged, final = self.stage / part, self.root / part
            if staged.exists():
                expected = {Path(chip.file).stem for chip in chips}
                for path in staged.iterdir():
                    if path.stem not in expected:
                        path.unlink()
                os.replace(staged, final)
        write_text(self.root / RECORD_NAME, json.dumps({'options': self.options, 'inputs': self.inputs}, indent=1))
        write_chip_index(self.root, chips)
        shutil.rmtree(self.stage)

    def _marker(self, scene: str, batch: int) -> Path:
        return self.stage / 'done' / f'{scene}.{batch}'

    def _check_record(self, path: Path, expected: dict[str, Any]) -> None:
        if not path.exists():
            raise ValueError(f'{self.root}: holds a {INDEX_NAME} but no {RECORD_NAME}, expected a folder of its own')
        try:
            found = json.loads(read_text(path))
            differing = [key for key, value in expected['options'].items() if found['options'].get(key) != value]
            changed = 'inputs' in expected and found['inputs'] != expected['inputs']
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ValueError(f'{path}: not the record of a tiling run ({error!r})') from error
        if differing:
            key = differing[0]
            raise ValueError(
                f'{self.root}: made with {key} {found["options"].get(key)}, not {expected["options"][key]}; '
                'expected the same options or another folder'
            )
        if changed:
            raise ValueError(f'{self.root}: made from other scenes or labels; expected the same ones or another folder')


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
