"""A scene's description, from its file."""

import pickle
import warnings
import zipfile

import numpy as np
import pytest
import rasterio
from PIL import Image
from rasterio import Affine

from ship_det.scenes import Scene, describe_scene


@pytest.fixture
def write_scene(tmp_path):
    def write(**profile):
        path = tmp_path / 'a b.tif'
        with warnings.catch_warnings():
            warnings.simplefilter('ignore', rasterio.errors.NotGeoreferencedWarning)
            with rasterio.open(
                path, 'w', driver='GTiff', count=1, width=400, height=300, dtype='uint8', **profile
            ) as image:
                image.update_tags(TIFFTAG_DATETIME='2023:07:04 10:21:59')
                image.write(np.ones((1, 300, 400), dtype=np.uint8))
        return path

    return write


def test_georeferenced_scene(write_scene):
    # Its middle lies on the middle meridian, where UTM's map is 0.9996 times as long as the ground.
    path = write_scene(crs='EPSG:32633', transform=Affine(2, 0, 500_000 - 400, 0, -0.5, 6_650_000))
    scene = describe_scene(path, 'a')
    assert scene.georeference.crs == 'EPSG:32633'
    assert scene.gsd == pytest.approx(1 / 0.9996, rel=1e-6)
    assert (scene.name, scene.path, scene.size, scene.date) == ('a', str(path), (400, 300), '2023-07-04T10:21:59')
    assert pickle.loads(pickle.dumps(scene)) == scene
    # What is measured is better than what is stated.
    assert describe_scene(path, 'a', gsd=7).gsd == scene.gsd


def test_scene_of_nothing_but_pixels(write_scene):
    path = write_scene()
    assert describe_scene(path, 'a') == Scene('a', str(path), (400, 300), date='2023-07-04T10:21:59')
    assert describe_scene(path, 'a', gsd=0.5).gsd == 0.5


def test_size_is_that_shown(tmp_path):
    image = Image.new('RGB', (60, 40))
    exif = image.getexif()
    # Turned by a quarter.
    exif[274] = 6
    image.save(tmp_path / 'a.jpg', exif=exif)
    assert describe_scene(tmp_path / 'a.jpg', 'a').size == (40, 60)


def test_scene_in_an_archive(tmp_path, write_scene):
    with zipfile.ZipFile(tmp_path / 'a.zip', 'w') as archive:
        archive.write(write_scene(crs='EPSG:32633', transform=Affine(2, 0, 5e5, 0, -2, 6e6)), 'in/a.tif')
    path = f'/vsizip/{tmp_path}/a.zip/in/a.tif'
    scene = describe_scene(path, 'a')
    assert scene.path == path
    assert scene.georeference.affine == (2, 0, 5e5, 0, -2, 6e6)


@pytest.mark.parametrize('gsd', [0, -1, float('nan'), float('inf')])
def test_gsd_is_positive(write_scene, gsd):
    with pytest.raises(ValueError, match=r'a b\.tif: ground sampling distance .*, expected a positive number of m/px'):
        describe_scene(write_scene(), 'a', gsd)


def test_missing_scene_is_named(tmp_path):
    with pytest.raises(ValueError, match=r'a\.tif: no such file'):
        describe_scene(tmp_path / 'a.tif', 'a')
