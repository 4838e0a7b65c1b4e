"""tile.py as a command line: what it prints, its exit codes, how little it imports to answer --help."""

import hashlib
import json
import shutil
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.enums import ColorInterp

from ship_det.tiling import TilingOptions, tile_scenes


def test_help_imports_nothing_heavy(modules_of_help):
    modules = modules_of_help('tile.py')
    assert 'ship_det.cli' in modules
    assert not modules & {'torch', 'mmcv', 'mmengine', 'cv2', 'numpy', 'rasterio', 'shapely', 'rich'}


def test_chips_and_summary(data_tool, scenes, tmp_path):
    out = tmp_path / 'chips'
    result = data_tool('tile.py', scenes, out, '--chip', 100, '--overlap', 20, '--workers', 2)
    assert (result.returncode, result.stderr) == (0, '')
    chips = [json.loads(line) for line in (out / 'chips.jsonl').read_text().splitlines()]
    assert f'{len(chips)} chips from 2 scenes' in result.stdout
    assert 'objects in the scenes: 5, whole in at least one chip: 5, in no chip: 0' in result.stdout
    assert {chip['scene'] for chip in chips} == {'port.tif', 'bay.tif'}
    again = data_tool('tile.py', scenes, out, '--chip', 100, '--overlap', 20)
    assert again.returncode == 0
    assert f'({len(chips)} were there already)' in again.stdout


def test_bands_in_the_order_of_their_colour_names_are_said(data_tool, scenes, tmp_path):
    with rasterio.open(scenes / 'images/port.tif', 'r+') as scene:
        scene.colorinterp = [ColorInterp.blue, ColorInterp.green, ColorInterp.red]
    result = data_tool('tile.py', scenes, tmp_path / 'chips', '--chip', 100, '--overlap', 20, '--nodata', 300)
    assert (result.returncode, result.stderr) == (0, '')
    assert 'other bands than 1 2 3 red, green and blue, read so: 1\n' in result.stdout


def write_rgba(path: Path, alpha: int) -> None:
    pixels = np.full((4, 200, 300), 90, dtype=np.uint8)
    pixels[3, :, :150] = 0
    pixels[3, :, 150:] = alpha
    profile = {'driver': 'GTiff', 'count': 4, 'width': 300, 'height': 200, 'dtype': 'uint8', 'alpha': 'yes'}
    with warnings.catch_warnings():
        warnings.simplefilter('ignore', rasterio.errors.NotGeoreferencedWarning)
        with rasterio.open(path, 'w', photometric='rgb', **profile) as scene:
            scene.write(pixels)


def test_an_alpha_band_is_said_and_may_be_left_out(data_tool, scenes, tmp_path):
    write_rgba(scenes / 'images/port.tif', 255)
    options = ('--chip', 100, '--overlap', 0, '--no-whole', '--workers', 1)
    result = data_tool('tile.py', scenes, tmp_path / 'chips', *options)
    assert (result.returncode, result.stderr) == (0, '')
    assert 'chips without data skipped: 2\n' in result.stdout
    assert 'scenes of which an alpha band hides something: 1, up to 50.00% of port.tif\n' in result.stdout
    result = data_tool('tile.py', scenes, tmp_path / 'all', *options, '--no-alpha')
    assert (result.returncode, result.stderr) == (0, '')
    assert 'chips without data skipped: 0\n' in result.stdout
    assert 'alpha band' not in result.stdout


def test_an_alpha_band_of_0_under_ships_is_refused(data_tool, scenes, tmp_path):
    write_rgba(scenes / 'images/port.tif', 0)
    result = data_tool('tile.py', scenes, tmp_path / 'chips', '--workers', 2)
    assert result.returncode == 2
    assert 'images/port.tif: its alpha band is 0 everywhere, ' in result.stderr
    assert '2 labelled objects; expected data; --no-alpha shows' in result.stderr
    assert not (tmp_path / 'chips').exists()


