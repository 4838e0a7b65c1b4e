"""``chips.jsonl``: where each chip of a tiled data set comes from, one JSON line a chip."""

import json
import math
import os
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rasterio import Affine

from ship_det.files import parse_json, read_text, write_text
from ship_det.raster import Georeference

INDEX_NAME = 'chips.jsonl'
# No image is as large, no chip shows as many objects.
_LIMIT = 2**31


@dataclass(frozen=True, slots=True)
class Chip:
    """One chip.

    Attributes:
        file: name of the chip in ``images/``.
        scene: file name of the scene that it was cut from.
        window: (x, y, w, h) px of the scene.
        counts: instances of each class that occurs; difficult ones do not count.
        size: (width, height) px of the chip where the window was resampled; None where its pixels are the scene's.
        added: it is none of the grid: labels chose its place, so that it shows ships whole; None where an index does
            not say.
        crs: coordinate reference system of a scene that knows where it lies, as PROJ takes it; None of others, and of
            one that control points put on the map.
        transform: (a, b, c, d, e, f) with map x = a x + b y + c and map y = d x + e y + f for px (x, y) of the chip.
    """

    file: str
    scene: str
    window: tuple[int, int, int, int]
    counts: dict[str, int]
    size: tuple[int, int] | None = None
    added: bool | None = False
    crs: str | None = None
    transform: tuple[float, ...] | None = None

    @property
    def georeference(self) -> Georeference | None:
        """Where the chip lies on Earth; None where that is not known."""
        return Georeference(self.crs, self.transform) if self.crs is not None else None

    @property
    def empty(self) -> bool:
        """Whether it shows no object to find or to learn from; difficult ones it may show."""
        return not any(self.counts.values())

    @property
    def _scale(self) -> NDArray[np.float64]:
        """Width and height, px of the scene, of a pixel of the chip."""
        extent = self.window[2:]
        return np.array(extent) / (self.size or extent)

    def to_scene(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Move (..., 2) points from pixels of the chip to pixels of the scene."""
        return np.asarray(points) * self._scale + self.window[:2]

    def placed(self, scene: Georeference | None) -> 'Chip':
        """The chip with CRS and transform, where its scene has an affine one."""
        if scene is None or scene.affine is None:
            return self
        x, y, *_ = self.window
        transform = Affine(*scene.affine) * Affine.translation(x, y) * Affine.scale(*self._scale)
        return replace(self, crs=scene.crs, transform=tuple(map(float, transform[:6])))

    @property
    def scene_georeference(self) -> Georeference | None:
        """Where its scene lies on Earth, as far as the chip knows."""
        if self.crs is None or self.transform is None:
            return None
        x, y, *_ = self.window
        transform = Affine(*self.transform) * ~Affine.scale(*self._scale) * Affine.translation(-x, -y)
        return Georeference(self.crs, tuple(map(float, transform[:6])))


def read_chip_index(root: str | os.PathLike) -> list[Chip]:
    """Read the chips of a tiled data set from its root folder.

    Raises:
        ValueError: naming the file, and the line where one is not a chip.
    """
    path = Path(root) / INDEX_NAME
    if not path.is_file():
        raise ValueError(f'{path}: no such file, expected a data set made by ship-det tile')
    lines = enumerate(read_text(path).split('\n'), start=1)
    chips = [(number, _parse_chip(path, number, line)) for number, line in lines if line]
    seen: dict[str, int] = {}
    for number, chip in chips:
        if chip.file in seen:
            raise ValueError(f'{path}:{number}: {chip.file} is on line {seen[chip.file]} already, expected it once')
        seen[chip.file] = number
    return [chip for _, chip in chips]


def write_chip_index(root: str | os.PathLike, chips: Iterable[Chip]) -> None:
    """Write ``chips.jsonl`` as a whole, without what is not known of a chip."""
    records = ({key: value for key, value in asdict(chip).items() if value is not None} for chip in chips)
    write_text(Path(root) / INDEX_NAME, ''.join(f'{json.dumps(record, ensure_ascii=False)}\n' for record in records))


def class_counts(chips: Sequence[Chip]) -> Counter[str]:
    """Instances of each class over chips."""
    total: Counter[str] = Counter()
    for chip in chips:
        total.update(chip.counts)
    return total


def shared_area(chip: Chip, others: Sequence[Chip]) -> NDArray[np.float64]:
    """Area that a chip's window shares with those of others of its scene, as a share of the smaller one, (N,)."""
    x, y, w, h = chip.window
    windows = np.array([other.window for other in others], dtype=np.float64).reshape(-1, 4)
    width = np.minimum(x + w, windows[:, 0] + windows[:, 2]) - np.maximum(x, windows[:, 0])
    height = np.minimum(y + h, windows[:, 1] + windows[:, 3]) - np.maximum(y, windows[:, 1])
    smaller = np.minimum(w * h, windows[:, 2] * windows[:, 3])
    return np.maximum(width, 0) * np.maximum(height, 0) / np.maximum(smaller, 1)


def check_file_name(found: Any) -> str:
    """A name that a line of a list can hold and that leads out of no folder.

    Raises:
        ValueError: it does not.
    """
    if not isinstance(found, str) or found in ('', '.', '..') or any(char == '/' or char < ' ' for char in found):
        raise ValueError(f'the file name {found!r}: expected one without folders and control characters')
    return found


def _parse_chip(path: Path, number: int, line: str) -> Chip:
    try:
        record = parse_json(line)
        x, y, *extent = _whole_numbers(record['window'], 4)
        width, height = _whole_numbers(extent, 2, least=1)
        size = None
        if 'size' in record:
            chip_width, chip_height = _whole_numbers(record['size'], 2, least=1)
            size = chip_width, chip_height
        counts = dict(zip(record['counts'], _whole_numbers([*record['counts'].values()]), strict=True))
        file, scene = check_file_name(record['file']), check_file_name(record['scene'])
        added = record.get('added')
        if 'added' in record and not isinstance(added, bool):
            raise ValueError(f'found "added": {added!r}')
        crs, transform = _parse_place(record)
        return Chip(file, scene, (x, y, width, height), counts, size, added, crs, transform)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(
            f'{path}:{number}: not a chip ({error!r}), expected '
            '{"file": NAME, "scene": NAME, "window": [x, y, w, h], "counts": {CLASS: n}, "added": false}, where '
            'resampled with "size": [w, h], where its place on Earth is known with "crs": TEXT, "transform": '
            '[a, b, c, d, e, f]'
        ) from error


def _parse_place(record: dict[str, Any]) -> tuple[str | None, tuple[float, ...] | None]:
    if 'crs' not in record and 'transform' not in record:
        return None, None
    crs, transform = record['crs'], record['transform']
    if not isinstance(crs, str) or not crs.strip():
        raise ValueError(f'found "crs": {crs!r}')
    is_list = isinstance(transform, list) and len(transform) == 6
    if not is_list or not all(type(value) in (int, float) and math.isfinite(value) for value in transform):
        raise ValueError(f'found "transform": {transform!r}')
    a, b, _, d, e, _ = transform
    if not a * e - b * d:
        raise ValueError(f'found "transform": {transform!r}, which has no way back')
    return crs, tuple(map(float, transform))


def _whole_numbers(found: Any, number: int | None = None, least: int = 0) -> list[int]:
    if not isinstance(found, list) or number not in (None, len(found)):
        raise ValueError(f'found {found!r}')
    for value in found:
        if type(value) is not int or not least <= value < _LIMIT:
            raise ValueError(f'found the number {value!r}')
    return found
