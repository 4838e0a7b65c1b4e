"""Map layers: the ships of all scenes of a run, in files that GIS, tables and training read."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

from ship_det.files import staged_folder
from ship_det.raster.georeference import WGS84
from ship_det.scenes.layer_formats import GEOGRAPHIC, LAYER, WRITERS, check_packages
from ship_det.scenes.ship_table import ShipTable, tabulate_ships

if TYPE_CHECKING:
    from ship_det.scenes.detector import Detections
    from ship_det.scenes.result_folder import ResultFolder

#: Formats of layers, and of a run's output by default.
FORMATS = tuple(WRITERS)
#: GeoParquet in parts, for more ships than fit into memory.
PARTS = 'parts'
# Scenes of a part.
_PART_SCENES = 1000
# Formats by the end of a file's name.
_SUFFIXES = {'.gpkg': 'gpkg', '.geojson': 'geojson', '.parquet': 'parquet', '.csv': 'csv', '.txt': 'dota'}


@dataclass(frozen=True)
class WrittenLayer:
    """A layer, and what is in it.

    Attributes:
        path: its file, or the folder of DOTA's label files; None where no scene can be in it, so that none is written.
        count: ships in it.
        missing: names of scenes that are not in it, having no georeference.
    """

    path: Path | None
    count: int
    missing: tuple[str, ...]


def check_formats(formats: Sequence[str]) -> None:
    """Raise ValueError where a format is not known or a package that writes it is not installed."""
    for name in formats:
        if name not in (*FORMATS, PARTS):
            raise ValueError(f'format {name!r}, expected some of: {", ".join((*FORMATS, PARTS))}')
        check_packages('parquet' if name == PARTS else name)


def write_layers(
    folder: str | os.PathLike, detections: Sequence[Detections], formats: Sequence[str] = FORMATS
) -> dict[str, WrittenLayer]:
    """Write the ships of scenes as layers: ``ships.gpkg``, ``.geojson``, ``.parquet`` and ``.csv``, and ``dota/``.

    Layers on a map have the CRS that all scenes share, else EPSG:4326; GeoJSON is always in WGS 84. Scenes without
    georeference are in CSV and DOTA alone. All files are written, or none. The format ``parts`` is GeoParquet in
    EPSG:4326, ``ships/part-00000.parquet`` and so on, each of as many scenes: where it is the only one, no more ships
    than those of a part are in memory.

    Args:
        folder: made where it is not there.
        detections: those of each scene, with the scene.
        formats: some of ``FORMATS``, and ``PARTS``.

    Returns:
        What was written, by format.

    Raises:
        ValueError: an unknown format, one that lacks a package, or detections that do not name their scenes apart.
    """
    check_formats(formats)
    written = {}
    with staged_folder(folder) as stage:
        if PARTS in formats:
            (stage / LAYER).mkdir()
            written[PARTS] = _write_parts(Path(folder), stage, detections)
        if whole := [name for name in formats if name != PARTS]:
            written |= _write_whole(Path(folder), stage, list(detections), whole)
    return {name: written[name] for name in formats}


def _write_parts(folder: Path, stage: Path, detections: Sequence[Detections]) -> WrittenLayer:
    count, missing, seen = 0, list[str](), set[str]()
    for number, start in enumerate(range(0, len(detections), _PART_SCENES)):
        part = list(detections[start : start + _PART_SCENES])
        names = _check_names(part, seen)
        seen.update(names)
        table = tabulate_ships([found for found in part if found.scene and found.scene.georeference], WGS84)
        missing += _without_georeference(part)
        count += len(table)
        WRITERS['parquet'](stage / LAYER / f'part-{number:05d}.parquet', table)
    return WrittenLayer(folder / LAYER, count, tuple(missing))


def _write_whole(
    folder: Path, stage: Path, detections: Sequence[Detections], formats: Sequence[str]
) -> dict[str, WrittenLayer]:
    names = _check_names(detections)
    missing = _without_georeference(detections)
    georeferenced = [found for found in detections if found.scene and found.scene.georeference]
    everything, on_map = tabulate_ships(detections), tabulate_ships(georeferenced)
    written = {}
    for name in formats:
        table, left_out = (on_map, missing) if name in GEOGRAPHIC else (everything, ())
        file = name if name == 'dota' else f'{LAYER}.{name}'
        if left_out and not georeferenced:
            written[name] = WrittenLayer(None, 0, left_out)
            continue
        if name == 'dota':
            (stage / file).mkdir()
            for scene, found in zip(names, detections, strict=True):
                WRITERS[name](stage / file / f'{scene}.txt', tabulate_ships([found]))
        else:
            WRITERS[name](stage / file, table)
        written[name] = WrittenLayer(folder / file, len(table), left_out)
    return written


def _check_names(detections: Sequence[Detections], taken: Collection[str] = ()) -> list[str]:
    """Names of the scenes, none of which may be missing, there twice or taken."""
    names = [found.scene.name if found.scene else None for found in detections]
    known = [name for name in names if name is not None]
    if len({*known} - {*taken}) < len(names):
        raise ValueError(f'expected detections of scenes with names of their own, found {names}')
    return known


def _without_georeference(detections: Sequence[Detections]) -> tuple[str, ...]:
    return tuple(found.scene.name for found in detections if found.scene and not found.scene.georeference)


def remove_stale_layers(folder: str | os.PathLike, written: Sequence[Path], names: Collection[str]) -> list[Path]:
    """Remove from an output folder what an earlier run has written, and this one, of scenes of some names, has not.

    Returns:
        What was removed: layers, and DOTA files of scenes that the folder has results of.
    """
    folder = Path(folder)
    stale = [folder / f'{LAYER}.{name}' for name in FORMATS]
    stale = [path for path in stale if path not in written and path.is_file()]
    parts = -(-len(names) // _PART_SCENES) if folder / LAYER in written else 0
    stale += sorted((folder / LAYER).glob('part-*.parquet'))[parts:]
    for path in sorted((folder / 'dota').glob('*.txt')):
        is_ours = (folder / 'scenes' / f'{path.stem}.ships.json').is_file()
        if is_ours and (path.stem not in names or folder / 'dota' not in written):
            stale.append(path)
    for path in stale:
        path.unlink()
    return stale


def remove_stale_objects(results: ResultFolder, written: Collection[str]) -> list[str]:
    """Remove from an output folder on object storage the layers of an earlier run.

    Args:
        results: the output folder.
        written: names of what this run has written.

    Returns:
        Names of what was removed.
    """
    folders = {'': [f'{LAYER}.{name}' for name in FORMATS], 'dota': ['*.txt'], LAYER: ['part-*.parquet']}
    stale = []
    for folder, patterns in folders.items():
        for file in sorted(results.sizes(folder)):
            name = f'{folder}/{file}' if folder else file
            if name not in written and any(fnmatchcase(file, pattern) for pattern in patterns):
                stale.append(name)
    results.remove(stale)
    return stale


def write_table(path: str | os.PathLike, table: ShipTable) -> None:
    """Write ships to a file of the format that its name's end says.

    Raises:
        ValueError: naming the file, where the format is not known, lacks a package, or holds places on Earth and the
            scene has none.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in _SUFFIXES:
        raise ValueError(f'{path}: a file that ends in {suffix!r}, expected one of: {", ".join(_SUFFIXES)}')
    name = _SUFFIXES[suffix]
    if name in GEOGRAPHIC and table.crs is None:
        raise ValueError(
            f'{path}: the scene has no georeference, expected one for {suffix}; .csv and .txt hold px, or give the '
            'scene a CRS and a transform (gdal_translate -a_srs EPSG:... -a_ullr ...)'
        )
    check_packages(name)
    WRITERS[name](path, table)
