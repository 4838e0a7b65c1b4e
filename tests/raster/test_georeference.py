"""Places on Earth of px, against GDAL's and PROJ's own, and the dates that files hold."""

import math
import pickle
import warnings
import zipfile

import numpy as np
import pyproj
import pytest
import rasterio
from rasterio import Affine
from rasterio.control import GroundControlPoint
from rasterio.shutil import copy
from rasterio.transform import GCPTransformer
from rasterio.vrt import WarpedVRT

from ship_det.raster import Georeference, acquisition_date, find_georeference, open_image, open_rgb

NORTH_UP = Affine(0.6, 0, 500_000, 0, -0.6, 6_650_000)

MARS = 'GEOGCS["Mars",DATUM["Mars",SPHEROID["Mars",3396190,169.8]],PRIMEM["Reference",0],UNIT["degree",0.0174532925]]'


@pytest.fixture
def write_image(tmp_path):
    def write(name='a.tif', tags=None, domain=None, gcps=None, **profile):
        driver = {'.tif': 'GTiff', '.png': 'PNG'}[name[-4:]]
        options = {'driver': driver, 'count': 1, 'width': 400, 'height': 300, 'dtype': 'uint8', **profile}
        with warnings.catch_warnings():
            warnings.simplefilter('ignore', rasterio.errors.NotGeoreferencedWarning)
            with rasterio.open(tmp_path / name, 'w', **options) as image:
                if gcps:
                    image.gcps = gcps
                image.update_tags(ns=domain, **(tags or {}))
                image.write(np.ones((1, options['height'], options['width']), dtype=np.uint8))
        return tmp_path / name

    return write


def read_georeference(path):
    with open_image(path) as image:
        return find_georeference(image)


@pytest.mark.parametrize(
    'affine', [NORTH_UP, Affine(0.3, 0.4, 500_000, 0.4, -0.3, 6_650_000), Affine(0.6, 0, 500_000, 0, 0.6, 6_650_000)]
)
def test_affine(write_image, affine):
    found = read_georeference(write_image(crs='EPSG:32633', transform=affine))
    assert found == Georeference('EPSG:32633', tuple(affine)[:6])
    points = np.array([[[0, 0], [400, 0]], [[400, 300], [12.25, 7.75]]])
    expected = np.array([[affine @ tuple(point) for point in row] for row in points])
    np.testing.assert_allclose(found.to_map(points), expected, rtol=0, atol=1e-8)
    np.testing.assert_allclose(found.to_pixels(expected), points, rtol=0, atol=1e-7)
    to_degrees = pyproj.Transformer.from_crs('EPSG:32633', 'EPSG:4326', always_xy=True)
    degrees = [to_degrees.transform(*place) for place in expected.reshape(-1, 2)]
    np.testing.assert_allclose(found.to_degrees(points).reshape(-1, 2), degrees, rtol=0, atol=1e-12)
    assert pickle.loads(pickle.dumps(found)) == found


def write_points(count: int) -> list[GroundControlPoint]:
    """Points of a curved view: a term of second order beside the affine ones."""
    side = math.ceil(math.sqrt(count))
    places = [(x, y) for y in np.linspace(0, 300, side) for x in np.linspace(0, 400, side)][:count]
    return [
        GroundControlPoint(row=y, col=x, x=15 + 1e-5 * x + 3e-6 * y, y=60 - 1e-5 * y + 2e-9 * x * x, z=0, id=str(i))
        for i, (x, y) in enumerate(places)
    ]


@pytest.mark.parametrize('count', [4, 9, 25])
def test_control_points_as_gdal_warps_them(write_image, count):
    points = write_points(count)
    path = write_image(gcps=(points, 'EPSG:4326'))
    found = read_georeference(path)
    assert found.crs == 'EPSG:4326'
    pixels = np.random.default_rng(0).uniform(0, 300, (5, 2, 2))
    with GCPTransformer(points) as gdal:
        x, y = gdal.xy(pixels[..., 1].ravel(), pixels[..., 0].ravel(), offset='ul')
    expected = np.column_stack([x, y]).reshape(pixels.shape)
    np.testing.assert_allclose(found.to_map(pixels), expected, rtol=0, atol=1e-12)
    if count > 4:
        # The view by hand: of second order, as the polynomial is.
        by_hand = (
            15 + 1e-5 * pixels[..., 0] + 3e-6 * pixels[..., 1],
            60 - 1e-5 * pixels[..., 1] + 2e-9 * pixels[..., 0] ** 2,
        )
        np.testing.assert_allclose(found.to_map(pixels), np.stack(by_hand, axis=-1), rtol=0, atol=1e-9)
        # The way back is a fit of its own; within a tenth of a px here.
        np.testing.assert_allclose(found.to_pixels(expected), pixels, rtol=0, atol=0.1)


