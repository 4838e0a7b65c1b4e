"""Engines: what a dead worker leaves is done again, what kills workers is named, nothing piles up."""

import json
import threading
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial

import numpy as np
import pytest
import rasterio
from stand_in_detectors import Mortal, load_broken, load_painted_ships

from ship_det.scenes import DetectionOptions
from ship_det.scenes.engines import process_engine, run_crew
from ship_det.scenes.run import detect_scenes
from ship_det.scenes.run_folder import RunFolder
from ship_det.scenes.worker import SceneTask, TaskResult

OPTIONS = DetectionOptions(window=200, overlap=50)


class Dead(Exception):
    pass


class ThreadCrew:
    """Workers that are threads; they die when ``work`` raises :class:`Dead`, with all that they have at hand.

    Args:
        number: workers.
        work: called with a worker's number and a task.
        start: called with a worker's number.
    """

    def __init__(self, number, work, start=lambda index: None):
        self.pools = [None] * number
        self.work, self.begin = work, start
        self.at_hand, self.most, self.starts = Counter(), 0, Counter()
        self.lock = threading.Lock()

    def __len__(self):
        return len(self.pools)

    def start(self, index):
        self.starts[index] += 1
        with self.lock:
            self.at_hand[index] = 0
        self.pools[index] = ThreadPoolExecutor(1)
        self.pools[index].is_dead = False
        return self.pools[index].submit(self.begin, index)

    def submit(self, index, task):
        with self.lock:
            self.at_hand[index] += 1
            self.most = max(self.most, self.at_hand[index])
        pool = self.pools[index]

        def carry_out():
            if pool.is_dead:
                raise Dead
            try:
                return TaskResult(task, self.work(index, task))
            except Dead:
                pool.is_dead = True
                raise
            finally:
                with self.lock:
                    self.at_hand[index] -= 1

        return pool.submit(carry_out)

    def is_death(self, error):
        return isinstance(error, Dead)

    def unwrap(self, error):
        return error

    def explain(self):
        return 'threads of a test'


def tasks(number):
    return iter([SceneTask(f's{index}', f'/s{index}.tif') for index in range(number)])


def run(crew, number, **options):
    left = tasks(number)
    return list(run_crew(crew, next(left), lambda _: next(left, None), **options))


def test_each_task_is_done_once_and_none_waits_for_more_than_one_other():
    crew = ThreadCrew(3, lambda index, task: task.name)
    results = run(crew, 100)
    assert Counter(result.value for result in results) == Counter(f's{index}' for index in range(100))
    assert crew.most <= 2


def test_what_a_dead_worker_leaves_is_done_again():
    deaths = {'s3': 1, 's40': 2, 's41': 1}

    def work(index, task):
        if deaths.get(task.name, 0):
            deaths[task.name] -= 1
            raise Dead
        return task.name

    crew = ThreadCrew(2, work)
    results = run(crew, 100)
    assert Counter(result.value for result in results) == Counter(f's{index}' for index in range(100))
    assert sum(crew.starts.values()) == 2 + 4


def test_what_a_worker_did_before_it_died_counts():
    """Of each two tasks at hand the second one kills the worker as soon as the first one is done."""
    submitted, waiting = Counter(), []

    class PairCrew(ThreadCrew):
        def submit(self, index, task):
            submitted[task.name] += 1
            future = Future()
            if submitted[task.name] > 1:
                future.set_result(TaskResult(task, task.name))
            elif int(task.name[1:]) % 2 == 0:
                waiting.append((future, task))
            else:
                first, done = waiting.pop()
                first.set_result(TaskResult(done, done.name))
                future.set_exception(Dead())
            return future

    results = run(PairCrew(1, None), 60)
    assert Counter(result.value for result in results) == Counter(f's{index}' for index in range(60))
    assert submitted == {f's{index}': 1 + index % 2 for index in range(60)}


