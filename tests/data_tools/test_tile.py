"""tile.py as a command line: what it prints, its exit codes, how little it imports to answer --help."""

import json
import subprocess
import sys

import pytest


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


def test_no_torch_in_a_whole_run(scenes, tmp_path):
    code = (
        'import sys; from ship_det.tiling import tile_scenes; tile_scenes(*sys.argv[1:]);'
        "sys.exit(any(name in sys.modules for name in ('torch', 'mmcv', 'mmengine')))"
    )
    subprocess.run([sys.executable, '-c', code, scenes, tmp_path / 'chips'], check=True)


@pytest.mark.parametrize(
    ('damage', 'message'),
    [
        (lambda root: (root / 'labelTxt/port.txt').unlink(), 'labelTxt/port.txt: no such file, expected the labels'),
        (lambda root: (root / 'labelTxt/port.txt').write_text('1 2 ship'), "labelTxt/port.txt:1: column 3 is 'ship'"),
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