def test_to_pixels_is_where_gdal_warps_from(tmp_path, write_image):
    """A bright pixel of a file with control points is found where GDAL's warper puts it."""
    path = write_image(gcps=(write_points(25), 'EPSG:4326'))
    with rasterio.open(path, 'r+') as image:
        pixels = np.zeros((1, 300, 400), dtype=np.uint8)
        pixels[0, 120:123, 250:253] = 255
        image.write(pixels)
    found = read_georeference(path)
    with rasterio.open(path) as image, WarpedVRT(image, src_crs='EPSG:4326', crs='EPSG:4326') as warped:
        rows, columns = np.nonzero(warped.read(1))
        places = np.array(
            [warped.transform @ (column + 0.5, row + 0.5) for column, row in zip(columns, rows, strict=True)]
        )
    np.testing.assert_allclose(found.to_pixels(places).mean(axis=0), (251.5, 121.5), rtol=0, atol=0.3)


def test_control_points_across_the_antimeridian(write_image):
    points = [
        GroundControlPoint(row=y, col=x, x=(179.998 + 1e-5 * x + 180) % 360 - 180, y=-1e-5 * y, z=0, id=f'{x} {y}')
        for x in (0, 200, 400) for y in (0, 150, 300)
    ]  # fmt: skip
    found = read_georeference(write_image(gcps=(points, 'EPSG:4326')))
    degrees = found.to_degrees([[100, 100], [300, 100]])
    np.testing.assert_allclose(degrees, [[179.999, -0.001], [-179.999, -0.001]], rtol=0, atol=1e-9)


@pytest.mark.parametrize(
    ('crs', 'affine', 'step'),
    [
        # On the middle meridian of a UTM zone the map is 0.9996 times as long as the ground.
        ('EPSG:32633', NORTH_UP, [[0.6 / 0.9996, 0], [0, -0.6 / 0.9996]]),
        ('EPSG:32633', Affine(0.3, 0.4, 500_000, 0.4, -0.3, 6_650_000), np.array([[0.3, 0.4], [0.4, -0.3]]) / 0.9996),
        # Lengths of a degree at 60 degrees north (Defense Mapping Agency).
        ('EPSG:4326', Affine(1e-5, 0, 15, 0, -1e-5, 60.0015), [[0.55800, 0], [0, -1.11412]]),
    ],
)
def test_ground_steps(crs, affine, step):
    found = Georeference(crs, tuple(affine)[:6])
    np.testing.assert_allclose(found.ground_steps(200, 150), step, rtol=2e-4, atol=2e-5)


def test_ground_steps_across_the_antimeridian():
    found = Georeference('EPSG:4326', (1e-5, 0, 179.998, 0, -1e-5, 0))
    np.testing.assert_allclose(found.ground_steps(200, 0), [[1.11320, 0], [0, -1.10574]], rtol=2e-5, atol=1e-6)


@pytest.mark.parametrize(
    'profile',
    [
        {},
        {'transform': NORTH_UP},
        {'crs': 'EPSG:32633'},
        {'crs': 'LOCAL_CS["works",UNIT["metre",1]]', 'transform': NORTH_UP},
        {'crs': MARS, 'transform': Affine(1e-5, 0, 15, 0, -1e-5, 60)},
        {'crs': 'EPSG:4326', 'transform': Affine(0, 0, 15, 0, -1e-5, 60)},
        {'gcps': (write_points(2), 'EPSG:4326')},
        {'gcps': (write_points(9)[:3], 'EPSG:4326')},
        {'gcps': (write_points(9), rasterio.crs.CRS())},
    ],
)  # fmt: skip
def test_nowhere_on_earth(write_image, profile):
    assert read_georeference(write_image(**profile)) is None


def test_heights_are_left_out(write_image):
    found = read_georeference(write_image(crs='EPSG:32633+5773', transform=NORTH_UP))
    assert found.crs == 'EPSG:32633'


def test_a_crs_without_a_number(write_image):
    text = '+proj=laea +lat_0=59 +lon_0=14 +datum=WGS84 +units=m'
    found = read_georeference(write_image(crs=text, transform=Affine(1, 0, -200, 0, -1, 150)))
    np.testing.assert_allclose(found.to_degrees((200, 150)), (14, 59), rtol=0, atol=1e-9)


