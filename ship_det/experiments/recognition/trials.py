"""The file of finished trials, one JSON line each.

::

    {"experiment": "mnist_lenet", "setting": "odd_10", "loss": "ci", "seed": 0, "config": {...}, "counts": [5923, ...],
     "accuracy": ..., "recalls": [...], "gmean": ..., "auc": ..., "train_loss": ..., "seconds": ..., "together": 6,
     "device": "cpu", "software": {"torch": "2.11.0", ...}}

``train_loss`` is null where training diverged. A line that a killed run left without its end is cut off.
"""

import json
import math
import os
from pathlib import Path
from typing import Any

from ship_det.experiments.recognition.training import TrialResult
from ship_det.files import parse_json

#: What makes a trial.
Key = tuple[str, str, int]
_KINDS = {
    **dict.fromkeys(('setting', 'loss'), str),
    **dict.fromkeys(('accuracy', 'gmean', 'auc', 'seconds'), int | float),
    **{'seed': int, 'config': dict, 'recalls': list, 'train_loss': int | float | None},
}
_KEYS = set(_KINDS)


class TrialFile:
    """Finished trials on disk.

    Args:
        path: file; it need not exist.

    Attributes:
        records: by setting, loss and seed.
    """

    def __init__(self, path: str | os.PathLike) -> None:
        self.path = Path(path)
        self.records: dict[Key, dict[str, Any]] = {}
        self._complete_bytes = 0
        if self.path.exists():
            self._read()

    def _read(self) -> None:
        content = self.path.read_bytes()
        self._complete_bytes = content.rfind(b'\n') + 1
        for number, line in enumerate(content[: self._complete_bytes].splitlines(), 1):
            try:
                record = parse_json(line.decode())
            except ValueError as error:
                raise ValueError(f'{self.path}, line {number}: found {line[:40]!r}, expected JSON') from error
            missing = sorted(_KEYS - set(record)) if isinstance(record, dict) else ['object']
            if missing:
                raise ValueError(f'{self.path}, line {number}: found no {missing[0]}, expected a trial')
            for key, kind in _KINDS.items():
                if not isinstance(record[key], kind) or isinstance(record[key], bool):
                    raise ValueError(f'{self.path}, line {number}: {key}: found {record[key]!r}, expected a trial')
            if not all(isinstance(recall, int | float) for recall in record['recalls']):
                raise ValueError(f'{self.path}, line {number}: recalls: found {record["recalls"]!r}, expected numbers')
            self.records[record['setting'], record['loss'], record['seed']] = record

    def check(self, key: Key, config: dict[str, Any]) -> bool:
        """Whether a trial is finished.

        Raises:
            ValueError: if it was made with another config.
        """
        record = self.records.get(key)
        if record is None:
            return False
        for name, value in json.loads(json.dumps(config)).items():
            if record['config'].get(name) != value:
                raise ValueError(
                    f'{self.path}: found setting {key[0]}, loss {key[1]} with {name} {record["config"].get(name)}, '
                    f'expected {value} as in the config; keep results of another config in another folder (--out)'
                )
        return True

    def add(self, records: list[dict[str, Any]]) -> None:
        """Append trials; they are on disk when this returns."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        lines = ''.join(json.dumps(record, ensure_ascii=False) + '\n' for record in records).encode()
        with self.path.open('ab') as file:
            file.truncate(self._complete_bytes)
            file.write(lines)
            file.flush()
            os.fsync(file.fileno())
        self._complete_bytes += len(lines)
        for record in records:
            self.records[record['setting'], record['loss'], record['seed']] = record


def to_record(result: TrialResult) -> dict[str, Any]:
    """What of a trial's line is its own."""
    return {
        'loss': result.loss,
        'seed': result.seed,
        'accuracy': result.scores.accuracy,
        'recalls': result.scores.recalls.tolist(),
        'gmean': result.scores.gmean,
        'auc': result.scores.auc,
        'train_loss': result.train_loss if math.isfinite(result.train_loss) else None,
        'seconds': round(result.seconds, 3),
        'together': result.together,
    }
