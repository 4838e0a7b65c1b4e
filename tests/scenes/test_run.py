"""Detection in many scenes: what is finished is kept, a killed run goes on, a bad scene stops no other."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import rasterio
from stand_in_detectors import OneShip

from ship_det.geometry import rbox_to_quad
from ship_det.scenes import DetectionOptions, run_folder
from ship_det.scenes.engines import process_engine
from ship_det.scenes.inputs import find_scenes
from ship_det.scenes.layers import write_layers
from ship_det.scenes.run import detect_scenes
from ship_det.scenes.run_folder import RunFolder, SceneNotes, is_run_of, read_run
from ship_det.scenes.worker import SceneTask, Worker

OPTIONS = DetectionOptions(window=200, overlap=50)
# A detector that kills its own process at a window.
KILLED = """
import os, runpy, signal, sys
from pathlib import Path
stand_in = runpy.run_path(sys.argv[1])['PaintedShips']
from ship_det.scenes import DetectionOptions
from ship_det.scenes.engines import process_engine
from ship_det.scenes.run import detect_scenes
from ship_det.scenes.run_folder import RunFolder

class Killed(stand_in):
    def predict(self, image, min_score=None):
        if len(self.seen) == int(sys.argv[3]):
            os.kill(os.getpid(), signal.SIGKILL)
        return super().predict(image, min_score)

