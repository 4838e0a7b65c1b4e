"""Labels of a GIS: polygons of a layer as labelled objects of scenes, and labels of scenes as a layer."""

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from ship_det.annotations.objects import MIN_QUAD_AREA, LabeledObject, object_corners, order_quads, quad_areas
from ship_det.geometry import quad_to_rbox
from ship_det.geometry.boxes import FloatArray
from ship_det.progress import count_noun
from ship_det.scenes.areas import neighbourhoods
from ship_det.scenes.detector import Detections
from ship_det.scenes.layers import write_table
from ship_det.scenes.scene import Scene
from ship_det.scenes.ship_table import tabulate_ships
from ship_det.scenes.vector_files import read_polygon_layer

# Columns of a layer of labels, beside its polygons.
_COLUMNS = ('scene', 'class', 'difficult', 'length_m', 'width_m', 'heading_deg', 'date')
# Corners nearer to each other than this (px) are one: a double click.
_SAME_CORNER = 1e-6
_FLAGS = {'': False, '0': False, '0.0': False, 'false': False, '1': True, '1.0': True, 'true': True}


@dataclass(frozen=True)
class LabelLayer:
    """N labelled polygons.

    Attributes:
        path: their file.
        polygons: (N,) polygons, one an object.
        names: classes.
        difficult: which are marked difficult, by a column of that name.
        features: numbers of the features that they come from.
        crs: coordinate reference system, as PROJ takes it.
        geographic: whether coordinates are degrees.
        skipped: features that make no object, by why.
        notes: what became of others that are no simple polygon, a sentence each.
    """

    path: str
    polygons: NDArray[np.object_]
    names: tuple[str, ...]
    difficult: tuple[bool, ...]
    features: tuple[Any, ...]
    crs: str
    geographic: bool
    skipped: Counter[str]
    notes: tuple[str, ...] = ()


@dataclass
class PlacedLabels:
    """Labels of some scenes, px.

    Attributes:
        objects: those of each scene, in the order of the layer.
        outside: polygons that lie in no scene.
        shared: polygons that lie in several, and are in each.
        rectangles: polygons of other than four corners, which became rectangles of minimum area in px.
        cut: objects that reach beyond the border of their scene.
    """

    objects: list[list[LabeledObject]] = field(default_factory=list)
    outside: int = 0
    shared: int = 0
    rectangles: int = 0
    cut: int = 0


def read_label_layer(
    path: str | os.PathLike,
    class_column: str = 'class',
    *,
    layer: str | None = None,
    crs: str | None = None,
    skip_unknown: bool = False,
) -> LabelLayer:
    """Read labelled polygons of a vector file.

    Each part of a multi-polygon is an object; lines, points and features without a shape are passed over and counted.

    Args:
        path: GeoPackage, GeoJSON, shapefile, GeoParquet, or any other file that GDAL reads.
        class_column: column of the classes.
        layer: name of the layer, where the file has several.
        crs: coordinate reference system of a layer that names none.
        skip_unknown: pass over features without a class too.

    Raises:
        ValueError: naming file and feature, where there is no such column, a feature has no class, or there is no
            polygon; else as :func:`~ship_det.scenes.vector_files.read_polygon_layer`.
    """
    frame = read_polygon_layer(path, layer=layer, crs=crs)
    columns = [str(name) for name in frame.columns if name != frame.geometry.name]
    if class_column not in columns:
        there = ', '.join(columns) or 'none'
        raise ValueError(
            f'{path}: has no column {class_column}, found {there}; --class-field names the one of the classes'
        )
    flags = frame['difficult'] if 'difficult' in columns else [None] * len(frame)
    rows = zip(frame.index, frame.geometry.array, frame[class_column], flags, strict=True)
    found: list[tuple[shapely.Polygon, str, bool, Any]] = []
    skipped: Counter[str] = Counter()
    several = holes = 0
    for feature, geometry, value, flag in rows:
        parts, why = _parts(geometry)
        name = _class_name(value)
        if parts and name is None:
            if not skip_unknown:
                raise ValueError(
                    f'{path}: feature {feature}: no class in {class_column}, expected one (--skip-unknown leaves such '
                    'features out)'
                )
            parts, why = [], 'without a class'
        if name is None or not parts:
            skipped[why] += 1
            continue
        several += len(parts) > 1
        holes += sum(len(part.interiors) > 0 for part in parts)
        is_difficult = _flag(flag, f'{path}: feature {feature}: difficult')
        found += [(part, name, is_difficult, feature) for part in parts]
    if not found:
        reasons = ', '.join(f'{count} {why}' for why, count in skipped.items()) or 'no features'
        raise ValueError(f'{path}: holds no polygon with a class ({reasons}), expected at least one')
    polygons, names, difficult, features = zip(*found, strict=True)
    notes = []
    if several:
        notes.append(f'{count_noun(several, "multi-polygon")} of several parts: each part is an object')
    if holes:
        notes.append(f'{count_noun(holes, "polygon")} with holes, which labels do not have')
    assert frame.crs is not None
    crs_text, geographic = frame.crs.to_wkt(), bool(frame.crs.is_geographic)
    array = np.array(polygons, dtype=object)
    return LabelLayer(str(path), array, names, difficult, features, crs_text, geographic, skipped, tuple(notes))


