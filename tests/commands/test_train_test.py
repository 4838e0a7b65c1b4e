"""tools/train.py and tools/test.py: a tiny training run, its counts in the checkpoint, and how errors end."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from ship_det.drawing.boxes import MISSED_COLOR
from ship_det.hooks import has_bfloat16

ROOT = Path(__file__).resolve().parents[2]
CONFIG = ROOT / 'configs/quickstart/r2cnn_r18w32_fpn64_ci_demo.py'
CLASSES = ('tanker', 'submarine')


def test_training_writes_a_checkpoint_with_the_counts_of_the_annotations(trained):
    state = torch.load(trained, weights_only=False)['state_dict']
    assert state['roi_head.bbox_head.loss_cls.class_counts'].tolist() == [2, 5]
    losses = [
        json.loads(line)['loss']
        for line in next(trained.parent.glob('*/vis_data/scalars.json')).read_text().splitlines()
        if '"loss"' in line
    ]
    assert len(losses) == 2
    assert np.isfinite(losses).all()


def test_tensorboard_gets_the_curves(trained):
    (events,) = trained.parent.glob('*/vis_data/events.out.tfevents.*')
    assert b'loss_cls' in events.read_bytes()


@pytest.mark.skipif(torch.cuda.is_available(), reason='needs a machine without a GPU')
def test_mixed_precision_on_a_processor(chips, run_tool, tmp_path):
    losses = []
    for precision, folder in (((), 'plain'), (('--amp',), 'mixed')):
        options = ('--work-dir', tmp_path / folder, '--seed', 1, '--cfg-options', f'data_root={chips}')
        code, output = run_tool('train.py', chips / 'config.py', *precision, *options)
        assert code == 0, output[-3000:]
        assert bool(precision and not has_bfloat16()) == ('takes longer than without --amp' in output)
        (log,) = (tmp_path / folder).glob('*/vis_data/scalars.json')
        losses.append([json.loads(line)['loss'] for line in log.read_text().splitlines() if '"loss"' in line])
    # The first loss is that of the same weights and crops, to the precision of bfloat16, 2 ** -8.
    assert losses[0][0] != losses[1][0]
    assert losses[0][0] == pytest.approx(losses[1][0], rel=0.02)
    weights = torch.load(tmp_path / 'mixed/iter_2.pth', weights_only=False)['state_dict'].values()
    assert not {weight.dtype for weight in weights} & {torch.bfloat16, torch.float16}


def test_weights_that_cannot_be_downloaded(chips, run_tool, tmp_path):
    url = 'http://127.0.0.1:9/weights-12345678.pth'
    config = tmp_path / 'pretrained.py'
    config.write_text(
        f"_base_ = '{chips / 'config.py'}'\n"
        f"init_cfg = dict(type='Pretrained', checkpoint='{url}', _delete_=True)\n"
        'model = dict(backbone=dict(init_cfg=init_cfg))\n'
    )
    options = ('--work-dir', tmp_path, '--cfg-options', f'data_root={chips}')
    code, output = run_tool('train.py', config, *options, TORCH_HOME=tmp_path)
    assert code == 2, output[-3000:]
    (error,) = [line for line in output.splitlines() if line.startswith('error: ')]
    assert f'cannot download the initial weights {url}: ' in error
    assert 'model.backbone.init_cfg.checkpoint=/path/to/weights-12345678.pth' in error


def test_testing_writes_predictions_and_needs_no_training_labels(trained, chips, run_tool, tmp_path):
    out = tmp_path / 'predictions.jsonl'
    options = ('--cfg-options', f'data_root={chips}', 'train_dataloader.dataset.ann_file=gone.txt')
    shown = tmp_path / 'shown'
    arguments = ('--out', out, '--work-dir', tmp_path / 'work', '--show-dir', shown, *options)
    code, output = run_tool('test.py', chips / 'config.py', trained, *arguments)
    assert code == 0, output[-3000:]
    assert 'submarine' in output
    lines = [json.loads(line) for line in out.read_text().splitlines()]
    assert lines[0]['classes'] == list(CLASSES)
    assert [line['file'] for line in lines[1:]] == ['a.png', 'b.png']
    assert sorted(path.name for path in shown.iterdir()) == ['a.png', 'b.png']
    # Drawn as the report draws: blue outlines of the ships, a legend below.
    drawn = np.asarray(Image.open(shown / 'a.png'))
    assert drawn.shape[0] > 128
    assert (np.abs(drawn.astype(int) - MISSED_COLOR).sum(axis=2) < 30).sum() > 100


def test_report_of_some_of_the_images(trained, chips, run_tool, tmp_path):
    options = (f'data_root={chips}', 'test_dataloader.dataset.indices=1', 'test_evaluator.ground_truth=rectangles')
    arguments = ('--work-dir', tmp_path / 'work', '--report', tmp_path / 'report', '--cfg-options', *options)
    code, output = run_tool('test.py', chips / 'config.py', trained, *arguments)
    assert code == 0, output[-3000:]
    assert [path.name for path in (tmp_path / 'report' / 'chips').iterdir()] == ['a.png']
    assert '<dt>ground truth</dt><dd>rectangles</dd>' in (tmp_path / 'report/index.html').read_text()
    assert 'Ground truth: rectangles.' in output


def test_console_shows_what_a_person_reads(chips, run_tool, tmp_path):
    work = tmp_path / 'work'
    code, output = run_tool('train.py', chips / 'config.py', '--work-dir', work, '--data-root', chips)
    assert code == 0, output[-3000:]
    lines = output.splitlines()
    assert len(lines) < 30, output
    for text in (
        'device: ',
        f'training data: 2 images in {chips}, listed in train.txt',
        'tanker             2   28.57%    1.581',
        'submarine          5   71.43%    1.000',
        f'trained: {work / "iter_2.pth"}',
        f'test it: ship-det test {work / "config.py"} {work / "iter_2.pth"}',
    ):
        assert any(line.startswith(text) for line in lines), f'{text}: {output}'
    progress = [line for line in lines if re.match(r'iteration [12]/2  loss [\d.]+  [\d.]+ s each  \d+ s left', line)]
    assert len(progress) == 2, output
    (log,) = [Path(line.removeprefix('log: ')) for line in lines if line.startswith('log: ')]
    assert 'Hooks will be executed in the following order' in log.read_text()


def test_a_loss_chosen_by_name(chips, run_tool, tmp_path):
    options = ('--work-dir', tmp_path / 'work', '--data-root', chips)
    code, output = run_tool('train.py', chips / 'config.py', '--loss', 'seesaw', *options)
    assert code == 0, output[-3000:]
    (said,) = re.findall(r'test it: ship-det test (\S+) (\S+)', output)
    # Seesaw loss has outputs of its own for "a ship or nothing", which the config that was given knows nothing of.
    weights = torch.load(said[1], weights_only=False)['state_dict']
    assert len(weights['roi_head.bbox_head.fc_cls.bias']) == len(CLASSES) + 2
    # The config of the work dir knows the rest of the command line, too.
    code, output = run_tool('test.py', *said, '--work-dir', tmp_path / 'work')
    assert code == 0, output[-3000:]
    assert 'checkpoint by local backend' not in output
    code, output = run_tool('train.py', chips / 'config.py', '--loss', 'sesaw', *options)
    assert code == 2
    assert 'error: --loss: found sesaw, expected some of ce, fl, ci, ' in output


def test_failed_starts_leave_no_folder(chips, run_tool, tmp_path):
    work = tmp_path / 'deep' / 'work'
    for name, arguments, message in (
        ('train.py', ('--data-root', tmp_path / 'none'), 'none/images: no such folder'),
        ('train.py', ('--classes', 'tanker,rowboat'), "unknown class 'submarine', expected one of: tanker, rowboat"),
    ):
        options = ('--data-root', chips) if '--data-root' not in arguments else ()
        code, output = run_tool(name, chips / 'config.py', '--work-dir', work, *arguments, *options)
        assert code == 2, output[-3000:]
        assert message in output
        assert not (tmp_path / 'deep').exists()


def test_a_file_in_the_way_is_named(chips, run_tool, tmp_path):
    (tmp_path / 'work').touch()
    code, output = run_tool('train.py', chips / 'config.py', '--work-dir', tmp_path / 'work', '--data-root', chips)
    assert code == 2
    assert output.splitlines()[-1] == f'error: {tmp_path / "work"}: a file is in the way, expected a folder or nothing'


def damage_config(root: Path) -> str:
    text = (root / 'config.py').read_text().replace('num_classes=2', "num_classes=2, loss_cls=dict(type='CILos')")
    (root / 'config.py').write_text(text)
    return r'config.py: cannot be built: .*CILos'


def damage_syntax(root: Path) -> str:
    (root / 'config.py').write_text('model = dict(\n')
    return r'config.py'


def damage_heads(root: Path) -> str:
    text = (root / 'config.py').read_text().replace('metainfo = dict(classes=', 'names = dict(classes=')
    text = text.replace('metainfo=metainfo', 'metainfo=names').replace('num_classes=2', 'num_classes=3')
    (root / 'config.py').write_text(text)
    return r'bbox_head: num_classes=3, expected 2, the number of classes of train_dataloader.dataset.*: set classes'


def damage_folder(root: Path) -> str:
    (root / 'labelTxt').rename(root / 'labels')
    return r'labelTxt: no such folder, expected .*; data_root in the config or --data-root names'


def damage_label(root: Path) -> str:
    path = root / 'labelTxt' / 'b.txt'
    path.write_text(path.read_text().replace('submarine', 'rowboat', 1))
    return r'b\.txt.*2.*rowboat.*tanker'


def damage_image(root: Path) -> str:
    for name in ('a', 'b'):
        path = root / 'images' / f'{name}.png'
        path.write_bytes(path.read_bytes()[:120])
    return r'images/[ab]\.png: not an image or a truncated one'


@pytest.mark.parametrize(
    'damage', [damage_config, damage_syntax, damage_heads, damage_folder, damage_label, damage_image]
)
def test_bad_input_ends_with_one_message(chips, run_tool, tmp_path, damage):
    root = tmp_path / 'chips'
    shutil.copytree(chips, root, ignore=shutil.ignore_patterns('work'))
    message = damage(root)
    arguments = ('--work-dir', tmp_path, '--cfg-options', f'data_root={root}')
    code, output = run_tool('train.py', root / 'config.py', *arguments)
    assert code == 2, output[-3000:]
    assert 'Traceback' not in output
    errors = [line for line in output.splitlines() if line.startswith('error: ')]
    assert len(errors) == 1
    assert re.search(message, errors[0]), errors[0]


def test_missing_files_are_named(run_tool, tmp_path):
    (tmp_path / 'unscaled.py').write_text(f"_base_ = '{CONFIG}'\nauto_scale_lr = None\n")
    for arguments, message in (
        (('train.py', tmp_path / 'none.py'), 'none.py: no such config file'),
        (('test.py', CONFIG, tmp_path / 'none.pth'), 'none.pth: no such checkpoint'),
        (('train.py', CONFIG, '--cfg-options', 'lr'), "--cfg-options: expected key=value, found 'lr'"),
        (('train.py', CONFIG, '--resume', tmp_path / 'none.pth'), 'none.pth: no such checkpoint'),
        (
            ('train.py', tmp_path / 'unscaled.py', '--auto-scale-lr'),
            '--auto-scale-lr needs auto_scale_lr = dict(base_batch_size=...)',
        ),
    ):
        code, output = run_tool(*arguments)
        assert code == 2
        assert message in output


@pytest.mark.parametrize('name', ['train.py', 'test.py'])
def test_help_comes_without_loading_torch(name):
    code = f"""
import runpy, sys
sys.argv = ['{name}', '--help']
try:
    runpy.run_path('{ROOT / 'tools' / name}', run_name='__main__')
except SystemExit as end:
    assert end.code == 0
print('torch' in sys.modules)
"""
    result = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert '--cfg-options' in result.stdout
    assert result.stdout.splitlines()[-1] == 'False'
