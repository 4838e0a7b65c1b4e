"""ship-det detect: scenes in, layers and a map out; what is wrong is named, and nothing is half-written."""

import csv
import json
import resource
import subprocess
import sys
from pathlib import Path

import geopandas
import numpy as np
import pytest
import rasterio
from rasterio import Affine
from shapely.geometry import box

import ship_det
from ship_det.geometry import pairwise_iou, quad_to_rbox
from ship_det.simulation import crop

ROOT = Path(__file__).resolve().parents[2]
PLACE = Affine(0.6, 0, 620000, 0, -0.6, 6654000)
UTM = 'EPSG:32633'


def write_scene(path: Path, crs: str | None = UTM, size: tuple[int, int] = (300, 220)) -> Path:
    """A scene of dark water with two bright ships."""
    image = np.zeros((3, size[1], size[0]), dtype=np.uint8)
    image[:] = np.array([30, 50, 60])[:, None, None]
    for top in (40, 130):
        image[:, top : top + 12, 60:130] = 200
    georeference = {} if crs is None else {'crs': crs, 'transform': PLACE}
    driver = 'PNG' if path.suffix == '.png' else 'GTiff'
    with rasterio.open(
        path, 'w', driver=driver, width=size[0], height=size[1], count=3, dtype='uint8', **georeference
    ) as scene:
        scene.write(image)
    return path


@pytest.fixture
def detector(chips, trained) -> tuple:
    return '--config', chips / 'config.py', '--checkpoint', trained


@pytest.fixture
def detect(detector, run_tool, tmp_path):
    """Run the command on some scenes into OUT; the least score is one that the untrained detector reaches."""

    def call(*arguments: object, min_score: float = 0.0, **environment: object) -> tuple[int, str]:
        out = () if '--out' in arguments else ('--out', tmp_path / 'out')
        return run_tool('detect.py', *arguments, *out, '--min-score', min_score, *detector, **environment)

    return call


def test_the_zoo_finds_ships_without_any_training(run_tool, tmp_path):
    image, ships = crop(5, size=800, gsd=1.4, ships=30, tail=1.0)
    place = {'crs': UTM, 'transform': Affine(1.4, 0, 620000, 0, -1.4, 6654000)}
    with rasterio.open(
        tmp_path / 'harbor.tif', 'w', driver='GTiff', width=800, height=800, count=3, dtype='uint8', **place
    ) as scene:
        scene.write(image.transpose(2, 0, 1))
    out = tmp_path / 'out'
    coarse = {**place, 'transform': Affine(10, 0, 620000, 0, -10, 6654000)}
    with rasterio.open(
        tmp_path / 'coarse.tif', 'w', driver='GTiff', width=60, height=60, count=3, dtype='uint8', **coarse
    ) as scene:
        scene.write(np.full((3, 60, 60), 90, np.uint8))
    scenes = tmp_path / 'harbor.tif', write_scene(tmp_path / 'plain.png', None), tmp_path / 'coarse.tif'
    code, output = run_tool('detect.py', *scenes, '--out', out, '--model', 'r2cnn-ships', '--no-map')
    assert code == 0, output[-3000:]
    assert 'taken to have 1.4 m a px, as the detector knows ships (--gsd): plain\n' in output
    assert 'pixels over 3 times as large as the 1.4 m that the detector knows; it misses ships there and ' in output
    assert 'none: coarse\n' in output
    frame = geopandas.read_file(out / 'ships.gpkg')
    assert set(frame['class']) == {'ship'}
    quads = [np.array(shape.exterior.coords)[:4] for shape in frame.geometry]
    found = (np.array(quads) - (620000, 6654000)) / (1.4, -1.4)
    best = pairwise_iou(quad_to_rbox(np.array([ship.quad for ship in ships])), quad_to_rbox(found)).max(axis=1)
    assert (best > 0.5).mean() > 0.6
    assert len(found) < 2 * len(ships)


