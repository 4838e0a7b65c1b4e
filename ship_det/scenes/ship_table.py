"""Ships of one or more scenes as the columns that every format of a layer holds, rounded alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely
from numpy.typing import NDArray

from ship_det.raster.georeference import WGS84
from ship_det.scenes.attributes import measure_ships

if TYPE_CHECKING:
    import geopandas

    from ship_det.scenes.detector import Detections

FloatArray = NDArray[np.float64]

#: Columns of text; None where nothing is known.
TEXT_COLUMNS = ('scene', 'class', 'date')
#: Columns of numbers, and to how many decimals they are rounded; NaN where nothing is known.
DECIMALS = {'score': 4, 'length_m': 2, 'width_m': 2, 'heading_deg': 1}
#: All columns of a layer but its geometry, in order.
COLUMNS = ('scene', 'class', 'score', 'length_m', 'width_m', 'heading_deg', 'date')
#: Decimals of degrees: a centimetre.
DEGREE_DECIMALS = 7
#: Decimals of px.
PIXEL_DECIMALS = 2


@dataclass(frozen=True)
class ShipTable:
    """N ships of one or more scenes, in the order of the scenes, the surest first in each.

    Attributes:
        columns: (N,) values of each of ``COLUMNS``, or of those that a layer of labels has.
        centers: (N, 2) longitude and latitude, rounded; NaN without georeference.
        corners: (N, 4, 2) px of their scenes, rounded.
        polygons: (N, 4, 2) corners in ``crs``; NaN without georeference.
        crs: coordinate reference system of the polygons: the one that all georeferenced scenes share, else EPSG:4326;
            None where no scene has any.
        degrees: (N, 4, 2) corners as longitude and latitude, WGS 84. A ship across the antimeridian is in one piece,
            beyond 180 degrees.
        classes: class names of all scenes.
    """

    columns: dict[str, NDArray]
    centers: FloatArray
    corners: FloatArray
    polygons: FloatArray
    crs: str | None
    degrees: FloatArray
    classes: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.corners)

    def to_geodataframe(self) -> geopandas.GeoDataFrame:
        """The columns and the corners as polygons; px of the scene, y downwards, where there is no CRS."""
        import geopandas
        import pandas

        texts = {name: pandas.array(self.columns[name].tolist(), dtype='string') for name in TEXT_COLUMNS}
        columns = {name: texts.get(name, values) for name, values in self.columns.items()}
        geometry = to_polygons(self.corners if self.crs is None else self.polygons)
        return geopandas.GeoDataFrame(columns, geometry=geometry, crs=self.crs)


def tabulate_ships(detections: Sequence[Detections], crs: str | None = None) -> ShipTable:
    """The ships of scenes in one table; those of no scene are as of one without name and georeference.

    Args:
        detections: ships of each scene.
        crs: CRS of the polygons: WGS 84 or that of all scenes; None for the one that all georeferenced scenes share,
            else WGS 84.
    """
    crs = crs or _common_crs(detections)
    parts: dict[str, list] = {name: [] for name in COLUMNS}
    centers, corners, polygons, degrees = [], [], [], []
    for found in detections:
        scene, quads = found.scene, found.quads
        measured = measure_ships(quads, scene)
        parts['scene'] += [scene.name if scene else None] * len(found)
        parts['class'] += [found.classes[label] for label in found.labels]
        parts['date'] += [scene.date if scene else None] * len(found)
        parts['score'].append(found.scores)
        parts['length_m'].append(measured.length_m)
        parts['width_m'].append(measured.width_m)
        # 179.96 degrees are nearly 0.
        parts['heading_deg'].append(np.round(measured.heading_deg, DECIMALS['heading_deg']) % 180)
        centers.append(np.column_stack([measured.longitude, measured.latitude]))
        corners.append(quads)
        on_earth, on_map = np.full((2, len(found), 4, 2), np.nan)
        if scene is not None and scene.georeference is not None:
            on_earth = _unwrap(scene.georeference.to_degrees(quads))
            on_map = scene.georeference.to_map(quads) if crs == scene.georeference.crs else on_earth
        degrees.append(on_earth)
        polygons.append(on_map)
    columns: dict[str, NDArray] = {name: np.array(parts[name], dtype=object) for name in TEXT_COLUMNS}
    columns |= {name: np.round(_join(parts[name], ()), decimals) for name, decimals in DECIMALS.items()}
    return ShipTable(
        {name: columns[name] for name in COLUMNS},
        np.round(_join(centers, (2,)), DEGREE_DECIMALS),
        # Adding zero turns -0.0 into 0.0.
        np.round(_join(corners, (4, 2)), PIXEL_DECIMALS) + 0.0,
        _join(polygons, (4, 2)),
        crs,
        _join(degrees, (4, 2)),
        tuple(dict.fromkeys(name for found in detections for name in found.classes)),
    )


def to_polygons(corners: FloatArray) -> NDArray[np.object_]:
    """(N,) polygons of (N, 4, 2) corners; None of those that lie off the map."""
    polygons = np.full(len(corners), None, dtype=object)
    known = np.isfinite(corners).all(axis=(1, 2))
    polygons[known] = shapely.polygons(corners[known])
    return polygons


def _common_crs(detections: Sequence[Detections]) -> str | None:
    found = {found.scene.georeference.crs for found in detections if found.scene and found.scene.georeference}
    if not found:
        return None
    return found.pop() if len(found) == 1 else WGS84


def _unwrap(degrees: FloatArray) -> FloatArray:
    """Corners (N, 4, 2) with longitudes within half a turn of the first one's."""
    first = degrees[:, :1, 0]
    away = degrees[..., 0] - first
    longitude = np.where(np.abs(away) > 180, first + (away + 180) % 360 - 180, degrees[..., 0])
    return np.stack([longitude, degrees[..., 1]], axis=-1)


def _join(parts: list[FloatArray], shape: tuple[int, ...]) -> FloatArray:
    return np.concatenate([np.empty((0, *shape)), *parts])