def test_a_task_that_kills_each_worker_is_named():
    def work(index, task):
        if task.name == 's7':
            raise Dead
        return task.name

    results = run(ThreadCrew(2, work), 50)
    assert len(results) == 50
    (failed,) = [result for result in results if result.value is None]
    assert failed.error == '/s7.tif: 3 workers died of it, one after the other: killed, or out of memory'


def test_a_task_may_come_after_a_result():
    # As the windows of a scene, which are known when it is planned.
    later = []

    def next_task(_):
        return later.pop() if later else None

    names = []
    crew = ThreadCrew(2, lambda index, task: task.name)
    for result in run_crew(crew, SceneTask('first', '/first.tif'), next_task):
        names.append(result.value)
        if len(names) < 20:
            later.append(SceneTask(f's{len(names)}', ''))
    assert names == ['first', *(f's{number}' for number in range(1, 20))]


def test_what_is_raised_in_a_worker_is_raised_here():
    def work(index, task):
        raise OSError('/out: no space left')

    with pytest.raises(OSError, match='no space left'):
        run(ThreadCrew(2, work), 5)


def test_workers_that_do_not_start():
    def die(index):
        raise Dead

    with pytest.raises(OSError, match='workers end before they have a detector: threads of a test'):
        run(ThreadCrew(2, None, die), 5)
    stuck = ThreadCrew(1, None)
    stuck.start = lambda index: Future()
    with pytest.raises(OSError, match=r'no worker has started within 0\.01 s: threads of a test'):
        run(stuck, 5, patience=0.01)


def test_work_begins_with_the_workers_that_are_there():
    crew = ThreadCrew(2, lambda index, task: index)
    start = crew.start
    crew.start = lambda index: start(index) if index else Future()
    assert {result.value for result in run(crew, 10)} == {1}


@pytest.fixture
def scenes(paint_scenes, tmp_path):
    return paint_scenes(tmp_path / 'scenes', 4)


def read_notes(out):
    return {path.name: path.read_bytes() for path in (out / 'scenes').glob('*.ships.json')}


def test_processes_find_what_one_finds_though_one_is_killed(scenes, tmp_path):
    detector = load_painted_ships()
    expected = detect_scenes(
        detector, scenes, RunFolder(tmp_path / 'one', {}), process_engine(load_painted_ships, 1, detector), OPTIONS
    )
    marker = tmp_path / 'killed'
    engine = process_engine(partial(Mortal, str(marker), 6), 2)
    result = detect_scenes(detector, scenes, RunFolder(tmp_path / 'two', {}), engine, OPTIONS)
    assert marker.exists()
    assert (result.failed, result.ships) == ({}, expected.ships)
    assert read_notes(tmp_path / 'two') == read_notes(tmp_path / 'one')
    assert len(read_notes(tmp_path / 'two')) == 4


def test_a_scene_that_kills_processes_is_named(scenes, tmp_path):
    with rasterio.open(scenes['s2'], 'r+') as file:
        file.write(np.full((1, 8, 8), 255, dtype=np.uint8), indexes=[3], window=((400, 408), (400, 408)))
    engine = process_engine(partial(Mortal, str(tmp_path / 'killed'), 0, True), 2)
    result = detect_scenes(load_painted_ships(), scenes, RunFolder(tmp_path / 'out', {}), engine, OPTIONS)
    assert list(result.failed) == ['s2']
    assert result.failed['s2'].startswith(f'{scenes["s2"]}: 3 workers died of it')
    assert result.names == ('s0', 's1', 's3')
    assert json.loads((tmp_path / 'out/scenes/last.json').read_text()) == {'scenes': ['s0', 's1', 's3']}


def test_a_detector_that_cannot_be_loaded(scenes, tmp_path):
    with pytest.raises(ValueError, match=r'weights\.onnx: is no model'):
        detect_scenes(
            load_painted_ships(), scenes, RunFolder(tmp_path / 'out', {}), process_engine(load_broken, 2), OPTIONS
        )
    with pytest.raises(ValueError, match='workers: expected at least 1, found 0'):
        process_engine(load_broken, 0)