def test_layers_and_a_map_of_all_scenes(detect, detector, tmp_path):
    (tmp_path / 'scenes').mkdir()
    write_scene(tmp_path / 'scenes/north.tif')
    write_scene(tmp_path / 'scenes/plain.png', None)
    code, output = detect(tmp_path / 'scenes', '--window', 160, '--overlap', 40)
    assert code == 0, output[-3000:]
    out = tmp_path / 'out'
    ships = geopandas.read_file(out / 'ships.gpkg')
    assert ships.crs == UTM
    assert set(ships['scene']) == {'north'}
    assert ships.total_bounds[0] > 619900
    with open(out / 'ships.csv', newline='') as file:
        rows = list(csv.DictReader(file))
    assert {row['scene'] for row in rows} == {'north', 'plain'}
    assert len(ships) == sum(row['scene'] == 'north' for row in rows) > 0
    assert len(json.loads((out / 'ships.geojson').read_text())['features']) == len(ships)
    assert 'gpkg lacks scenes that do not know where they are: plain' in output
    assert {path.name for path in (out / 'dota').iterdir()} == {'north.txt', 'plain.txt'}
    assert 'north' in (out / 'index.html').read_text()

    # The same by Python.
    config, checkpoint = detector[1::2]
    found = ship_det.load(config, checkpoint, device='cpu').predict(tmp_path / 'scenes/north.tif', 0.0)
    assert found.scene.georeference.crs == UTM
    found.save(tmp_path / 'one.gpkg')
    assert len(geopandas.read_file(tmp_path / 'one.gpkg')) == len(found)

    before = {path: path.read_bytes() for path in (out / 'ships.csv', out / 'ships.geojson')}
    code, output = detect(tmp_path / 'scenes', '--window', 160, '--overlap', 40)
    assert code == 0, output[-3000:]
    assert '2 of them finished before' in output
    assert {path: path.read_bytes() for path in before} == before
    code, output = detect(tmp_path / 'scenes', '--window', 200, '--overlap', 40)
    assert code == 2
    # Up to a multiple of 32, which the detector would pad to.
    assert 'was made with --window 160, found 224' in output

    # Nothing of the earlier run is taken for what a smaller one has found.
    code, output = detect(tmp_path / 'scenes/plain.png', '--window', 160, '--overlap', 40, '--formats', 'csv', 'dota')
    assert code == 0, output[-3000:]
    assert sorted(path.name for path in out.glob('ships.*')) == ['ships.csv']
    assert {path.name for path in (out / 'dota').iterdir()} == {'plain.txt'}


@pytest.mark.slow
@pytest.mark.parametrize('engine', ['processes', 'ray'])
def test_two_workers_find_what_one_finds(detect, detector, run_tool, tmp_path, engine):
    write_scene(tmp_path / 'a.tif', size=(900, 700))
    options = ('--window', 160, '--overlap', 40, '--no-map', '--formats', 'csv')
    code, output = detect(tmp_path / 'a.tif', *options)
    assert code == 0, output[-3000:]
    arguments = ('--out', tmp_path / 'two', '--min-score', 0.0, '--workers', 2, '--engine', engine)
    code, output = run_tool('detect.py', tmp_path / 'a.tif', *options, *arguments, *detector)
    assert code == 0, output[-3000:]
    assert (tmp_path / 'two/ships.csv').read_text() == (tmp_path / 'out/ships.csv').read_text()


def test_a_bad_scene_is_named_at_the_end(detect, tmp_path):
    write_scene(tmp_path / 'good.tif')
    (tmp_path / 'bad.tif').write_bytes(write_scene(tmp_path / 'x.tif').read_bytes()[:5000])
    code, output = detect(tmp_path / 'bad.tif', tmp_path / 'good.tif', '--no-map', '--formats', 'csv')
    assert code == 1, output[-3000:]
    assert 'bad.tif' in output.splitlines()[-2]
    assert 'error: 1 of 2 scenes could not be read' in output
    assert 'Traceback' not in output
    assert 'good' in (tmp_path / 'out/ships.csv').read_text()


def test_a_scene_without_ships(detect, tmp_path):
    write_scene(tmp_path / 'a.tif')
    code, output = detect(tmp_path / 'a.tif', min_score=1.0)
    assert code == 0, output[-3000:]
    assert '0 ships in 1 scene\n' in output
    assert len(geopandas.read_file(tmp_path / 'out/ships.gpkg')) == 0
    assert (tmp_path / 'out/index.html').exists()


