"""A Ray cluster of two machines: workers, machines and the driver are killed, and nothing is lost or done twice.

The machines are processes here, with a CPU each. The last test takes one of them away.
"""

import json
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
from stand_in_detectors import Mortal, load_broken, load_painted_ships

from ship_det.scenes import DetectionOptions
from ship_det.scenes.engines import process_engine
from ship_det.scenes.layers import write_layers
from ship_det.scenes.ray_engine import ray_engine
from ship_det.scenes.run import detect_scenes
from ship_det.scenes.run_folder import RunFolder

cluster_utils = pytest.importorskip('ray.cluster_utils')

OPTIONS = DetectionOptions(window=200, overlap=50)
STORE = 80 << 20
# A driver that kills itself when some results are there.
KILLED = """
import json, os, signal, sys
from stand_in_detectors import load_painted_ships
from ship_det.scenes import DetectionOptions
from ship_det.scenes.ray_engine import ray_engine
from ship_det.scenes.run import detect_scenes
from ship_det.scenes.run_folder import RunFolder

def kill(done, total, title):
    if int(title.split()[0]) >= int(sys.argv[3]):
        os.kill(os.getpid(), signal.SIGKILL)

paths, options = json.loads(sys.argv[1]), DetectionOptions(window=200, overlap=50)
engine = ray_engine(load_painted_ships, 2)
detect_scenes(load_painted_ships(), paths, RunFolder(sys.argv[2], {}), engine, options, None, kill)
"""


@pytest.fixture(scope='module')
def cluster():
    """Two machines; RAY_ADDRESS names their cluster."""
    head = {'num_cpus': 1, 'include_dashboard': False, 'object_store_memory': STORE}
    cluster = cluster_utils.Cluster(initialize_head=True, head_node_args=head)
    cluster.second = cluster.add_node(num_cpus=1, object_store_memory=STORE)
    patch = pytest.MonkeyPatch()
    patch.setenv('RAY_ADDRESS', cluster.address)
    yield cluster
    patch.undo()
    cluster.shutdown()


@pytest.fixture
def scenes(paint_scenes, tmp_path):
    return paint_scenes(tmp_path / 'scenes', 4)


@pytest.fixture
def expected(scenes, tmp_path):
    """What one process finds: bytes of its layer and notes by their names."""
    detector = load_painted_ships()
    engine = process_engine(load_painted_ships, 1, detector)
    return read(detect_scenes(detector, scenes, RunFolder(tmp_path / 'one', {}), engine, OPTIONS), tmp_path / 'one')


def read(run, out: Path) -> dict[str, bytes]:
    assert run.failed == {}
    write_layers(out, run.found, ['csv'])
    paths = [out / 'ships.csv', *(out / 'scenes').glob('*.ships.json')]
    return {path.name: path.read_bytes() for path in paths}


def run(scenes, out, load=load_painted_ships, on_progress=lambda *_: None, workers=2, **options):
    engine = ray_engine(load, workers, **options)
    return detect_scenes(load_painted_ships(), scenes, RunFolder(out, {}), engine, OPTIONS, None, on_progress)


def test_a_cluster_finds_what_a_process_finds_though_a_worker_is_killed(cluster, scenes, expected, tmp_path):
    marker = tmp_path / 'killed'
    result = run(scenes, tmp_path / 'ray', partial(Mortal, str(marker), 6))
    assert marker.exists()
    assert read(result, tmp_path / 'ray') == expected
    assert len(expected) == 1 + 4


def test_a_killed_driver_goes_on(cluster, scenes, expected, tmp_path):
    out = tmp_path / 'ray'
    command = [sys.executable, '-c', KILLED, json.dumps(scenes), str(out), '2']
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
    before = len(list((out / 'scenes').glob('*.ships.json')))
    assert 2 <= before < 4
    result = run(scenes, out)
    assert result.resumed >= before
    assert read(result, out) == expected


def test_errors_are_those_of_the_worker(cluster, scenes, tmp_path):
    with pytest.raises(ValueError, match=r'^weights\.onnx: is no model$'):
        run(scenes, tmp_path / 'out', load_broken, workers=1)
    with pytest.raises(OSError, match=r'no worker has started .* each takes 1 CPUs and 2 GPUs \(--worker-cpus, '):
        run(scenes, tmp_path / 'out', gpus=2, patience=0.1)
    # A result that cannot be written ends the run: the folder of parts is a file.
    (tmp_path / 'out/scenes/.parts').write_text('')
    with pytest.raises(OSError, match=r'scenes/\.parts'):
        run(scenes, tmp_path / 'out', workers=1)


def test_a_lost_machine_does_no_harm(cluster, scenes, expected, tmp_path):
    def lose(done, *_):
        if done > 1 and cluster.second is not None:
            cluster.remove_node(cluster.second, allow_graceful=False)
            cluster.second = None

    result = run(scenes, tmp_path / 'ray', on_progress=lose)
    assert cluster.second is None
    assert read(result, tmp_path / 'ray') == expected


def test_no_cluster_to_join(monkeypatch, scenes, tmp_path):
    monkeypatch.setenv('RAY_ADDRESS', '127.0.0.1:1')
    with pytest.raises(OSError, match=r'RAY_ADDRESS 127\.0\.0\.1:1: no cluster can be joined'):
        run(scenes, tmp_path / 'out')


def test_ray_is_named_where_it_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, 'ray', None)
    with pytest.raises(ValueError, match=r"found no ray: pip install '\.\[cluster\]' installs it"):
        ray_engine(load_painted_ships, 2)


def test_nothing_to_do_starts_nothing(monkeypatch, tmp_path):
    monkeypatch.setenv('RAY_ADDRESS', '127.0.0.1:1')
    assert len(run({}, tmp_path / 'out').found) == 0
