"""tools/train.py, tools/test.py and few_shot.py with checkpoints that are programs, damaged, or of something else."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
QUICKSTART = ROOT / 'configs/quickstart'


class Touch:
    """A pickle that runs a shell command while it is read."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return os.system, (f'touch {self.path}',)


@pytest.fixture
def touched(tmp_path) -> Path:
    """A file that is there once a pickle has run."""
    return tmp_path / 'touched'


def change(checkpoint: Path, path: Path, zipped: bool = True, **parts: object) -> Path:
    """A copy of a checkpoint with other parts."""
    content = {**torch.load(checkpoint, weights_only=False), **parts}
    torch.save(content, path, _use_new_zipfile_serialization=zipped)
    return path


def refused(result: tuple[int, str]) -> str:
    """The one line of a command that has refused its input."""
    code, output = result
    assert code == 2, output[-3000:]
    assert 'Traceback' not in output
    (line,) = [line for line in output.splitlines() if line.startswith('error: ')]
    assert output.splitlines()[-1] == line
    return line


@pytest.fixture
def run(chips, run_tool, tmp_path):
    """A function that runs train.py or test.py on the two chips, by default under their config."""

    def call(tool: str, *arguments: object, config: Path | None = None, options: tuple = ()) -> tuple[int, str]:
        common = ('--work-dir', tmp_path / 'work', '--cfg-options', f'data_root={chips}', *options)
        return run_tool(tool, config or chips / 'config.py', *arguments, *common)

    return call


def derived(chips: Path, path: Path, settings: str) -> Path:
    path.write_text(f"_base_ = '{chips / 'config.py'}'\n{settings}\n")
    return path


# How a checkpoint is given to a command.
USES = {
    'test': lambda path: ('test.py', (path,), ()),
    'resume': lambda path: ('train.py', ('--resume', path), ()),
    'load_from': lambda path: ('train.py', (), (f'load_from={path}',)),
}


@pytest.mark.parametrize('zipped', [True, False], ids=['zip', 'legacy'])
@pytest.mark.parametrize('use', USES)
def test_a_program_does_not_run(trained, run, tmp_path, touched, use, zipped):
    path = change(trained, tmp_path / 'evil.pth', zipped, meta={'epoch': 0, 'iter': 1, 'time': Touch(touched)})
    tool, arguments, options = USES[use](path)
    line = refused(run(tool, *arguments, options=options))
    assert not touched.exists()
    assert line.startswith(f'error: {path}: found posix.system, expected tensors and plain data')


def test_a_config_in_a_checkpoint_does_not_run(trained, run, tmp_path, touched):
    """MMEngine reads the text that older versions kept here as a config when it resumes."""
    meta = torch.load(trained, weights_only=False)['meta']
    meta['config'] = f"import os\nos.system('touch {touched}')\n"
    code, output = run('train.py', '--resume', change(trained, tmp_path / 'evil.pth', meta=meta))
    assert code == 0, output[-3000:]
    assert not touched.exists()


@pytest.mark.parametrize('remote', [False, True])
def test_initial_weights_that_are_a_program(chips, run_tool, tmp_path, touched, remote):
    folder = tmp_path / 'hub' / 'checkpoints'
    folder.mkdir(parents=True)
    torch.save({'conv1.weight': Touch(touched)}, folder / 'evil.pth')
    address = 'https://none.example/evil.pth' if remote else folder / 'evil.pth'
    settings = f"init_cfg = dict(type='Pretrained', checkpoint='{address}', _delete_=True)\n"
    config = derived(chips, tmp_path / 'own.py', settings + 'model = dict(backbone=dict(init_cfg=init_cfg))')
    arguments = ('--work-dir', tmp_path / 'work', '--cfg-options', f'data_root={chips}')
    line = refused(run_tool('train.py', config, *arguments, TORCH_HOME=tmp_path))
    assert not touched.exists()
    assert f'{folder / "evil.pth"}' in line
    assert 'found posix.system' in line


@pytest.mark.slow
@pytest.mark.parametrize('evil', ['checkpoint', 'images'])
def test_a_few_shot_training_with_a_program(tmp_path, touched, evil):
    for part in ('train', 'test'):
        for name in 'abc':
            folder = tmp_path / 'data' / part / f'{part}_{name}'
            folder.mkdir(parents=True)
            for number in range(6):
                Image.fromarray(np.full((16, 16, 3), number, dtype=np.uint8)).save(folder / f'{number}.png')
    config = tmp_path / 'c.py'
    config.write_text(
        f'data_root = {str(tmp_path / "data")!r}\nimage_size = 16\nfilters = 2\nsplits = [[1, 2]]\niterations = 1\n'
        'inner_steps = 1\nquery_factor = 1\ntest_tasks = 1\ntest_steps = 1\ntest_query = 2\n'
    )

    def call() -> tuple[int, str]:
        command = [sys.executable, str(ROOT / 'tools/few_shot.py'), str(config), '--work-dir', str(tmp_path / 'work')]
        done = subprocess.run([*command, '--device', 'cpu'], capture_output=True, text=True, cwd=ROOT, check=False)
        return done.returncode, done.stdout + done.stderr

    code, output = call()
    assert code == 0, output[-3000:]
    (tmp_path / 'work/results.jsonl').unlink()
    files = sorted((tmp_path / 'work' / ('checkpoints' if evil == 'checkpoint' else 'cache')).glob('*.pt'))
    for path in files:
        torch.save({'settings': Touch(touched)}, path)
    line = refused(call())
    assert not touched.exists()
    assert any(line.startswith(f'error: {path}: found posix.system') for path in files), line
    for path in files:
        path.write_bytes(b'')
    line = refused(call())
    assert any(line.startswith(f'error: {path}: cannot be read as a checkpoint') for path in files), line


