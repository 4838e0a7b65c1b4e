"""Whole runs on random scenes: no ship lost, nothing outside its chip, pixels where they belong."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import rasterio
from hypothesis import given, settings
from hypothesis import strategies as st

from ship_det.annotations import LabeledObject, read_dota, write_dota
from ship_det.geometry import rbox_to_quad
from ship_det.tiling import TilingOptions, read_chip_index, tile_scenes

cases = st.fixed_dictionaries(
    {
        'size': st.one_of(st.just((1, 1)), st.tuples(st.integers(1, 260), st.integers(1, 180))),
        'bands': st.sampled_from([1, 3, 4]),
        'dtype': st.sampled_from(['uint8', 'uint16', 'int16', 'float32']),
        'suffix': st.sampled_from(['.tif', '.png', '.bmp']),
        'chip': st.integers(30, 300),
        'overlap': st.sampled_from([0.0, 0.2, 0.5]),
        'scales': st.sampled_from([(1.0,), (0.5,), (1.0, 0.4, 1.7)]),
        'count': st.integers(0, 12),
        'seed': st.integers(0, 2**32 - 1),
    }
)


def make_scene(root, write_raster, case):
    """A scene of noise and labels at random; (bands, h, w) pixels and (N, 4, 2) quads."""
    shutil.rmtree(root, ignore_errors=True)
    for folder in ('images', 'labelTxt'):
        (root / folder).mkdir(parents=True)
    rng = np.random.default_rng(case['seed'])
    width, height = case['size']
    dtype, bands = case['dtype'], case['bands']
    if case['suffix'] != '.tif':
        dtype = 'uint8' if case['suffix'] == '.bmp' or dtype in ('int16', 'float32') else dtype
        bands = min(bands, 3)
    pixels = rng.integers(1, 250, (bands, height, width)).astype(dtype)
    write_raster(root / f'images/scene{case["suffix"]}', pixels)
    count = case['count']
    boxes = np.column_stack(
        [rng.uniform(0, [width, height], (count, 2)), rng.uniform(2, 90, (count, 2)), rng.uniform(-1.5, 1.5, count)]
    )
    quads = rbox_to_quad(boxes)
    write_dota(root / 'labelTxt/scene.txt', [LabeledObject(quad, 'ship') for quad in quads])
    return pixels, quads


def read_tiled(out):
    chips = read_chip_index(out)
    return chips, [read_dota(out / 'labelTxt' / f'{Path(chip.file).stem}.txt') for chip in chips]


@pytest.mark.filterwarnings('ignore::rasterio.errors.NotGeoreferencedWarning')
@settings(max_examples=30, deadline=None)
@given(case=cases)
def test_no_ship_is_lost_and_nothing_leaves_its_chip(tmp_path_factory, write_raster, case):
    root = tmp_path_factory.mktemp('scenes')
    _, quads = make_scene(root, write_raster, case)
    chip, scales = case['chip'], case['scales']
    overlap = int(case['overlap'] * chip)
    options = TilingOptions(chip=chip, overlap=overlap, scales=scales, keep_empty=1)
    tile_scenes(root, root / 'out', options)
    chips, labels = read_tiled(root / 'out')
    assert len({chip.file for chip in chips}) == len(chips)
    for found, objects in zip(chips, labels, strict=True):
        size = found.size or found.window[2:]
        with rasterio.open(root / 'out/images' / found.file) as image:
            assert (image.width, image.height) == size
            assert max(size) <= chip
        for labeled in objects:
            assert (labeled.quad >= 0).all() and (labeled.quad <= size).all()
    for scale in scales:
        side = round(chip / scale)
        ending = '.png' if scale == 1 else f'__{scale:g}.png'
        moved = [
            found.to_scene(labeled.quad)
            for found, objects in zip(chips, labels, strict=True)
            for labeled in objects
            if not labeled.difficult and found.file == f'scene__{found.window[0]}_{found.window[1]}{ending}'
        ]
        low, high = np.floor(quads.min(axis=1)), np.ceil(quads.max(axis=1))
        fits = ((low >= 0) & (high <= case['size']) & (high - low <= side)).all(axis=1)
        for quad in quads[fits]:
            assert any(np.allclose(found, quad, rtol=0, atol=1e-9) for found in moved)


@pytest.mark.filterwarnings('ignore::rasterio.errors.NotGeoreferencedWarning')
@settings(max_examples=15, deadline=None)
@given(case=cases)
def test_chips_side_by_side_are_the_scene_again(tmp_path_factory, write_raster, case):
    chip = case['chip']
    width, height = (max(1, length // chip) * chip for length in case['size'])
    root = tmp_path_factory.mktemp('scenes')
    pixels, _ = make_scene(root, write_raster, {**case, 'size': (width, height), 'dtype': 'uint8'})
    tile_scenes(root, root / 'out', TilingOptions(chip=chip, overlap=0, whole=False, keep_empty=1))
    again = np.zeros((3, height, width), dtype=np.uint8)
    for found in read_chip_index(root / 'out'):
        x, y, w, h = found.window
        with rasterio.open(root / 'out/images' / found.file) as image:
            again[:, y : y + h, x : x + w] += image.read()
    np.testing.assert_array_equal(again, pixels[[0, 1, 2] if len(pixels) >= 3 else [0, 0, 0]])


@pytest.mark.filterwarnings('ignore::rasterio.errors.NotGeoreferencedWarning')
@pytest.mark.parametrize('workers', [1, 2])
def test_nodata_chips_are_left_out_and_counted_and_a_second_run_knows(scenes, tmp_path, write_raster, workers):
    pixels = np.random.default_rng(0).integers(500, 4000, (4, 500, 700)).astype(np.uint16)
    pixels[:, :, :250] = 0
    write_raster(scenes / 'images/port.tif', pixels, nodata=0)
    options = TilingOptions(chip=100, overlap=0, keep_empty=1, whole=False, bands=(3, 2, 1))
    summary = tile_scenes(scenes, tmp_path / 'chips', options, workers)
    chips = [chip for chip in read_chip_index(tmp_path / 'chips') if chip.scene == 'port.tif']
    assert sorted({chip.window[0] for chip in chips}) == [200, 300, 400, 500, 600]
    assert summary.tally['chips without data skipped'] == 10
    assert summary.tally['chips'] == len(read_chip_index(tmp_path / 'chips')) == 25 + 35
    assert not list((tmp_path / 'chips/images').glob('port__0_*'))
    assert not list((tmp_path / 'chips/labelTxt').glob('port__0_*'))
    again = tile_scenes(scenes, tmp_path / 'chips', options, workers)
    assert (again.tally, again.class_counts, again.resumed) == (summary.tally, summary.class_counts, 70)
    with rasterio.open(tmp_path / 'chips/images/port__200_0.png') as chip:
        left = chip.read()
    limits = [np.percentile(pixels[band][:, 250:], [2, 98]) for band in (2, 1, 0)]
    expected = [
        np.rint(np.clip((pixels[band, :100, 250:300] - low) / (high - low), 0, 1) * 255)
        for band, (low, high) in zip((2, 1, 0), limits, strict=True)
    ]
    assert (left[:, :, :50] == 0).all()
    np.testing.assert_array_equal(left[:, :, 50:], expected)


@pytest.mark.filterwarnings('ignore::rasterio.errors.NotGeoreferencedWarning')
def test_scales_change_labels_and_pixels_together(tmp_path, write_raster):
    """A bright bar in a dark scene: in every chip of every scale its label lies on it."""
    root = tmp_path / 'scenes'
    for folder in ('images', 'labelTxt'):
        (root / folder).mkdir(parents=True)
    pixels = np.zeros((3, 400, 600), dtype=np.uint8)
    pixels[:, 160:200, 300:420] = 255
    write_raster(root / 'images/bar.tif', pixels)
    (root / 'labelTxt/bar.txt').write_text('300 160 420 160 420 200 300 200 ship 0\n')
    tile_scenes(root, tmp_path / 'chips', TilingOptions(chip=150, overlap=30, scales=(1, 0.5, 0.3, 1.25), keep_empty=0))
    chips, labels = read_tiled(tmp_path / 'chips')
    assert len({chip.window[2:] for chip in chips}) == 4
    for chip, (labeled,) in zip(chips, labels, strict=True):
        with rasterio.open(tmp_path / 'chips/images' / chip.file) as image:
            bright = image.read(1).astype(float) / 255
        left, top = labeled.quad.min(axis=0)
        right, bottom = labeled.quad.max(axis=0)
        np.testing.assert_allclose(bright.sum(), (right - left) * (bottom - top), rtol=0.02, atol=3)
        inside = bright[round(top) : round(bottom), round(left) : round(right)]
        assert inside.mean() > 0.95