@pytest.mark.parametrize('options', [{}, {'affine': (1, 0, 0, 0, -1, 0), 'control_points': ((0, 0, 0, 0),)}])
def test_a_georeference_is_of_one_kind(options):
    with pytest.raises(ValueError, match='expected an affine transform or control points'):
        Georeference('EPSG:4326', **options)


@pytest.mark.parametrize(
    ('tags', 'domain', 'expected'),
    [
        ({'TIFFTAG_DATETIME': '2023:07:04 10:21:59'}, None, '2023-07-04T10:21:59'),
        ({'ACQUISITIONDATETIME': '2023-07-04 10:21:59'}, 'IMAGERY', '2023-07-04T10:21:59'),
        ({'NITF_IDATIM': '20230704102159'}, None, '2023-07-04T10:21:59'),
        ({'acquisition_date': '2023-07-04'}, None, '2023-07-04'),
        ({'acquisition_date': '20230704'}, None, '2023-07-04'),
        ({'PRODUCT_START_TIME': '2023-07-04T10:21:59.024Z'}, None, '2023-07-04T10:21:59.024Z'),
        ({'acquired': '2023-07-04T10:21:59.120000+0200'}, None, '2023-07-04T10:21:59.12+02:00'),
        ({'EXIF_DateTimeOriginal': '2023:07:04 10:21:59'}, None, '2023-07-04T10:21:59'),
        # The file's own date is the last to ask.
        ({'TIFFTAG_DATETIME': '2024:01:01 00:00:00', 'NITF_IDATIM': '20230704102159'}, None, '2023-07-04T10:21:59'),
        ({'TIFFTAG_DATETIME': '2024:01:01 00:00:00', 'NITF_IDATIM': '--------------'}, None, '2024-01-01T00:00:00'),
        ({'TIFFTAG_DATETIME': '0000:00:00 00:00:00'}, None, None),
        ({'TIFFTAG_DATETIME': 'last summer'}, None, None),
        ({'acquisition_date': '2023-02-30'}, None, None),
        ({'acquisition_date': '2023-07-0410'}, None, None),
        ({}, None, None),
    ],
)  # fmt: skip
def test_dates(write_image, tags, domain, expected):
    with open_image(write_image(tags=tags, domain=domain)) as image:
        assert acquisition_date(image) == expected


def test_gdal_paths_are_opened(tmp_path, write_image):
    path = write_image(crs='EPSG:32633', transform=NORTH_UP)
    with zipfile.ZipFile(tmp_path / 'a.zip', 'w') as archive:
        archive.write(path, 'a.tif')
    with rasterio.open(path) as image, WarpedVRT(image, crs='EPSG:4326') as warped:
        copy(warped, tmp_path / 'a.vrt', driver='VRT')
    with open_rgb(f'/vsizip/{tmp_path}/a.zip/a.tif') as reader:
        assert (reader.read((0, 0, 400, 300)) == 1).all()
        assert find_georeference(reader.scene).crs == 'EPSG:32633'
    with open_rgb(tmp_path / 'a.vrt') as reader:
        assert find_georeference(reader.scene).crs == 'EPSG:4326'
        assert reader.read((0, 0, *reader.size)).any()
    with open_rgb(f'zip://{tmp_path}/a.zip!a.tif') as reader:
        assert reader.size == (400, 300)


def test_files_with_names_of_gdal(tmp_path, write_image, monkeypatch):
    write_image('s3:1.tif')
    monkeypatch.chdir(tmp_path)
    with open_image('s3:1.tif') as image:
        assert image.width == 400


def test_a_single_point_has_its_shape():
    found = Georeference('EPSG:4326', (1e-5, 0, 15, 0, -1e-5, 60))
    with warnings.catch_warnings():
        # pyproj would take an array of a single element for a number, which NumPy deprecates.
        warnings.simplefilter('error')
        assert found.to_degrees([[[0, 0]]]).tolist() == [[[15, 60]]]
        assert found.to_degrees([0, 0]).tolist() == [15, 60]
        assert found.to_degrees(np.empty((0, 2))).shape == (0, 2)
        assert found.ground_steps(0, 0).shape == (2, 2)


@pytest.mark.parametrize('path', ['/vsizip/nowhere.zip/a.tif', 'NETCDF:"nowhere.nc":a', 'zip://nowhere.zip!a.tif'])
def test_gdal_path_that_leads_nowhere_is_named(path):
    with pytest.raises(ValueError, match='nowhere') as caught, open_image(path):
        pass
    assert str(caught.value).startswith(f'{path}: ')
