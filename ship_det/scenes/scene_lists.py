"""Lists of scenes: a text file, a table in Parquet, or a STAC item collection. What they name is not opened here."""

import io
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from ship_det.files import decode_text
from ship_det.raster.images import is_gdal_path
from ship_det.scenes.result_folder import is_url, read_source

#: Ends of the names of lists.
LIST_SUFFIXES = ('.txt', '.parquet', '.geoparquet', '.json', '.geojson')
# Columns of a table that name a scene's file: this project's, a GDAL tile index's, a STAC asset's; or STAC's assets.
_COLUMNS = ('path', 'location', 'href', 'assets')
# Roles of STAC assets that are pictures of the scene.
_PICTURES = {'thumbnail', 'overview', 'metadata'}


def is_scene_list(source: str) -> bool:
    """Whether a source is a list of scenes, by the end of its name."""
    return PurePosixPath(source).suffix.lower() in LIST_SUFFIXES


def read_scene_list(source: str, asset: str | None = None) -> list[tuple[str, str]]:
    """Path, and a name that need not be the only one of its kind, of each scene of a list.

    A text file has a path a line; a line that begins with ``#`` is a comment. A table has them in a column ``path``,
    ``location`` (as ``gdaltindex`` writes it) or ``href``, or STAC's assets in ``assets``; its column ``id`` has names.
    Of a STAC item collection each item is a scene. Paths that are not absolute begin at the list's folder.

    Args:
        source: file or URL.
        asset: key of the STAC asset with the pixels; None for the only raster of the item that is no picture of it.

    Raises:
        ValueError: naming the list, what was found in it and what was expected.
    """
    suffix = PurePosixPath(source).suffix.lower()
    try:
        content = read_source(source)
    except (FileNotFoundError, IsADirectoryError) as error:
        raise ValueError(f'{source}: no such file, expected a list of scenes') from error
    if suffix == '.txt':
        scenes = list(_read_lines(source, content))
    elif suffix in ('.json', '.geojson'):
        scenes = list(_read_items(source, content, asset))
    else:
        scenes = list(_read_table(source, content, asset))
    if not scenes:
        raise ValueError(f'{source}: names no scene, expected at least one')
    folder = os.path.dirname(source)
    return [(_resolve(folder, path), name) for path, name in scenes]


def _resolve(folder: str, path: str) -> str:
    """A path from where a list lies."""
    if not folder or os.path.isabs(path) or is_gdal_path(path):
        return path
    return f'{folder}/{path.removeprefix("./")}' if is_url(folder) else os.path.normpath(os.path.join(folder, path))


def _stem(path: str) -> str:
    return path.rpartition('/')[2].rpartition('.')[0] or path


def _read_lines(source: str, content: bytes) -> Iterator[tuple[str, str]]:
    for line in decode_text(source, content).split('\n'):
        path = line.strip()
        if path and not path.startswith('#'):
            yield path, _stem(path)


def _read_table(source: str, content: bytes, asset: str | None) -> Iterator[tuple[str, str]]:
    try:
        import pyarrow
        from pyarrow import parquet
    except ModuleNotFoundError as error:
        raise ValueError(f"{source}: found no {error.name} to read it: pip install '.[detect]' installs it") from error
    try:
        file = parquet.ParquetFile(io.BytesIO(content))
    except pyarrow.ArrowInvalid as error:
        raise ValueError(f'{source}: {error}, expected a Parquet file') from error
    columns = file.schema_arrow.names
    column = next((name for name in _COLUMNS if name in columns), None)
    if column is None:
        raise ValueError(f'{source}: found columns {", ".join(columns)}, expected one of: {", ".join(_COLUMNS)}')
    table = file.read([column, *({'id'} & set(columns))])
    names = table['id'].to_pylist() if 'id' in columns else [None] * len(table)
    for row, (value, name) in enumerate(zip(table[column].to_pylist(), names, strict=True), start=1):
        where = f'{source}: row {row}'
        path = _choose_asset(where, value, asset) if column == 'assets' else value
        if not isinstance(path, str) or not path:
            raise ValueError(f'{where}: found {path!r} in column {column}, expected a path')
        yield path, _stem(path) if name is None else str(name)


def _read_items(source: str, content: bytes, asset: str | None) -> Iterator[tuple[str, str]]:
    try:
        collection = json.loads(decode_text(source, content))
    except (ValueError, RecursionError) as error:
        raise ValueError(f'{source}: {error}, expected a STAC item collection') from error
    items = collection.get('features') if isinstance(collection, dict) else None
    if isinstance(collection, dict) and collection.get('type') == 'Feature':
        items = [collection]
    if not isinstance(items, list):
        raise ValueError(f'{source}: found no "features", expected a STAC item collection')
    for row, item in enumerate(items, start=1):
        where = f'{source}: item {row}'
        if not isinstance(item, dict) or 'assets' not in item:
            raise ValueError(f'{where}: found no "assets", expected a STAC item')
        path = _choose_asset(where, item['assets'], asset)
        yield path, str(item.get('id') or _stem(path))


def _choose_asset(where: str, assets: Any, key: str | None) -> str:
    """The href of the asset with a scene's pixels."""
    if not isinstance(assets, Mapping):
        raise ValueError(f'{where}: found {type(assets).__name__} for "assets", expected one with a key each')
    # A table has a column for the assets of all items.
    known = {name: asset for name, asset in assets.items() if isinstance(asset, Mapping) and asset.get('href')}
    keys = [key] if key is not None else [name for name, asset in known.items() if _has_pixels(asset)]
    if len(keys) != 1 or keys[0] not in known:
        found = ', '.join(known) or 'none'
        expected = 'one raster with pixels' if key is None else key
        raise ValueError(f'{where}: found assets {found}, expected {expected} (--asset names its key)')
    return str(known[keys[0]]['href'])


def _has_pixels(asset: Mapping[str, Any]) -> bool:
    is_raster = str(asset.get('type') or '').startswith('image/')
    roles = set(asset.get('roles') or ())
    return ('data' in roles or is_raster) and not roles & _PICTURES
