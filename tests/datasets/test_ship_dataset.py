"""ShipDataset: what it reads, what it ignores, and how it names what is wrong."""

import io
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from mmengine.config import Config
from mmengine.logging import MMLogger
from PIL import Image

from ship_det.datasets import ShipDataset
from ship_det.imbalance import count_instances
from ship_det.progress import Console, ConsoleHandler

CONFIGS = Path(__file__).resolve().parents[2] / 'configs'
UNKNOWN = re.escape(
    "unknown class 'rowboat', expected one of: submarine, tanker; classes = (...) in the config or --classes names "
    "others, other_classes='ignore' or 'background' leaves them out"
)
LABEL = '10 10 50 10 50 20 10 20 {} {}\n'


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for folder in ('images', 'labelTxt'):
        (tmp_path / folder).mkdir()
    for name, lines in dict(
        a=[('tanker', 0), ('submarine', 1)], b=[('submarine', 1)], c=[], d=[('submarine', 0)] * 2
    ).items():
        Image.fromarray(np.zeros((64, 64, 3), np.uint8)).save(tmp_path / 'images' / f'{name}.png')
        (tmp_path / 'labelTxt' / f'{name}.txt').write_text(''.join(LABEL.format(*line) for line in lines))
    (tmp_path / 'train.txt').write_text('d.png\na.png\nb.png\n')
    return tmp_path


def build(root: Path, **kwargs) -> ShipDataset:
    return ShipDataset(data_root=str(root), metainfo=dict(classes=('submarine', 'tanker')), **kwargs)


def test_instances_and_difficult(root):
    dataset = build(root)
    assert [Path(dataset.get_data_info(i)['img_path']).name for i in range(4)] == ['a.png', 'b.png', 'c.png', 'd.png']
    instances = dataset.get_data_info(0)['instances']
    assert [(i['bbox_label'], i['ignore_flag']) for i in instances] == [(1, 0), (0, 1)]
    assert instances[0]['bbox'] == [10, 10, 50, 10, 50, 20, 10, 20]


def test_list_and_filter(root):
    dataset = build(root, ann_file='train.txt', filter_cfg=dict(filter_empty_gt=True))
    assert [dataset.get_data_info(i)['file_name'] for i in range(len(dataset))] == ['d.png', 'a.png']
    assert len(build(root, ann_file='train.txt', filter_cfg=dict(filter_empty_gt=True), test_mode=True)) == 3


def test_default_classes_are_those_of_aosr15(root):
    assert len(ShipDataset(data_root=str(root)).metainfo['classes']) == 15


@pytest.mark.parametrize(('other', 'expected'), [('background', []), ('ignore', [(-1, 1)])])
def test_other_classes(root, other, expected):
    (root / 'labelTxt' / 'c.txt').write_text(LABEL.format('harbor', 0))
    instances = build(root, other_classes=other).get_data_info(2)['instances']
    assert [(i['bbox_label'], i['ignore_flag']) for i in instances] == expected


@pytest.mark.parametrize('other', ['background', 'ignore'])
def test_other_classes_are_said_on_the_console(root, other):
    for name in 'bc':
        (root / f'labelTxt/{name}.txt').write_text(LABEL.format('harbor', 0) + LABEL.format('yacht', 1))
    stream = io.StringIO()
    handler = ConsoleHandler(Console(stream))
    logger = MMLogger.get_current_instance()
    logger.addHandler(handler)
    try:
        build(root, other_classes=other)
    finally:
        logger.removeHandler(handler)
    assert stream.getvalue() == f'{root}/labelTxt: objects of other classes taken as {other}: harbor 2, yacht 2\n'


def test_an_ignore_region_brings_no_class_in(root):
    (root / 'labelTxt' / 'd.txt').write_text(LABEL.format('harbor', 0) + LABEL.format('submarine', 0))
    dataset = build(root, other_classes='ignore')
    # ClassBalancedDataset repeats images by these.
    assert [dataset.get_cat_ids(i) for i in range(4)] == [[1], [], [], [0]]
    assert count_instances(dataset).tolist() == [1, 1]


def test_a_region_goes_through_the_training_pipeline(root):
    """Turned, scaled, cropped, flipped: an ignored instance without a class at the end, beside the ship."""
    from mmrotate.utils import register_all_modules

    register_all_modules(init_default_scope=True)
    (root / 'labelTxt' / 'c.txt').write_text(LABEL.format('harbor', 0) + '5 30 60 30 60 60 5 60 tanker 0\n')
    pipeline = Config.fromfile(CONFIGS / '_base_/datasets/demo_chips.py').train_pipeline
    np.random.seed(0)
    dataset = build(root, other_classes='ignore', pipeline=pipeline)
    for _ in range(10):
        sample = dataset[2]['data_samples']
        assert sample.ignored_instances.labels.tolist() == [-1]
        assert sample.gt_instances.labels.tolist() == [1]


def break_label(root):
    (root / 'labelTxt' / 'a.txt').write_text(LABEL.format('rowboat', 0))


def remove_label(root):
    (root / 'labelTxt' / 'a.txt').unlink()


def remove_all(root):
    shutil.rmtree(root)


def remove_labels(root):
    (root / 'labelTxt').rename(root / 'labels')


def remove_image(root):
    (root / 'images' / 'a.png').unlink()


def empty_labels(root):
    for path in (root / 'labelTxt').iterdir():
        path.write_text('')


@pytest.mark.parametrize(
    ('damage', 'message'),
    [
        (break_label, f'a.txt:1: {UNKNOWN}'),
        (remove_label, r'labelTxt/a\.txt: no such file, expected the labels of a\.png'),
        (remove_labels, r'labelTxt: no such folder, expected .*; data_root in the config or --data-root names'),
        (remove_all, r'images: no such folder, expected .*; data_root in the config or --data-root names'),
        (remove_image, r'train\.txt:2: .*a\.png does not exist'),
        (empty_labels, r'none of 3 images has an object that is not difficult'),
    ],
)
def test_what_is_wrong_is_named(root, damage, message):
    damage(root)
    with pytest.raises(ValueError, match=message):
        build(root, ann_file='train.txt', filter_cfg=dict(filter_empty_gt=True))


def test_missing_list_and_wrong_option(root):
    with pytest.raises(
        ValueError, match=r'val\.txt: no such file.*the data set has train\.txt; `ship-det split --val 0\.1` makes'
    ):
        build(root, ann_file='val.txt')
    (root / 'val.txt').write_text('\n')
    with pytest.raises(ValueError, match=r'val\.txt: lists no image'):
        build(root, ann_file='val.txt')
    with pytest.raises(ValueError, match=r"other_classes must be .* got 'drop'"):
        build(root, other_classes='drop')
