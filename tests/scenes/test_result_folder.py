"""Results in a folder and on object storage: an S3 server is source and target of a run."""

import os
import subprocess
import sys

import pytest
from stand_in_detectors import load_painted_ships

from ship_det.scenes import DetectionOptions, write_layers
from ship_det.scenes.engines import process_engine
from ship_det.scenes.inputs import find_scenes
from ship_det.scenes.layers import remove_stale_objects
from ship_det.scenes.result_folder import LocalFolder, ObjectFolder, ResultError, open_results, results_on_disk
from ship_det.scenes.run import detect_scenes
from ship_det.scenes.run_folder import RunFolder, read_run

pytest.importorskip('moto')

OPTIONS = DetectionOptions(window=200, overlap=50)
# In a process of its own: GDAL may hold this one up while it waits for an answer.
SERVER = """
import logging, sys
from moto.server import ThreadedMotoServer
logging.getLogger('werkzeug').setLevel(logging.ERROR)
server = ThreadedMotoServer('127.0.0.1', 0)
server.start()
print(server.get_host_and_port()[1], flush=True)
sys.stdin.read()
"""


@pytest.fixture(scope='module')
def bucket():
    """A bucket of a server that answers here, as the environment says to GDAL and Arrow."""
    server = subprocess.Popen(
        [sys.executable, '-c', SERVER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    port = next(line for line in server.stdout if line.strip().isdecimal()).strip()
    patch = pytest.MonkeyPatch()
    for name, value in {
        'AWS_ACCESS_KEY_ID': 'key',
        'AWS_SECRET_ACCESS_KEY': 'secret',
        'AWS_DEFAULT_REGION': 'us-east-1',
        'AWS_ENDPOINT_URL': f'http://127.0.0.1:{port}',
        'AWS_S3_ENDPOINT': f'127.0.0.1:{port}',
        'AWS_HTTPS': 'NO',
        'AWS_VIRTUAL_HOSTING': 'FALSE',
        'AWS_EC2_METADATA_DISABLED': 'true',
    }.items():
        patch.setenv(name, value)
    from pyarrow.fs import S3FileSystem

    S3FileSystem(endpoint_override=os.environ['AWS_ENDPOINT_URL'], allow_bucket_creation=True).create_dir('scenes')
    yield 'scenes'
    patch.undo()
    server.communicate()


@pytest.fixture(params=['here', 's3'])
def folder(request, tmp_path):
    if request.param == 'here':
        return open_results(tmp_path / 'out')
    return open_results(f's3://{request.getfixturevalue("bucket")}/{tmp_path.name}/out/')


def test_a_file_is_there_as_a_whole_or_not_at_all(folder):
    assert folder.sizes('scenes') == {}
    assert folder.read('scenes/a.json') is None
    folder.write('scenes/a.json', b'12345')
    folder.write('scenes/a.json', b'123')
    folder.write('scenes/.parts/b@0.json', b'')
    folder.write('run.json', b'{}')
    assert folder.sizes('scenes') == {'a.json': 3}
    assert folder.sizes('') == {'run.json': 2}
    assert folder.read('scenes/a.json') == b'123'
    folder.remove(['scenes/a.json', 'scenes/gone.json'])
    assert folder.sizes('scenes') == {}
    assert folder.sizes('scenes/.parts') == {'b@0.json': 0}


def test_kinds_of_folders(tmp_path):
    assert open_results(tmp_path / 'a') == LocalFolder(tmp_path / 'a')
    assert open_results('s3://bucket/a/') == ObjectFolder('s3://bucket/a')
    with pytest.raises(ValueError, match='nothing://: Protocol not known'):
        open_results('nothing://a').read('b')


def test_what_cannot_be_written_is_named(bucket, tmp_path):
    with pytest.raises(
        ResultError, match=r's3://no-such-bucket/out/a\.json: .*expected a bucket that can be read and written'
    ):
        open_results('s3://no-such-bucket/out').write('a.json', b'1')
    (tmp_path / 'file').write_text('')
    with pytest.raises(ResultError, match='file'):
        open_results(tmp_path / 'file/out').write('a.json', b'1')


def test_a_run_from_and_to_s3(bucket, paint_scenes, tmp_path):
    here = paint_scenes(tmp_path / 'scenes', 3)
    detector = load_painted_ships()
    engine = process_engine(load_painted_ships, 1, detector)
    expected = detect_scenes(detector, here, RunFolder(tmp_path / 'out', {}), engine, OPTIONS)
    source, out = open_results(f's3://{bucket}/images'), f's3://{bucket}/run'
    for name, path in here.items():
        with open(path, 'rb') as file:
            source.write(f'{name}.tif', file.read())
    source.write('list.txt', ''.join(f'/vsis3/{bucket}/images/{name}.tif\n' for name in here).encode())
    paths = find_scenes([f's3://{bucket}/images/list.txt'])
    assert list(paths) == list(here)

    class Stopped(Exception):
        pass

    def stop(done, *_):
        if done > 1.5:
            raise Stopped

    with pytest.raises(Stopped):
        detect_scenes(detector, paths, RunFolder(out, {}), engine, OPTIONS, None, stop)
    assert list(open_results(out).sizes('scenes/.parts'))
    seen = len(detector.seen)
    result = detect_scenes(detector, paths, RunFolder(out, {}), engine, OPTIONS)
    assert (result.resumed, result.failed) == (1, {})
    # 30 windows a scene; what was finished of the second one is not looked at again.
    assert 30 < len(detector.seen) - seen < 60
    assert open_results(out).sizes('scenes/.parts') == {}
    for name in ('here', 'there'):
        write_layers(tmp_path / name, {'here': expected, 'there': result}[name].found, ['csv'])
    assert (tmp_path / 'here/ships.csv').read_bytes() == (tmp_path / 'there/ships.csv').read_bytes()
    assert len(read_run(out)) == 3
    with pytest.raises(ValueError, match=r's3://scenes/run: was made with --window null, found 3; expected another'):
        RunFolder(out, {'--window': 3})

    with results_on_disk(out) as folder:
        write_layers(folder, result.found, ['csv', 'dota', 'parts'])
    assert open_results(out).read('ships.csv') == (tmp_path / 'here/ships.csv').read_bytes()
    assert remove_stale_objects(open_results(out), ['ships.csv', 'dota/s1.txt', 'run.json']) == [
        'dota/s0.txt',
        'dota/s2.txt',
        'ships/part-00000.parquet',
    ]
    assert sorted(open_results(out).sizes('dota')) == ['s1.txt']


def test_a_failed_block_leaves_object_storage_as_it_was(bucket):
    out = f's3://{bucket}/failed'
    with pytest.raises(RuntimeError), results_on_disk(out) as folder:
        (folder / 'ships.csv').write_text('1')
        raise RuntimeError
    assert open_results(out).sizes('') == {}
