"""Labels and lists of a data set."""

import shutil

import pytest

from ship_det.report.inputs import count_training, read_labeled_set


@pytest.fixture
def data(sample, tmp_path):
    """A copy that a test may spoil."""
    return shutil.copytree(sample.data, tmp_path / 'set')


def test_all_images(sample):
    labeled = read_labeled_set(sample.data, sample.classes)
    assert [image.name for image in labeled.images] == ['a.png', 'b.png', 'c.png']
    assert labeled.truths.labels.tolist() == [0, 1, 1, 1, 0]
    assert labeled.truths.difficult.tolist() == [False, False, False, False, True]
    assert labeled.truths.image.tolist() == [0, 0, 0, 1, 1]
    assert labeled.quads.shape == (5, 4, 2)


def test_list_below_the_data_set_or_anywhere(sample, tmp_path):
    assert [image.name for image in read_labeled_set(sample.data, sample.classes, 'train.txt').images] == ['a.png']
    elsewhere = tmp_path / 'some.txt'
    elsewhere.write_text('b.png\n\nc.png\n')
    assert [image.name for image in read_labeled_set(sample.data, sample.classes, elsewhere).images] == [
        'b.png',
        'c.png',
    ]


def test_training_counts_leave_out_difficult_objects(sample, tmp_path):
    assert count_training(sample.data, sample.classes, 'train.txt').tolist() == [1, 2, 0]
    (tmp_path / 'b.txt').write_text('b.png\n')
    assert count_training(sample.data, sample.classes, tmp_path / 'b.txt').tolist() == [0, 1, 0]


@pytest.mark.parametrize(
    ('other_classes', 'labels', 'difficult'),
    [('background', [0], [False]), ('ignore', [0, 0, 0], [False, True, True])],
)
def test_other_classes(sample, other_classes, labels, difficult):
    labeled = read_labeled_set(sample.data, ['tanker'], 'train.txt', other_classes)
    assert labeled.truths.labels.tolist() == labels
    assert labeled.truths.difficult.tolist() == difficult


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('', 'names no image'),
        ('a.png\nd.png\n', r'l\.txt:2: .*d\.png does not exist'),
        ('a.png\nb.png\na.png\n', r'l\.txt:3: a\.png is on line 1 already'),
    ],
)
def test_bad_list(sample, tmp_path, text, message):
    (tmp_path / 'l.txt').write_text(text)
    with pytest.raises(ValueError, match=message):
        read_labeled_set(sample.data, sample.classes, tmp_path / 'l.txt')


def test_bad_data_set(sample, data):
    with pytest.raises(ValueError, match="unknown class 'submarine'"):
        read_labeled_set(data, ['tanker'])
    with pytest.raises(ValueError, match=r'none\.txt: no such file, neither in'):
        read_labeled_set(data, sample.classes, 'none.txt')
    with pytest.raises(ValueError, match='other_classes: expected one of'):
        read_labeled_set(data, sample.classes, other_classes='none')
    (data / 'labelTxt' / 'b.txt').unlink()
    with pytest.raises(ValueError, match=r'b\.txt: no such file, expected the labels of b\.png'):
        read_labeled_set(data, sample.classes)
    with pytest.raises(ValueError, match='no such folder, expected a data set'):
        read_labeled_set(data / 'nowhere', sample.classes)