out = Path(sys.argv[2])
paths = {path.stem: str(path) for path in sorted((out.parent / 'scenes').iterdir())}
detector = Killed()
engine = process_engine(lambda: detector, 1, detector)
detect_scenes(detector, paths, RunFolder(out, {}), engine, DetectionOptions(window=200, overlap=50))
"""


@pytest.fixture
def scenes(paint_scenes, tmp_path: Path) -> dict[str, str]:
    """Five scenes of 6 x 5 windows and 12 ships each."""
    return paint_scenes(tmp_path / 'scenes', 5)


def run(detector, paths, out, settings=None, options=OPTIONS):
    engine = process_engine(lambda: detector, 1, detector)
    return detect_scenes(detector, paths, RunFolder(out, settings or {}), engine, options)


def read_finished(out: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in sorted((out / 'scenes').glob('*.json'))}


def test_a_killed_run_goes_on(painted_ships, scenes, tmp_path):
    whole = run(painted_ships(), scenes, tmp_path / 'whole')
    assert [len(found) for found in whole.found] == [12] * 5
    # 30 windows a scene, in tasks of 4: the kill comes within the sixth task of the third scene.
    conftest = Path(__file__).with_name('conftest.py')
    out = tmp_path / 'out'
    command = [sys.executable, '-c', KILLED, str(conftest), str(out), '82']
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
    assert sorted(read_finished(out)) == ['run.json', 's0.ships.json', 's1.ships.json']
    # As several workers may leave it: a task that is not done before some that are.
    (out / 'scenes/.parts/s2@4.json').unlink()
    detector = painted_ships()
    resumed = run(detector, scenes, out)
    assert resumed.resumed == 2
    assert len(detector.seen) == 5 * 30 - 2 * 30 - 20 + 4
    assert read_finished(out) == read_finished(tmp_path / 'whole')
    assert not (out / 'scenes/.parts').exists()
    for folder, found in ((tmp_path / 'whole', whole.found), (out, resumed.found)):
        write_layers(folder, found, ['csv', 'geojson'])
    for name in ('ships.csv', 'ships.geojson'):
        assert (out / name).read_bytes() == (tmp_path / 'whole' / name).read_bytes()
    for before, after in zip(whole.found, resumed.found, strict=True):
        np.testing.assert_array_equal(before.boxes, after.boxes)
        assert before.scene == after.scene
    again = painted_ships()
    assert run(again, scenes, out).resumed == 5
    assert not again.seen


def test_a_scene_that_cannot_be_read_stops_no_other(painted_ships, scenes, tmp_path):
    cut = Path(scenes['s2'])
    cut.write_bytes(cut.read_bytes()[:-3000])
    Path(scenes['s3']).write_text('no image')
    paths = {**scenes, 'gone': str(tmp_path / 'gone.tif')}
    result = run(painted_ships(), paths, tmp_path / 'out')
    assert [found.scene.name for found in result.found] == ['s0', 's1', 's4']
    assert sorted(result.failed) == ['gone', 's2', 's3']
    for name, reason in result.failed.items():
        assert paths[name] in reason
    assert 's2.ships.json' not in read_finished(tmp_path / 'out')


def test_scenes_of_an_older_run_keep_their_names(painted_ships, scenes, tmp_path):
    for name in ('a', 'b'):
        (tmp_path / name / 'images').mkdir(parents=True)
        (tmp_path / name / 'images/s.tif').symlink_to(scenes[f's{"ab".index(name)}'])
    sources, out = [str(tmp_path / 'a'), str(tmp_path / 'b')], tmp_path / 'out'
    is_run = partial(is_run_of, out)
    assert list(find_scenes(sources, is_run_of=is_run)) == ['a_s', 'b_s']
    older = {f'images_s{end}': f'{source}/images/s.tif' for source, end in zip(sources, ('', '_2'), strict=True)}
    run(painted_ships(), older, out)
    assert find_scenes(sources, is_run_of=is_run) == older
    # Notes of these names, but of other scenes, are no such run.
    assert list(find_scenes(sources[::-1], is_run_of=is_run)) == ['b_s', 'a_s']


def test_a_scene_that_has_changed_is_done_again(painted_ships, paint, scenes, tmp_path):
    run(painted_ships(), scenes, tmp_path / 'out')
    paint(Path(scenes['s1']), (920, 720), rbox_to_quad([[300, 300, 80, 16, 0.2]]))
    os.utime(scenes['s1'], ns=(1, 1))
    detector = painted_ships()
    result = run(detector, scenes, tmp_path / 'out')
    assert [len(found) for found in result.found] == [12, 1, 12, 12, 12]
    assert len(detector.seen) == 30


def test_a_folder_made_otherwise_is_refused(painted_ships, scenes, tmp_path):
    run(painted_ships(), scenes, tmp_path / 'out', {'--min-score': 0.3, '--window': 200})
    before = read_finished(tmp_path / 'out')
    with pytest.raises(ValueError, match=r'out: was made with --min-score 0\.3, found 0\.5; expected another folder'):
        run(painted_ships(), scenes, tmp_path / 'out', {'--min-score': 0.5, '--window': 200})
    assert read_finished(tmp_path / 'out') == before


def test_a_folder_in_which_nothing_is_finished_takes_other_settings(painted_ships, scenes, tmp_path):
    nothing = tmp_path / 'nothing.tif'
    nothing.write_text('no image')
    assert run(painted_ships(), {'nothing': str(nothing)}, tmp_path / 'out', {'--window': 100}).failed
    result = run(painted_ships(), scenes, tmp_path / 'out', {'--window': 200})
    assert len(result.found) == 5
    with pytest.raises(ValueError, match='was made with --window 200, found 100'):
        RunFolder(tmp_path / 'out', {'--window': 100})


def test_a_damaged_note_is_named(painted_ships, scenes, tmp_path):
    run(painted_ships(), scenes, tmp_path / 'out')
    (tmp_path / 'out/scenes/s0.ships.json').write_text('{')
    result = run(painted_ships(), scenes, tmp_path / 'out')
    assert 's0.ships.json' in result.failed['s0']


def test_any_name_is_a_scenes(painted_ships, paint, scenes, tmp_path):
    # Results beside a user's own files, of scenes called as the notes are.
    (tmp_path / 'scenes/s0.json').write_text('{"mine": 1}')
    paths = {name: scenes['s1'] for name in ('run', 'last', 'run.ships')} | {'s0': scenes['s0']}
    result = run(painted_ships(), paths, tmp_path)
    assert [len(found) for found in result.found] == [12] * 4
    assert run(painted_ships(), paths, tmp_path).resumed == 4
    assert (tmp_path / 'scenes/s0.json').read_text() == '{"mine": 1}'


def test_nan_is_a_setting_like_others(painted_ships, scenes, tmp_path):
    for resumed in (0, 5):
        assert run(painted_ships(), scenes, tmp_path / 'out', {'--nodata': float('nan')}).resumed == resumed


def test_a_detector_without_numbers_is_named_with_the_scene(painted_ships, scenes, tmp_path):
    class Broken(painted_ships):
        def predict(self, image, min_score=None):
            found = super().predict(image, min_score)
            return replace(found, boxes=found.boxes * np.nan)

    result = run(Broken(), {'s0': scenes['s0']}, tmp_path / 'out')
    assert result.failed == {'s0': f'{scenes["s0"]}: the detector gave a box or a score that is not finite'}


@pytest.mark.parametrize('batch_size', [1, 3, 8])
def test_batches_reach_over_tasks(painted_ships, scenes, tmp_path, batch_size):
    class Batches(painted_ships):
        def predict_batch(self, images, min_score=None):
            sizes.append(len(images))
            return [super(Batches, self).predict(image, min_score) for image in images]

        def predict(self, image, min_score=None):
            return self.predict_batch([image], min_score)[0]

    sizes: list[int] = []
    detector = Batches()
    detector.batch_size = batch_size
    result = run(detector, {'s0': scenes['s0']}, tmp_path / 'out')
    assert sizes == [batch_size] * (30 // batch_size) + [30 % batch_size] * (30 % batch_size > 0)
    expected = run(painted_ships(), {'s0': scenes['s0']}, tmp_path / 'one')
    np.testing.assert_array_equal(result.found[0].boxes, expected.found[0].boxes)


def test_the_last_run_is_what_is_read(painted_ships, scenes, tmp_path):
    run(painted_ships(), scenes, tmp_path / 'out')
    run(painted_ships(), {'s3': scenes['s3']}, tmp_path / 'out')
    (finished,) = read_run(tmp_path / 'out')
    assert finished.found.scene.name == 's3'
    assert finished.searched.area == 920 * 720
    os.utime(scenes['s3'], ns=(1, 1))
    with pytest.raises(ValueError, match=r's3\.tif: has changed since'):
        read_run(tmp_path / 'out')


def test_noted_ships_are_whole_numbers_of_what_was_found(painted_ships, scenes, tmp_path):
    result = run(painted_ships(), {'s0': scenes['s0']}, tmp_path / 'out')
    note = json.loads((tmp_path / 'out/scenes/s0.ships.json').read_text())
    assert note['classes'] == ['ship', 'boat']
    assert note['boxes'] == result.found[0].boxes.tolist()
    assert note['size'] == [920, 720]


def test_scenes_of_which_nothing_was_looked_at_are_named(painted_ships, scenes, tmp_path):
    with rasterio.open(scenes['s3']) as file:
        profile = file.profile
    with rasterio.open(scenes['s3'], 'w', **{**profile, 'nodata': 0}) as file:
        file.write(np.zeros((profile['count'], profile['height'], profile['width']), dtype=np.uint8))
    for _ in range(2):
        result = run(painted_ships(), scenes, tmp_path / 'out')
        assert (result.unseen, result.failed) == (('s3',), {})
        assert [len(found) for found in result.found] == [12, 12, 12, 0, 12]
    with pytest.raises(ValueError, match='bands: expected 1 or 3 numbers'):
        DetectionOptions(bands=(1, 2))


def test_the_index_says_what_the_notes_say(painted_ships, scenes, tmp_path, monkeypatch):
    """A finished run goes on without a look at scenes or notes; notes that the index lacks are read."""
    out = tmp_path / 'out'
    first = run(painted_ships(), scenes, out)
    with monkeypatch.context() as patch:
        patch.setattr(SceneNotes, 'read', None)
        patch.setattr(run_folder, 'open_image', None)
        patch.setattr(RunFolder, '_read_record', None)
        again = run(painted_ships(), scenes, out)
    assert (again.resumed, again.ships, again.names) == (5, first.ships, first.names)
    index = out / 'scenes/.index/000000.jsonl'
    lines = index.read_text().splitlines()
    assert len(lines) == 5
    # As a killed run leaves it.
    index.write_text('\n'.join([*lines[:2], lines[-1][:30], '[1]', '7']))
    again = run(painted_ships(), scenes, out)
    assert (again.resumed, again.ships) == (5, first.ships)
    assert [path.name for path in sorted(index.parent.iterdir())] == ['000000.jsonl', '000001.jsonl']
    # A scene that was done again after the index was written.
    note = out / 'scenes/s0.ships.json'
    content = json.loads(note.read_text())
    for column in ('boxes', 'scores', 'labels'):
        content[column] = content[column][:3]
    note.write_text(json.dumps(content))
    again = run(painted_ships(), scenes, out)
    assert (again.resumed, again.ships) == (5, first.ships - 9)


def test_notes_of_before_the_index_are_read(painted_ships, scenes, tmp_path):
    first = run(painted_ships(), scenes, tmp_path / 'out')
    for note in (tmp_path / 'out/scenes').glob('*.ships.json'):
        content = json.loads(note.read_text())
        del content['files'], content['scene']
        note.write_text(json.dumps(content))
    for path in (tmp_path / 'out/scenes/.index').iterdir():
        path.unlink()
    detector = painted_ships()
    again = run(detector, scenes, tmp_path / 'out')
    assert (again.resumed, again.ships, detector.seen) == (5, first.ships, [])
    assert [found.scene for found in again.found] == [found.scene for found in first.found]


def test_no_more_is_known_of_all_scenes_than_their_names(paint_scenes, tmp_path):
    """Scenes are begun as workers have room: most of many are not opened while the first are looked at."""
    path = paint_scenes(tmp_path / 'scenes', 1)['s0']
    paths = {f'n{index}': path for index in range(40)}
    begun, gaps = set(), []

    def watch(job, next_task):
        def next_and_note(worker):
            task = next_task(worker)
            if isinstance(task, SceneTask):
                begun.add(task.name)
            return task

        return process_engine(OneShip, 1, OneShip())(job, next_and_note)

    def note(done, *_):
        gaps.append(len(begun) - done)

    result = detect_scenes(OneShip(), paths, RunFolder(tmp_path / 'out', {}), watch, OPTIONS, None, note)
    assert len(result.found) == len(begun) == 40
    assert max(gaps) <= 2
    # Ships are read when they are asked for, and not kept.
    assert result.found[3].scene.name == 'n3'
    assert result.found[3] is not result.found[3]
    assert [found.scene.name for found in result.found[38:]] == ['n38', 'n39']


def test_a_worker_goes_on_with_its_scene_then_helps(paint_scenes, tmp_path):
    paths = paint_scenes(tmp_path / 'scenes', 3)
    order = []

    def two_workers(job, next_task):
        worker = Worker(job, OneShip())
        for turn in range(200):
            task = next_task(turn % 2)
            if task is not None:
                order.append((turn % 2, task.name, type(task).__name__))
                yield from worker.run([task])
        worker.close()

    result = detect_scenes(OneShip(), paths, RunFolder(tmp_path / 'out', {}), two_workers, OPTIONS)
    assert result.names == ('s0', 's1', 's2')
    looked = [(worker, name) for worker, name, kind in order if kind == 'WindowsTask']
    assert len(looked) == 3 * 8
    # Eight tasks a scene: each worker its own, then both the third one.
    assert set(looked[:16]) == {(0, 's0'), (1, 's1')}
    assert sorted(looked[16:]) == [(0, 's2')] * 4 + [(1, 's2')] * 4
