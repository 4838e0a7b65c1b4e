"""Pixels through windows: what is read equals what was written, nodata is left out, and damage is named."""

import tracemalloc
import warnings

import numpy as np
import pytest
import rasterio
from hypothesis import given, settings
from hypothesis import strategies as st

from ship_det.raster import PixelChoices, SceneReader, Stretch, TileCache, open_scene, scene_reader, verify_image
from ship_det.raster.tile_cache import Tile

WINDOW = (20, 10, 30, 40)
SIZE = 900, 700

LAYOUTS = {
    'tiled.tif': {'tiled': True, 'blockxsize': 128, 'blockysize': 64, 'compress': 'deflate'},
    'large_blocks.tif': {'tiled': True, 'blockxsize': 512, 'blockysize': 512, 'interleave': 'band'},
    'striped.tif': {'compress': 'lzw', 'blockysize': 7},
    'one_strip.tif': {'blockysize': SIZE[1]},
    'scene.png': {},
    'scene.bmp': {},
    'scene.jp2': {'reversible': 'YES', 'quality': '100', 'blockxsize': 256, 'blockysize': 256},
    'scene.jpg': {'quality': 95},
}


@pytest.fixture(autouse=True, scope='module')
def small_scenes_have_tiles():
    """As large ones have."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scene_reader, '_SMALL_SCENE', 0)
        yield


@pytest.fixture
def noise():
    return np.random.default_rng(1).integers(0, 256, (4, 120, 150), dtype=np.uint8)


def read(path, window=WINDOW, bands=None, stretch=None):
    with open_scene(path) as scene:
        return SceneReader(scene, PixelChoices(bands=bands), stretch).read(window)


def hwc(pixels):
    return np.moveaxis(pixels, 0, 2)


@pytest.mark.parametrize('name', LAYOUTS)
def test_windows_of_every_format_and_layout(tmp_path, write_raster, name):
    rng = np.random.default_rng(0)
    pixels = np.kron(rng.integers(0, 256, (3, 70, 90)), np.ones((1, 10, 10))).astype(np.uint8)
    write_raster(tmp_path / name, pixels, **LAYOUTS[name])
    with warnings.catch_warnings():
        warnings.simplefilter('ignore', rasterio.errors.NotGeoreferencedWarning)
        with rasterio.open(tmp_path / name) as scene:
            whole = scene.read()
    assert name.endswith('jpg') or np.array_equal(whole, pixels)
    with open_scene(tmp_path / name) as scene:
        reader = SceneReader(scene)
        for x, y, w, h in [(0, 0, *SIZE), (0, 0, 1, 1), (511, 255, 2, 2), (130, 300, 400, 333), (899, 699, 1, 1)]:
            np.testing.assert_array_equal(reader.read((x, y, w, h)), hwc(whole[:, y : y + h, x : x + w]))


@settings(max_examples=25, deadline=None)
@given(data=st.data(), bands=st.sampled_from([1, 2, 3, 4, 5]), limit=st.integers(0, 400_000))
def test_any_window_equals_the_same_part_of_the_whole(tmp_path_factory, write_raster, data, bands, limit):
    width, height = data.draw(st.tuples(st.integers(1, 700), st.integers(1, 400)))
    pixels = np.random.default_rng(bands).integers(0, 256, (bands, height, width), dtype=np.uint8)
    path = tmp_path_factory.mktemp('scene') / 'scene.tif'
    write_raster(path, pixels, tiled=True, blockxsize=64, blockysize=64, photometric='minisblack', alpha='no')
    shown = [0, 1, 2] if bands >= 3 else [0, 0, 0]
    with open_scene(path) as scene:
        reader = SceneReader(scene, tiles=TileCache(limit))
        for _ in range(3):
            x, y = data.draw(st.integers(0, width - 1)), data.draw(st.integers(0, height - 1))
            w, h = data.draw(st.integers(1, width - x)), data.draw(st.integers(1, height - y))
            np.testing.assert_array_equal(reader.read((x, y, w, h)), hwc(pixels[shown, y : y + h, x : x + w]))


def test_bands_in_the_order_asked_for(tmp_path, write_raster, noise):
    write_raster(tmp_path / 'scene.tif', noise, photometric='minisblack', alpha='no')
    np.testing.assert_array_equal(read(tmp_path / 'scene.tif', bands=(4, 2, 1)), hwc(noise[[3, 1, 0], 10:50, 20:50]))
    np.testing.assert_array_equal(read(tmp_path / 'scene.tif', bands=(4,)), hwc(noise[[3, 3, 3], 10:50, 20:50]))
    with pytest.raises(ValueError, match=r'scene\.tif: has 4 bands, expected a band 5'):
        read(tmp_path / 'scene.tif', bands=(1, 2, 5))


@pytest.mark.parametrize('name', ['scene.tif', 'scene.png', 'scene.jp2'])
def test_16_bit_scene_is_stretched(tmp_path, write_raster, name):
    pixels = np.random.default_rng(0).integers(100, 3000, (3, 60, 60), dtype=np.uint16)
    write_raster(tmp_path / name, pixels, **({'reversible': 'YES', 'quality': '100'} if name.endswith('2') else {}))
    with open_scene(tmp_path / name) as scene:
        stretch = SceneReader(scene).find_stretch((2, 98))
        found = SceneReader(scene, stretch=stretch).read((0, 0, 60, 60))
    for band, (low, high) in enumerate(stretch.limits):
        assert (low, high) == tuple(np.percentile(pixels[band], [2, 98]))
        expected = np.rint(np.clip((pixels[band] - low) / (high - low), 0, 1) * 255)
        np.testing.assert_array_equal(found[..., band], expected)


@pytest.mark.filterwarnings('ignore::rasterio.errors.NotGeoreferencedWarning')
@pytest.mark.parametrize('layout', [{}, {'tiled': True, 'blockxsize': 256, 'blockysize': 256}])
def test_percentiles_of_a_large_scene_are_near_those_of_all_its_pixels(tmp_path, write_raster, layout):
    y, x = np.mgrid[0:2100, 0:1300]
    pixels = ((x + 2 * y) % 5000).astype(np.uint16)[None]
    pixels[0, :, :200] = 60000
    write_raster(tmp_path / 'scene.tif', pixels, nodata=60000, **layout)
    with open_scene(tmp_path / 'scene.tif') as scene:
        found = SceneReader(scene).find_stretch((2, 98))
    with rasterio.open(tmp_path / 'scene.tif', 'r+') as scene:
        scene.build_overviews([2, 4, 8])
    with open_scene(tmp_path / 'scene.tif') as scene:
        from_overview = SceneReader(scene).find_stretch((2, 98))
    expected = np.percentile(pixels[0, :, 200:], [2, 98])
    np.testing.assert_allclose(found.limits[0], expected, atol=10)
    np.testing.assert_allclose(from_overview.limits[0], expected, atol=10)


@pytest.mark.filterwarnings('ignore::rasterio.errors.NotGeoreferencedWarning')
@pytest.mark.parametrize('kind', ['nodata', 'nan', 'alpha', 'mask'])
def test_nodata_is_0_and_a_window_of_nothing_else_is_none(tmp_path, write_raster, kind):
    values = np.random.default_rng(0).integers(50, 200, (4, 100, 300)).astype(np.float32 if kind == 'nan' else np.uint8)
    hole = np.zeros((100, 300), dtype=bool)
    hole[:, :130] = hole[40:45, 140:150] = True
    path = tmp_path / 'scene.tif'
    if kind == 'nodata':
        # One band alone that has the value is a colour, not a hole.
        values[0, 60, 200] = 7
        values[:3, hole] = 7
        write_raster(path, values[:3], nodata=7, tiled=True, blockxsize=16, blockysize=16)
    elif kind == 'nan':
        values[:3, hole] = np.nan
        write_raster(path, values[:3])
    elif kind == 'alpha':
        values[3] = np.where(hole, 0, 255)
        write_raster(path, values, photometric='rgb', alpha='yes')
    else:
        with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True):
            write_raster(path, values[:3])
            with rasterio.open(path, 'r+') as scene:
                scene.write_mask(~hole)
    stretch = Stretch(((0, 255),) * 3)
    assert read(path, (0, 0, 130, 100), stretch=stretch) is None
    found = read(path, (100, 0, 200, 100), stretch=stretch)
    expected = np.where(hole, 0, values[:3])[:, :, 100:]
    np.testing.assert_array_equal(found, hwc(expected))
    with open_scene(path) as scene:
        limits = SceneReader(scene).find_stretch((0, 100)).limits
    assert limits == tuple((float(band[~hole].min()), float(band[~hole].max())) for band in values[:3])


def test_a_band_called_alpha_is_shown_where_it_is_asked_for(tmp_path, write_raster, noise):
    noise[3, 10:50, 20:50] = 0
    write_raster(tmp_path / 'scene.tif', noise, photometric='rgb', alpha='yes')
    np.testing.assert_array_equal(read(tmp_path / 'scene.tif', bands=(4, 1, 2)), hwc(noise[[3, 0, 1], 10:50, 20:50]))
    assert read(tmp_path / 'scene.tif', bands=(1,)) is None


def test_palette_becomes_colours(tmp_path, write_raster):
    indices = np.random.default_rng(0).integers(0, 3, (1, 50, 60), dtype=np.uint8)
    colours = {0: (255, 0, 0, 255), 1: (1, 2, 3, 255), 2: (90, 80, 70, 255)}
    with warnings.catch_warnings():
        warnings.simplefilter('ignore', rasterio.errors.NotGeoreferencedWarning)
        with rasterio.open(
            tmp_path / 'scene.tif', 'w', driver='GTiff', count=1, width=60, height=50, dtype='uint8'
        ) as scene:
            scene.write_colormap(1, colours)
            scene.write(indices)
    table = np.array([colours[index][:3] for index in range(3)])
    np.testing.assert_array_equal(read(tmp_path / 'scene.tif', (5, 5, 20, 30)), table[indices[0, 5:35, 5:25]])


def test_complex_pixels_are_refused(tmp_path, write_raster):
    write_raster(tmp_path / 'scene.tif', np.zeros((1, 20, 20), dtype=np.complex64))
    with pytest.raises(ValueError, match=r'scene\.tif: pixels of complex64, expected integers or floating'):
        read(tmp_path / 'scene.tif')


def test_inks_of_16_bit_are_refused_where_nobody_asks_for_them(tmp_path, write_raster, noise):
    """GDAL makes colours of inks of 8 bit only; others would look like a negative."""
    write_raster(tmp_path / 'scene.tif', noise.astype(np.uint16) * 257, photometric='cmyk')
    with pytest.raises(ValueError, match=r'scene\.tif: CMYK pixels of uint16, expected RGB, grey, or CMYK of 8 bit'):
        read(tmp_path / 'scene.tif')
    assert read(tmp_path / 'scene.tif', bands=(1, 2, 3), stretch=Stretch(((0, 65535),) * 3)) is not None


@pytest.mark.parametrize('name', ['scene.png', 'tiled.tif', 'striped.tif'])
def test_the_whole_scene_is_never_in_memory(tmp_path, write_raster, name):
    pixels = np.random.default_rng(0).integers(0, 256, (3, 4000, 1500), dtype=np.uint8)
    write_raster(tmp_path / name, pixels, **LAYOUTS.get(name, {}))
    tracemalloc.start()
    with open_scene(tmp_path / name) as scene:
        reader = SceneReader(scene, tiles=TileCache(1 << 20))
        for y in range(0, 4000, 160):
            for x in range(0, 1500, 300):
                reader.read((x, y, min(200, 1500 - x), min(200, 4000 - y)))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 0.35 * pixels.nbytes


@pytest.mark.parametrize('name', ['scene.tif', 'scene.png', 'scene.jpg', 'scene.bmp', 'scene.jp2'])
def test_truncated_image_is_named(tmp_path, write_raster, noise, name):
    path = tmp_path / name
    write_raster(path, np.tile(noise[:3], (1, 4, 4)))
    verify_image(path)
    whole = path.read_bytes()
    for share in (0.9, 0.5, 0.0):
        path.write_bytes(whole[: int(share * len(whole))])
        with pytest.raises(ValueError, match=rf'{name}: not an image or a truncated one'):
            verify_image(path)
        with pytest.raises(ValueError, match=rf'{name}: not an image or a truncated one'):
            read(path, (0, 0, 600, 480))


def test_missing_image_is_named(tmp_path):
    with pytest.raises(ValueError, match=r'nowhere\.png: no such file'):
        verify_image(tmp_path / 'nowhere.png')


def test_tiles_of_the_window_at_hand_are_never_given_up():
    cache = TileCache(limit=0)
    loaded = []

    def get(key):
        def load():
            loaded.append(key)
            return Tile(np.zeros((2, 2, 3), dtype=np.uint8), None)

        return cache.get(key, load)

    for key in 'abab':
        get(key)
    cache.trim(2)
    get('a'), get('b')
    assert loaded == ['a', 'b']
    # Of a window of one tile the one used last stays.
    cache.trim(1)
    get('b'), get('a')
    assert loaded == ['a', 'b', 'a']
