"""tools/test.py --merge, --report and the files it saves: the same figures as from the predictions without a model."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from mmdet.utils import register_all_modules as register_mmdet
from mmengine.config import Config
from mmrotate.registry import MODELS
from mmrotate.utils import register_all_modules as register_mmrotate
from PIL import Image, ImageDraw

from ship_det.annotations import LabeledObject, write_dota
from ship_det.evaluation import read_predictions
from ship_det.evaluation.scene_chips import SceneData
from ship_det.evaluation.scenes import merge_scenes
from ship_det.geometry import rbox_to_quad
from ship_det.report import ReportOptions, RunFiles, write_report

ROOT = Path(__file__).resolve().parents[2]
CONFIG = ROOT / 'configs/quickstart/r2cnn_r18w32_fpn64_ci_demo.py'
CLASSES = ('tanker', 'submarine')
# Ships of a scene of 200 x 128 px in two chips of 128 px.
SHIPS = np.array([[40.0, 40.0, 60.0, 14.0, 0.2], [100.0, 80.0, 70.0, 16.0, 0.1], [160.0, 40.0, 50.0, 12.0, -0.3]])
LABELS = (0, 1, 1)
# An ignore region, which has no class, wholly in the second chip.
REGION = np.array([[160.0, 94.0, 60.0, 56.0, 0.1]])
WINDOWS = {'left.png': (0, 0, 128, 128), 'right.png': (72, 0, 128, 128)}


def call(name: str, *arguments: object) -> subprocess.CompletedProcess:
    environment = {**os.environ, 'OMP_NUM_THREADS': '1'}
    command = [sys.executable, str(ROOT / 'tools' / name), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, env=environment, cwd=ROOT, check=False)


@pytest.fixture(scope='module')
def root(tmp_path_factory) -> Path:
    """A scene, its chips, a config, and a checkpoint with weights that have learned nothing."""
    root = tmp_path_factory.mktemp('merge')
    for folder in ('scenes', 'chips'):
        (root / folder / 'images').mkdir(parents=True)
        (root / folder / 'labelTxt').mkdir()
    image = Image.new('RGB', (200, 128), (30, 50, 60))
    quads = rbox_to_quad(np.vstack([SHIPS, REGION]))
    for quad in quads:
        ImageDraw.Draw(image).polygon([tuple(corner) for corner in quad], fill=(200, 200, 200))
    image.save(root / 'scenes/images/s.png')
    names = [*(CLASSES[label] for label in LABELS), 'DontCare']
    write_dota(root / 'scenes/labelTxt/s.txt', map(LabeledObject, quads, names))
    lines = []
    for file, (x, y, w, h) in WINDOWS.items():
        image.crop((x, y, x + w, y + h)).save(root / 'chips/images' / file)
        inside = [np.all((quad >= [x, y]) & (quad <= [x + w, y + h])) for quad in quads]
        objects = [
            LabeledObject(q - [x, y], name) for q, name, shown in zip(quads, names, inside, strict=True) if shown
        ]
        write_dota(root / 'chips/labelTxt' / f'{Path(file).stem}.txt', objects)
        lines.append(json.dumps({'file': file, 'scene': 's.png', 'window': [x, y, w, h], 'counts': {}}))
    (root / 'chips/chips.jsonl').write_text('\n'.join(lines))
    (root / 'chips/test.txt').write_text('left.png\nright.png\n')
    (root / 'chips/train.txt').write_text('left.png\n')
    (root / 'config.py').write_text(f"""_base_ = '{CONFIG}'
