"""Where the pixels of a scene lie on Earth: map coordinates, degrees, metres on the ground; and when it was taken.

Points are px of the scene as it is shown, (x, y); 0 is the outer edge of the first pixel. A georeferenced scene is
shown as it is stored (see :mod:`.orientation`), so they are GDAL's pixel and line too.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import rasterio
from numpy.typing import ArrayLike, NDArray
from rasterio import Affine
from rasterio._err import CPLE_BaseError
from rasterio.control import GroundControlPoint
from rasterio.transform import GCPTransformer

if TYPE_CHECKING:
    import pyproj

FloatArray = NDArray[np.float64]

WGS84 = 'EPSG:4326'

# Tags that say when a scene was taken, the most trustworthy first; compared without case.
_DATE_TAGS = (
    # GDAL's own IMAGERY domain, and NITF.
    'ACQUISITIONDATETIME',
    'NITF_IDATIM',
    # Sentinel-1 and -2, and what others write themselves.
    'ACQUISITION_START_TIME',
    'DATATAKE_1_DATATAKE_SENSING_START',
    'PRODUCT_START_TIME',
    'ACQUISITION_DATETIME',
    'ACQUISITION_TIME',
    'ACQUISITION_DATE',
    'ACQUISITIONDATE',
    'ACQUIRED',
    'SENSING_TIME',
    'DATE_ACQUIRED',
    'IMAGING_DATE',
    'DATETIME',
    'EXIF_DATETIMEORIGINAL',
    # The time at which a file was made, which may be that of a copy.
    'EXIF_DATETIME',
    'TIFFTAG_DATETIME',
)
_DATE_DOMAINS = (None, 'IMAGERY', 'EXIF')
_DATE = re.compile(
    r'(\d{4})([-:/.]?)(\d\d)\2(\d\d)(?:[T ]?(\d\d)(:?)(\d\d)\6(\d\d)(?:[.,](\d+))?\s*(Z|UTC|[+-]\d\d:?\d\d)?)?'
)


@dataclass(frozen=True)
class Georeference:
    """How px of a scene become coordinates of a map: by an affine transform, or by ground control points.

    Control points make a polynomial, the one that GDAL warps with; the way back is a polynomial of its own.

    Attributes:
        crs: the map's coordinate reference system, as PROJ takes it: ``'EPSG:32633'`` or WKT.
        affine: (a, b, c, d, e, f) with map x = a x + b y + c and map y = d x + e y + f; None with control points.
        control_points: (x, y, map x, map y) of each; none with an affine transform.
    """

    crs: str
    affine: tuple[float, ...] | None = None
    control_points: tuple[tuple[float, float, float, float], ...] = ()

    def __post_init__(self) -> None:
        if (self.affine is None) == (not self.control_points):
            raise ValueError('expected an affine transform or control points')

    def to_map(self, points: ArrayLike) -> FloatArray:
        """Coordinates (..., 2) in the CRS, east or longitude first, of points (..., 2) px."""
        points = np.asarray(points, dtype=np.float64)
        if self.affine is not None:
            return _apply(self.affine, points)
        with self._transformer() as transformer:
            x, y = transformer.xy(points[..., 1].ravel(), points[..., 0].ravel(), offset='ul')
        return np.column_stack([x, y]).reshape(points.shape)

    def to_pixels(self, points: ArrayLike) -> FloatArray:
        """Points (..., 2) px of coordinates (..., 2) in the CRS."""
        points = np.asarray(points, dtype=np.float64)
        if self.affine is not None:
            return _apply(~Affine(*self.affine), points)
        with self._transformer() as transformer:
            rows, columns = transformer.rowcol(points[..., 0].ravel(), points[..., 1].ravel(), op=np.positive)
        return np.column_stack([columns, rows]).astype(np.float64).reshape(points.shape)

    def to_degrees(self, points: ArrayLike) -> FloatArray:
        """WGS 84 longitude, from -180 to 180, and latitude, (..., 2), of points (..., 2) px; not finite off the map."""
        degrees = transform_points(self.to_map(points), self.crs, WGS84)
        return np.stack([wrap_longitude(degrees[..., 0]), degrees[..., 1]], axis=-1)

    def ground_steps(self, x: float, y: float) -> FloatArray:
        """Metres east and north, on the ellipsoid, of a step of 1 px along x (row 0) and along y (row 1), (2, 2)."""
        ends = np.array([(x + 0.5, y), (x, y + 0.5)])
        starts = np.array([(x - 0.5, y), (x, y - 0.5)])
        degrees = self.to_degrees(np.array([(x, y), *ends, *starts]))
        offsets = ground_offsets(degrees[0], degrees[1:])
        return offsets[:2] - offsets[2:]

    def pixel_area(self, size: tuple[int, int]) -> float:
        """Area, m2, of the pixel in the middle of an image of a width and height, px, measured on the ellipsoid.

        Whatever the coordinates: degrees, feet, or a map whose scale varies as Mercator's.
        """
        return float(abs(np.linalg.det(self.ground_steps(size[0] / 2, size[1] / 2))))

    def _transformer(self) -> GCPTransformer:
        return GCPTransformer([GroundControlPoint(row=y, col=x, x=e, y=n, z=0) for x, y, e, n in self.control_points])


def find_georeference(dataset: rasterio.DatasetReader) -> Georeference | None:
    """Where an image lies on Earth.

    Returns:
        None for one without CRS or with neither a transform nor control points, those with a sensor model alone (RPC)
        among them, and one whose CRS cannot be brought to WGS 84: a site's own coordinates, another planet's.
    """
    points, points_crs = dataset.gcps
    identity = dataset.transform.is_identity
    known = (points_crs if points else None) if identity else dataset.crs
    crs = None if known is None or dataset.transform.is_degenerate else _crs_text(known)
    if crs is None:
        return None
    if identity:
        georeference = Georeference(crs, control_points=_control_points(crs, points))
    else:
        georeference = Georeference(crs, tuple(dataset.transform)[:6])
    try:
        middle = georeference.ground_steps(dataset.width / 2, dataset.height / 2)
    # What GDAL refuses has no public name: control points on one line, or fewer than three.
    except CPLE_BaseError:
        return None
    return georeference if np.isfinite(middle).all() and np.linalg.det(middle) else None


@lru_cache(maxsize=64)
def transformer(source: str, target: str) -> 'pyproj.Transformer':
    """PROJ's way from one CRS to another, east or longitude first."""
    import pyproj

    return pyproj.Transformer.from_crs(source, target, always_xy=True)


