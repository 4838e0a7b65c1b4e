"""Labels and lists of a data set."""

import shutil
from types import SimpleNamespace

import numpy as np
import pytest

from ship_det.annotations import LabeledObject, write_dota
from ship_det.annotations.rolabelimg import ROLABELIMG
from ship_det.evaluation import Predictions, evaluate
from ship_det.evaluation.instances import gather_ground_truths
from ship_det.evaluation.labeled_set import count_training, find_predicted_list, read_labeled_set, select_predictions
from ship_det.geometry import quad_to_rbox, rbox_to_quad

OBJECTS = {
    'a': [(50, 50, 60, 12, 0.0, 0, False), (140, 50, 50, 10, 0.5, 1, False), (100, 150, 80, 16, -0.4, 1, False)],
    'b': [(60, 60, 70, 14, 0.3, 1, False), (150, 150, 40, 20, 0.0, 0, True)],
    'c': [],
}


@pytest.fixture(scope='module')
def sample(tmp_path_factory) -> SimpleNamespace:
    """Three images with their labels; tests only read them."""
    root, classes = tmp_path_factory.mktemp('sample') / 'set', ('tanker', 'submarine', 'ferry')
    (root / 'images').mkdir(parents=True)
    (root / 'labelTxt').mkdir()
    for name, rows in OBJECTS.items():
        (root / 'images' / f'{name}.png').touch()
        objects = [
            LabeledObject(rbox_to_quad(np.array([box]))[0], classes[label], difficult)
            for *box, label, difficult in rows
        ]
        write_dota(root / 'labelTxt' / f'{name}.txt', objects)
    (root / 'train.txt').write_text('a.png\n')
    return SimpleNamespace(data=root, classes=classes)


@pytest.fixture
def data(sample, tmp_path):
    """A copy that a test may spoil."""
    return shutil.copytree(sample.data, tmp_path / 'set')


def test_all_images(sample):
    labeled = read_labeled_set(sample.data, sample.classes)
    assert [image.name for image in labeled.images] == ['a.png', 'b.png', 'c.png']
    truths = gather_ground_truths(labeled.records, labeled.classes)
    assert truths.labels.tolist() == [0, 1, 1, 1, 0]
    assert truths.difficult.tolist() == [False, False, False, False, True]
    assert truths.image.tolist() == [0, 0, 0, 1, 1]


def test_list_below_the_data_set_or_anywhere(sample, tmp_path):
    assert [image.name for image in read_labeled_set(sample.data, sample.classes, 'train.txt').images] == ['a.png']
    elsewhere = tmp_path / 'some.txt'
    # By name, whatever the order of the list.
    elsewhere.write_text('c.png\n\nb.png\n')
    assert [image.name for image in read_labeled_set(sample.data, sample.classes, elsewhere).images] == [
        'b.png',
        'c.png',
    ]


def test_training_counts_leave_out_difficult_objects(sample, tmp_path):
    assert count_training(sample.data, sample.classes, 'train.txt').tolist() == [1, 2, 0]
    (tmp_path / 'b.txt').write_text('b.png\n')
    assert count_training(sample.data, sample.classes, tmp_path / 'b.txt').tolist() == [0, 1, 0]


@pytest.mark.parametrize(
    ('classes', 'other_classes', 'labels', 'regions'),
    [
        (['tanker'], 'background', [0, 0], []),
        (['tanker'], 'ignore', [0, 0], [0, 0, 1]),
        (['submarine', 'ferry'], 'ignore', [0, 0, 0], [0, 1]),
    ],
)
def test_other_classes(sample, classes, other_classes, labels, regions):
    labeled = read_labeled_set(sample.data, classes, None, other_classes)
    truths = gather_ground_truths(labeled.records, classes)
    assert truths.labels.tolist() == labels
    # The difficult tanker of the second image is a region like any other.
    assert truths.regions.image.tolist() == regions
    assert count_training(sample.data, classes, 'train.txt', other_classes).sum() == (2 if 'ferry' in classes else 1)


