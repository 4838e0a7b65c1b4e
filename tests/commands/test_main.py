"""ship-det SUBCOMMAND: every command line behind one door, and none of them slow to answer --help."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import ship_det
from ship_det.commands.main import SUBCOMMANDS

ROOT = Path(__file__).resolve().parents[2]
HELPERS = {'__init__', 'main', 'config_arguments', 'convert_maps', 'scene_arguments', 'steps'}
DOORS = [path for folder in ('tools', 'data_tools') for path in (ROOT / folder).glob('*.py') if path.stem != 'doctor']


def ship_det_command(*arguments: str, flags: tuple[str, ...] = ()) -> subprocess.CompletedProcess:
    command = [sys.executable, *flags, '-m', 'ship_det.commands.main', *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_every_module_is_a_subcommand():
    modules = {path.stem for path in (ROOT / 'ship_det/commands').glob('*.py')} - HELPERS
    assert modules == {name.replace('-', '_') for name in SUBCOMMANDS}


def test_usage_names_all_subcommands():
    result = ship_det_command()
    assert result.returncode == 0
    assert result.stdout == ship_det_command('--help').stdout
    for name, purpose in SUBCOMMANDS.items():
        assert name in result.stdout and purpose in result.stdout
    assert ship_det_command('--version').stdout == f'ship-det {ship_det.__version__}\n'


def test_texts_name_commands_and_not_scripts():
    # Other files are called config.py and recipes/demo.py; torchrun starts tools/train.py.
    names = '|'.join(name.replace('-', '_') for name in SUBCOMMANDS if name not in ('config', 'demo'))
    script = re.compile(rf'(?<!\btools/)\b(?:{names})\.py\b|data_tools/')
    files = [*(ROOT / 'ship_det').rglob('*.py'), *(ROOT / 'configs').rglob('*.py')]
    assert [(path, found) for path in files for found in script.findall(path.read_text())] == []


def test_another_word_is_refused():
    result = ship_det_command('trian')
    assert (result.returncode, result.stdout) == (2, '')
    assert result.stderr.startswith('error: trian: no such subcommand, expected one of simulate, convert, ')
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize('name', SUBCOMMANDS)
def test_help_imports_nothing_heavy(name):
    result = ship_det_command(name, '--help', flags=('-X', 'importtime'))
    assert result.returncode == 0
    assert result.stdout.startswith(f'usage: ship-det {name} ')
    modules = {line.split('|')[-1].strip() for line in result.stderr.splitlines() if line.startswith('import time:')}
    heavy = {'torch', 'mmcv', 'mmengine', 'cv2', 'numpy', 'rasterio', 'shapely', 'scipy', 'matplotlib', 'PIL', 'rich'}
    assert not modules & heavy


@pytest.mark.parametrize('path', DOORS, ids=lambda path: path.name)
def test_a_script_is_a_door_to_its_module(path):
    tree = ast.parse(path.read_text())
    assert len(path.read_text().splitlines()) <= 8
    (module,) = [node.module for node in tree.body if isinstance(node, ast.ImportFrom) and 'commands' in node.module]
    assert module == f'ship_det.commands.{path.stem}'
    result = subprocess.run([sys.executable, path, '--help'], capture_output=True, text=True, check=False)
    assert result.returncode == 0
    assert result.stdout.startswith(f'usage: {path.name} ')


def test_config_writes_what_needs_no_base(tmp_path):
    out = tmp_path / 'resolved.py'
    source = 'configs/quickstart/r2cnn_r18w32_fpn64_ci_demo.py'
    result = ship_det_command('config', source, '--classes', 'ship,boat', '--data-root', 'MINE', '--out', str(out))
    assert result.returncode == 0, result.stderr
    settings: dict = {}
    exec(out.read_text(), settings)
    assert settings['train_dataloader']['dataset']['data_root'] == 'MINE'
    assert settings['train_dataloader']['dataset']['metainfo']['classes'] == ('ship', 'boat')
    assert settings['model']['roi_head']['bbox_head']['num_classes'] == 2
    assert '_base_' not in settings


def test_detectors_without_torch_say_what_is_missing(tmp_path):
    code = (
        "import sys; sys.modules['torch'] = None; sys.modules['mmengine'] = None\n"
        "sys.argv = ['ship-det', 'train', 'configs/r2cnn/r2cnn_r50_fpn_ci_1x_aosr15.py']\n"
        'from ship_det.commands.main import main; main()'
    )
    result = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert result.returncode == 2
    assert result.stderr.startswith('error: found no ')
    assert 'which detectors need: `make setup` installs it' in result.stderr
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize('arguments', ['--help', 'stats labelTxt'])
def test_a_reader_that_has_seen_enough_is_no_error(tmp_path, arguments):
    (tmp_path / 'labelTxt').mkdir()
    (tmp_path / 'labelTxt/a.txt').write_text('10 10 60 10 60 20 10 20 ship 0\n')
    command = f'{sys.executable} -m ship_det.commands.main {arguments} | true'
    result = subprocess.run(command, shell=True, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert result.stderr == ''