def place_labels(layer: LabelLayer, scenes: Sequence[Scene]) -> PlacedLabels:
    """Put labelled polygons on georeferenced scenes: each on every one that it shares px with, as a whole.

    Raises:
        ValueError: naming file and feature, where a polygon has no area in a scene's px.
    """
    placed = PlacedLabels()
    rings = shapely.get_exterior_ring(layer.polygons)
    west, south, east, north = shapely.bounds(layer.polygons).T
    found = np.zeros(len(rings), dtype=np.intp)
    rectangles: set[int] = set()
    for scene in scenes:
        near = np.zeros(len(rings), dtype=bool)
        for left, bottom, right, top in neighbourhoods(scene, layer.crs, layer.geographic):
            near |= (west < right) & (east > left) & (south < top) & (north > bottom)
        objects = []
        for row in np.flatnonzero(near).tolist():
            points = scene.to_pixels(shapely.get_coordinates(rings[row])[:-1], layer.crs)
            inside, area = _areas(points, scene.size)
            if inside < MIN_QUAD_AREA:
                continue
            where = f'{layer.path}: feature {layer.features[row]} in {Path(scene.path).name}'
            quad, is_rectangle = _to_quad(points, where)
            objects.append(LabeledObject(quad, layer.names[row], layer.difficult[row]))
            found[row] += 1
            placed.cut += inside < area * (1 - 1e-9)
            if is_rectangle:
                rectangles.add(row)
        placed.objects.append(objects)
    placed.outside, placed.shared = int((found == 0).sum()), int((found > 1).sum())
    placed.rectangles = len(rectangles)
    return placed


def write_label_layer(path: str | os.PathLike, scenes: Sequence[Scene], objects: Sequence[list[LabeledObject]]) -> None:
    """Write labels of scenes as a layer: ``.gpkg``, ``.geojson``, ``.parquet`` or, with px, ``.csv``.

    Columns are scene, class, difficult (0 or 1), length_m, width_m, heading_deg and date; geometry the corners. The CRS
    is the one that all scenes share, else EPSG:4326, as GeoJSON always has it.

    Args:
        path: file to write.
        scenes: scenes; georeferenced, but for ``.csv``.
        objects: labels of each.

    Raises:
        ValueError: naming the file, where its suffix is another or a package is not installed.
    """
    classes = tuple(sorted({labeled.name for of_scene in objects for labeled in of_scene}))
    detections = []
    for scene, of_scene in zip(scenes, objects, strict=True):
        quads = np.array([labeled.quad for labeled in of_scene], dtype=np.float64).reshape(-1, 4, 2)
        labels = np.array([classes.index(labeled.name) for labeled in of_scene], dtype=np.intp)
        unknown = np.full(len(of_scene), np.nan)
        detections.append(Detections(quad_to_rbox(quads), unknown, labels, classes, quads, scene))
    table = tabulate_ships(detections)
    difficult = np.array([int(labeled.difficult) for of_scene in objects for labeled in of_scene], dtype=np.int64)
    columns = {**table.columns, 'difficult': difficult}
    write_table(path, replace(table, columns={name: columns[name] for name in _COLUMNS}))


def _parts(geometry: shapely.Geometry | None) -> tuple[list[shapely.Polygon], str]:
    """Polygons of a feature, and why there are none."""
    if shapely.is_missing(geometry) or shapely.is_empty(geometry):
        return [], 'without geometry'
    # Twice: a collection holds multi-polygons.
    parts = shapely.get_parts(shapely.get_parts(geometry))
    polygons = parts[shapely.get_type_id(parts) == shapely.GeometryType.POLYGON]
    if not len(polygons):
        return [], 'of points or lines'
    # A bow tie has no area of its own.
    polygons = polygons[shapely.area(shapely.convex_hull(polygons)) > 0]
    return polygons.tolist(), 'without area'


def _class_name(value: Any) -> str | None:
    """A class as text; None where there is none."""
    if value is None or value != value or str(value) in ('<NA>', 'NaT'):
        return None
    # A column of whole numbers with gaps is read as one of floating point numbers.
    text = str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
    return text.strip() or None


def _flag(value: Any, where: str) -> bool:
    """What a table says of difficult: nothing, a truth value, 0 or 1."""
    text = '' if value is None or value != value else str(value).strip().lower()
    if text not in _FLAGS:
        raise ValueError(f'{where}: expected 0, 1 or nothing, found {value!r}')
    return _FLAGS[text]


def _areas(points: FloatArray, size: tuple[int, int]) -> tuple[float, float]:
    """Area (px^2) of a polygon that lies in a scene, and all of it."""
    if not np.isfinite(points).all():
        return 0.0, 0.0
    polygon = shapely.make_valid(shapely.Polygon(points))
    return shapely.intersection(polygon, shapely.box(0, 0, *size)).area, polygon.area


def _to_quad(points: FloatArray, where: str) -> tuple[FloatArray, bool]:
    """(4, 2) corners, and whether they are those of the minimum-area rectangle around other than four corners."""
    apart = np.linalg.norm(points - np.roll(points, 1, axis=0), axis=1) > _SAME_CORNER
    corners = points[apart]
    if len(corners) == 4 and quad_areas(order_quads(corners[None]))[0] >= MIN_QUAD_AREA:
        return object_corners(where, corners), False
    rectangle = shapely.oriented_envelope(shapely.MultiPoint(points))
    if not isinstance(rectangle, shapely.Polygon):
        raise ValueError(f'{where}: the polygon has no area, expected corners around the object')
    return object_corners(where, shapely.get_coordinates(rectangle)[:4]), True
