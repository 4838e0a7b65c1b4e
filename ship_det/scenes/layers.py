"""Map layers: the ships of all scenes of a run, in files that GIS, tables and training read."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ship_det.files import staged_folder
from ship_det.scenes.layer_formats import GEOGRAPHIC, LAYER, WRITERS, check_packages
from ship_det.scenes.ship_table import ShipTable, tabulate_ships

if TYPE_CHECKING:
    from ship_det.scenes.detector import Detections

#: Formats of layers, and of a run's output by default.
FORMATS = tuple(WRITERS)
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
        if name not in FORMATS:
            raise ValueError(f'format {name!r}, expected some of: {", ".join(FORMATS)}')
        check_packages(name)


def write_layers(
    folder: str | os.PathLike, detections: Sequence[Detections], formats: Sequence[str] = FORMATS
) -> dict[str, WrittenLayer]:
    """Write the ships of scenes as layers: ``ships.gpkg``, ``.geojson``, ``.parquet`` and ``.csv``, and ``dota/``.

    Layers on a map have the CRS that all scenes share, else EPSG:4326; GeoJSON is always in WGS 84. Scenes without
    georeference are in CSV and DOTA alone. All files are written, or none.

    Args:
        folder: made where it is not there.
        detections: those of each scene, with the scene.
        formats: some of ``FORMATS``.

    Returns:
        What was written, by format.

    Raises:
        ValueError: an unknown format, one that lacks a package, or detections that do not name their scenes apart.
    """
    check_formats(formats)
    names = [found.scene.name if found.scene else None for found in detections]
    if None in names or len(set(names)) < len(names):
        raise ValueError(f'expected detections of scenes with names of their own, found {names}')
    georeferenced = [found for found in detections if found.scene and found.scene.georeference]
    missing = tuple(found.scene.name for found in detections if found.scene and not found.scene.georeference)
    everything, on_map = tabulate_ships(detections), tabulate_ships(georeferenced)
    written = {}
    with staged_folder(folder) as stage:
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
            written[name] = WrittenLayer(Path(folder) / file, len(table), left_out)
    return written


def remove_stale_layers(folder: str | os.PathLike, written: Sequence[Path], names: Collection[str]) -> list[Path]:
    """Remove from an output folder what an earlier run has written, and this one, of scenes of some names, has not.

    Returns:
        What was removed: layers, and DOTA files of scenes that the folder has results of.
    """
    folder = Path(folder)
    stale = [folder / f'{LAYER}.{name}' for name in FORMATS]
    stale = [path for path in stale if path not in written and path.is_file()]
    for path in sorted((folder / 'dota').glob('*.txt')):
        is_ours = (folder / 'scenes' / f'{path.stem}.ships.json').is_file()
        if is_ours and (path.stem not in names or folder / 'dota' not in written):
            stale.append(path)
    for path in stale:
        path.unlink()
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
