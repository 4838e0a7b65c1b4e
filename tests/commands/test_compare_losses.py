"""Losses compared on a detector: each training once, the same lines after an interruption, other configs."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import mmrotate
import pytest
from PIL import Image

from ship_det.experiments.detection.methods import METHODS

COMMAND = [sys.executable, '-m', 'ship_det.commands.main', 'compare-losses']

# Kills itself in its third iteration, once: the marker says that it has.
KILLING = """
import os, signal
from pathlib import Path
from mmengine.hooks import Hook
from mmrotate.registry import HOOKS

@HOOKS.register_module()
class KillOnceHook(Hook):
    def before_train_iter(self, runner, batch_idx, data_batch=None):
        marker = Path(os.environ.get('KILLED_MARKER', '/dev/null'))
        if runner.iter == 2 and not marker.exists():
            marker.touch()
            os.kill(os.getpid(), signal.SIGKILL)
"""
SETTINGS = """_base_ = '{base}'
custom_imports = dict(imports=['ship_det.plugin', 'kill_once'], allow_failed_imports=False)
custom_hooks = [dict(type='ClassCountsHook'), dict(type='KillOnceHook')]
train_cfg = dict(max_iters=4)
val_dataloader = dict(dataset=dict(ann_file='train.txt'))
"""


@pytest.fixture(scope='module')
def config(chips, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp('config')
    (folder / 'kill_once.py').write_text(KILLING)
    (folder / 'tiny.py').write_text(SETTINGS.format(base=chips / 'config.py'))
    return folder / 'tiny.py'


def start(config: Path, *arguments: object, **environment: object) -> subprocess.Popen:
    variables = {**os.environ, 'OMP_NUM_THREADS': '1', 'PYTHONPATH': str(config.parent), **environment}
    variables = {key: str(value) for key, value in variables.items()}
    command = [*COMMAND, str(config), *map(str, arguments)]
    return subprocess.Popen(command, env=variables, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def run(config: Path, *arguments: object, **environment: object) -> tuple[int, str]:
    process = start(config, *arguments, **environment)
    output, _ = process.communicate()
    return process.returncode, output


def lines_of(work_dir: Path) -> dict[str, dict]:
    """Lines by method, without what the clock says."""
    lines = [json.loads(line) for line in (work_dir / 'lines.jsonl').read_text().splitlines()]
    assert len({line['method'] for line in lines}) == len(lines)
    return {line.pop('method'): {key: value for key, value in line.items() if key != 'minutes'} for line in lines}


@pytest.fixture(scope='module')
def compared(config, chips, tmp_path_factory) -> tuple[Path, list[str]]:
    """The work dir and outputs of two processes that were started at once for the same trainings."""
    work_dir = tmp_path_factory.mktemp('two compared')
    arguments = ('--losses', 'ce', 'ci', '--seeds', 0, '--data-root', chips, '--work-dir', work_dir)
    processes = [start(config, *arguments) for _ in range(2)]
    outputs = [process.communicate()[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0], outputs
    return work_dir, outputs


@pytest.mark.slow
def test_two_processes_do_each_training_once(compared):
    work_dir, outputs = compared
    begun = [name for output in outputs for name in re.findall(r'== \d of 2: (\w+)', output)]
    assert sorted(begun) == ['ce_0', 'ci_0']
    assert lines_of(work_dir).keys() == {'ce', 'ci'}
    # Both wait for the other's training, and show all.
    assert all(output.count('| CI | 1 |') == 1 for output in outputs)


def test_losses_of_a_seed_begin_alike(compared):
    lines = lines_of(compared[0])
    for name in ('settings', 'data', 'counts', 'seed'):
        assert lines['ce'][name] == lines['ci'][name]
    assert lines['ci']['counts'] == {'tanker': 2, 'submarine': 5}
    first = [
        json.loads(next(iter(next((compared[0] / f'{name}_0').glob('*/vis_data/scalars.json')).open())))
        for name in ('ce', 'ci')
    ]
    # The first iteration has the same weights and crops: only the class loss differs.
    assert first[0]['loss_rpn_bbox'] == first[1]['loss_rpn_bbox']
    assert first[0]['loss_bbox_axis'] == first[1]['loss_bbox_axis']
    assert first[0]['loss_cls'] != first[1]['loss_cls']


@pytest.mark.slow
def test_killed_and_started_again_it_ends_with_the_same_line(compared, config, chips, tmp_path):
    arguments = ('--losses', 'ce', '--seeds', 0, '--data-root', chips, '--work-dir', tmp_path / 'work')
    marker = tmp_path / 'killed'
    code, output = run(config, *arguments, KILLED_MARKER=marker)
    assert code == 137, output
    assert marker.exists()
    assert not (tmp_path / 'work/lines.jsonl').exists()
    assert (tmp_path / 'work/ce_0/iter_2.pth').exists()
    before = float((tmp_path / 'work/ce_0/minutes.txt').read_text())
    code, output = run(config, *arguments, KILLED_MARKER=marker)
    assert code == 0, output
    assert lines_of(tmp_path / 'work')['ce'] == lines_of(compared[0])['ce']
    assert float((tmp_path / 'work/ce_0/minutes.txt').read_text()) > before > 0


def test_what_is_finished_is_shown_and_drawn_without_training(compared, config, chips, tmp_path):
    arguments = ('--losses', 'ce', 'ci', 'pf', '--seeds', 0, '--data-root', chips, '--work-dir', compared[0])
    outputs = ('--plot', tmp_path / 'charts', '--report', tmp_path / 'page')
    code, output = run(config, *arguments, '--table', *outputs)
    assert code == 0, output
    assert '== ' not in output
    assert '| CE | 1 |' in output and '| PF |' not in output
    assert (tmp_path / 'charts/gains.png').exists()
    page = (tmp_path / 'page/index.html').read_text()
    assert 'CE' in page and 'CI' in page


def test_a_table_of_others_says_what_differs(compared, config, chips):
    arguments = ('--losses', 'ce', '--seeds', 0, '--data-root', chips, '--work-dir', compared[0], '--table')
    code, output = run(config, *arguments, '--amp', '--load', 'zoo:r2cnn-ships')
    assert code == 2
    assert re.search(r'found 2 finished trainings of tiny, but with start None, not zoo:\S+ weights \w+; amp F', output)
    assert '--load, --amp' in output


def test_a_folder_of_another_training(compared, config, chips):
    arguments = ('--losses', 'ce', '--seeds', 0, '--data-root', chips, '--work-dir', compared[0])
    before = (compared[0] / 'lines.jsonl').read_bytes()
    code, output = run(config, *arguments, '--cfg-options', 'optim_wrapper.optimizer.lr=0.1')
    assert code == 2
    assert re.search(r'ce_0: found a training with settings \w+, expected \w+; keep a comparison with other', output)
    assert (compared[0] / 'lines.jsonl').read_bytes() == before


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (['--losses', 'ce', 'cii'], 'error: --losses: found cii, expected some of ce, fl, ci, '),
        (['--seeds', '0', '0'], 'error: --seeds: found 0, expected different whole numbers from 0'),
        (['--tune', '0'], 'error: --tune: found 0, expected different factors above 0'),
        (['--load', 'zoo:nothing'], 'error: zoo:nothing'),
        (['--folds', '/nowhere'], 'error: /nowhere: found no folders 0, 1, ...'),
        (['--prepare'], '--prepare: found no simulation, expected a config that declares its data'),
    ],
)
def test_wrong_arguments(chips, run_tool, tmp_path, arguments, message):
    options = ('--data-root', chips, '--work-dir', tmp_path / 'work')
    code, output = run_tool('compare_losses.py', chips / 'config.py', *options, *arguments)
    assert code == 2
    assert message in output
    assert not (tmp_path / 'work').exists()


STOCK = """_base_ = '{base}'
model = dict(
    backbone=dict(depth=18, init_cfg=None),
    neck=dict(in_channels=[64, 128, 256, 512]),
)
train_cfg = dict(max_epochs=1, val_interval=9)
"""


@pytest.mark.slow
@pytest.mark.parametrize('name', ['rotated-faster-rcnn-le90_r50_fpn_1x_dota', 'oriented-rcnn-le90_r50_fpn_1x_dota'])
def test_configs_of_mmrotate(name, chips, tmp_path):
    """On a data set as MMRotate reads it, in its own way of training, judged by this project's metric."""
    (base,) = (Path(mmrotate.__file__).parent / '.mim/configs').rglob(f'{name}.py')
    root = tmp_path / 'dota'
    for part in ('trainval', 'val'):
        for folder in ('images', 'annfiles'):
            (root / part / folder).mkdir(parents=True)
        for stem in ('a', 'b'):
            Image.open(chips / f'images/{stem}.png').resize((256, 256)).save(root / part / f'images/{stem}.png')
            text = (chips / f'labelTxt/{stem}.txt').read_text()
            (root / part / f'annfiles/{stem}.txt').write_text(text)
    config = tmp_path / 'stock.py'
    config.write_text(STOCK.format(base=base))
    options = [
        f'{part}_dataloader.dataset.pipeline.{step}.scale=(256,256)' for part, step in (('train', 3), ('val', 1))
    ]
    options += ['test_dataloader.dataset.pipeline.1.scale=(256,256)', 'test_dataloader.dataset.ann_file=val/annfiles/']
    options += ['test_dataloader.dataset.data_prefix.img_path=val/images/']
    # Workers import everything anew.
    for part in ('train', 'val', 'test'):
        options += [f'{part}_dataloader.num_workers=0', f'{part}_dataloader.persistent_workers=False']
    code, output = run(
        config,
        *('--losses', 'ci', '--seeds', 0, '--work-dir', tmp_path / 'work', '--data-root', root),
        *('--classes', 'tanker,submarine', '--cfg-options', *options),
    )
    assert code == 0, output[-3000:]
    line = lines_of(tmp_path / 'work')['ci']
    assert line['counts'] == {'tanker': 2, 'submarine': 5}
    assert [result['iou'] for result in line['results']] == [0.5, 0.6]


def test_help_names_every_method():
    text = subprocess.run([*COMMAND, '--help'], capture_output=True, text=True, check=True).stdout
    assert ' '.join(METHODS) in ' '.join(text.split())
