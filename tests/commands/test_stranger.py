"""A stranger's path: a new folder, a config of three lines with two classes of one's own; and its wrong turns."""

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
QUICKSTART = ROOT / 'configs/quickstart/r2cnn_r18w32_fpn64_ci_demo.py'
SHORT = (
    '--cfg-options',
    'train_cfg.max_iters=2',
    'default_hooks.checkpoint.interval=2',
    'train_dataloader.num_workers=0',
)
SHORT += ('train_dataloader.persistent_workers=False', 'test_dataloader.num_workers=0')
SHORT += ('test_dataloader.persistent_workers=False',)


@pytest.fixture(scope='module')
def home(tmp_path_factory) -> Path:
    """A new folder with chips of two classes and a config of three lines."""
    home = tmp_path_factory.mktemp('stranger')
    chips = home / 'chips'
    for folder in ('images', 'labelTxt'):
        (chips / folder).mkdir(parents=True)
    generator = np.random.default_rng(0)
    for index in range(4):
        pixels = generator.integers(0, 80, (128, 128, 3), dtype=np.uint8)
        pixels[20:32, 10:90] = 210
        pixels[60:68, 30:60] = 150
        Image.fromarray(pixels).save(chips / 'images' / f'{index}.png')
        (chips / 'labelTxt' / f'{index}.txt').write_text(
            '10 20 90 20 90 32 10 32 barge 0\n30 60 60 60 60 68 30 68 tug 0\n'
        )
    (chips / 'train.txt').write_text('0.png\n1.png\n')
    (chips / 'test.txt').write_text('2.png\n3.png\n')
    (home / 'mine.py').write_text(f"_base_ = '{QUICKSTART}'\ndata_root = '{chips}'\nclasses = ('barge', 'tug')\n")
    return home


@pytest.fixture(scope='module')
def trained(home, run_tool) -> Path:
    code, output = run_tool('train.py', home / 'mine.py', '--work-dir', home / 'work', *SHORT)
    assert code == 0, output[-3000:]
    assert re.search(r'^barge +2 +50\.00% +1\.000$', output, re.MULTILINE), output
    return home / 'work' / 'iter_2.pth'


def test_trains_tests_and_reports(home, trained, run_tool):
    out = home / 'predictions.jsonl'
    options = ('--work-dir', home / 'test', '--out', out, '--report', home / 'report', *SHORT[:1], *SHORT[4:])
    code, output = run_tool('test.py', home / 'mine.py', trained, *options)
    assert code == 0, output[-3000:]
    header, *records = map(json.loads, out.read_text().splitlines())
    assert header['classes'] == ['barge', 'tug']
    assert [record['file'] for record in records] == ['2.png', '3.png']
    assert (home / 'report' / 'index.html').is_file()

    # The lists beside the chips are found.
    code, output = run_tool('evaluate.py', out, home / 'chips')
    assert code == 0, output
    assert 'test.txt' in output
    code, output = run_tool('report.py', out, home / 'chips', '--out', home / 'page')
    assert code == 0, output
    page = (home / 'page' / 'index.html').read_text()
    assert 'test.txt' in page
    assert 'train.txt' in page


def change(path: Path, new: Path, **parts: object) -> Path:
    torch.save({**torch.load(path, weights_only=False), **parts}, new)
    return new


# Tool, arguments after the config, what to change in the config, what the message says.
WRONG_TURNS = {
    'data elsewhere': ('train.py', (), ("data_root = '", "data_root = '/none"), r'/images: no such folder'),
    'misspelt in the file': (
        'train.py',
        (),
        ('data_root', 'dataroot'),
        'nothing reads dataroot; did you mean data_root?',
    ),
    'misspelt option': (
        'train.py',
        ('--cfg-options', 'dataroot=x'),
        None,
        'nothing reads dataroot; did you mean data_root?',
    ),
    'classes of others': (
        'train.py',
        ('--classes', 'barge,ferry'),
        None,
        "2: unknown class 'tug', expected one of: barge, f",
    ),
    'one class twice': ('train.py', ('--classes', 'tug,tug'), None, "classes: found 'tug' twice"),
    'other numbers': ('train.py', ('--cfg-options', 'num_classes=3'), None, 'num_classes is 3, expected 2'),
    'no config': ('train.py', (), ("_base_ = '", "_base_ = '/none"), 'mine.py'),
    'no checkpoint': ('test.py', ('none.pth',), None, 'none.pth: no such checkpoint'),
    'no Python': ('train.py', (), ('classes = (', 'classes = (('), 'mine.py'),
}


@pytest.mark.parametrize('name', WRONG_TURNS)
def test_a_wrong_turn_ends_in_one_clear_line(name, home, run_tool, tmp_path):
    tool, arguments, change, message = WRONG_TURNS[name]
    config = tmp_path / 'mine.py'
    text = (home / 'mine.py').read_text()
    config.write_text(text.replace(*change, 1) if change else text)
    work = tmp_path / 'deep' / 'work'
    code, output = run_tool(tool, config, *arguments, '--work-dir', work)
    assert_refused(code, output, message)
    assert not (tmp_path / 'deep').exists()


@pytest.mark.parametrize('what', ['another model', 'other classes', 'no weights', 'cut', 'another training'])
def test_a_wrong_checkpoint_ends_in_one_clear_line(what, home, trained, run_tool, tmp_path):
    config, checkpoint, tool = home / 'mine.py', tmp_path / 'wrong.pth', 'test.py'
    arguments: tuple = (checkpoint,)
    if what == 'another model':
        shutil.copy(trained, checkpoint)
        config = tmp_path / 'mine.py'
        cascade = QUICKSTART.with_name('skew_cascade_r18w32_fpn64_ci_demo.py')
        config.write_text((home / 'mine.py').read_text().replace(str(QUICKSTART), str(cascade)))
        message = f'{checkpoint}: does not fit {config}: missing: roi_head.bbox_head.0.'
    elif what == 'other classes':
        shutil.copy(trained, checkpoint)
        arguments = (checkpoint, '--classes', 'barge,tug,ferry')
        message = 'of another shape: roi_head.bbox_head'
    elif what == 'no weights':
        change(trained, checkpoint, state_dict={})
        message = 'missing: backbone.conv1.weight'
    elif what == 'cut':
        checkpoint.write_bytes(trained.read_bytes()[:5000])
        message = str(checkpoint)
    else:
        shutil.copy(trained, checkpoint)
        tool, arguments = 'train.py', ('--resume', checkpoint, '--classes', 'tug,barge')
        message = 'trained with the classes barge, tug, but the data has tug, barge'
    code, output = run_tool(tool, config, *arguments, '--work-dir', tmp_path / 'deep' / 'work')
    assert_refused(code, output, message)
    assert not (tmp_path / 'deep').exists()


def assert_refused(code: int, output: str, message: str) -> None:
    assert code == 2, output[-3000:]
    assert 'Traceback' not in output
    errors = [line for line in output.splitlines() if line.startswith('error: ')]
    assert len(errors) == 1, output[-3000:]
    assert message in errors[0]
