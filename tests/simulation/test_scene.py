import hashlib
import json
from dataclasses import replace

import numpy as np
import psutil
import pytest
import rasterio

from ship_det.annotations import AOSR15_CLASSES, read_dota
from ship_det.simulation import SceneSpec, simulate

SPEC = SceneSpec(size=600, gsd=2.4, seed=4, ships=25)


def digests(folder):
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.glob('*/*'))}


@pytest.fixture(scope='module')
def scenes(tmp_path_factory):
    out = tmp_path_factory.mktemp('scenes')
    return out, simulate(out, SPEC, 2)


def test_image_is_a_tiled_compressed_raster_on_the_map(scenes):
    with rasterio.open(scenes[0] / 'images' / 'scene_0000.tif') as image:
        assert (image.width, image.height, image.count, image.dtypes[0]) == (600, 600, 3, 'uint8')
        assert image.profile['tiled']
        assert image.compression.name == 'deflate'
        assert image.crs.to_epsg() in (32618, 32651)
        assert image.res == (2.4, 2.4)
        # Between the equator and 84 degrees north, inside the zone's 6 degrees.
        assert 0 < image.bounds.bottom < 9.3e6
        assert 167_000 < image.bounds.left < 833_000
        assert image.read().std(axis=(1, 2)).min() > 5


def test_labels_are_counted_and_inside_the_image(scenes):
    out, reports = scenes
    for report in reports:
        objects = read_dota(out / 'labelTxt' / f'scene_{report.number:04d}.txt', AOSR15_CLASSES)
        assert len(objects) == sum(report.counts.values()) > 10
        assert len(objects) + sum(report.missing.values()) == 25
        assert sum(labeled.name == 'submarine' for labeled in objects) == report.counts['submarine']
        corners = np.array([labeled.quad for labeled in objects])
        assert corners.min() >= 0
        assert corners.max() <= 600
        assert not any(labeled.difficult for labeled in objects)


def test_bytes_depend_on_neither_workers_nor_the_number_of_scenes(scenes, tmp_path):
    assert simulate(tmp_path, SPEC, 3, workers=2)[:2] == scenes[1]
    expected = digests(scenes[0])
    assert {name: digest for name, digest in digests(tmp_path).items() if '0002' not in name} == expected
    assert len(expected) == 4
    assert expected['scene_0000.tif'] != expected['scene_0001.tif']


def test_strips_make_the_same_scene(scenes, tmp_path, monkeypatch):
    monkeypatch.setattr('ship_det.simulation.scene._WHOLE', 0)
    monkeypatch.setattr('ship_det.simulation.scene._STRIP', 512)
    simulate(tmp_path, SPEC, 1)
    first, second = (folder / 'images' / 'scene_0000.tif' for folder in (tmp_path, scenes[0]))
    with rasterio.open(first) as strips, rasterio.open(second) as whole:
        difference = np.abs(strips.read().astype(int) - whole.read())
        # Single subpixels at the edges of the blocks, see Canvas.
        assert difference.max() <= 24
        assert (difference > 2).mean() < 0.001


def test_another_seed_gives_another_scene(scenes, tmp_path):
    simulate(tmp_path, replace(SPEC, seed=5), 1)
    assert digests(tmp_path)['scene_0000.txt'] != digests(scenes[0])['scene_0000.txt']


def test_finished_scenes_are_kept_and_missing_ones_made(scenes, tmp_path):
    simulate(tmp_path, SPEC, 2)
    kept = tmp_path / 'images' / 'scene_0000.tif'
    stamp = kept.stat().st_mtime_ns
    (tmp_path / 'images' / 'scene_0001.tif').unlink()
    advanced = []
    reports = simulate(tmp_path, SPEC, 2, progress=advanced.append)
    assert [report.skipped for report in reports] == [True, False]
    assert [report.counts for report in reports] == [report.counts for report in scenes[1]]
    assert kept.stat().st_mtime_ns == stamp
    assert digests(tmp_path) == digests(scenes[0])
    assert sum(advanced) == 1200


def test_other_parameters_in_the_same_folder_are_refused(tmp_path):
    simulate(tmp_path, SPEC, 0)
    with pytest.raises(ValueError, match=r'simulation\.json: .*other parameters \(gsd, ships\)'):
        simulate(tmp_path, replace(SPEC, gsd=1.0, ships=7), 0)


def test_a_folder_of_other_images_is_refused(tmp_path):
    (tmp_path / 'images').mkdir()
    (tmp_path / 'images' / 'holiday.png').touch()
    with pytest.raises(ValueError, match=r'holds images but no simulation\.json'):
        simulate(tmp_path, SPEC, 1)


@pytest.mark.parametrize('text', ['{', json.dumps([1])])
def test_a_broken_manifest_is_refused(tmp_path, text):
    (tmp_path / 'simulation.json').write_text(text)
    with pytest.raises(ValueError, match=r'simulation\.json'):
        simulate(tmp_path, SPEC, 1)


def test_a_killed_worker_is_said_and_the_rest_made_by_the_next_run(scenes, tmp_path):
    def kill_workers(rows):
        for child in psutil.Process().children():
            if 'spawn_main' in ' '.join(child.cmdline()):
                child.kill()

    with pytest.raises(OSError, match='a process ended before its work was done'):
        simulate(tmp_path, SPEC, 9, workers=2, progress=kill_workers)
    finished = digests(tmp_path)
    assert 'scene_0008.tif' not in finished
    simulate(tmp_path, SPEC, 2)
    assert digests(tmp_path) | digests(scenes[0]) == digests(tmp_path)


@pytest.mark.parametrize(('scenes', 'workers', 'message'), [(-1, 1, 'scenes: expected'), (1, 0, 'workers: expected')])
def test_impossible_numbers_are_refused(tmp_path, scenes, workers, message):
    with pytest.raises(ValueError, match=message):
        simulate(tmp_path, SPEC, scenes, workers)


def test_a_failed_scene_leaves_no_image(tmp_path, monkeypatch):
    monkeypatch.setattr('ship_det.simulation.scene.write_dota', fail)
    with pytest.raises(OSError, match='no space'):
        simulate(tmp_path, SPEC, 1)
    assert not list((tmp_path / 'images').iterdir())


def test_an_image_that_does_not_read_back_is_not_kept(tmp_path, monkeypatch):
    monkeypatch.setattr('ship_det.simulation.scene._read_checksum', lambda path, heights: 0)
    with pytest.raises(OSError, match='does not read back'):
        simulate(tmp_path, SPEC, 1)
    assert not list((tmp_path / 'images').iterdir())


def test_what_a_killed_run_left_is_replaced(scenes, tmp_path):
    simulate(tmp_path, SPEC, 0)
    (tmp_path / 'images' / '.scene_0000.tif.part.tmp').write_bytes(b'II*')
    (tmp_path / 'labelTxt' / 'scene_0000.txt').write_text('1 2 3')
    simulate(tmp_path, SPEC, 1)
    expected = digests(scenes[0])
    assert digests(tmp_path) == {name: digest for name, digest in expected.items() if '0000' in name}


def fail(*_):
    raise OSError('no space left on device')