@pytest.mark.parametrize('value', ['black', 'inf', ''])
def test_nodata_that_is_no_number_is_refused(data_tool, scenes, tmp_path, value):
    result = data_tool('tile.py', scenes, tmp_path / 'chips', '--nodata', value)
    assert result.returncode == 2
    assert 'argument --nodata' in result.stderr and 'Traceback' not in result.stderr


def test_no_torch_in_a_whole_run(scenes, tmp_path):
    code = (
        'import sys; from ship_det.tiling import tile_scenes; tile_scenes(*sys.argv[1:]);'
        "sys.exit(any(name in sys.modules for name in ('torch', 'mmcv', 'mmengine')))"
    )
    subprocess.run([sys.executable, '-c', code, scenes, tmp_path / 'chips'], check=True)


LINE = '10 10 60 10 60 20 10 20 ship 0\n'


@pytest.mark.parametrize(
    ('damage', 'message'),
    [
        (lambda root: (root / 'labelTxt/port.txt').unlink(), 'labelTxt/port.txt: no such file, expected the labels'),
        (lambda root: (root / 'labelTxt/port.txt').write_text('1 2 ship'), "labelTxt/port.txt:1: column 3 is 'ship'"),
        (
            lambda root: (root / 'labelTxt/port.txt').write_text(f'{LINE}1 2 nan 4 5 6 7 8 ship 0\n'),
            "labelTxt/port.txt:2: column 3 is 'nan', expected a finite number",
        ),
        (
            lambda root: (root / 'labelTxt/port.txt').write_text('1 2 3 4 5 6 7 ship 0\n'),
            "labelTxt/port.txt:1: column 8 is 'ship'",
        ),
        (
            lambda root: (root / 'labelTxt/port.txt').write_text(LINE.replace(' ', ', ')),
            "labelTxt/port.txt:1: column 1 is '10,', expected a finite number (columns separated by blanks",
        ),
        (
            lambda root: ((root / 'images/bay.tif').unlink(), (root / 'images/bay.png').write_bytes(b'')),
            'images/bay.png: not an image or a truncated one',
        ),
        (lambda root: (root / 'images/bay.tif').write_bytes(b''), 'images/bay.tif: not an image or a truncated one'),
        (
            lambda root: (root / 'images/bay.tif').write_bytes((root / 'images/bay.tif').read_bytes()[:-99]),
            'images/bay.tif: not an image or a truncated one',
        ),
        (lambda root: root.rename(root.with_name('moved')), 'scenes/images: no such folder'),
    ],
)
def test_bad_input_is_one_message_and_exit_code_2(data_tool, scenes, tmp_path, damage, message):
    damage(scenes)
    result = data_tool('tile.py', scenes, tmp_path / 'chips')
    assert result.returncode == 2
    assert result.stderr.startswith('error: ')
    assert message in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert not (tmp_path / 'chips/chips.jsonl').exists()
    assert not (tmp_path / 'chips/images').exists()


def test_output_that_cannot_be_written(data_tool, scenes, tmp_path):
    (tmp_path / 'chips').write_text('a file')
    result = data_tool('tile.py', scenes, tmp_path / 'chips')
    assert result.returncode == 2
    assert str(tmp_path / 'chips') in result.stderr


@pytest.mark.parametrize(
    'text', ['\ufeff' + LINE, LINE.replace('\n', '\r\n'), f'imagesource:x\r\ngsd:0.6\r\n{LINE}\r\n']
)
def test_byte_order_mark_and_windows_line_ends_change_nothing(data_tool, scenes, tmp_path, text):
    (scenes / 'labelTxt/port.txt').write_text(text, encoding='utf-8', newline='')
    result = data_tool('tile.py', scenes, tmp_path / 'chips', '--workers', 1)
    assert (result.returncode, result.stderr) == (0, '')
    assert (tmp_path / 'chips/labelTxt/port__0_0.txt').read_text() == LINE


