"""fine_tune.py: from a scene and its labels to a detector."""

import json
import shlex
import subprocess
import sys
from pathlib import Path

import geopandas
import numpy as np
import pytest
import rasterio
from affine import Affine
from shapely import Polygon

from ship_det.annotations import read_dota
from ship_det.commands.fine_tune import Ships, choose_chip, choose_zoom, describe

ROOT = Path(__file__).resolve().parents[2]
#: 1.5 m/px, north up.
PLACE = Affine(1.5, 0, 500_000, 0, -1.5, 4_000_000)


def ship_det(*arguments: object) -> subprocess.CompletedProcess:
    command = [sys.executable, '-m', 'ship_det.commands.main', *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT)


@pytest.fixture(scope='module')
def harbor(tmp_path_factory) -> Path:
    """A simulated scene in UTM, and its ships as polygons of a GeoPackage with two classes."""
    root = tmp_path_factory.mktemp('harbor')
    made = ship_det('simulate', root / 'sim', '--scenes', 1, '--size', 1100, '--gsd', 1.5, '--ships', 60, '--seed', 4)
    assert made.returncode == 0, made.stderr
    (image,) = (root / 'sim/images').iterdir()
    with rasterio.open(image) as scene:
        pixels = scene.read()
    (root / 'scenes').mkdir()
    profile = {'driver': 'GTiff', 'count': 3, 'height': 1100, 'width': 1100, 'dtype': 'uint8'}
    with rasterio.open(root / 'scenes/port.tif', 'w', crs='EPSG:32631', transform=PLACE, **profile) as scene:
        scene.write(pixels[:3])
    objects = read_dota(root / 'sim/labelTxt' / f'{image.stem}.txt')
    shapes = [Polygon(labeled.quad * (1.5, -1.5) + (500_000, 4_000_000)) for labeled in objects]
    kinds = ['submarine' if labeled.name == 'submarine' else 'surface ship' for labeled in objects]
    layer = geopandas.GeoDataFrame({'kind': kinds}, geometry=shapes, crs='EPSG:32631')
    layer.to_crs('EPSG:4326').to_file(root / 'ships.gpkg')
    return root


@pytest.mark.slow
def test_from_a_layer_to_ships_on_a_map(harbor):
    out = harbor / 'my out'
    arguments = (harbor / 'scenes', harbor / 'ships.gpkg', '--class-field', 'kind', '--out', out, '--iterations', 10)
    tuned = ship_det('fine-tune', *arguments)
    assert tuned.returncode == 0, tuned.stdout[-3000:] + tuned.stderr[-3000:]
    assert {'index.html', 'results.json', 'config.py', 'check'} <= {path.name for path in out.iterdir()}
    lists = [set((out / f'chips/{part}.txt').read_text().split()) for part in ('train', 'val', 'test')]
    assert all(lists)
    assert not lists[0] & lists[1] | lists[1] & lists[2] | lists[0] & lists[2]
    # What it says last finds ships.
    command = shlex.split(tuned.stdout.strip().splitlines()[-1])
    assert command[:3] == ['ship-det', 'detect', 'SCENE...']
    detected = ship_det('detect', harbor / 'scenes', *command[3:-1], harbor / 'found', '--min-score', 0.01)
    assert detected.returncode == 0, detected.stderr
    found = geopandas.read_file(harbor / 'found/ships.gpkg', layer='ships')
    assert set(found['class']) <= {'submarine', 'surface ship'}
    # Started again it has nothing to train, and with other settings it refuses the folder.
    again = ship_det('fine-tune', *arguments)
    assert again.returncode == 0
    assert 'iteration 1/' not in again.stdout
    other = ship_det('fine-tune', *arguments, '--seed', 1)
    assert other.returncode == 2
    assert 'was made with seed 0, now 1; expected the same, or another --out' in other.stderr
    made = json.loads((out / 'fine_tune.json').read_text())
    assert made['labels'] == str(harbor / 'ships.gpkg')


@pytest.mark.parametrize(
    ('labels', 'options', 'message'),
    [
        ('nothing', [], 'no such file or folder, expected a folder of DOTA labels or a layer of polygons'),
        ('sim/labelTxt', ['--class-field', 'kind'], 'is no layer'),
        ('sim/labelTxt', ['--train', '0.8'], 'expected shares that leave some for the test'),
        ('sim/labelTxt', ['--iterations', '3'], 'expected 10 or more'),
        ('sim/labelTxt', ['--zoom', '0'], 'expected 0.05 to 20'),
    ],
)
def test_wrong_arguments(harbor, tmp_path, labels, options, message):
    result = ship_det('fine-tune', harbor / 'scenes', harbor / labels, *options, '--out', tmp_path / 'out')
    assert result.returncode == 2
    assert message in result.stderr
    assert not (tmp_path / 'out').exists()