metainfo = dict(classes={CLASSES})
test_dataloader = dict(num_workers=0, persistent_workers=False, dataset=dict(metainfo=metainfo, other_classes='ignore'))
model = dict(roi_head=dict(bbox_head=dict(num_classes=2)), test_cfg=dict(rcnn=dict(score_thr=0.0, max_per_img=60)))
""")
    torch.manual_seed(3)
    register_mmdet(init_default_scope=False)
    register_mmrotate(init_default_scope=True)
    model = MODELS.build(Config.fromfile(root / 'config.py').model)
    torch.save({'state_dict': model.state_dict(), 'meta': {}}, root / 'untrained.pth')
    return root


def test_scenes_and_report_after_a_test(root, tmp_path):
    files = {'--merged-out': tmp_path / 'scenes.jsonl', '--report': tmp_path / 'page'}
    arguments = ('--merge', root / 'scenes', '--merge-iou', 0.2, '--work-dir', tmp_path / 'work')
    options = ('--cfg-options', f'data_root={root / "chips"}', 'randomness.seed=3')
    files_given = [text for pair in files.items() for text in pair]
    done = call('test.py', root / 'config.py', root / 'untrained.pth', *arguments, *files_given, *options)
    assert done.returncode == 0, done.stderr[-3000:]
    log = done.stdout + done.stderr
    (folder,) = (tmp_path / 'work').glob('2*')
    found = read_predictions(folder / 'predictions.jsonl')
    merged = merge_scenes(found, SceneData(root / 'chips', root / 'scenes', 'ignore', merge_iou=0.2))
    assert merged.num_detections > len(merged.predictions.images[0]['scores']) > 0
    table = merged.table(merged.evaluate([0.5, 0.6]).values())
    assert table in log
    (saved,) = read_predictions(tmp_path / 'scenes.jsonl').images
    np.testing.assert_array_equal(saved['boxes'], merged.predictions.images[0]['boxes'])

    chips, scenes = (json.loads((folder / f'{name}.json').read_text()) for name in ('results', 'scene_results'))
    assert [one['iou_threshold'] for one in chips['results']] == [0.5, 0.6]
    for content in (chips, scenes):
        assert content['configuration']['checkpoint'] == str(root / 'untrained.pth')
        assert content['configuration']['config'] == str(root / 'config.py')
        assert content['configuration']['cfg_options'][0] == f'data_root={root / "chips"}'
        assert content['configuration']['seed'] == 3
        assert content['software']['torch'] == torch.__version__
    assert scenes['configuration']['merge_iou'] == 0.2
    assert scenes['results'][0]['num_images'] == 1
    page = (tmp_path / 'page/index.html').read_text()
    assert 'Whole scenes' in page
    assert 'training images' in page

    options = ('--other-classes', 'ignore', '--json', tmp_path / 'again.json')
    again = call('evaluate.py', folder / 'predictions.jsonl', root / 'chips', *arguments[:4], *options)
    assert again.returncode == 0, again.stderr
    assert table in again.stdout
    # With an ignore region too, the figures of a test are those without a model and those of the report.
    figures = json.loads((tmp_path / 'again.json').read_text())
    assert (figures['results'], figures['scene_results']) == (chips['results'], scenes['results'])
    for of_images in (chips['results'][1], scenes['results'][1]):
        assert of_images['num_ignore_regions'] == 1
    ignored = [one['num_ignored'] for one in chips['results'][1]['classes'].values()]
    total = sum(one['num_detections'] for one in chips['results'][1]['classes'].values())
    assert sum(ignored) > 0
    assert f'<dt>ignored detections</dt><dd>{sum(ignored)} of {total}, neither right nor wrong</dd>' in page
    options = ReportOptions(chips=0, examples=0, list_file='test.txt', other_classes='ignore')
    files = [RunFiles('again', folder / 'predictions.jsonl')]
    (run,) = write_report(files, root / 'chips', tmp_path / 'again', options)
    assert [run.results[iou].to_dict() for iou in (0.5, 0.6)] == chips['results']


def test_what_cannot_be_done_is_said_before_the_test(root, tmp_path):
    common = (root / 'config.py', root / 'untrained.pth', '--work-dir', tmp_path)
    done = call('test.py', *common, '--merge', root / 'nowhere', '--cfg-options', f'data_root={root / "chips"}')
    assert done.returncode == 2, done.stderr[-3000:]
    assert 'nowhere/images/s.png: no such file, expected a scene' in done.stderr
    assert 'Iter(test)' not in done.stdout + done.stderr
    done = call('test.py', *common, '--merged-out', tmp_path / 'm.jsonl')
    assert done.returncode == 2
    assert '--merged-out: expected --merge SCENES' in done.stderr