def test_dont_care_boxes_of_real_images_forgive_every_class(data_root, tmp_path):
    """HIT-UAV: a detector that takes each DontCare box for an object of one class, whichever it is."""
    classes = ('Person', 'Car', 'Bicycle', 'OtherVehicle')
    for folder in ('images', 'labelTxt'):
        (tmp_path / folder).mkdir()
    for path in sorted((data_root / 'hit_uav_mini/train/annotations').glob('*.xml')):
        objects = ROLABELIMG.read(path)
        if any(one.name == 'DontCare' for one in objects):
            (tmp_path / 'images' / f'{path.stem}.jpg').touch()
            write_dota(tmp_path / 'labelTxt' / f'{path.stem}.txt', objects)
    labeled = read_labeled_set(tmp_path, classes, other_classes='ignore')
    assert sum(len(record['ignore_regions']) for record in labeled.records) == 24
    for label, name in enumerate(classes):
        predictions = []
        for record in labeled.records:
            regions = record['ignore_regions']
            boxes = quad_to_rbox(np.concatenate([record['quads'], regions]))
            labels = np.concatenate([record['labels'], np.full(len(regions), label)])
            predictions.append({'boxes': boxes, 'labels': labels, 'scores': np.ones(len(boxes))})
        result = evaluate(predictions, labeled.records, classes)
        assert result.mean_ap == 1
        assert result.classes[name].at_score.false_positives == 0
        assert result.classes[name].num_ignored == 24 + result.classes[name].num_difficult


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('', 'lists no image'),
        ('a.png\nd.png\n', r'l\.txt:2: .*d\.png does not exist'),
        ('a.png\nb.png\na.png\n', r'l\.txt:3: a\.png is on line 1 already'),
    ],
)
def test_bad_list(sample, tmp_path, text, message):
    (tmp_path / 'l.txt').write_text(text)
    with pytest.raises(ValueError, match=message):
        read_labeled_set(sample.data, sample.classes, tmp_path / 'l.txt')


def test_bad_data_set(sample, data):
    message = (
        "unknown class 'submarine', expected one of: tanker; --other-classes, or other_classes in the config, as ignore"
    )
    with pytest.raises(ValueError, match=message):
        read_labeled_set(data, ['tanker'])
    with pytest.raises(ValueError, match=message):
        count_training(data, ['tanker'], 'train.txt')
    with pytest.raises(ValueError, match=r'none\.txt: no such file, neither in'):
        read_labeled_set(data, sample.classes, 'none.txt')
    with pytest.raises(ValueError, match='other_classes: expected one of'):
        read_labeled_set(data, sample.classes, other_classes='none')
    (data / 'labelTxt' / 'b.txt').unlink()
    with pytest.raises(ValueError, match=r'b\.txt: no such file, expected the labels of b\.png'):
        read_labeled_set(data, sample.classes)
    with pytest.raises(ValueError, match='no such folder, expected a data set'):
        read_labeled_set(data / 'nowhere', sample.classes)


def test_predictions_of_a_list(sample):
    found = Predictions(sample.classes, tuple({'file': f'{name}.png'} for name in 'cab'))
    every = read_labeled_set(sample.data, sample.classes)
    selected, left_out = select_predictions('p.jsonl', found, every)
    assert [record['file'] for record in selected.images] == ['a.png', 'b.png', 'c.png']
    assert left_out == 0
    some = read_labeled_set(sample.data, sample.classes, 'train.txt')
    selected, left_out = select_predictions('p.jsonl', found, some, subset=True)
    assert [record['file'] for record in selected.images] == ['a.png']
    assert left_out == 2
    with pytest.raises(ValueError, match=r'p\.jsonl: predictions for 2 unknown images, first b\.png'):
        select_predictions('p.jsonl', found, some)
    few = Predictions(sample.classes, found.images[:1])
    with pytest.raises(ValueError, match=r'p\.jsonl: no predictions for 2 of 3 images, first a\.png; --list names'):
        select_predictions('p.jsonl', few, every)


def test_the_list_that_was_predicted_is_found(tmp_path):
    for folder in ('images', 'labelTxt'):
        (tmp_path / folder).mkdir()
    for name in 'abcd':
        (tmp_path / 'images' / f'{name}.png').touch()
    (tmp_path / 'train.txt').write_text('a.png\nb.png\n')
    (tmp_path / 'test.txt').write_text('d\nc\n')
    # A list that cannot be read is none that was predicted.
    (tmp_path / 'val.txt').touch()
    assert find_predicted_list(tmp_path, ['c.png', 'd.png']) == tmp_path / 'test.txt'
    assert find_predicted_list(tmp_path, ['b.png', 'a.png']) == tmp_path / 'train.txt'
    assert find_predicted_list(tmp_path, ['c.png']) is None
    # Of lists that say the same the test's.
    (tmp_path / 'val.txt').write_text('c.png\nd.png\n')
    assert find_predicted_list(tmp_path, ['c.png', 'd.png']) == tmp_path / 'test.txt'
    assert find_predicted_list(tmp_path, [f'{name}.png' for name in 'abcd']) is None