def test_100_000_objects(data_tool, scenes, tmp_path):
    rng = np.random.default_rng(0)
    x, y = rng.uniform(0, 297, 100_000), rng.uniform(0, 198, 100_000)
    corners = np.stack([x, y, x + 3, y, x + 3, y + 2, x, y + 2], axis=1)
    lines = [' '.join(map(repr, row)) + ' boat 0\n' for row in corners.tolist()]
    (scenes / 'labelTxt/port.txt').write_text(''.join(lines))
    result = data_tool('tile.py', scenes, tmp_path / 'chips', '--chip', 100, '--overlap', 0, '--workers', 1)
    assert (result.returncode, result.stderr) == (0, '')
    assert 'objects in the scenes: 100003, whole in at least one chip: 100003, in no chip: 0' in result.stdout


def test_options_reach_the_chips(data_tool, scenes, tmp_path):
    arguments = ['--scales', 1, 0.5, '--bands', 3, 2, 1, '--stretch', 5, 95, '--workers', 1]
    result = data_tool('tile.py', scenes, tmp_path / 'chips', *arguments)
    assert (result.returncode, result.stderr) == (0, '')
    record = json.loads((tmp_path / 'chips/tiling.json').read_text())
    assert (record['options']['bands'], record['options']['stretch']) == ([3, 2, 1], [5, 95])
    assert all(0 < low < high < 255 for limits in record['stretch'].values() for low, high in limits)
    files = {path.name for path in (tmp_path / 'chips/images').iterdir()}
    assert files == {'port__0_0.png', 'port__0_0__0.5.png', 'bay__0_0.png', 'bay__0_0__0.5.png'}


def in_a_namespace(script: str, *arguments: object) -> subprocess.CompletedProcess:
    """Run a shell script that may mount file systems nobody else sees."""
    command = ['unshare', '--user', '--map-root-user', '--mount', 'sh', '-ec', script, 'sh', *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True)


needs_mounts = pytest.mark.skipif(
    shutil.which('unshare') is None or in_a_namespace('mount -t tmpfs tmpfs /tmp').returncode != 0,
    reason='mounting in a user namespace is not allowed',
)
TILE = f'{sys.executable} {Path(__file__).parents[2] / "data_tools/tile.py"}'


@needs_mounts
@pytest.mark.parametrize(('size', 'workers'), [('40k', 1), ('400k', 2)])
def test_full_disk_is_one_message_and_a_rerun_with_room_ends_the_same(scenes, tmp_path, size, workers):
    out = tmp_path / 'chips'
    out.mkdir()
    script = f"""
        mount -t tmpfs -o size={size} tmpfs "$2"
        {TILE} "$1" "$2" --chip 100 --overlap 50 --keep-empty 1 --workers {workers} && exit 9
        echo left: $(ls -A "$2")
        mount -o remount,size=50m "$2"
        {TILE} "$1" "$2" --chip 100 --overlap 50 --keep-empty 1 --workers 1 > /dev/null
        cp -r "$2" "$3"
    """
    result = in_a_namespace(script, scenes, out, tmp_path / 'copy')
    assert result.returncode == 0
    assert len(result.stderr.splitlines()) == 1
    assert 'no space is left on the disk' in result.stderr and str(out) in result.stderr
    # Nothing, or what a rerun goes on with.
    assert result.stdout.splitlines()[-1] in ('left:', 'left: .tiling')
    tile_scenes(scenes, tmp_path / 'expected', TilingOptions(chip=100, overlap=50, keep_empty=1.0))
    assert tree_digest(tmp_path / 'copy') == tree_digest(tmp_path / 'expected')


@needs_mounts
def test_read_only_folder_is_one_message(scenes, tmp_path):
    (tmp_path / 'disk').mkdir()
    script = f'mount -t tmpfs -o ro tmpfs "$2"; {TILE} "$1" "$2/chips"'
    result = in_a_namespace(script, scenes, tmp_path / 'disk')
    assert result.returncode == 2
    assert len(result.stderr.splitlines()) == 1
    assert 'the file system is read-only' in result.stderr and 'disk/chips' in result.stderr


def tree_digest(root: Path) -> dict[str, str]:
    files = sorted(path for path in root.rglob('*') if path.is_file())
    return {str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
