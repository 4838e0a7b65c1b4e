"""Whole tiling runs: chips show what their index says, runs are repeatable, resumable and refuse what does not fit."""

import contextlib
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import rasterio
from PIL import Image

from ship_det.annotations import read_dota
from ship_det.processes import processes
from ship_det.raster import SceneReader, open_scene
from ship_det.tiling import Chip, TilingOptions, read_chip_index, tile_scenes, tile_scenes_with

SMALL = TilingOptions(chip=200, overlap=50, keep_empty=0.0)


CUT_AND_DIE = """
import os, signal, sys
from ship_det.tiling import TilingOptions, tile_scenes

def die(done, total):
    os.kill(os.getpid(), signal.SIGKILL)

if __name__ == '__main__':
    options = TilingOptions(chip=80, overlap=40)
    tile_scenes(sys.argv[1], sys.argv[2], options, int(sys.argv[3]), die)
"""


CUT = CUT_AND_DIE.replace(', die)', ')')


def tree_digest(root):
    files = sorted(path for path in root.rglob('*') if path.is_file())
    return {str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_chips_show_their_windows_and_counts(scenes, tmp_path):
    out = tmp_path / 'chips'
    progress = []
    summary = tile_scenes(scenes, out, SMALL, on_progress=lambda done, total: progress.append((done, total)))
    chips = read_chip_index(out)
    assert progress[-1] == (len(chips), len(chips)) == (summary.tally['chips'],) * 2
    assert {path.name for path in (out / 'images').iterdir()} == {chip.file for chip in chips}
    assert {path.stem for path in (out / 'labelTxt').iterdir()} == {Path(chip.file).stem for chip in chips}
    for chip in chips:
        x, y, w, h = chip.window
        assert chip.file == f'{Path(chip.scene).stem}__{x}_{y}.png'
        with open_scene(scenes / 'images' / chip.scene) as scene, open_scene(out / 'images' / chip.file) as image:
            np.testing.assert_array_equal(SceneReader(image).read((0, 0, w, h)), SceneReader(scene).read(chip.window))
        objects = read_dota(out / 'labelTxt' / f'{Path(chip.file).stem}.txt', classes=['ship', 'boat'])
        assert all((labeled.quad >= 0).all() and (labeled.quad <= [w, h]).all() for labeled in objects)
        names = [labeled.name for labeled in objects if not labeled.difficult]
        assert chip.counts == {name: names.count(name) for name in set(names)}
        assert names


def test_every_object_is_accounted_for(scenes, tmp_path):
    tally = tile_scenes(scenes, tmp_path / 'chips', SMALL).tally
    objects = [labeled for name in ('port', 'bay') for labeled in read_dota(scenes / 'labelTxt' / f'{name}.txt')]
    inside = sum(bool(((labeled.quad >= 0) & (labeled.quad <= [700, 500])).all()) for labeled in objects)
    assert tally['objects'] == 35
    assert tally['objects whole in a chip'] == inside
    assert tally['objects in no chip'] == 0


def test_two_processes_make_the_same_bytes_as_one(scenes, tmp_path):
    tile_scenes(scenes, tmp_path / 'one', SMALL, workers=1)
    tile_scenes(scenes, tmp_path / 'two', SMALL, workers=2)
    assert tree_digest(tmp_path / 'one') == tree_digest(tmp_path / 'two')


def test_a_scene_that_was_replaced_is_read_anew_by_the_same_processes(scenes, tmp_path):
    image = scenes / 'images' / 'port.tif'
    with processes(2, 'ship_det.tiling.run') as run_all:
        tile_scenes_with(run_all, scenes, tmp_path / 'before', SMALL)
        with rasterio.open(image) as scene:
            profile, shape = scene.profile, (scene.count, scene.height, scene.width)
        with rasterio.open(image, 'w', **profile) as scene:
            scene.write(np.full(shape, 9, scene.dtypes[0]))
        tile_scenes_with(run_all, scenes, tmp_path / 'after', SMALL)
    chips = [chip for chip in read_chip_index(tmp_path / 'after') if chip.scene == 'port.tif']
    assert chips
    for chip in chips:
        with open_scene(tmp_path / 'after/images' / chip.file) as shown:
            assert (shown.read() == 9).all()


@pytest.mark.parametrize(('share', 'expected'), [(0.0, 0), (0.5, 10), (1.0, 20)])
def test_keep_empty_keeps_a_share_of_the_chips_without_objects(scenes, tmp_path, share, expected):
    (scenes / 'labelTxt' / 'port.txt').write_text('')  # 4 x 5 windows of 200 px
    (scenes / 'labelTxt' / 'bay.txt').write_text('10 10 50 10 50 20 10 20 boat 0\n')
    options = TilingOptions(chip=200, overlap=60, keep_empty=share)
    tile_scenes(scenes, tmp_path / 'chips', options)
    from_port = [chip for chip in read_chip_index(tmp_path / 'chips') if chip.scene == 'port.tif']
    assert len(from_port) == expected
    assert all(chip.counts == {} for chip in from_port)


@pytest.mark.parametrize(('chip', 'overlap'), [(200, 0), (5000, 100)])
def test_no_overlap_and_a_chip_larger_than_the_scene(scenes, tmp_path, chip, overlap):
    tile_scenes(scenes, tmp_path / 'chips', TilingOptions(chip=chip, overlap=overlap, whole=False))
    windows = {found.window for found in read_chip_index(tmp_path / 'chips') if found.scene == 'port.tif'}
    assert windows <= {(x, y, 200, 200) for x in (0, 200, 400, 500) for y in (0, 200, 300)} | {(0, 0, 700, 500)}


def test_one_pixel_scene(tmp_path, write_raster):
    (tmp_path / 'scenes/images').mkdir(parents=True)
    write_raster(tmp_path / 'scenes/images/dot.png', np.full((1, 1, 1), 9, dtype=np.uint8))
    tile_scenes(tmp_path / 'scenes', tmp_path / 'chips', TilingOptions(unlabeled=True, keep_empty=1))
    assert read_chip_index(tmp_path / 'chips') == [Chip('dot__0_0.png', 'dot.png', (0, 0, 1, 1), {})]


@pytest.mark.parametrize('orientation', [3, 6, 8])
def test_chips_of_a_scene_turned_by_exif(tmp_path, orientation):
    """Labels are those of the scene as it is shown."""
    pixels = np.random.default_rng(0).integers(0, 256, (300, 500, 3), dtype=np.uint8)
    exif = Image.Exif()
    exif[274] = orientation
    for folder in ('images', 'labelTxt'):
        (tmp_path / 'scenes' / folder).mkdir(parents=True)
    Image.fromarray(pixels).save(tmp_path / 'scenes/images/a.png', exif=exif)
    shown = np.rot90(pixels, {3: 2, 6: -1, 8: 1}[orientation])
    (tmp_path / 'scenes/labelTxt/a.txt').write_text('250 260 290 260 290 280 250 280 ship 0\n')
    tile_scenes(tmp_path / 'scenes', tmp_path / 'chips', TilingOptions(chip=200, overlap=50, keep_empty=1.0))
    chips = read_chip_index(tmp_path / 'chips')
    assert len(chips) >= 6
    for chip in chips:
        x, y, w, h = chip.window
        found = np.asarray(Image.open(tmp_path / 'chips/images' / chip.file))
        np.testing.assert_array_equal(found, shown[y : y + h, x : x + w])
        for labeled in read_dota(tmp_path / f'chips/labelTxt/{Path(chip.file).stem}.txt'):
            assert labeled.difficult or np.abs(labeled.quad[0] + (x, y) - (250, 260)).max() < 1e-6


def test_nodata_that_the_file_does_not_name(tmp_path, write_raster):
    """A border of 0 is neither cut nor counted."""
    (tmp_path / 'scenes/images').mkdir(parents=True)
    values = np.random.default_rng(0).integers(1000, 2000, (3, 200, 600), dtype=np.uint16)
    values[:, :, 300:] = 0
    write_raster(tmp_path / 'scenes/images/a.tif', values)
    options = {'chip': 200, 'overlap': 0, 'unlabeled': True, 'keep_empty': 1.0}
    tile_scenes(tmp_path / 'scenes', tmp_path / 'chips', TilingOptions(**options, nodata=0))
    chips = read_chip_index(tmp_path / 'chips')
    assert [chip.window[0] for chip in chips] == [0, 200]
    with open_scene(tmp_path / 'chips/images' / chips[1].file) as image:
        pixels = SceneReader(image).read((0, 0, 200, 200))
    low, high = np.percentile(values[0, :, :300], [2, 98])
    expected = np.rint(np.clip((values[0, :, 200:300] - low) / (high - low), 0, 1) * 255)
    np.testing.assert_array_equal(pixels[:, :100, 0], expected)
    assert not pixels[:, 100:].any()


NO_GRID = {'chip': 200, 'overlap': 0}
SHIP = '20 20 60 20 60 40 20 40 ship 0\n'


def write_scene(root: Path, name: str, pixels: np.ndarray, write_raster, labels: str = SHIP, **options) -> None:
    for folder in ('images', 'labelTxt'):
        (root / folder).mkdir(parents=True, exist_ok=True)
    write_raster(root / 'images' / name, pixels, **options)
    (root / f'labelTxt/{Path(name).stem}.txt').write_text(labels)


ALPHA = {'photometric': 'rgb', 'alpha': 'yes'}
RGBA = np.random.default_rng(0).integers(1, 256, (4, 200, 400), dtype=np.uint8)


@pytest.mark.parametrize(
    ('pixels', 'options', 'reason', 'shown_by'),
    [
        (RGBA * np.uint8([1, 1, 1, 0])[:, None, None], ALPHA, 'is 0 everywhere, .* 1 labelled', {'alpha': False}),
        (np.zeros((3, 200, 400), np.uint8), {'nodata': 0}, r'of the value 0 \(nodata\)', {'nodata': float('nan')}),
        (np.full((1, 200, 400), 5, np.uint16), {'nodata': 5}, r'of the value 5 \(nodata\)', {'nodata': 7.0}),
        (np.full((1, 200, 400), np.nan, np.float32), {}, 'not a number', None),
    ],
    ids=['alpha', 'black is nodata', '16 bit', 'not a number'],
)
def test_no_chip_left_is_an_error_and_leaves_nothing(tmp_path, write_raster, pixels, options, reason, shown_by):
    write_scene(tmp_path / 'scenes', 'a.tif', pixels, write_raster, **options)
    out = tmp_path / 'made/chips'
    with pytest.raises(ValueError, match=rf'a\.tif: .*{reason}.*--no-alpha'):
        tile_scenes(tmp_path / 'scenes', out, TilingOptions(**NO_GRID))
    assert not (tmp_path / 'made').exists()
    if shown_by is not None:
        # Other options take the place of those that failed.
        summary = tile_scenes(tmp_path / 'scenes', out, TilingOptions(**NO_GRID, **shown_by))
        assert (summary.tally['chips'], summary.tally['objects whole in a chip']) == (2, 1)
        again = tile_scenes(tmp_path / 'scenes', out, TilingOptions(**NO_GRID, **shown_by))
        assert again.resumed == 2


def test_scenes_without_data_and_what_alpha_bands_hide_are_named(tmp_path, write_raster):
    alpha = RGBA.copy()
    alpha[3] = 255
    alpha[3, :, 300:] = 0
    infrared = RGBA // 2 + 1
    infrared[3, :, :40] = 0
    write_scene(tmp_path / 'scenes', 'border.tif', alpha, write_raster, **ALPHA)
    write_scene(tmp_path / 'scenes', 'infrared.tif', infrared, write_raster, **ALPHA)
    write_scene(tmp_path / 'scenes', 'plain.tif', RGBA[:3], write_raster)
    write_scene(tmp_path / 'scenes', 'night.tif', RGBA[:3] * 0, write_raster, labels='', nodata=0)
    summary = tile_scenes(tmp_path / 'scenes', tmp_path / 'chips', TilingOptions(**NO_GRID))
    for found in (summary, tile_scenes(tmp_path / 'scenes', tmp_path / 'chips', TilingOptions(**NO_GRID))):
        assert found.without_data == ('night.tif',)
        assert {name: (each.hidden, each.is_picture) for name, each in found.alphas.items()} == {
            'border.tif': (0.25, False),
            'infrared.tif': (0.1, True),
        }


def test_a_band_called_alpha_and_the_order_asked_for(tmp_path, write_raster):
    pixels = RGBA.copy()
    pixels[3, :, :100] = 0
    write_scene(tmp_path / 'scenes', 'a.tif', pixels, write_raster, **ALPHA)
    for choices, bands in (({'alpha': False}, (0, 1, 2)), ({'bands': (4, 3, 2)}, (3, 2, 1))):
        out = tmp_path / 'chips' / '_'.join(map(str, bands))
        tile_scenes(tmp_path / 'scenes', out, TilingOptions(**NO_GRID, **choices))
        for chip in read_chip_index(out):
            x, y, w, h = chip.window
            expected = np.moveaxis(pixels[list(bands), y : y + h, x : x + w], 0, 2)
            np.testing.assert_array_equal(np.asarray(Image.open(out / 'images' / chip.file)), expected)


def test_a_folder_made_before_an_option_was_there_is_complete(scenes, tmp_path):
    out = tmp_path / 'chips'
    made = tile_scenes(scenes, out, SMALL)
    record = json.loads((out / 'tiling.json').read_text())
    del record['options']['alpha'], record['alpha']
    (out / 'tiling.json').write_text(json.dumps(record))
    assert tile_scenes(scenes, out, SMALL).resumed == made.tally['chips']
    with pytest.raises(ValueError, match='made with alpha True, not False'):
        tile_scenes(scenes, out, replace(SMALL, alpha=False))


def test_complete_folder_is_left_alone(scenes, tmp_path):
    out = tmp_path / 'chips'
    first = tile_scenes(scenes, out, SMALL)
    times = {path: path.stat().st_mtime_ns for path in out.rglob('*')}
    again = tile_scenes(scenes, out, SMALL)
    assert {path: path.stat().st_mtime_ns for path in out.rglob('*')} == times
    assert (again.tally, again.class_counts) == (first.tally, first.class_counts)
    assert (first.resumed, again.resumed) == (0, first.tally['chips'])


def test_complete_folder_refuses_other_options_and_other_labels(scenes, tmp_path):
    tile_scenes(scenes, tmp_path / 'chips', SMALL)
    with pytest.raises(ValueError, match=r'chips: made with overlap 50, not 60'):
        tile_scenes(scenes, tmp_path / 'chips', TilingOptions(chip=200, overlap=60, keep_empty=0.0))
    with pytest.raises(ValueError, match=r'chips: made with keep_empty 0\.0, not 1\.0'):
        tile_scenes(scenes, tmp_path / 'chips', TilingOptions(chip=200, overlap=50))
    with (scenes / 'labelTxt' / 'bay.txt').open('a') as labels:
        labels.write('10 10 50 10 50 20 10 20 boat 0\n')
    with pytest.raises(ValueError, match=r'chips: made from other scenes or labels'):
        tile_scenes(scenes, tmp_path / 'chips', SMALL)


def test_complete_folder_learns_which_chips_were_added(scenes, tmp_path):
    out = tmp_path / 'chips'
    tile_scenes(scenes, out, SMALL)
    index = out / 'chips.jsonl'
    said = index.read_text()
    assert said.count('"added": true') > 0 and said.count('"added": false') > 0
    index.write_text(re.sub(', "added": (true|false)', '', said))
    times = {path: path.stat().st_mtime_ns for path in out.rglob('*.png')}
    assert tile_scenes(scenes, out, SMALL).resumed == len(times)
    assert index.read_text() == said
    assert {path: path.stat().st_mtime_ns for path in out.rglob('*.png')} == times


def test_complete_folder_learns_where_its_chips_lie(scenes, tmp_path):
    with rasterio.open(scenes / 'images/port.tif', 'r+') as scene:
        scene.crs, scene.transform = 'EPSG:32633', rasterio.Affine(2, 0, 5e5, 0, -2, 6e6)
    out = tmp_path / 'chips'
    tile_scenes(scenes, out, SMALL)
    index = out / 'chips.jsonl'
    said = index.read_text()
    for chip in read_chip_index(out):
        x, y, _, _ = chip.window
        expected = ('EPSG:32633', (2, 0, 5e5 + 2 * x, 0, -2, 6e6 - 2 * y)) if chip.scene == 'port.tif' else (None, None)
        assert (chip.crs, chip.transform) == expected
    index.write_text(re.sub(r', "crs": .*?\]', '', said))
    assert {chip.crs for chip in read_chip_index(out)} == {None}
    tile_scenes(scenes, out, SMALL)
    assert index.read_text() == said


def test_all_chips_of_the_grid_are_cut_by_default(scenes, tmp_path):
    (scenes / 'labelTxt' / 'port.txt').write_text('')
    (scenes / 'labelTxt' / 'bay.txt').write_text('10 10 50 10 50 20 10 20 boat 0\n')
    summary = tile_scenes(scenes, tmp_path / 'chips', TilingOptions(chip=200, overlap=60))
    chips = read_chip_index(tmp_path / 'chips')
    assert len(chips) == summary.tally['chips'] == 40
    assert summary.tally['empty chips'] == sum(chip.empty for chip in chips) == 39
    assert (summary.tally['chips added on ships'], summary.tally['empty chips skipped']) == (0, 0)


def test_folder_of_another_origin_is_refused(scenes):
    with pytest.raises(ValueError, match=r'images: already there'):
        tile_scenes(scenes, scenes, SMALL)


def test_killed_run_goes_on_and_ends_with_the_same_bytes(scenes, tmp_path):
    options = TilingOptions(chip=80, overlap=40)
    tile_scenes(scenes, tmp_path / 'whole', options)
    script = tmp_path / 'cut.py'
    script.write_text(CUT_AND_DIE)
    out = tmp_path / 'killed'
    for workers in ('1', '2', '1'):
        killed = subprocess.run([sys.executable, script, scenes, out, workers])
        assert killed.returncode == -signal.SIGKILL
        assert os.listdir(out) == ['.tiling']
    summary = tile_scenes(scenes, out, options)
    assert summary.resumed > 0
    assert tree_digest(out) == tree_digest(tmp_path / 'whole')


@pytest.mark.parametrize('workers', [1, 2])
def test_runs_killed_at_random_moments_end_with_the_same_bytes(scenes, tmp_path, workers):
    options = TilingOptions(chip=80, overlap=40)
    tile_scenes(scenes, tmp_path / 'whole', options)
    script = tmp_path / 'cut.py'
    script.write_text(CUT)
    rng = np.random.default_rng(workers)
    for _ in range(4):
        run = subprocess.Popen([sys.executable, script, scenes, tmp_path / 'killed', str(workers)])
        with contextlib.suppress(subprocess.TimeoutExpired):
            run.wait(rng.uniform(0.3, 1.5))
        run.kill()
        run.wait()
    tile_scenes(scenes, tmp_path / 'killed', options)
    assert tree_digest(tmp_path / 'killed') == tree_digest(tmp_path / 'whole')


def test_half_a_chip_of_a_killed_process_is_not_trusted(scenes, tmp_path):
    """A chip and a label cut short, as a kill may leave them before their batch is noted."""
    out = tmp_path / 'chips'
    tile_scenes(scenes, tmp_path / 'whole', SMALL)
    (scenes / 'images/port.tif').rename(tmp_path / 'port.tif')
    (scenes / 'images/port.tif').write_bytes((tmp_path / 'port.tif').read_bytes()[:60000])
    with pytest.raises(ValueError, match=r'port\.tif'):
        tile_scenes(scenes, out, SMALL)
    shutil.copyfile(tmp_path / 'port.tif', scenes / 'images/port.tif')
    for chip in read_chip_index(tmp_path / 'whole'):
        if chip.scene == 'port.tif':
            (out / '.tiling/images' / chip.file).write_bytes(b'\x89PNG')
            (out / '.tiling/labelTxt' / f'.{Path(chip.file).stem}.txt.1.tmp').write_text('1 2')
    tile_scenes(scenes, out, SMALL)
    assert tree_digest(out) == tree_digest(tmp_path / 'whole')


def test_labels_changed_after_a_kill_leave_no_old_chip(scenes, tmp_path):
    out = tmp_path / 'chips'
    truncated = scenes / 'images' / 'port.tif'
    whole = truncated.read_bytes()
    truncated.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match=r'port\.tif'):
        tile_scenes(scenes, out, SMALL)
    assert os.listdir(out) == ['.tiling']
    truncated.write_bytes(whole)
    (scenes / 'labelTxt' / 'bay.txt').write_text('10 10 50 10 50 20 10 20 boat 0\n')
    tile_scenes(scenes, out, SMALL)
    chips = read_chip_index(out)
    assert {path.name for path in (out / 'images').iterdir()} == {chip.file for chip in chips}
    assert [chip.file for chip in chips if chip.scene == 'bay.png'] == ['bay__0_0.png']


@pytest.mark.parametrize('workers', [1, 2])
@pytest.mark.parametrize('name', ['port.tif', 'bay.png'])
def test_truncated_scene_is_named_and_nothing_looks_finished(scenes, tmp_path, name, workers):
    path = scenes / 'images' / name
    path.write_bytes(path.read_bytes()[:-20000])
    with pytest.raises(ValueError, match=rf'{name}: not an image or a truncated one'):
        tile_scenes(scenes, tmp_path / 'chips', SMALL, workers=workers)
    # What is done is kept to go on from.
    assert not (tmp_path / 'chips').exists() or os.listdir(tmp_path / 'chips') == ['.tiling']


def test_scenes_without_any_object_ask_for_keep_empty(scenes, tmp_path):
    for path in (scenes / 'labelTxt').iterdir():
        path.write_text('')
    with pytest.raises(ValueError, match=r'no scene shows an object; --keep-empty'):
        tile_scenes(scenes, tmp_path / 'chips', SMALL)
    assert not (tmp_path / 'chips').exists()


def test_workers_below_one_are_refused(scenes, tmp_path):
    with pytest.raises(ValueError, match='workers: expected at least 1, found 0'):
        tile_scenes(scenes, tmp_path / 'chips', SMALL, workers=0)
