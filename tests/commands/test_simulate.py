import subprocess
import sys
from pathlib import Path

import pytest

from ship_det.annotations import AOSR15_CLASSES, read_dota

SIMULATE = Path(__file__).parents[2] / 'data_tools' / 'simulate.py'


def simulate(*arguments):
    command = [sys.executable, str(SIMULATE), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_writes_scenes_with_labels(tmp_path):
    done = simulate(tmp_path, '--scenes', 1, '--size', 512, '--gsd', 2.4, '--ships', 20, '--seed', 1, '--tail', 1)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / 'images' / 'scene_0000.tif').stat().st_size > 10_000
    objects = read_dota(tmp_path / 'labelTxt' / 'scene_0000.txt', AOSR15_CLASSES)
    assert len(objects) > 10
    assert '1 scene in' in done.stdout
    assert 'submarine' in done.stdout


def test_says_which_ships_found_no_place(tmp_path):
    done = simulate(tmp_path, '--scenes', 1, '--size', 300, '--ships', 15, '--min-per-class', 1)
    assert done.returncode == 0, done.stderr
    assert 'scene_0000: 1 aircraft-carrier found no place' in done.stdout


@pytest.mark.parametrize(
    ('arguments', 'message'), [(('--size', 5), 'size: expected at least 64'), (('--tail', 0), 'tail: expected')]
)
def test_bad_options_end_in_one_message(tmp_path, arguments, message):
    done = simulate(tmp_path, *arguments)
    assert done.returncode == 2
    assert done.stderr.startswith('error: ')
    assert message in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_help_imports_nothing_heavy():
    heavy = ('torch', 'numpy', 'cv2', 'rasterio', 'rich')
    code = (
        f"import runpy, sys; sys.argv = ['simulate.py', '--help']\n"
        f"try: runpy.run_path({str(SIMULATE)!r}, run_name='__main__')\n"
        f'except SystemExit as end: print(end.code, [name for name in {heavy} if name in sys.modules])'
    )
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == '0 []'


def test_simulation_never_imports_torch():
    code = "import sys, ship_det.simulation; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == 'False'
