"""A scene: where its file is, where it lies on Earth, how large its pixels are, when it was taken."""

import math
import os
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ship_det.raster import find_georeference, open_image
from ship_det.raster.georeference import (
    Georeference,
    acquisition_date,
    is_geographic,
    transform_points,
    wrap_longitude,
)
from ship_det.raster.orientation import find_orientation


@dataclass(frozen=True)
class Scene:
    """A scene that ships are looked for in. It can be sent to other processes.

    Attributes:
        name: unique in a run, and fit for the name of a file.
        path: file, or GDAL's path.
        size: width and height as shown, px.
        georeference: where it lies on Earth; None where that is not known.
        gsd: ground sampling distance, m/px: of a georeferenced scene measured in its middle, else as stated.
        date: when it was taken, ISO 8601.
    """

    name: str
    path: str
    size: tuple[int, int]
    georeference: Georeference | None = None
    gsd: float | None = None
    date: str | None = None

    def to_pixels(self, points: ArrayLike, crs: str) -> NDArray[np.float64]:
        """Points (..., 2) px of coordinates (..., 2), east or longitude first, in a CRS; not finite off the map.

        The scene has to be georeferenced.
        """
        assert self.georeference is not None
        places = transform_points(points, crs, self.georeference.crs)
        if is_geographic(self.georeference.crs):
            # A scene may have longitudes beyond 180 degrees.
            middle, _ = self.georeference.to_map((self.size[0] / 2, self.size[1] / 2))
            places[..., 0] = middle + wrap_longitude(places[..., 0] - middle)
        return self.georeference.to_pixels(places)


def describe_scene(path: str | os.PathLike, name: str, gsd: float | None = None) -> Scene:
    """Look a scene's description up in its file.

    Args:
        path: image file, or GDAL's path: ``/vsizip/``, ``/vsicurl/``, ``/vsis3/``, a VRT.
        name: name of the scene, unique in a run.
        gsd: ground sampling distance of a scene without georeference, m/px; measured in one with.

    Raises:
        ValueError: naming the file, where it cannot be opened, or the ground sampling distance is not positive.
    """
    if gsd is not None and not (math.isfinite(gsd) and gsd > 0):
        raise ValueError(f'{path}: ground sampling distance {gsd}, expected a positive number of m/px')
    with open_image(path) as image:
        size = find_orientation(image).size((image.width, image.height))
        georeference, date = find_georeference(image), acquisition_date(image)
    if georeference is not None:
        gsd = math.sqrt(georeference.pixel_area(size))
    return Scene(name, os.fspath(path), size, georeference, gsd, date)
