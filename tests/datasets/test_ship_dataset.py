"""ShipDataset: what it reads, what it ignores, and how it names what is wrong."""

import io
import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.logging import MMLogger
from mmengine.structures import InstanceData
from PIL import Image

from ship_det.datasets import ShipDataset
from ship_det.evaluation import VOCRotatedMetric, evaluate_thresholds, read_predictions
from ship_det.evaluation.labeled_set import read_labeled_set, select_predictions
from ship_det.geometry import quad_to_rbox
from ship_det.imbalance import count_instances
from ship_det.progress import Console, ConsoleHandler

CONFIGS = Path(__file__).resolve().parents[2] / 'configs'
UNKNOWN = re.escape(
    "unknown class 'rowboat', expected one of: submarine, tanker; classes = (...) in the config or --classes names "
    'others; other_classes in the config or --other-classes, as ignore or background, leaves them out'
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


def test_one_class_as_a_text_is_refused(root):
    with pytest.raises(ValueError, match=r"metainfo\['classes'\]: found the text 'tanker', expected a list"):
        ShipDataset(data_root=str(root), metainfo=dict(classes='tanker'))


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


@pytest.mark.parametrize('name', ['demo_chips', 'ship_chips'])
def test_training_sees_the_images_without_ships_that_its_list_names(root, name):
    from mmrotate.utils import register_all_modules

    register_all_modules(init_default_scope=True)
    (root / 'train.txt').write_text('d.png\nc.png\n')
    cfg = Config.fromfile(CONFIGS / f'_base_/datasets/{name}.py').train_dataloader.dataset
    options = {key: value for key, value in cfg.items() if key not in ('type', 'data_root')}
    dataset = build(root, **options)
    assert [dataset.get_data_info(i)['file_name'] for i in range(len(dataset))] == ['d.png', 'c.png']
    sample = dataset[1]
    assert sample['inputs'].ndim == 3
    found = sample['data_samples']
    assert (len(found.gt_instances), len(found.ignored_instances)) == (0, 0)
    assert found.gt_instances.bboxes.shape == (0, 5)


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


# MMRotate's own test pipeline, and the ways in which users' ones differ.
LOAD = [{'type': 'mmdet.LoadImageFromFile', 'backend_args': None}]
RESIZE = [{'type': 'mmdet.Resize', 'scale': (96, 96), 'keep_ratio': True}]
ANNOTATIONS = [
    {'type': 'mmdet.LoadAnnotations', 'with_bbox': True, 'box_type': 'qbox'},
    {'type': 'mmrotate.ConvertBoxType', 'box_type_mapping': {'gt_bboxes': 'rbox'}},
]
PACK = [{'type': 'mmdet.PackDetInputs', 'meta_keys': ('img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor')}]
PIPELINES = {
    'ours': None,
    "MMRotate's": LOAD + RESIZE + ANNOTATIONS + PACK,
    'annotations before Resize': LOAD + ANNOTATIONS + RESIZE + PACK,
    'no annotations': LOAD + RESIZE + PACK,
}


@pytest.mark.parametrize('pipeline', PIPELINES)
@pytest.mark.parametrize('form', ['quads', 'rectangles'])
def test_a_test_has_the_figures_of_the_label_files(root, tmp_path, pipeline, form):
    """To the bit, with labels that are no rectangles, equal scores, an ignore region and a list in any order."""
    from mmrotate.utils import register_all_modules

    register_all_modules(init_default_scope=True)
    rng = np.random.default_rng(0)
    classes, names = ('submarine', 'tanker'), ('submarine', 'tanker', 'harbor')
    quads = {}
    for name in 'abcd':
        corners = np.array([[4, 4], [24, 6], [20, 14], [5, 15]]) + rng.uniform(-2, 2, (6, 4, 2)).round(1)
        quads[name] = corners + np.array([[x, y] for x in (0, 30) for y in (0, 20, 40)])[:, None]
        labels = [names[index] for index in (0, 0, 1, 1, 0, 2)]
        lines = [
            ' '.join([*(f'{value:.1f}' for value in quad.ravel()), label, str(int(index == 1))])
            for index, (quad, label) in enumerate(zip(quads[name], labels, strict=True))
        ]
        (root / f'labelTxt/{name}.txt').write_text('\n'.join(lines))
    (root / 'test.txt').write_text('d.png\nb.png\na.png\nc.png\n')
    steps = PIPELINES[pipeline] or Config.fromfile(CONFIGS / '_base_/datasets/ship_chips.py').test_pipeline
    dataset = build(root, ann_file='test.txt', test_mode=True, other_classes='ignore', pipeline=steps)
    metric = VOCRotatedMetric(
        [0.5, 0.6, 0.7], ground_truth=form, predictions_file=tmp_path / 'p.jsonl', results_file=tmp_path / 'r.json'
    )
    metric.dataset_meta = dataset.metainfo
    for sample in map(dataset.__getitem__, range(4)):
        sample = sample['data_samples']
        boxes = quad_to_rbox(quads[Path(sample.img_path).stem]) + rng.normal(size=(6, 5)) * [0.7, 0.7, 1, 1, 0.04]
        sample.pred_instances = InstanceData(
            bboxes=torch.tensor(boxes, dtype=torch.float32),
            scores=torch.tensor(rng.choice([0.5, 0.9], 6), dtype=torch.float32),
            labels=torch.tensor(rng.integers(0, 2, 6)),
        )
        metric.process(None, [sample.to_dict()])
    mean = metric.evaluate(4)['voc/mAP']
    assert 0.05 < mean < 0.95

    predictions = read_predictions(tmp_path / 'p.jsonl')
    labeled = read_labeled_set(root, classes, 'test.txt', 'ignore')
    selected, _ = select_predictions('p.jsonl', predictions, labeled)
    results = evaluate_thresholds(selected.images, labeled.records, classes, [0.5, 0.6, 0.7], ground_truth=form)
    saved = json.loads((tmp_path / 'r.json').read_text())['results']
    assert saved == [json.loads(json.dumps(result.to_dict())) for result in results.values()]
    assert saved[0]['ground_truth'] == form


def test_every_view_of_test_time_augmentation_has_the_labels(root):
    from mmrotate.utils import register_all_modules

    register_all_modules(init_default_scope=True)
    views = [[{**RESIZE[0], 'scale': (side, side)} for side in (48, 96)], ANNOTATIONS[:1], PACK]
    pipeline = [*LOAD, {'type': 'mmdet.TestTimeAug', 'transforms': views}]
    samples = build(root, test_mode=True, pipeline=pipeline)[0]['data_samples']
    for sample in samples:
        assert [instance['bbox'] for instance in sample.instances] == [[10, 10, 50, 10, 50, 20, 10, 20]] * 2
    assert len(samples) == 2
    # Training has no use for them, and other pipelines make other things.
    assert 'instances' not in build(root, pipeline=LOAD + ANNOTATIONS + PACK)[0]['data_samples']
    assert build(root, test_mode=True, pipeline=[])[0]['img_path'] == str(root / 'images/a.png')