DAMAGES = {
    'empty': lambda content: b'',
    'text': lambda content: b'model = dict()\n',
    'cut': lambda content: content[: len(content) // 2],
    'cut by a byte': lambda content: content[:-1],
}


@pytest.mark.parametrize('damage', DAMAGES)
@pytest.mark.parametrize('use', USES)
def test_damaged_checkpoints(trained, run, tmp_path, use, damage):
    path = tmp_path / 'bad.pth'
    path.write_bytes(DAMAGES[damage](trained.read_bytes()))
    tool, arguments, options = USES[use](path)
    line = refused(run(tool, *arguments, options=options))
    assert line.startswith(f'error: {path}: cannot be read as a checkpoint')


def test_a_test_of_other_weights(trained, chips, run, tmp_path):
    three = "metainfo = dict(classes=('tanker', 'submarine', 'tug'))\n"
    three += 'test_dataloader = dict(dataset=dict(metainfo=metainfo))\n'
    three += 'model = dict(roi_head=dict(bbox_head=dict(num_classes=3)))'
    config = derived(chips, tmp_path / 'three.py', three)
    line = refused(run('test.py', trained, config=config))
    assert line.startswith(f'error: {trained}: does not fit {config}: of another shape: ')
    assert 'fc_cls.weight (found (3, ' in line
    assert 'trained with the classes tanker, submarine, but the data has tanker, submarine, tug' in line

    cascade = QUICKSTART / 'skew_cascade_r18w32_fpn64_ci_demo.py'
    line = refused(run('test.py', trained, config=cascade))
    assert line.startswith(f'error: {trained}: does not fit {cascade}: ')
    assert 'missing: roi_head.bbox_head.0.' in line

    empty = change(trained, tmp_path / 'empty.pth', state_dict={})
    line = refused(run('test.py', empty))
    assert line.startswith(f'error: {empty}: does not fit {chips / "config.py"}: missing: backbone.conv1.weight, ')

    line = refused(run('test.py', trained, '--classes', 'submarine,tanker'))
    expected = 'trained with the classes tanker, submarine, but the data has submarine, tanker'
    assert line == f'error: {trained}: does not fit {chips / "config.py"}: {expected}'


def test_a_test_under_another_loss(trained, chips, run, tmp_path):
    loss = "dict(_delete_=True, type='mmdet.CrossEntropyLoss', use_sigmoid=False)"
    config = derived(chips, tmp_path / 'ce.py', f'model = dict(roi_head=dict(bbox_head=dict(loss_cls={loss})))')
    code, output = run('test.py', trained, config=config)
    assert code == 0, output[-3000:]
    line = refused(run('train.py', '--resume', trained, config=config))
    assert line.endswith('unexpected: roi_head.bbox_head.loss_cls.class_counts')
    assert str(config) in line


def test_resuming_under_another_config(trained, chips, run, tmp_path):
    wider = derived(chips, tmp_path / 'wider.py', 'model = dict(roi_head=dict(bbox_head=dict(fc_out_channels=48)))')
    line = refused(run('train.py', '--resume', trained, config=wider))
    assert line.startswith(f'error: {trained}: does not fit {wider}: of another shape: roi_head.bbox_head.')

    sgd = "optim_wrapper = dict(_delete_=True, type='OptimWrapper', optimizer=dict(type='SGD', lr=0.1, momentum=0.9))"
    other = derived(chips, tmp_path / 'sgd.py', sgd)
    line = refused(run('train.py', '--resume', trained, config=other))
    assert line.startswith(f'error: {trained}: does not fit {other}: optimizer SGD: ')
    assert not list((tmp_path / 'work').glob('*.pth'))


def test_training_from_other_weights(trained, chips, run, tmp_path):
    wider = derived(chips, tmp_path / 'wider.py', 'model = dict(roi_head=dict(bbox_head=dict(fc_out_channels=48)))')
    code, output = run('train.py', config=wider, options=(f'load_from={trained}',))
    assert code == 0, output[-3000:]
    (line,) = [line for line in output.splitlines() if f'{trained}: not all weights fit {wider}: ' in line]
    assert 'of another shape: roi_head.bbox_head.' in line

    shutil.rmtree(tmp_path / 'work')
    torch.save({'layer1.weight': torch.ones(3)}, tmp_path / 'other.pth')
    line = refused(run('train.py', options=(f'load_from={tmp_path / "other.pth"}',)))
    assert f'{tmp_path / "other.pth"}: does not fit {chips / "config.py"}: found none of its weights' in line
    assert not list((tmp_path / 'work').glob('*.pth'))
