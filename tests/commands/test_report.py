"""The command line that writes a report."""

import importlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ship_det.annotations import LabeledObject, write_dota
from ship_det.evaluation import write_predictions
from ship_det.geometry import rbox_to_quad

SCRIPT = Path(__file__).resolve().parents[2] / 'tools' / 'report.py'
BOX = [50.0, 40.0, 60.0, 12.0, 0.3]


@pytest.fixture(scope='module')
def report():
    return importlib.import_module('ship_det.commands.report')


@pytest.fixture
def data(tmp_path) -> Path:
    """Two images with a ship each, found in both, and a list of one of them."""
    root = tmp_path / 'set'
    (root / 'images').mkdir(parents=True)
    (root / 'labelTxt').mkdir()
    for name in ('a', 'b'):
        Image.new('RGB', (100, 80), (40, 60, 80)).save(root / 'images' / f'{name}.png')
        write_dota(root / 'labelTxt' / f'{name}.txt', [LabeledObject(rbox_to_quad(np.array([BOX]))[0], 'ship')])
    (root / 'test.txt').write_text('a.png\n')
    found = {'boxes': [BOX], 'scores': [0.9], 'labels': [0]}
    write_predictions(root / 'p.jsonl', ['ship'], [{'file': 'a.png', **found}, {'file': 'b.png', **found}])
    return root


def call(*arguments) -> subprocess.CompletedProcess:
    environment = {**os.environ, 'OMP_NUM_THREADS': '1'}
    command = [sys.executable, SCRIPT, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, env=environment)


def test_report_of_a_list(data, tmp_path):
    done = call(data / 'p.jsonl', data, '--out', tmp_path / 'out', '--list', 'test.txt', '--train-list', 'test.txt')
    assert done.returncode == 0, done.stderr
    assert 'p: mAP@0.6 1.0000, mAP@0.5 1.0000 on 1 image\n' in done.stdout
    assert 'left out the predictions of 1 image ' in done.stdout
    assert f'report: {tmp_path / "out" / "index.html"}' in done.stdout
    assert sorted(path.name for path in (tmp_path / 'out' / 'chips').iterdir()) == ['a.png']


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (['{set}/none.jsonl', '{set}'], 'none.jsonl'),
        (['{set}/p.jsonl', '{set}/none'], 'none/images: no such folder, expected a data set'),
        (['{set}/p.jsonl', '{set}', '--log', '{set}'], 'no training log in this folder'),
        (['{set}/p.jsonl', '{set}', '--log', 'a', 'b'], 'found 2 logs for 1 predictions files'),
        (['/=%s/p.jsonl', '{set}'], "run name '/'"),
    ],
)
def test_bad_input_is_one_message(data, tmp_path, arguments, message):
    done = call(*(text.replace('{set}', str(data)) for text in arguments), '--out', tmp_path / 'out')
    assert done.returncode == 2
    assert message in done.stderr and 'Traceback' not in done.stderr
    assert not (tmp_path / 'out').exists()


def test_help_imports_nothing_heavy():
    code = (
        'import runpy, sys\n'
        f'sys.argv = [{str(SCRIPT)!r}, "--help"]\n'
        'try:\n'
        f'    runpy.run_path({str(SCRIPT)!r}, run_name="__main__")\n'
        'except SystemExit:\n'
        '    assert not {"torch", "matplotlib", "numpy"} & set(sys.modules)\n'
    )
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert '--train-list' in done.stdout


def test_names_of_runs(report, tmp_path):
    assert report.name_and_file('CI=out/p.jsonl') == ('CI', Path('out/p.jsonl'))
    assert report.name_and_file('out/p (1).jsonl') == ('p _1_', Path('out/p (1).jsonl'))
    odd = tmp_path / 'a=b.jsonl'
    odd.write_text('')
    assert report.name_and_file(str(odd)) == ('a_b', odd)
    named = [('p', Path('ce/p.jsonl')), ('p', Path('ci/p.jsonl')), ('q', Path('q.jsonl'))]
    assert [name for name, _ in report.unique_names(named)] == ['ce p', 'ci p', 'q']


def test_quads_or_rectangles(data, tmp_path):
    for name in ('a', 'b'):
        # 0.55 of the box.
        trapezium = rbox_to_quad(np.array([BOX]))[0]
        trapezium[3] += 0.9 * (trapezium[2] - trapezium[3])
        write_dota(data / 'labelTxt' / f'{name}.txt', [LabeledObject(trapezium, 'ship')])
    common = (data / 'p.jsonl', data, '--chips', 0, '--examples', 0, '--iou', 0.6)
    for options, ap in (((), 0), (('--ground-truth', 'rectangles'), 1)):
        done = call(*common, '--out', tmp_path / str(ap), *options)
        assert done.returncode == 0, done.stderr
        assert f'p: mAP@0.6 {ap:.4f}' in done.stdout