def transform_points(points: ArrayLike, source: str, target: str) -> FloatArray:
    """Points (..., 2) in one CRS as those in another, east or longitude first in both; not finite where PROJ fails."""
    points = np.asarray(points, dtype=np.float64)
    return np.stack(_by_element(transformer(source, target).transform, points[..., 0], points[..., 1]), axis=-1)


def geodesics(starts: ArrayLike, ends: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Azimuth at the start, degrees clockwise from north, and length, m, of geodesics on the ellipsoid of WGS 84.

    Starts and ends are longitudes and latitudes (..., 2), which are broadcast.
    """
    starts, ends = np.broadcast_arrays(np.asarray(starts, np.float64), np.asarray(ends, np.float64))
    azimuth, _, length = _by_element(_ellipsoid().inv, starts[..., 0], starts[..., 1], ends[..., 0], ends[..., 1])
    return azimuth, length


@lru_cache(maxsize=1)
def _ellipsoid() -> 'pyproj.Geod':
    import pyproj

    return pyproj.Geod(ellps='WGS84')


def _by_element(function: Callable[..., tuple], *coordinates: FloatArray) -> list[FloatArray]:
    """Call a function of pyproj on arrays of any shape. It takes an array of a single element for a number."""
    shape = coordinates[0].shape
    flat = [values.ravel().tolist() if values.size == 1 else values.ravel() for values in coordinates]
    return [np.asarray(values, dtype=np.float64).reshape(shape) for values in function(*flat)]


@lru_cache(maxsize=64)
def is_geographic(crs: str) -> bool:
    """Whether coordinates of a CRS are degrees."""
    import pyproj

    return bool(pyproj.CRS.from_user_input(crs).is_geographic)


def wrap_longitude(longitude: ArrayLike) -> FloatArray:
    """Longitudes from -180 to 180 degrees; those are left as they are."""
    longitude = np.asarray(longitude, dtype=np.float64)
    with np.errstate(invalid='ignore'):
        return np.where(np.abs(longitude) > 180, (longitude + 180) % 360 - 180, longitude)


def ground_offsets(origin: ArrayLike, points: ArrayLike) -> FloatArray:
    """Metres east and north, (..., 2), of points from an origin along geodesics; both (..., 2) degrees of WGS 84."""
    azimuth, distance = geodesics(origin, points)
    angle = np.radians(azimuth)
    return np.stack([distance * np.sin(angle), distance * np.cos(angle)], axis=-1)


def acquisition_date(dataset: rasterio.DatasetReader) -> str | None:
    """When an image was taken, from the tags of its file: ISO 8601, a date or a date and time; None where none says so.

    A time zone is given where the file names it.
    """
    found: dict[str, str] = {}
    for domain in _DATE_DOMAINS:
        for key, value in dataset.tags(ns=domain).items():
            found.setdefault(key.upper(), value)
    for key in _DATE_TAGS:
        date = _iso_date(found.get(key, ''))
        if date is not None:
            return date
    return None


def _iso_date(text: str) -> str | None:
    match = _DATE.fullmatch(text.strip().strip('"'))
    if match is None:
        return None
    year, _, month, day, hour, _, minute, second, fraction, zone = match.groups()
    try:
        moment = datetime(int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0))
    except ValueError:
        return None
    if hour is None:
        return moment.date().isoformat()
    fraction = (fraction or '').rstrip('0')
    if zone in ('Z', 'UTC'):
        zone = 'Z'
    elif zone and ':' not in zone:
        zone = f'{zone[:3]}:{zone[3:]}'
    return moment.isoformat() + (f'.{fraction}' if fraction else '') + (zone or '')


def _apply(affine: Sequence[float], points: FloatArray) -> FloatArray:
    x, y = points[..., 0], points[..., 1]
    a, b, c, d, e, f = affine[:6]
    return np.stack([a * x + b * y + c, d * x + e * y + f], axis=-1)


def _crs_text(crs: rasterio.crs.CRS) -> str | None:
    """A CRS as PROJ takes it, without heights; None where it cannot be brought to WGS 84."""
    import pyproj

    try:
        known = pyproj.CRS.from_wkt(crs.to_wkt())
        if known.is_compound:
            known = known.sub_crs_list[0]
        # Only one that is the same to the letter: others differ in datum.
        authority = known.to_authority(min_confidence=100)
        text = ':'.join(authority) if authority else known.to_wkt()
        transformer(text, WGS84)
    except (pyproj.exceptions.ProjError, rasterio.errors.CRSError):
        return None
    return text


def _control_points(crs: str, points: list[GroundControlPoint]) -> tuple[tuple[float, float, float, float], ...]:
    x = np.array([point.x for point in points])
    if is_geographic(crs) and np.ptp(x) > 180:
        # A scene across the antimeridian.
        x = np.where(x < 0, x + 360, x)
    return tuple((point.col, point.row, float(e), point.y) for point, e in zip(points, x, strict=True))
