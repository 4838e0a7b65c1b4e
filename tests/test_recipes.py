"""The two ways of training that configs choose by one line: the paper's, and that of today's strongest detectors."""

from pathlib import Path

import numpy as np
import pytest
from mmengine.config import Config
from mmengine.dataset import Compose
from mmrotate.registry import DATASETS
from mmrotate.utils import register_all_modules
from PIL import Image

from ship_det.geometry import rbox_to_quad
from ship_det.imbalance import count_instances
from ship_det.launch import read_config

CONFIGS = Path(__file__).resolve().parents[1] / 'configs'
STRONG = sorted(CONFIGS.glob('*/*_3x_aosr15.py'))
CLASSES = ('red', 'green', 'blue')
SIDE = 200


@pytest.fixture(autouse=True)
def mmrotate_scope() -> None:
    register_all_modules(init_default_scope=True)


def paint(folder: Path, name: str, boxes: np.ndarray, labels: list[int]) -> None:
    """A chip of dark water with a ship in the colour of its class on each box, (N, 5)."""
    rows, columns = np.mgrid[:SIDE, :SIDE] + 0.5
    pixels = np.full((SIDE, SIDE, 3), 20, np.uint8)
    for (cx, cy, w, h, angle), label in zip(boxes, labels, strict=True):
        along = (columns - cx) * np.cos(angle) + (rows - cy) * np.sin(angle)
        across = (rows - cy) * np.cos(angle) - (columns - cx) * np.sin(angle)
        pixels[(abs(along) < w / 2) & (abs(across) < h / 2)] = np.eye(3, dtype=np.uint8)[label] * 235 + 20
    Image.fromarray(pixels).save(folder / 'images' / f'{name}.png')
    lines = [
        f'{" ".join(map(str, quad.ravel()))} {CLASSES[label]} 0\n'
        for quad, label in zip(rbox_to_quad(boxes), labels, strict=True)
    ]
    (folder / 'labelTxt' / f'{name}.txt').write_text(''.join(lines))


@pytest.fixture(scope='module')
def painted(tmp_path_factory) -> Path:
    """Four chips: ships all over 'spread', within 28 px of the middle in the others; blue ones are in 'd' alone."""
    root = tmp_path_factory.mktemp('painted')
    for folder in ('images', 'labelTxt'):
        (root / folder).mkdir()
    places = [[30, 30, 40, 12, 0.4], [170, 40, 50, 10, -1.1], [100, 100, 60, 14, 1.5], [35, 160, 36, 9, 0.0]]
    paint(root, 'spread', np.array(places, dtype=float), [0, 1, 0, 1])
    middle = np.array([[90, 90, 24, 6, 0.3], [110, 108, 20, 5, -0.8], [100, 99, 16, 6, 1.2]], dtype=float)
    paint(root, 'b', middle, [0, 1, 1])
    paint(root, 'c', middle[:2], [1, 0])
    paint(root, 'd', middle, [2, 0, 1])
    (root / 'train.txt').write_text('spread\nb\nc\nd\n')
    return root


def read(painted: Path, **options: object) -> Config:
    path = CONFIGS / 'r2cnn/r2cnn_r50_fpn_ci_3x_aosr15.py'
    return read_config(path, {'data_root': str(painted), 'classes': CLASSES, **options})


def test_configs_differ_from_the_papers_by_one_base():
    assert len(STRONG) == 4
    for path in STRONG:
        paper = path.with_name(path.name.replace('_3x_', '_1x_'))
        assert path.read_text().replace('augmented_3x.py', 'paper_1x.py') == paper.read_text()


def test_the_training_of_the_paper_is_kept_to_the_letter():
    for path in STRONG:
        cfg = read_config(path.with_name(path.name.replace('_3x_', '_1x_')))
        assert cfg.optim_wrapper.optimizer == dict(type='SGD', lr=0.005, momentum=0.9, weight_decay=0.0001)
        assert cfg.train_cfg.max_epochs == 12
        assert cfg.train_dataloader.dataset.type == 'ShipDataset'
        steps = [step.type for step in cfg.train_dataloader.dataset.pipeline]
        assert 'mmdet.RandomFlip' in steps
        assert not {'RandomAffineCrop', 'mmdet.PhotoMetricDistortion'} & {*steps}
        assert 'ema' not in cfg.default_hooks
        assert 'save_best' not in cfg.default_hooks.checkpoint


@pytest.mark.parametrize('model', ['r2cnn_r50', 'r2cnn_r101', 'skew_cascade_r50', 'skew_cascade_r101'])
def test_a_model_to_the_letter_is_one_base_away(tmp_path, model):
    """R2CNN, Sec. 3 and 4: ratios of 1 : 2 to 2 : 1, positive from 0.7 inside the image, codes without means."""
    config = tmp_path / 'letter.py'
    bases = [str(CONFIGS / '_base_' / name) for name in (f'models/{model}_fpn_paper.py', 'recipes/paper_1x.py')]
    config.write_text(f'_base_ = {bases}\n')
    cfg = read_config(config).model
    assert cfg.backbone.depth == int(model.rpartition('r')[2])
    assert f'resnet{cfg.backbone.depth}' in cfg.backbone.init_cfg.checkpoint
    assert cfg.rpn_head.anchor_generator.ratios == [0.5, 1.0, 2.0]
    assert cfg.train_cfg.rpn.allowed_border == 0
    assigner = cfg.train_cfg.rpn.assigner
    assert (assigner.pos_iou_thr, assigner.neg_iou_thr) == (0.7, 0.3)
    if model.startswith('r2cnn'):
        coder = cfg.roi_head.bbox_head.bbox_coder
        assert tuple(coder.inclined_means) == (0,) * 5
        assert tuple(coder.inclined_stds) == (0.1, 0.1, 0.1, 0.1, 0.2)
        assert tuple(coder.axis_stds) == (0.1, 0.1, 0.2, 0.2)
    else:
        assert cfg.roi_head.type == 'SkewCascadeRoIHead'