def test_one_band_of_16_bits(detect, data_root, tmp_path):
    band = sorted(Path(data_root, 'sentinel2_port').rglob('B04.tiff'))[0]
    code, output = detect(band, '--no-map')
    assert code == 0, output[-3000:]
    assert geopandas.read_file(tmp_path / 'out/ships.gpkg').crs == 'EPSG:3857'


def test_land_and_area(detect, tmp_path):
    write_scene(tmp_path / 'a.tif')
    east = box(620000 + 0.6 * 150, 6653000, 620200, 6655000)
    geopandas.GeoSeries([east], crs=UTM).to_crs(4326).to_file(tmp_path / 'east.geojson')
    settings = ('--no-map', '--formats', 'csv')
    for option in ('--land', '--area'):
        code, output = detect(
            tmp_path / 'a.tif', option, tmp_path / 'east.geojson', '--out', tmp_path / option[2:], *settings
        )
        assert code == 0, output[-3000:]
        with open(tmp_path / option[2:] / 'ships.csv', newline='') as file:
            x = [np.mean([float(row[f'x{k}']) for k in range(1, 5)]) for row in csv.DictReader(file)]
        assert x
        assert max(x) < 151 if option == '--land' else min(x) > 149


@pytest.mark.parametrize(
    'arguments, message',
    [
        (
            ('gone.tif',),
            'gone.tif: no such scene, expected an image, a folder of images, a glob, a GDAL path or a list (.txt,',
        ),
        (('a.tif', '--min-score', '1.5'), '--min-score: expected 0 to 1, found 1.5'),
        (('a.tif', '--window', '0'), '--window: expected at least 1 px, found 0'),
        (('a.tif', '--overlap', '1000'), '--overlap: expected 0 to 999 px, less than the window, found 1000'),
        (('a.tif', '--gsd', '-1'), '--gsd: expected m a px above 0, found -1'),
        (('a.tif', '--workers', '0'), '--workers: expected at least 1, found 0'),
        (('a.tif', '--worker-gpus', '1'), '--worker-gpus: found 1 without --engine ray, expected both or neither'),
        (('a.tif', '--engine', 'ray', '--worker-cpus', '0'), '--worker-cpus: expected at least 0.01, found 0'),
        (('gone.txt',), 'gone.txt: no such file, expected a list of scenes'),
        (('a.tif', '--out', 'nothing://out'), 'nothing://: Protocol not known: nothing, expected s3:// or a storage'),
        (('a.tif', '--land', 'gone.gpkg'), 'gone.gpkg: no such file'),
        (('a.tif', '--out', 'a.tif'), 'a.tif'),
        # A folder that nobody can write to, whoever runs the test.
        (('a.tif', '--out', '/proc/ships'), '/proc/ships'),
    ],
)
def test_wrong_arguments(detector, tmp_path, arguments, message):
    write_scene(tmp_path / 'a.tif')
    before = sorted(tmp_path.rglob('*'))
    command = [sys.executable, ROOT / 'tools/detect.py', '--out', 'out', *map(str, (*detector, *arguments))]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert result.returncode == 2, result.stderr
    assert result.stderr.startswith('error: ')
    assert message in result.stderr
    assert 'Traceback' not in result.stderr
    assert sorted(tmp_path.rglob('*')) == before


def test_a_full_disk(detector, tmp_path):
    write_scene(tmp_path / 'a.tif')
    command = [sys.executable, ROOT / 'tools/detect.py', tmp_path / 'a.tif', '--out', tmp_path / 'out', *detector]
    result = subprocess.run(
        [*map(str, command), '--min-score', '0'],
        capture_output=True,
        text=True,
        check=False,
        # A file may not grow beyond this, as on a disk that is full.
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000)),
    )
    assert result.returncode == 2, result.stderr
    assert result.stderr.startswith('error: ')
    assert 'File too large' in result.stderr
    assert not list((tmp_path / 'out').glob('ships*'))
