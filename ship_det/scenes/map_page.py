"""The map page: scenes to zoom into, the ships found in them to click, filter and list, without a network."""

import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ship_det.drawing.class_colors import class_colors
from ship_det.drawing.nouns import object_noun
from ship_det.drawing.pages import render_page
from ship_det.files import write_text
from ship_det.progress import count_noun
from ship_det.raster import open_seekable
from ship_det.scenes.attributes import measure_ships
from ship_det.scenes.detector import Detections
from ship_det.scenes.map_tiles import (
    TILE_SIDE,
    OpenPixels,
    Progress,
    count_levels,
    find_tiles,
    grid_size,
    list_tiles,
    write_tiles,
)
from ship_det.scenes.scene import Scene

# What is shown around a ship beside its description, px; not more than the margin of the tiles.
_CHIP_MARGIN = 40
# Files that may lie beside the page, and what they are.
_FILES = {
    'ships.gpkg': 'for QGIS and other GIS, with colours',
    'ships.geojson': 'for web maps, in longitude and latitude',
    'ships.parquet': 'GeoParquet, for large tables',
    'ships.csv': 'table',
}


def write_map(
    folder: Path,
    scenes: Sequence[Detections],
    title: str | None = None,
    progress: Progress | None = None,
    open_pixels: OpenPixels = open_seekable,
) -> Path:
    """Write index.html, and what it shows to map/NAME/ of each scene. Pictures that are there are not made again.

    Args:
        folder: where the page goes to; it links to the layers that lie there already.
        scenes: ships of each scene; all have a ``scene``.
        title: heading of the page; None for 'Ships on a map', or 'Objects ...' where classes are not ships.
        progress: called with how many tiles are done, and of how many.
        open_pixels: opens a scene to be shown, given its path and a folder for a temporary copy.

    Returns:
        The page.

    Raises:
        ValueError: detections without a scene, scenes whose names are the same or not those of a file, or one that
            cannot be decoded.
        OSError: where the page cannot be written.
    """
    described = [_scene_of(found) for found in scenes]
    _check_names([scene.name for scene in described])
    classes = list(dict.fromkeys(name for found in scenes for name in found.classes))
    tiles = [int(np.prod(grid_size(scene.size, count_levels(scene.size)))) for scene in described]
    entries, longest = [], 0.0
    for number, (found, scene) in enumerate(zip(scenes, described, strict=True)):
        own = folder / 'map' / scene.name
        own.parent.mkdir(parents=True, exist_ok=True)
        report = partial(_report, progress, sum(tiles[:number]), sum(tiles)) if progress else None
        write_tiles(own, scene.path, scene.size, found.quads, report, open_pixels)
        columns = _ship_columns(found, scene, classes)
        text = json.dumps(columns, separators=(',', ':'), allow_nan=False)
        write_text(own / 'ships.js', f'shipMap.ships[{json.dumps(scene.name)}] = {text};\n')
        entries.append(_scene_entry(scene, len(found)))
        longest = max(longest, *(length for length in columns['length'] or [] if length is not None), 0.0)
    noun = object_noun(classes or ['ship'])
    data = {
        'scenes': entries,
        'noun': noun,
        'classes': classes,
        'colors': class_colors(len(classes)),
        'longest': int(np.ceil(longest)),
        'tile': TILE_SIDE,
        'margin': _CHIP_MARGIN,
    }
    page = folder / 'index.html'
    count = sum(len(found) for found in scenes)
    text = render_page(
        'ship_det.scenes',
        'map_page.html',
        title=title or f'{noun.capitalize()}s on a map',
        noun=noun,
        summary=f'{count_noun(count, noun, form=",d")} in {count_noun(len(scenes), "scene", form=",d")}',
        data=data,
        files=[{'name': name, 'what': what} for name, what in _FILES.items() if (folder / name).is_file()],
    )
    write_text(page, text)
    return page


def _scene_of(found: Detections) -> Scene:
    if found.scene is None:
        raise ValueError('detections without a scene, expected those of detect_scene, which says where they are')
    return found.scene


def _check_names(names: Sequence[str]) -> None:
    for name in names:
        if name in ('', '.', '..') or '/' in name or '\0' in name:
            raise ValueError(f'scene {name!r}: expected a name that a folder can have')
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f'two scenes are called {twice!r}, expected names that differ')


def _report(progress: Progress, before: int, total: int, done: int, _: int) -> None:
    progress(before + done, total)


def _ship_columns(found: Detections, scene: Scene, classes: Sequence[str]) -> dict[str, Any]:
    """Columns of a scene's ships as the page's script takes them; None for one without a known value."""
    measured = measure_ships(found.quads, scene)
    places = np.array([classes.index(name) for name in found.classes], dtype=int)
    return {
        'corners': _known(found.quads.ravel(), 1) or [],
        'label': places[found.labels].tolist(),
        'score': np.round(found.scores, 4).tolist(),
        'length': _known(measured.length_m, 1),
        'width': _known(measured.width_m, 1),
        'heading': _known(np.round(measured.heading_deg, 1) % 180, 1),
        'longitude': _known(measured.longitude, 6),
        'latitude': _known(measured.latitude, 6),
        'tiles': [list_tiles(level) for level in find_tiles(scene.size, found.quads)],
    }


def _known(values: NDArray[np.float64], digits: int) -> list[float | None] | None:
    if not np.isfinite(values).any():
        return None
    return [value if np.isfinite(value) else None for value in np.round(values, digits).tolist()]


def _scene_entry(scene: Scene, count: int) -> dict[str, Any]:
    ground, north = None, None
    if scene.georeference is not None:
        steps = scene.georeference.ground_steps(scene.size[0] / 2, scene.size[1] / 2)
        if np.isfinite(steps).all() and np.linalg.det(steps):
            # The way on the picture that leads one metre north.
            right, down = np.linalg.solve(steps.T, (0.0, 1.0))
            ground, north = steps.tolist(), float(np.degrees(np.arctan2(right, -down)) % 360)
    elif scene.gsd is not None:
        ground = [[scene.gsd, 0.0], [0.0, -scene.gsd]]
    return {
        'name': scene.name,
        'size': list(scene.size),
        'count': count,
        'levels': count_levels(scene.size),
        'ground': ground,
        'north': north,
        'date': scene.date,
    }
