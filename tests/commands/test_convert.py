"""convert.py as a command line."""

import json
import shutil

import numpy as np

from ship_det.annotations.conversion import writable_formats
from ship_det.annotations.formats import FORMATS
from ship_det.commands.convert import make_parser
from ship_det.commands.convert_maps import TARGETS


def test_help_imports_nothing_heavy_and_lists_every_format(data_tool, modules_of_help):
    assert not modules_of_help('convert.py') & {'torch', 'mmcv', 'numpy', 'rasterio', 'shapely', 'rich', 'yaml'}
    text = data_tool('convert.py', '--help').stdout
    assert '{' + ','.join(('auto', *FORMATS, 'gis', 'predictions')) + '}' in ''.join(text.split())


def test_only_what_can_be_written_is_a_choice_of_to():
    (to,) = (action for action in make_parser()._actions if action.dest == 'target_format')
    assert list(to.choices) == [*writable_formats(), *TARGETS]


def test_summary_and_class_map(data_tool, scenes, tmp_path):
    (tmp_path / 'map.yaml').write_text('ship: vessel\ntanker:\n')
    result = data_tool(
        'convert.py',
        '--from',
        'dota',
        '--to',
        'rolabelimg',
        scenes,
        tmp_path / 'out',
        '--class-map',
        tmp_path / 'map.yaml',
    )
    assert (result.returncode, result.stderr) == (0, '')
    assert '2 images, 3 objects' in result.stdout
    assert 'vessel: 3' in result.stdout
    assert 'dropped: tanker 2' in result.stdout
    assert sorted(path.name for path in (tmp_path / 'out').rglob('*.xml')) == ['bay.xml', 'port.xml']


def test_bad_label_exits_with_2_and_leaves_nothing(data_tool, scenes, tmp_path):
    (scenes / 'labelTxt/bay.txt').write_text('1 2 3\n')
    result = data_tool('convert.py', '--from', 'dota', scenes, tmp_path / 'out')
    assert result.returncode == 2
    assert result.stderr.splitlines() == [
        f'error: {scenes}/labelTxt/bay.txt:1: 3 columns, expected 9 or 10: x1 y1 x2 y2 x3 y3 x4 y4 class [difficult]'
    ]
    assert not (tmp_path / 'out').exists()


def test_what_was_recognised_kept_and_renamed_is_said(data_tool, scenes, tmp_path):
    for part in ('train', 'valid'):
        for folder in ('images', 'labelTxt'):
            shutil.copytree(scenes / folder, tmp_path / f'yolo/{part}/{"labels" if folder == "labelTxt" else folder}')
        for path in (tmp_path / f'yolo/{part}/labels').iterdir():
            path.write_text('0 .1 .1 .4 .1 .4 .2 .1 .2\n')
    (tmp_path / 'yolo/valid/labels/bay.txt').unlink()
    (tmp_path / 'yolo/data.yaml').write_text(
        'train: ../train/images\nval: ../valid/images\ntest: ../test/images\nnames: [a]\n'
    )
    result = data_tool('convert.py', '--from', 'auto', tmp_path / 'yolo', tmp_path / 'out')
    assert (result.returncode, result.stderr) == (0, '')
    lines = [line for line in result.stdout.splitlines() if not line.startswith('converting')]
    assert lines[0] == f'{tmp_path}/yolo: recognised as yolo-obb by {tmp_path}/yolo/train/labels/bay.txt'
    assert lines[3:6] == [
        'parts: train 2 images, val 2 images',
        'without a label file, kept as without objects: 1 image',
        'renamed, as parts share names: 4 images, such as bay.tif to train_bay.tif',
    ]
    assert lines[-1] == f'{tmp_path}/yolo/data.yaml: test is not there, left out'


def test_chips_of_ships_over_the_border_are_shares_of_their_images(data_tool, scenes, tmp_path):
    """Of a scene of 300 x 200 px: ships over its border and over those of its chips."""
    quads = ['-20 50 40 40 45 60 -15 70', '280 180 320 190 318 205 278 195', '120 90 170 95 169 110 119 105']
    (scenes / 'labelTxt/port.txt').write_text(''.join(f'{quad} ship 0\n' for quad in quads))
    tiled = data_tool('tile.py', scenes, tmp_path / 'chips', '--chip', 150, '--overlap', 30, '--workers', 1)
    result = data_tool('convert.py', '--from', 'dota', '--to', 'yolo-obb', tmp_path / 'chips', tmp_path / 'yolo')
    assert (tiled.returncode, result.returncode) == (0, 0)
    rows = [line.split()[1:] for path in (tmp_path / 'yolo/labels').iterdir() for line in path.read_text().splitlines()]
    shares = np.array(rows, dtype=float)
    assert len(shares) > 3 and shares.min() == 0 and 0.9 < shares.max() <= 1


def test_one_coco_file_of_several(data_tool, scenes, tmp_path):
    """Each file alone leaves the other's image unpaired."""
    assert data_tool('convert.py', '--from', 'dota', '--to', 'coco-rotated', scenes, tmp_path / 'coco').returncode == 0
    (whole,) = (tmp_path / 'coco/annotations').iterdir()
    content = json.loads(whole.read_text())
    whole.unlink()
    for image in content['images']:
        part = content | {'images': [image | {'file_name': f'C:\\scenes\\{image["file_name"]}'}]}
        part['annotations'] = [label for label in content['annotations'] if label['image_id'] == image['id']]
        (whole.parent / f'{image["file_name"]}.json').write_text(json.dumps(part))
    both = data_tool('convert.py', '--from', 'coco-rotated', tmp_path / 'coco', tmp_path / 'both')
    assert '2 images, 5 objects' in both.stdout
    assert "horizontal: 5 of 5 boxes, along the image's sides" in both.stdout
    alone = data_tool(
        'convert.py', '--from', 'coco-rotated', whole.parent / 'bay.tif.json', tmp_path / 'one', '--skip-unpaired'
    )
    assert '1 image, 3 objects' in alone.stdout and 'skipped: 1 (images' in alone.stdout
