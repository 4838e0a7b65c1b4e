"""``chips.jsonl``: where each chip of a tiled data set comes from, one JSON line a chip."""

import json
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ship_det.annotations.files import read_text, write_text

INDEX_NAME = 'chips.jsonl'


@dataclass(frozen=True, slots=True)
class Chip:
    """One chip.

    Attributes:
        file: name of the chip in ``images/``.
        scene: file name of the scene that it was cut from.
        window: (x, y, w, h) px of the scene.
        counts: instances of each class that occurs; difficult ones do not count.
        size: (width, height) px of the chip where the window was resampled; None where its pixels are the scene's.
    """

    file: str
    scene: str
    window: tuple[int, int, int, int]
    counts: dict[str, int]
    size: tuple[int, int] | None = None

    def to_scene(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Move (..., 2) points from pixels of the chip to pixels of the scene."""
        x, y, *extent = self.window
        return np.asarray(points) * (np.array(extent) / (self.size or extent)) + [x, y]

    def to_json(self) -> str:
        record = {key: value for key, value in asdict(self).items() if value is not None}
        return json.dumps(record, ensure_ascii=False)


def read_chip_index(root: str | os.PathLike) -> list[Chip]:
    """Read the chips of a tiled data set from its root folder.

    Raises:
        ValueError: naming the file, and the line where one is not a chip.
    """
    path = Path(root) / INDEX_NAME
    if not path.is_file():
        raise ValueError(f'{path}: no such file, expected a data set made by tile.py')
    lines = enumerate(read_text(path).split('\n'), start=1)
    return [_parse_chip(path, number, line) for number, line in lines if line]


def write_chip_index(root: str | os.PathLike, chips: Iterable[Chip]) -> None:
    """Write ``chips.jsonl`` as a whole."""
    write_text(Path(root) / INDEX_NAME, ''.join(f'{chip.to_json()}\n' for chip in chips))


def _parse_chip(path: Path, number: int, line: str) -> Chip:
    try:
        record = json.loads(line)
        window = tuple(map(int, record['window']))
        if len(window) != 4:
            raise ValueError(f'a window of {len(window)} numbers')
        size = tuple(map(int, record['size'])) if 'size' in record else None
        if size is not None and (len(size) != 2 or min(size) < 1):
            raise ValueError(f'a size of {record["size"]}')
        counts = {str(name): int(count) for name, count in record['counts'].items()}
        return Chip(str(record['file']), str(record['scene']), window, counts, size)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(
            f'{path}:{number}: not a chip ({error!r}), expected '
            '{"file": NAME, "scene": NAME, "window": [x, y, w, h], "counts": {CLASS: n}}, where resampled with '
            '"size": [w, h]'
        ) from error
