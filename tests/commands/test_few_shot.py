"""The command line of the few-shot experiments."""

import importlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ship_det import cli

SCRIPT = Path(__file__).resolve().parents[2] / 'tools' / 'few_shot.py'
CONFIG = """
data_root = {root!r}
image_size = 16
filters = 2
splits = [[1, 2]]
iterations = 2
inner_steps = 1
query_factor = 1
test_tasks = 3
test_steps = 1
test_query = 2
"""


@pytest.fixture
def config(tmp_path) -> Path:
    rng = np.random.default_rng(0)
    for part in ('train', 'test'):
        for name in 'abc':
            folder = tmp_path / 'data' / part / f'{part}_{name}'
            folder.mkdir(parents=True)
            for number in range(6):
                Image.fromarray(rng.integers(0, 256, (16, 16, 3), dtype=np.uint8)).save(folder / f'{number}.png')
    path = tmp_path / 'c.py'
    path.write_text(CONFIG.format(root=str(tmp_path / 'data')))
    return path


@pytest.fixture
def few_shot(monkeypatch, tmp_path, capsys):
    """Run the command line in this process: exit code, stdout and stderr."""
    module = importlib.import_module('ship_det.commands.few_shot')

    def call(*arguments: object) -> tuple[int, str, str]:
        words = [*map(str, arguments), '--work-dir', str(tmp_path / 'work'), '--device', 'cpu']
        monkeypatch.setattr(sys, 'argv', ['few_shot.py', *words])
        with pytest.raises(SystemExit) as end:
            cli.run(module.main)
        return end.value.code, *capsys.readouterr()

    return call


def test_runs_once_and_prints_the_table(few_shot, config, tmp_path):
    code, out, err = few_shot(config)
    assert code == 0, err
    assert '2 of 2 runs to do on cpu, 2 meta-updates each' in out
    assert 'CI - CE (p)' in out
    # A row of two cells and their difference; what the intervals are over stands below.
    assert out.count(', one training |') == 3
    *_, blank, below = out.splitlines()
    assert not blank.strip() and below.startswith('±: 95 % interval over trainings')
    lines = (tmp_path / 'work/results.jsonl').read_text()
    assert lines.count('\n') == 2
    code, out, _ = few_shot(config)
    assert code == 0
    assert '0 of 2 runs to do' in out
    assert (tmp_path / 'work/results.jsonl').read_text() == lines
    code, out, _ = few_shot(config, '--splits', '1,2', '2,2', '--losses', 'ce', '--iterations', 3)
    assert '2 of 2 runs to do on cpu, 3 meta-updates each' in out
    code, out, _ = few_shot(config, '--plot', tmp_path / 'fig5.svg')
    assert code == 0
    assert [line.split('|')[1].strip() for line in out.splitlines() if line.startswith('|')][2:] == [
        '2,2',
        '1,2',
        '1,2',
    ]
    assert (tmp_path / 'fig5.svg').exists()


def test_errors_end_with_code_2(few_shot, config, tmp_path):
    def message(*arguments: object) -> str:
        code, _, err = few_shot(*arguments)
        assert code == 2
        assert err.startswith('error: ')
        return err

    assert 'results.jsonl: found no result with the settings' in message(config, '--table')
    assert 'nowhere: found no such folder' in message(config, '--data', tmp_path / 'nowhere')
    assert "split: found '1;2'" in message(config, '--splits', '1;2')
    assert 'train_a: found 6 images, expected at least 18 for the split 1,9' in message(config, '--splits', '1,9')
    assert 'no_such.py' in message(tmp_path / 'no_such.py')
    (tmp_path / 'data/train/train_d').mkdir()
    assert 'train_d: found no image' in message(config)


HELP = """
import runpy, sys
sys.argv = ['few_shot.py', '--help']
try:
    runpy.run_path(sys.argv[0], run_name='__main__')
except SystemExit as end:
    assert not end.code
assert 'torch' not in sys.modules
"""


def test_help_does_not_load_torch():
    shown = subprocess.run([sys.executable, '-c', HELP], check=True, capture_output=True, cwd=SCRIPT.parent, text=True)
    assert '--splits' in shown.stdout
