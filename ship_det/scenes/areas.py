"""Polygons that people bring, such as land or an area of interest, read from any vector file and put on a scene."""

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from ship_det.raster.georeference import transform_points, wrap_longitude
from ship_det.scenes.scene import Scene
from ship_det.scenes.vector_files import read_polygon_layer

# Places along each side of a scene, and rows of places inside, that tell where it lies in another CRS.
_PLACES = 65
# What is cut out of polygons around a scene is larger than it by this share, and its edges get a vertex every so often.
_MARGIN, _STEPS = 0.05, 256


@dataclass(frozen=True)
class Polygons:
    """Polygons in a coordinate reference system. They can be sent to other processes.

    Attributes:
        path: their file.
        parts: the polygons; they may overlap.
        crs: coordinate reference system, as PROJ takes it.
        geographic: whether coordinates are degrees.
    """

    path: str
    parts: tuple[shapely.Polygon, ...]
    crs: str
    geographic: bool

    @property
    def identity(self) -> str:
        """Name of the file, and what tells its polygons from others."""
        digest = hashlib.sha256(self.crs.encode())
        for part in self.parts:
            digest.update(shapely.to_wkb(part))
        return f'{Path(self.path).name} (SHA-256 {digest.hexdigest()[:16]})'


def read_polygons(path: str | os.PathLike) -> Polygons:
    """Read the polygons of a vector file: GeoPackage, GeoJSON, shapefile, or any other that GDAL reads.

    Lines and points among them are passed over.

    Raises:
        ValueError: naming the file, where it cannot be read, holds no polygons or more than one layer of them, or has
            no CRS; or where pyogrio or geopandas is not installed.
    """
    frame = read_polygon_layer(path, columns=[])
    parts = _polygons_of(np.asarray(frame.geometry.array))
    if not len(parts):
        raise ValueError(f'{path}: holds no polygons, expected at least one')
    return Polygons(str(path), tuple(parts), frame.crs.to_wkt(), bool(frame.crs.is_geographic))


def polygons_in_scene(polygons: Polygons, scene: Scene) -> shapely.Geometry:
    """What polygons cover of a scene: a polygon, several, or an empty one, px of the scene.

    An edge is straight in the polygons' CRS, as in the file, and as curved in the scene as it has to be.

    Raises:
        ValueError: naming scene and file, where the scene has no georeference.
    """
    if scene.georeference is None:
        raise ValueError(
            f'{scene.path}: has no georeference, expected one to put the polygons of {polygons.path} on it'
        )
    width, height = scene.size
    parts = np.array(polygons.parts, dtype=object)
    west, south, east, north = shapely.bounds(parts).T
    found: list[shapely.Geometry] = []
    for left, bottom, right, top in neighbourhoods(scene, polygons.crs, polygons.geographic):
        near = parts[(west < right) & (east > left) & (south < top) & (north > bottom)]
        # Cut first: a continent has many vertices, and those on its far side are nowhere on the scene's map.
        near = _polygons_of(shapely.intersection(_valid(near), shapely.box(left, bottom, right, top)))
        dense = shapely.segmentize(near, max(right - left, top - bottom) / _STEPS)
        found.extend(_valid(shapely.transform(dense, partial(scene.to_pixels, crs=polygons.crs))))
    return shapely.union_all(_polygons_of(shapely.intersection(found, shapely.box(0, 0, width, height))))


def neighbourhoods(scene: Scene, crs: str, geographic: bool) -> Iterator[tuple[float, float, float, float]]:
    """Left, bottom, right and top of a georeferenced scene in a CRS, with a margin; one for each turn of the Earth."""
    assert scene.georeference is not None
    x, y = np.meshgrid(*(np.linspace(0, side, _PLACES) for side in scene.size))
    places = scene.georeference.to_map(np.column_stack([x.ravel(), y.ravel()]))
    east, north = transform_points(places, scene.georeference.crs, crs).T
    known = np.isfinite(east) & np.isfinite(north)
    if not known.any():
        return
    east, north = east[known], north[known]
    if geographic:
        # A scene across the antimeridian is in one piece.
        east = wrap_longitude(east)
        east = east[0] + wrap_longitude(east - east[0])
    margin_x, margin_y = _MARGIN * np.ptp(east), _MARGIN * np.ptp(north)
    left, right = east.min() - margin_x, east.max() + margin_x
    bottom, top = north.min() - margin_y, north.max() + margin_y
    for turn in (-360, 0, 360) if geographic else (0,):
        yield left + turn, bottom, right + turn, top


def _valid(polygons: NDArray[np.object_]) -> NDArray[np.object_]:
    """Polygons that cross themselves become several."""
    polygons = polygons.copy()
    wrong = ~shapely.is_valid(polygons)
    polygons[wrong] = shapely.make_valid(polygons[wrong])
    return polygons


def _polygons_of(geometries: ArrayLike) -> NDArray[np.object_]:
    """All polygons within geometries but empty ones."""
    geometries = np.asarray(geometries, dtype=object)
    # Twice: a collection holds multipolygons.
    parts = shapely.get_parts(shapely.get_parts(geometries[~shapely.is_missing(geometries)]))
    return parts[(shapely.get_type_id(parts) == shapely.GeometryType.POLYGON) & ~shapely.is_empty(parts)]
