"""check.py as a command line."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ship_det.commands.check import name_labels

CHECK = Path(__file__).parents[2] / 'data_tools/check.py'


def test_help_imports_nothing_heavy(modules_of_help):
    assert not modules_of_help('check.py') & {'torch', 'mmcv', 'numpy', 'rasterio', 'shapely', 'rich', 'cv2'}


def test_sound_set_then_an_error(data_tool, scenes, tmp_path):
    out = tmp_path / 'out'
    result = data_tool('check.py', scenes, '--out', out, '--min-instances', 1)
    assert (result.returncode, result.stderr) == (0, '')
    assert 'nothing found' in result.stdout
    assert '2 images, 5 instances; lists: none' in result.stdout
    assert (out / 'findings.jsonl').read_text() == ''
    assert (out / 'contact_sheet.jpg').read_bytes().startswith(b'\xff\xd8')

    with (scenes / 'labelTxt/bay.txt').open('a') as labels:
        labels.write('900 10 950 10 950 20 900 20 [ship] 0\n')
    (scenes / 'images/port.tif').write_bytes(b'')
    result = data_tool('check.py', scenes, '--out', out, '--min-instances', 1)
    assert (result.returncode, result.stderr) == (1, '')
    assert 'labelTxt/bay.txt:4: [ship]: no part of it lies in the image of 300 x 200 px' in result.stdout
    found = [json.loads(line) for line in (out / 'findings.jsonl').read_text().splitlines()]
    assert {one['check'] for one in found} == {'outside the image', 'unreadable image'}


def test_a_warning_is_no_failure(data_tool, scenes, tmp_path):
    """Of three classes or so none has ten instances, which the check says."""
    result = data_tool('check.py', scenes, '--out', tmp_path / 'out')
    findings = [json.loads(line) for line in (tmp_path / 'out/findings.jsonl').read_text().splitlines()]
    assert {finding['severity'] for finding in findings} == {'warning'}
    assert (result.returncode, result.stderr) == (0, '')


def test_lists_of_the_data_set_are_used(data_tool, scenes, tmp_path):
    for name in ('train', 'test'):
        (scenes / f'{name}.txt').write_text('bay.tif\n')
    result = data_tool('check.py', scenes, '--out', tmp_path / 'out')
    assert result.returncode == 1
    assert 'image in train and test' in result.stdout


def test_training_and_validation_are_compared_without_a_test_list(data_tool, scenes, tmp_path):
    for name in ('train', 'val'):
        (scenes / f'{name}.txt').write_text('bay.tif\n')
    result = data_tool('check.py', scenes, '--out', tmp_path / 'out')
    assert result.returncode == 1
    assert 'image in train and val' in result.stdout
    assert f'lists: {scenes}/train.txt, {scenes}/val.txt' in result.stdout
    # A list that is named as another part's is no part of its own.
    result = data_tool('check.py', scenes, '--out', tmp_path / 'out', '--test', 'val.txt')
    assert 'image in train and test' in result.stdout
    assert 'val and test' not in result.stdout


def test_sets_of_one_name_have_folders_of_their_own(scenes, tmp_path):
    work = tmp_path / 'work'
    roots = [work / 'a/set', work / 'b/set', tmp_path / 'a/set']
    for root in roots:
        shutil.copytree(scenes, root)
        command = [sys.executable, CHECK, root, '--workers', '1']
        subprocess.run(command, cwd=work, capture_output=True, check=True)
    elsewhere = work / 'work_dirs/check/_' / roots[2].relative_to('/')
    for out in (work / 'work_dirs/check/a/set', work / 'work_dirs/check/b/set', elsewhere):
        assert (out / 'findings.jsonl').is_file()


def test_bad_input_exits_with_2(data_tool, tmp_path):
    result = data_tool('check.py', tmp_path / 'nowhere')
    message = f'error: {tmp_path}/nowhere/images: no such folder, expected a data set with images/ and labelTxt/\n'
    assert (result.returncode, result.stderr) == (2, message)


def test_run_does_not_import_torch(scenes, tmp_path):
    command = [sys.executable, '-X', 'importtime', CHECK, scenes, '--out', tmp_path / 'out']
    result = subprocess.run(command, capture_output=True, text=True)
    modules = {line.split('|')[-1].strip() for line in result.stderr.splitlines()}
    assert 'ship_det.dataset_checks' in modules
    assert not modules & {'torch', 'mmcv', 'mmengine'}


@pytest.mark.parametrize(
    ('count', 'expected'),
    [(16, ['tug'] * 16), (17, ['tug', *[''] * 11, 'tug', *[''] * 4])],
)
def test_a_crowd_names_findings_and_the_first_of_each_class(count, expected):
    assert name_labels(['tug'] * count, [place == 12 for place in range(count)]) == expected
