"""The wheel's base alone, in an empty environment without torch, does everything but train and test detectors."""

import shutil
import subprocess
import sys
import venv
from pathlib import Path

import geopandas
import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[1]


def run(*command: object, cwd: Path | None = None) -> subprocess.CompletedProcess:
    return subprocess.run([*map(str, command)], capture_output=True, text=True, check=False, cwd=cwd)


@pytest.fixture(scope='module')
def wheel(tmp_path_factory) -> Path:
    """Built from a copy: setuptools leaves files where it builds."""
    folder = tmp_path_factory.mktemp('wheel')
    left_out = shutil.ignore_patterns('.*', 'work_dirs', 'data', 'build', '*.egg-info', '__pycache__')
    shutil.copytree(ROOT, folder / 'source', symlinks=True, ignore=left_out)
    result = run(
        sys.executable, '-m', 'pip', 'wheel', '--no-deps', '--no-build-isolation', '-w', folder, folder / 'source'
    )
    assert result.returncode == 0, result.stderr[-3000:]
    (path,) = folder.glob('*.whl')
    return path


@pytest.fixture(scope='module')
def command(wheel, tmp_path_factory) -> Path:
    """``ship-det`` of an environment that has the wheel and what its base needs."""
    folder = tmp_path_factory.mktemp('base')
    venv.create(folder, with_pip=True)
    result = run(folder / 'bin/pip', 'install', '-q', '-c', ROOT / 'constraints.txt', wheel)
    if 'No matching distribution' in result.stderr or 'Could not find a version' in result.stderr:
        pytest.skip(f'no package index at hand: {result.stderr.strip().splitlines()[-1]}')
    assert result.returncode == 0, result.stderr[-3000:]
    return folder / 'bin/ship-det'


def test_configs_and_types_are_in_the_wheel(wheel):
    names = run(sys.executable, '-m', 'zipfile', '-l', wheel).stdout
    for path in (ROOT / 'configs').rglob('*.py'):
        assert f'ship_det/configs/{path.relative_to(ROOT / "configs")}' in names
    assert 'ship_det/py.typed' in names
    assert 'ship_det/report/page.html' in names
    for file in (
        'map_page.html',
        'map_page.css',
        'map_page.js',
        'leaflet/leaflet.js',
        'leaflet/leaflet.css',
        'leaflet/LICENSE',
    ):
        assert f'ship_det/scenes/{file}' in names
    assert 'ship_det/zoo/models.json' in names
    for path in (ROOT / 'ship_det/zoo').glob('*.onnx'):
        assert f'ship_det/zoo/{path.name}' in names


@pytest.mark.slow
def test_the_base_works_without_torch(command, tmp_path):
    assert run(command.with_name('python'), '-c', 'import torch').returncode == 1

    def ship_det(*arguments: object) -> str:
        result = run(command, *arguments, cwd=tmp_path)
        assert result.returncode == 0, f'{arguments}: {result.stderr[-2000:]}'
        return result.stdout

    ship_det('simulate', 'scenes', '--scenes', 2, '--size', 1024, '--gsd', 2, '--seed', 0, '--min-per-class', 2)
    ship_det('tile', 'scenes', 'chips', '--chip', 512, '--overlap', 64)
    ship_det('split', 'chips', '--train', 0.5, '--by', 'scene')
    ship_det('check', 'chips', '--out', 'checked', '--min-instances', 1)
    assert 'submarine' in ship_det('stats', 'chips/labelTxt')
    ship_det('convert', '--from', 'dota', '--to', 'coco-rotated', 'chips', 'coco')
    ship_det('rotate', 'chips', 'turned', '--degrees', 30)
    (tmp_path / 'found.py').write_text(
        'import json\n'
        'from ship_det.annotations import AOSR15_CLASSES as names, DotaFolder\n'
        'from ship_det.evaluation import write_predictions\n'
        'from ship_det.geometry import quad_to_rbox\n'
        'import numpy as np\n'
        "folder = DotaFolder('chips')\n"
        'records = []\n'
        "for image in folder.select('test.txt'):\n"
        '    ships = [ship for ship in folder.read_objects(image)[0] if not ship.difficult]\n'
        '    quads = np.array([ship.quad for ship in ships]).reshape(-1, 4, 2)\n'
        '    labels = np.array([names.index(ship.name) for ship in ships], dtype=int)\n'
        "    records.append({'file': image.name, 'boxes': quad_to_rbox(quads), 'labels': labels,\n"
        "                    'scores': np.full(len(ships), 0.9)})\n"
        "write_predictions('found.jsonl', names, records)\n"
    )
    result = run(command.with_name('python'), 'found.py', cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    table = ship_det('evaluate', 'found.jsonl', 'chips', '--merge', 'scenes')
    assert '1.0000' in table
    ship_det('report', 'found.jsonl', 'chips', '--out', 'report')
    assert (tmp_path / 'report/index.html').is_file()


@pytest.mark.slow
def test_ships_on_a_map_without_torch(command, wheel, tmp_path):
    """The same ships as PyTorch finds with the same weights."""
    pip = command.with_name('pip')
    result = run(pip, 'install', '-q', '-c', ROOT / 'constraints.txt', f'{wheel}[detect]')
    assert result.returncode == 0, result.stderr[-3000:]
    assert run(command.with_name('python'), '-c', 'import torch').returncode == 1
    result = run(command, 'simulate', 'scenes', '--scenes', 1, '--size', 800, '--gsd', 1.1, '--seed', 3, cwd=tmp_path)
    assert result.returncode == 0, result.stderr[-2000:]
    result = run(command, 'detect', 'scenes/images', '--out', 'light', '--no-map', cwd=tmp_path)
    assert result.returncode == 0, result.stderr[-2000:]
    by_torch = (
        *(sys.executable, '-m', 'ship_det.commands.main', 'detect', tmp_path / 'scenes/images', '--no-map'),
        *('--config', ROOT / 'configs/zoo/r2cnn_aosr15.py', '--checkpoint', ROOT / 'ship_det/zoo/r2cnn-aosr15.onnx'),
        *('--out', tmp_path / 'torch'),
    )
    result = run(*by_torch, cwd=ROOT)
    assert result.returncode == 0, result.stderr[-2000:]
    light, heavy = (geopandas.read_file(tmp_path / name / 'ships.gpkg') for name in ('light', 'torch'))
    assert len(light) == len(heavy) > 3
    assert light['class'].tolist() == heavy['class'].tolist()
    np.testing.assert_allclose(light['score'], heavy['score'], atol=1e-3)
    assert (light.geometry.hausdorff_distance(heavy.geometry) < 0.5 * 1.1).all()
