"""Scenes on disk: tiled, georeferenced GeoTIFF with DOTA labels, in one process or several, resumable."""

import json
import os
import zlib
from collections import Counter, deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import asdict, dataclass
from functools import lru_cache
from itertools import cycle
from pathlib import Path

import cv2
import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.errors import RasterioError
from rasterio.windows import Window

from ship_det.annotations import AOSR15_CLASSES, DotaFolder, LabeledObject, read_dota, write_dota
from ship_det.files import parse_json, read_text, replacing, write_text
from ship_det.processes import pools_of_one
from ship_det.simulation.harbor import LOOK, PLACE, SceneSpec, build_harbor, stream
from ship_det.simulation.render import Renderer
from ship_det.simulation.ships import Ship, label_ships

MANIFEST = 'simulation.json'
# Rows that one task draws: a multiple of the blocks and of the tiles of the file.
_STRIP = 1024
_TILE = 512
# A scene up to this size is one task.
_WHOLE = 4096
# Harbors on the real coasts of these zones: UTM zone 18 north around Norfolk, 51 north around Shanghai and Sasebo.
_PLACES = ((32618, 380_000.0, 4_090_000.0), (32651, 560_000.0, 3_600_000.0))


#: Rows of pixels of a scene, and the ships on it with how many of each class found no place.
Strip = tuple[NDArray[np.uint8], list[Ship], dict[str, int]]


@dataclass(frozen=True)
class SceneReport:
    """One finished scene: its number, whether it was there before, ships by class and those without a place."""

    number: int
    skipped: bool
    counts: dict[str, int]
    missing: dict[str, int]


def simulate(out: str | os.PathLike, spec: SceneSpec, scenes: int, workers: int = 1,
             progress: Callable[[int], object] = lambda rows: None) -> list[SceneReport]:  # fmt: skip
    """Write scenes to ``out/images`` and their labels to ``out/labelTxt``; finished ones are left as they are.

    The bytes of a scene depend on the spec and its number only.

    Args:
        out: folder; made where it is missing.
        spec: what the scenes are made of.
        scenes: how many.
        workers: processes that draw.
        progress: called with the number of rows of pixels that were finished.

    Returns:
        One report a scene, in order.

    Raises:
        ValueError: the folder holds scenes made from another spec, or something else.
    """
    out = Path(out)
    if scenes < 0:
        raise ValueError(f'scenes: expected a number of at least 0, found {scenes}')
    if workers < 1:
        raise ValueError(f'workers: expected a number of at least 1, found {workers}')
    _claim(out, spec)
    todo = [number for number in range(scenes) if not _paths(out, number)[0].exists()]
    for number in range(scenes):
        if number not in todo:
            progress(spec.size)
    strips = _draw_all(spec, todo, workers)
    written = {number: _write(out, spec, number, strips, progress) for number in todo}
    for number in set(range(scenes)) - written.keys():
        objects = read_dota(_paths(out, number)[1], AOSR15_CLASSES)
        written[number] = SceneReport(number, True, _count(objects), {})
    return [written[number] for number in range(scenes)]


def _claim(out: Path, spec: SceneSpec) -> None:
    """Write the parameters into the folder, or check that they are the ones it was made with."""
    manifest, wanted = out / MANIFEST, {'format': 2, **asdict(spec)}
    if manifest.exists():
        try:
            found = parse_json(read_text(manifest))
        except ValueError as error:
            raise ValueError(f'{manifest}: expected the parameters of a simulation as JSON: {error}') from error
        if found != wanted:
            changed = [key for key in wanted if not isinstance(found, dict) or found.get(key) != wanted[key]]
            raise ValueError(
                f'{manifest}: the folder holds scenes made with other parameters ({", ".join(changed)}): '
                f'found {found}, expected {wanted}; use another folder'
            )
        return
    folder = DotaFolder(out)
    if folder.image_dir.exists() and any(folder.image_dir.iterdir()):
        raise ValueError(f'{out}: holds images but no {MANIFEST}, expected an empty or a new folder')
    folder.make()
    write_text(manifest, json.dumps(wanted, indent=1) + '\n')


def _paths(out: Path, number: int) -> tuple[Path, Path]:
    folder, name = DotaFolder(out), f'scene_{number:04d}'
    return folder.image_dir / f'{name}.tif', folder.label_dir / f'{name}.txt'


