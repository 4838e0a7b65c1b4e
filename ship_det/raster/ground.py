"""How large a scene's pixels are on the ground, from its georeference."""

import math
import os

import numpy as np
import rasterio
from rasterio._err import CPLE_BaseError
from rasterio.transform import xy
from rasterio.warp import transform

from ship_det.raster.images import open_image

# WGS 84: semi-major axis in m, and the first eccentricity squared.
_AXIS, _ECCENTRICITY = 6_378_137.0, 0.006_694_379_990_14


def pixel_area(path: str | os.PathLike) -> float | None:
    """Area of the pixel in the middle of a georeferenced image, m2; None of one that is not georeferenced.

    It is measured on the ellipsoid, whatever the coordinates: degrees, feet, or a map whose scale varies as Mercator's.

    Raises:
        ValueError: naming the file, where it cannot be opened.
    """
    with open_image(path) as image:
        return _area_at(image, image.width / 2, image.height / 2)


def _area_at(image: rasterio.DatasetReader, column: float, row: float) -> float | None:
    if image.crs is None or image.transform.is_identity:
        return None
    # Around the pixel: along a row, then along a column.
    columns = [column - 0.5, column + 0.5, column, column]
    rows = [row, row, row - 0.5, row + 0.5]
    x, y = xy(image.transform, rows, columns, offset='ul')
    try:
        degrees = np.array(transform(image.crs, 'EPSG:4326', x, y)[:2])
    # What PROJ refuses has no public name: a site's own coordinates, another planet's.
    except CPLE_BaseError:
        return None
    longitude, latitude = np.radians(degrees)
    middle = latitude.mean()
    narrowing = 1 - _ECCENTRICITY * math.sin(middle) ** 2
    # Metres a radian, eastward and northward.
    east = _AXIS / math.sqrt(narrowing) * math.cos(middle)
    north = _AXIS * (1 - _ECCENTRICITY) / narrowing**1.5
    across, down = (
        (east * (longitude[end] - longitude[start]), north * (latitude[end] - latitude[start]))
        for start, end in ((0, 1), (2, 3))
    )
    area = abs(across[0] * down[1] - across[1] * down[0])
    return area if math.isfinite(area) and area > 0 else None