@pytest.mark.parametrize(
    ('files', 'message'),
    [
        (
            {'port.xml': '<a/>', 'bay.txt': ''},
            'labels: no .txt of the name of a scene, such as port.txt; found bay.txt, port.xml; expected DOTA label '
            'files (ship-det convert makes them of other formats)',
        ),
        ({}, 'labels: no .txt of the name of a scene, such as port.txt; found nothing; expected DOTA'),
        ({'port.txt': '10 10 50 10 50 20 10 20 ship 1\n'}, 'labels: no labelled ship that is not difficult, expected'),
    ],
)
def test_labels_of_no_scene_or_no_ship_leave_nothing_behind(harbor, tmp_path, files, message):
    (tmp_path / 'labels').mkdir()
    for name, text in files.items():
        (tmp_path / 'labels' / name).write_text(text)
    result = ship_det('fine-tune', harbor / 'scenes', tmp_path / 'labels', '--out', tmp_path / 'out')
    assert (result.returncode, result.stderr.startswith(f'error: {tmp_path}/{message}')) == (2, True), result.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ['labels']


def test_a_layer_that_cannot_be_read_leaves_nothing_behind(harbor, tmp_path):
    arguments = (harbor / 'scenes', harbor / 'ships.gpkg', '--class-field', 'nothing', '--out', tmp_path / 'out')
    assert ship_det('fine-tune', *arguments).returncode == 2
    assert not (tmp_path / 'out').exists()


def test_a_part_without_ships_is_refused_before_training(harbor, tmp_path):
    (tmp_path / 'labels').mkdir()
    # Twenty ships at one place: the other parts have none.
    lines = [f'{x} 10 {x + 40} 10 {x + 40} 20 {x} 20 ship 0\n' for x in range(10, 30)]
    (tmp_path / 'labels/port.txt').write_text(''.join(lines))
    result = ship_det('fine-tune', harbor / 'scenes', tmp_path / 'labels', '--out', tmp_path / 'out')
    assert result.returncode == 2
    assert 'found no ship in ' in result.stderr
    assert 'expected some in each of train, val, test; another --seed' in result.stderr
    assert not (tmp_path / 'out/train').exists()
    assert not (tmp_path / 'out/config.py').exists()


@pytest.mark.parametrize(
    ('length', 'zoom'),
    # 72 px are as they are; 39 px become 72, 4 px at most three times as long, 400 px a quarter at least.
    [(72, 1), (50, 1), (110, 1), (39, 1.85), (4, 3), (144, 0.5), (400, 0.25)],
)
def test_zoom_makes_ships_as_long_as_the_zoo_knows(length, zoom):
    assert choose_zoom(length) == zoom


def test_chips_of_a_small_scene_leave_room_for_three_parts():
    ships = Ships(['ship'], 60, 1, length=40, longest=90, side=1200, gsd=None)
    assert choose_chip(ships, 'scene') == 640
    assert choose_chip(ships, 'area') == 200
    # Two of the longest ship fit.
    assert choose_chip(Ships(['ship'], 60, 1, 40, longest=150, side=1200, gsd=None), 'area') == 300


def test_scenes_of_different_pixels_have_no_common_size(tmp_path):
    for name, gsd in (('a', 1.0), ('b', 1.1)):
        write_scene(tmp_path, name, gsd)
    ships = describe(tmp_path, tmp_path / 'labelTxt')
    assert (ships.count, ships.scenes, ships.length, ships.longest, ships.side) == (2, 2, 40, 40, 100)
    assert ships.gsd == pytest.approx(1.05, rel=2e-3)
    write_scene(tmp_path, 'c', 2.0)
    assert describe(tmp_path, tmp_path / 'labelTxt').gsd is None


def write_scene(root: Path, name: str, gsd: float) -> None:
    """A scene with a ship of 40 x 10 px."""
    for folder in ('images', 'labelTxt'):
        (root / folder).mkdir(exist_ok=True)
    profile = {'driver': 'GTiff', 'count': 1, 'height': 100, 'width': 120, 'dtype': 'uint8', 'crs': 'EPSG:32631'}
    transform = Affine(gsd, 0, 500_000, 0, -gsd, 4_000_000)
    with rasterio.open(root / f'images/{name}.tif', 'w', transform=transform, **profile) as scene:
        scene.write(np.zeros((1, 100, 120), np.uint8))
    (root / f'labelTxt/{name}.txt').write_text('10 10 50 10 50 20 10 20 ship 0\n')
