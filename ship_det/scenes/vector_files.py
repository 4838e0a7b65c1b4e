"""Vector files with polygons: GeoPackage, GeoJSON, shapefile, GeoParquet and whatever else GDAL reads."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from shapely.errors import GEOSException

from ship_det.raster.images import is_gdal_path

if TYPE_CHECKING:
    import geopandas

# Kinds of geometry of a layer that may hold polygons.
_KINDS = ('Polygon', 'MultiPolygon', 'CurvePolygon', 'MultiSurface', 'GeometryCollection', 'Unknown')
_PARQUET = ('.parquet', '.geoparquet', '.pq')


def read_polygon_layer(
    path: str | os.PathLike, columns: list[str] | None = None, layer: str | None = None, crs: str | None = None
) -> geopandas.GeoDataFrame:
    """Read the layer of a vector file that holds polygons; other geometries may be among them.

    Args:
        path: file, or GDAL's path.
        columns: of the table to read; None for all.
        layer: its name, where a file has several.
        crs: coordinate reference system of a layer that names none, as PROJ takes it.

    Returns:
        Features in the file's order, coordinates in two dimensions, the index their numbers as a GIS shows them.

    Raises:
        ValueError: naming the file, where it cannot be read, holds no layer of polygons, more than one of them or not
            the one that is named, or has no CRS, or another than is given; or where a package is not installed.
    """
    try:
        import geopandas
        import pyogrio
        from pyogrio.errors import DataLayerError, DataSourceError
        from pyproj.exceptions import ProjError
    except ModuleNotFoundError as error:
        raise ValueError(
            f"{path}: found no {error.name}, which reads it: pip install '.[detect]' installs it"
        ) from error
    if not is_gdal_path(path) and not Path(path).exists():
        raise ValueError(f'{path}: no such file, expected polygons (GeoPackage, GeoJSON, shapefile)')
    if Path(path).suffix.lower() in _PARQUET:
        frame = _read_parquet(path)
    else:
        try:
            name = layer if layer is not None else _only_layer(path)
            # Rings that are not closed, as of GeoJSON made by hand, are closed.
            frame = pyogrio.read_dataframe(
                path, layer=name, columns=columns, force_2d=True, fid_as_index=True, on_invalid='fix'
            )
        # pyogrio trips over its own variable where GDAL cannot put a damaged CRS into words.
        except (DataLayerError, DataSourceError, GEOSException, ProjError, UnboundLocalError) as error:
            raise _unreadable(path, error) from error
    if not isinstance(frame, geopandas.GeoDataFrame):
        raise ValueError(f'{path}: has a table without geometry, expected polygons')
    return _with_crs(path, frame, crs)


def _read_parquet(path: str | os.PathLike) -> geopandas.GeoDataFrame:
    import geopandas
    from pyproj.exceptions import ProjError

    try:
        frame = geopandas.read_parquet(path)
    except ImportError as error:
        raise ValueError(f"{path}: found no pyarrow, which reads it: pip install '.[detect]' installs it") from error
    # pyarrow and pandas have no error in common for a file that is none of theirs.
    except (OSError, ValueError, TypeError, KeyError, NotImplementedError, GEOSException, ProjError) as error:
        raise _unreadable(path, error) from error
    return frame.set_geometry(frame.geometry.force_2d())


def _unreadable(path: str | os.PathLike, error: Exception) -> ValueError:
    return ValueError(f'{path}: not a file of polygons ({" ".join(str(error).split())})')


def _only_layer(path: str | os.PathLike) -> str:
    import pyogrio

    # None stands for a table without geometry, such as QGIS's styles.
    kinds = [(str(name), kind) for name, kind in pyogrio.list_layers(path) if kind]
    layers = [name for name, kind in kinds if kind.removeprefix('3D ').split()[0] in _KINDS]
    if len(layers) > 1:
        raise ValueError(f'{path}: has the layers {", ".join(layers)}, expected one with polygons')
    if not layers:
        found = ''.join(f'; {name} holds {kind}' for name, kind in kinds[:1])
        raise ValueError(f'{path}: has no layer of polygons, expected one{found}')
    return layers[0]


def _with_crs(path: str | os.PathLike, frame: geopandas.GeoDataFrame, crs: str | None) -> geopandas.GeoDataFrame:
    import pyproj

    if crs is None:
        if frame.crs is None:
            raise ValueError(f'{path}: has no CRS, expected one that says where the polygons lie, such as EPSG:4326')
        return frame
    try:
        given = pyproj.CRS.from_user_input(crs)
    except pyproj.exceptions.CRSError as error:
        raise ValueError(f'CRS {crs!r}: PROJ knows no such one, expected EPSG:32633 or the like') from error
    if frame.crs is not None and not frame.crs.equals(given, ignore_axis_order=True):
        raise ValueError(f'{path}: has the CRS {frame.crs.name}, found {crs} given for it, expected none or the same')
    return frame if frame.crs is not None else frame.set_crs(given)