def test_settings_reach_through_the_repetitions(painted):
    cfg = read(painted)
    ships = cfg.train_dataloader.dataset.dataset
    plain = read_config(CONFIGS / 'r2cnn/r2cnn_r50_fpn_ci_1x_aosr15.py').train_dataloader.dataset
    assert ships.data_root == str(painted)
    assert ships.metainfo.classes == CLASSES
    assert 'filter_cfg' not in ships and 'filter_cfg' not in plain
    assert [cfg[f'{part}_dataloader'].dataset.ann_file for part in ('val', 'test')] == ['val.txt', 'test.txt']


def test_class_counts_are_those_of_the_labels_and_with_repetitions_of_what_is_seen(painted):
    labelled = [5, 6, 1]
    dataset = DATASETS.build(read(painted).train_dataloader.dataset)
    assert len(dataset) == 4
    assert count_instances(dataset).tolist() == labelled
    dataset = DATASETS.build(read(painted, **{'train_dataloader.dataset.oversample_thr': 0.5}).train_dataloader.dataset)
    # Blue is in a quarter of the chips: 'd' is repeated sqrt(.5 / .25) times, rounded up.
    assert len(dataset) == 5
    assert count_instances(dataset).tolist() == [6, 7, 2]


def augmented(painted: Path, index: int, times: int) -> list[dict]:
    """What the recipe's pipeline makes of a chip, its colours kept."""
    np.random.seed(0)
    cfg = read(painted)
    ships = cfg.train_dataloader.dataset.dataset
    steps = ships.pipeline
    kept = [step for step in steps if step.type not in ('mmdet.PhotoMetricDistortion', 'mmdet.PackDetInputs')]
    assert len(kept) == len(steps) - 2
    dataset = DATASETS.build(dict(ships, pipeline=[]))
    pipeline = Compose(kept)
    return [pipeline(dataset.get_data_info(index)) for _ in range(times)]


def test_labels_stay_on_the_pixels_of_their_ships(painted):
    """Whatever is drawn: inside each box is its class's colour, and beside its long sides is not."""
    seen = cut = 0
    for results in augmented(painted, 0, 60):
        image = results['img'][..., ::-1]
        assert image.shape == (SIDE, SIDE, 3)
        boxes, labels = results['gt_bboxes'].numpy().astype(float), results['gt_bboxes_labels']
        assert len(boxes) == len(labels) == len(results['gt_ignore_flags'])
        for (cx, cy, w, h, angle), label, ignored in zip(boxes, labels, results['gt_ignore_flags'], strict=True):
            quad = rbox_to_quad([[cx, cy, w, h, angle]])
            cut += quad.min() < 1 or quad.max() > SIDE - 1
            if ignored:
                continue
            seen += 1
            for along, across in ((0, 0), (0.3, 0.2), (-0.3, -0.2), (0, 0.9), (0, -0.9)):
                x = cx + along * w * np.cos(angle) - across * h * np.sin(angle)
                y = cy + along * w * np.sin(angle) + across * h * np.cos(angle)
                if not (1 <= x < SIDE - 1 and 1 <= y < SIDE - 1):
                    continue
                is_ship = image[int(y), int(x)].argmax() == label and image[int(y), int(x), label] > 180
                assert is_ship == (abs(across) < 0.5), (along, across, image[int(y), int(x)], label)
    assert seen > 100
    assert cut > 20


@pytest.mark.parametrize('index', [1, 2, 3])
def test_ships_in_the_middle_of_a_chip_are_never_lost(painted, index):
    """Within 28 px of the middle a ship is in every crop: the smallest shows 143 px around a place near it."""
    labelled = sorted(DATASETS.build(read(painted).train_dataloader.dataset.dataset).get_cat_ids(index))
    for results in augmented(painted, index, 60):
        assert sorted(results['gt_bboxes_labels']) == labelled
        assert not results['gt_ignore_flags'].any()


def test_what_is_drawn(painted):
    """Half of the chips are turned, all are scaled from .7 to 1.4, and the colours change."""
    scales, turned = [], []
    for results in augmented(painted, 1, 200):
        box = results['gt_bboxes'].numpy()[0]
        scales.append(box[2] / 24)
        # Flips leave the angle, or its opposite.
        turned.append(abs(abs(box[4]) - 0.3) > 1e-3)
    assert 0.7 <= min(scales) < 0.75
    assert 1.35 < max(scales) <= 1.4 + 1e-6
    assert np.mean(turned) == pytest.approx(0.5, abs=0.1)
    dataset = DATASETS.build(read(painted).train_dataloader.dataset)
    images = [dataset[1]['inputs'].float() for _ in range(4)]
    assert len({round(image.amax().item(), 1) for image in images}) > 1
