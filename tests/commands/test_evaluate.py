"""The command line that evaluates saved predictions."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ship_det.annotations import LabeledObject, write_dota
from ship_det.evaluation import read_predictions, write_predictions
from ship_det.geometry import rbox_to_quad

SCRIPT = Path(__file__).resolve().parents[2] / 'tools' / 'evaluate.py'
# A scene of 160 x 80 px in two chips of 100 px; the ship is in both, the piece that the first shows has the best score.
SHIP = np.array([[95.0, 40.0, 60.0, 12.0, 0.0]])
PIECE = np.array([[82.5, 40.0, 35.0, 12.0, 0.0]])


def write_set(root: Path, images: dict[str, tuple[int, np.ndarray]]) -> None:
    (root / 'images').mkdir(parents=True)
    (root / 'labelTxt').mkdir()
    for name, (width, boxes) in images.items():
        Image.new('RGB', (width, 80)).save(root / 'images' / f'{name}.png')
        write_dota(root / 'labelTxt' / f'{name}.txt', [LabeledObject(quad, 'ship') for quad in rbox_to_quad(boxes)])


@pytest.fixture
def data(tmp_path) -> Path:
    in_second = SHIP - [60, 0, 0, 0, 0]
    write_set(tmp_path / 'scenes', {'s': (160, SHIP)})
    write_set(tmp_path / 'chips', {'a': (100, PIECE), 'b': (100, in_second), 'other': (100, PIECE)})
    chips = [
        {'file': 'a.png', 'scene': 's.png', 'window': [0, 0, 100, 80], 'counts': {}},
        {'file': 'b.png', 'scene': 's.png', 'window': [60, 0, 100, 80], 'counts': {}},
        {'file': 'other.png', 'scene': 't.png', 'window': [0, 0, 100, 80], 'counts': {}},
    ]
    (tmp_path / 'chips/chips.jsonl').write_text(''.join(json.dumps(chip) + '\n' for chip in chips))
    (tmp_path / 'chips/test.txt').write_text('a.png\nb.png\n')
    found = [
        {'file': 'a.png', 'boxes': PIECE, 'scores': [0.9], 'labels': [0]},
        {'file': 'b.png', 'boxes': in_second, 'scores': [0.6], 'labels': [0]},
        {'file': 'other.png', 'boxes': [], 'scores': [], 'labels': []},
    ]
    write_predictions(tmp_path / 'p.jsonl', ['ship'], found)
    return tmp_path


def call(*arguments: object) -> subprocess.CompletedProcess:
    environment = {**os.environ, 'OMP_NUM_THREADS': '1'}
    command = [sys.executable, SCRIPT, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False)


def test_chips_and_scenes(data, tmp_path):
    files = ('--merged-out', tmp_path / 'scenes.jsonl', '--json', tmp_path / 'out/figures.json')
    merge = ('--list', 'test.txt', '--merge', data / 'scenes', '--iou', 0.6, '--score', 0.3)
    done = call(data / 'p.jsonl', data / 'chips', *merge, *files)
    assert done.returncode == 0, done.stderr
    assert 'IoU > 0.6, 2 images' in done.stdout
    assert 'IoU > 0.6, 1 scene\n' in done.stdout
    assert 'Left out the predictions of 1 image not in test.txt.' in done.stdout
    assert 'Merged 2 detections on 2 chips into 1 on 1 scene' in done.stdout
    assert 'The chips cover 100 % of the scenes' in done.stdout
    assert 'no georeference, first s.png (--gsd gives metres a pixel)' in done.stdout
    (scene,) = read_predictions(tmp_path / 'scenes.jsonl').images
    assert scene['file'] == 's.png'
    np.testing.assert_allclose(scene['boxes'], SHIP)
    assert scene['scores'].tolist() == [0.6]
    figures = json.loads((tmp_path / 'out/figures.json').read_text())
    assert figures['configuration']['predictions'] == str(data / 'p.jsonl')
    (chips,), (scenes,) = figures['results'], figures['scene_results']
    assert (chips['num_images'], chips['mean_ap']) == (2, 1)
    assert (scenes['num_images'], scenes['mean_ap'], scenes['classes']['ship']['num_detections']) == (1, 1, 1)
    # The saved predictions of scenes are evaluated like any other.
    again = call(tmp_path / 'scenes.jsonl', data / 'scenes', '--iou', 0.6)
    assert 'IoU > 0.6, 1 image\n' in again.stdout
    (mean,) = [line for line in again.stdout.splitlines() if line.startswith('| mean')]
    assert [cell.strip() for cell in mean.split('|')][1:5] == ['mean', '1', '1', '1.0000']


def test_scenes_without_labels(data, tmp_path):
    """They are merged and have no figures; without a file to write them to, there is nothing to do."""
    (data / 'scenes/labelTxt/s.txt').unlink()
    merge = (data / 'p.jsonl', data / 'chips', '--list', 'test.txt', '--merge', data / 'scenes', '--iou', 0.6)
    files = ('--merged-out', tmp_path / 'scenes.jsonl', '--json', tmp_path / 'figures.json')
    done = call(*merge, *files)
    assert done.returncode == 0, done.stderr
    assert 'Merged 2 detections on 2 chips into 1 on 1 scene' in done.stdout
    assert 'No figures of 1 scene without labels, first s.png' in done.stdout
    (scene,) = read_predictions(tmp_path / 'scenes.jsonl').images
    np.testing.assert_allclose(scene['boxes'], SHIP)
    assert 'scene_results' not in json.loads((tmp_path / 'figures.json').read_text())
    done = call(*merge)
    assert done.returncode == 2
    assert 'scenes/labelTxt: no labels of a scene, expected ' in done.stderr and '--merged-out' in done.stderr


def test_false_alarms_by_area(data, tmp_path):
    """The merged detection is a false alarm at IoU 1, on 160 x 80 px of 50 m."""
    options = ('--iou', 1, '--score', 0.3, '--gsd', 50, '--json', tmp_path / 'figures.json')
    done = call(data / 'p.jsonl', data / 'chips', '--list', 'test.txt', '--merge', data / 'scenes', *options)
    assert done.returncode == 0, done.stderr
    assert '/km2 @0.3' in done.stdout
    assert 'False alarms are counted on 32 km2' in done.stdout
    (scenes,) = json.loads((tmp_path / 'figures.json').read_text())['scene_results']
    assert (scenes['num_false_alarms'], scenes['false_alarms_per_km2']) == (1, 1 / 32)


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (['{data}/chips', '--list', 'none.txt'], 'none.txt: no such file'),
        (['{data}/scenes'], r'no predictions for 1 of 1 image, first s.png'),
        (['{data}/scenes', '--merge', '{data}/scenes'], 'no predictions for 1'),
        (['{data}/chips', '--merge', '{data}/nowhere'], 'nowhere/images/s.png: no such file'),
        (['{data}/chips', '--merged-out', '{data}/m.jsonl'], '--merged-out: expected --merge SCENES'),
        (['{data}/chips', '--unlabeled'], '--unlabeled: expected --merge SCENES'),
        (['{data}/chips', '--gsd', '2'], '--gsd: expected --merge SCENES'),
        (['{data}/chips', '--list', 'test.txt', '--merge', '{data}/scenes', '--gsd', '0'], 'gsd: expected metres'),
    ],
)
def test_bad_input_is_one_message(data, arguments, message):
    done = call(data / 'p.jsonl', *(text.replace('{data}', str(data)) for text in arguments))
    assert done.returncode == 2
    assert message in done.stderr and 'Traceback' not in done.stderr


def test_help_imports_nothing_heavy():
    code = (
        'import runpy, sys\n'
        f'sys.argv = [{str(SCRIPT)!r}, "--help"]\n'
        'try:\n'
        f'    runpy.run_path({str(SCRIPT)!r}, run_name="__main__")\n'
        'except SystemExit:\n'
        '    assert not {"torch", "matplotlib", "numpy"} & set(sys.modules)\n'
    )
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert '--merge SCENES' in done.stdout


def test_quads_or_rectangles(data, tmp_path):
    """A ship labelled by 0.55 of the box that finds it, which is its rectangle; on chips and scenes."""
    trapezium = rbox_to_quad(SHIP)[0]
    trapezium[3] += 0.9 * (trapezium[2] - trapezium[3])
    for folder, name, left in (('scenes', 's', 0), ('chips', 'b', 60)):
        write_dota(data / folder / f'labelTxt/{name}.txt', [LabeledObject(trapezium - [left, 0], 'ship')])
    arguments = (data / 'p.jsonl', data / 'chips', '--list', 'test.txt', '--merge', data / 'scenes', '--iou', 0.6)
    for options, form, note, ap in (
        ((), 'quads', 'quads as labelled', 0),
        (('--ground-truth', 'rectangles'), 'rectangles', 'rectangles', 1),
    ):
        done = call(*arguments, *options, '--json', tmp_path / 'figures.json')
        assert done.returncode == 0, done.stderr
        assert done.stdout.count(f'Ground truth: {note}.') == 2
        figures = json.loads((tmp_path / 'figures.json').read_text())
        assert figures['configuration']['ground_truth'] == form
        assert [figures[key][0]['ground_truth'] for key in ('results', 'scene_results')] == [form, form]
        assert figures['scene_results'][0]['mean_ap'] == ap
    # Of the two chips one has the piece of a ship, which is found either way.
    assert figures['results'][0]['mean_ap'] == 1
