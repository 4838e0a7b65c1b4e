"""Area of pixels on the ground, whatever the coordinates of the image."""

import math
import warnings

import numpy as np
import pytest
import rasterio
from rasterio import Affine

from ship_det.raster import pixel_area


@pytest.fixture
def write_image(tmp_path):
    def write(crs, transform):
        profile = {'driver': 'GTiff', 'count': 1, 'width': 40, 'height': 20, 'dtype': 'uint8'}
        with warnings.catch_warnings():
            warnings.simplefilter('ignore', rasterio.errors.NotGeoreferencedWarning)
            with rasterio.open(tmp_path / 'a.tif', 'w', crs=crs, transform=transform, **profile) as image:
                image.write(np.ones((1, 20, 40), dtype=np.uint8))
        return tmp_path / 'a.tif'

    return write


# A degree of latitude and of longitude at 60 degrees north, m, and at the equator (Defense Mapping Agency's tables).
NORTH_AT_60, EAST_AT_60, NORTH_AT_0, EAST_AT_0 = 111_412, 55_800, 110_574, 111_320
# On the middle meridian of a UTM zone the map is 0.9996 times as long as the ground.
UTM = 0.9996**2


@pytest.mark.parametrize(
    ('crs', 'transform', 'expected'),
    [
        ('EPSG:32633', Affine(0.6, 0, 500_000, 0, -0.6, 5_000_000), 0.36 / UTM),
        ('EPSG:32733', Affine(2, 0, 500_000, 0, -3, 5_000_000), 6 / UTM),
        ('EPSG:32633', Affine(0.3, 0.4, 500_000, 0.4, -0.3, 5_000_000), 0.25 / UTM),
        ('EPSG:4326', Affine(1e-5, 0, 15, 0, -1e-5, 60), EAST_AT_60 * NORTH_AT_60 * 1e-10),
        ('EPSG:4326', Affine(1e-5, 0, 15, 0, -2e-5, 0), EAST_AT_0 * NORTH_AT_0 * 2e-10),
        # Mercator's map is too large by the secant of the latitude, 60 degrees here: a sphere is good to 1 %.
        ('EPSG:3857', Affine(1, 0, 1e6, 0, -1, 6_378_137 * math.log(math.tan(math.radians(75)))), 0.25),
        # US survey feet.
        ('EPSG:2263', Affine(2, 0, 1e6, 0, -2, 2e5), (2 * 1200 / 3937) ** 2),
    ],
)
def test_ground_is_measured_in_metres(write_image, crs, transform, expected):
    tolerance = 0.01 if crs == 'EPSG:3857' else 2e-4
    assert pixel_area(write_image(crs, transform)) == pytest.approx(expected, rel=tolerance)


@pytest.mark.parametrize(
    ('crs', 'transform'),
    [
        (None, Affine.identity()),
        (None, Affine(0.6, 0, 0, 0, -0.6, 0)),
        ('EPSG:32633', Affine.identity()),
        ('LOCAL_CS["works",UNIT["metre",1]]', Affine(1, 0, 5, 0, -1, 5)),
        ('EPSG:4326', Affine(0, 0, 15, 0, -1e-5, 60)),
    ],
)
def test_nothing_is_known_without_a_georeference(write_image, crs, transform):
    assert pixel_area(write_image(crs, transform)) is None


def test_missing_image_is_named(tmp_path):
    with pytest.raises(ValueError, match=r'a\.tif: no such file, expected an image'):
        pixel_area(tmp_path / 'a.tif')
