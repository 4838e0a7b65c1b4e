"""How large a scene's pixels are on the ground, from its georeference."""

import os

import numpy as np

from ship_det.raster.georeference import find_georeference
from ship_det.raster.images import open_image


def pixel_area(path: str | os.PathLike) -> float | None:
    """Area of the pixel in the middle of a georeferenced image, m2; None of one that is not georeferenced.

    It is measured on the ellipsoid, whatever the coordinates: degrees, feet, or a map whose scale varies as Mercator's.

    Raises:
        ValueError: naming the file, where it cannot be opened.
    """
    with open_image(path) as image:
        georeference = find_georeference(image)
        if georeference is None:
            return None
        return float(abs(np.linalg.det(georeference.ground_steps(image.width / 2, image.height / 2))))