def _draw_all(spec: SceneSpec, numbers: list[int], workers: int) -> Iterator[Strip]:
    """The strips of all scenes in order, a few of them drawn ahead."""
    step = spec.size if spec.size <= _WHOLE else _STRIP
    # Scene, first row and rows of each strip, in the order they are written.
    tasks = [(number, top, min(step, spec.size - top)) for number in numbers for top in range(0, spec.size, step)]
    workers = min(workers, len(tasks))
    if workers <= 1:
        for task in tasks:
            yield _draw(spec, *task)
        return
    pending: deque[Future] = deque()
    with pools_of_one(workers, __name__) as pools:
        for task, pool in zip(tasks, cycle(pools)):
            pending.append(pool.submit(_draw_in_worker, spec, *task))
            if len(pending) > 2 * workers:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()


def _draw_in_worker(spec: SceneSpec, number: int, top: int, height: int) -> Strip:
    # OpenCV's own threads would only compete with the other workers.
    cv2.setNumThreads(1)
    return _draw(spec, number, top, height)


def _draw(spec: SceneSpec, number: int, top: int, height: int) -> Strip:
    renderer = _renderer(spec, number)
    return renderer.rows(top, height), renderer.harbor.ships, renderer.harbor.missing


# A worker draws the strips of a scene one after the other.
@lru_cache(maxsize=1)
def _renderer(spec: SceneSpec, number: int) -> Renderer:
    return Renderer(build_harbor(spec, number), spec, stream(spec, number, LOOK))


def _write(out: Path, spec: SceneSpec, number: int, strips: Iterator[Strip],
           progress: Callable[[int], object]) -> SceneReport:  # fmt: skip
    image_path, label_path = _paths(out, number)
    try:
        # The image takes its place last: where it is there, the scene is complete.
        with replacing(image_path, owner='part') as temporary:
            # A killed run leaves half a file, which GDAL would try to read before it overwrites it.
            temporary.unlink(missing_ok=True)
            ships, missing = _write_image(temporary, spec, number, strips, progress)
            objects = label_ships(ships, spec.gsd)
            write_dota(label_path, objects)
    except RasterioError as error:
        raise OSError(f'{image_path}: cannot be written, is the disk full? {error.__cause__ or error}') from error
    return SceneReport(number, False, _count(objects), missing)


def _write_image(path: Path, spec: SceneSpec, number: int, strips: Iterator[Strip],
                 progress: Callable[[int], object]) -> tuple[list[Ship], dict[str, int]]:  # fmt: skip
    """Write the strips of one scene; returns its ships and how many of each class found no place."""
    checksum = 0
    heights: list[int] = []
    # A cache of fixed size: with GDAL's own, the order of the tiles in the file would depend on the machine.
    with rasterio.Env(GDAL_CACHEMAX=64):
        with rasterio.open(path, 'w', **_profile(spec, number)) as file:
            while sum(heights) < spec.size:
                pixels, ships, missing = next(strips)
                window = Window(0, sum(heights), spec.size, len(pixels))
                file.write(np.moveaxis(pixels, 2, 0), window=window)
                checksum = zlib.crc32(pixels.data, checksum)
                heights.append(len(pixels))
                progress(len(pixels))
        # GDAL does not report a disk that is full when the file is closed.
        if checksum != _read_checksum(path, heights):
            raise OSError(f'{path}: what was written does not read back; is the disk full?')
    return ships, missing


def _read_checksum(path: Path, heights: list[int]) -> int:
    checksum, top = 0, 0
    with rasterio.open(path) as file:
        for height in heights:
            pixels = np.moveaxis(file.read(window=Window(0, top, file.width, height)), 0, 2)
            checksum = zlib.crc32(np.ascontiguousarray(pixels).data, checksum)
            top += height
    return checksum


def _count(objects: list[LabeledObject]) -> dict[str, int]:
    found = Counter(labeled.name for labeled in objects)
    return {name: found[name] for name in AOSR15_CLASSES}


def _profile(spec: SceneSpec, number: int) -> dict:
    rng = stream(spec, number, PLACE)
    epsg, easting, northing = _PLACES[rng.integers(len(_PLACES))]
    east, north = np.array([easting, northing]) + np.round(rng.uniform(-40_000, 40_000, 2))
    return {
        'driver': 'GTiff', 'width': spec.size, 'height': spec.size, 'count': 3, 'dtype': 'uint8', 'tiled': True,
        'blockxsize': _TILE, 'blockysize': _TILE, 'compress': 'deflate', 'predictor': 2, 'zlevel': 4,
        'interleave': 'pixel', 'photometric': 'RGB', 'crs': f'EPSG:{epsg}',
        'transform': rasterio.Affine(spec.gsd, 0, east, 0, -spec.gsd, north),
    }  # fmt: skip
