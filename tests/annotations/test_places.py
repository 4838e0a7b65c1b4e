"""Folders of images and labels, as data sets have them."""

import pytest

from ship_det.annotations.places import find_places, pair_places

NAMES = (('images', 'JPEGImages'), ('labels', 'labels*'), '.xml')


@pytest.fixture
def make(tmp_path):
    """A function that makes empty files."""

    def touch(*names):
        for name in names:
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).touch()
        return tmp_path

    return touch


def found(root, **options):
    places = find_places(root, *NAMES, **options)
    return [(str(place.images.relative_to(root)), str(place.labels.relative_to(root)), place.part) for place in places]


@pytest.mark.parametrize(
    ('files', 'expected'),
    [
        (['images/a.png', 'labels/a.xml'], [('images', 'labels', None)]),
        (['Images/a.png', 'LABELS/a.xml'], [('Images', 'LABELS', None)]),
        (['a.png', 'a.xml'], [('.', '.', None)]),
        (['images/a.png', 'a.xml'], [('images', '.', None)]),
        (['images/train/a.png', 'labels/train/a.xml'], [('images/train', 'labels/train', 'train')]),
        (
            ['images/train/a.png', 'labels/train/a.xml', 'images/test/b.png'],
            [('images/test', 'images/test', 'test'), ('images/train', 'labels/train', 'train')],
        ),
        (['Train/images/a.png', 'Train/labels/a.xml'], [('Train/images', 'Train/labels', 'train')]),
        (['valid/a.png', 'valid/a.xml'], [('valid', 'valid', 'val')]),
        (
            ['train/part1/images/a.png', 'train/part1/labels/a.xml', 'train/part2/images/b.png'],
            [
                ('train/part1/images', 'train/part1/labels', 'train'),
                ('train/part2/images', 'train/part2', 'train'),
            ],
        ),
        (
            ['JPEGImages_train/a.png', 'labels_train/a.xml', 'JPEGImages-test/b.png', 'labels_test/b.xml'],
            [('JPEGImages-test', 'labels_test', 'test'), ('JPEGImages_train', 'labels_train', 'train')],
        ),
        # One folder of labels for both.
        (
            ['JPEGImages-trainval/a.png', 'labels/a.xml', 'JPEGImages-test/b.png'],
            [('JPEGImages-test', 'labels', 'test'), ('JPEGImages-trainval', 'labels', 'trainval')],
        ),
        (['JPEGImages/a.png', 'labels/a.xml', 'JPEGImages_test/a.png'], [('JPEGImages', 'labels', None)]),
        (['images/a.png', 'labels-v2/all/a.xml', 'labels-v2/all_hbb/a.xml'], [('images', 'labels-v2/all', None)]),
        (
            ['FullDataSet/images/a.png', 'FullDataSet/labels/a.xml', 'Train/images/a.png', 'Train/labels/a.xml'],
            [('FullDataSet/images', 'FullDataSet/labels', None)],
        ),
    ],
)
def test_folders(make, files, expected):
    assert found(make(*files)) == expected


def test_label_folders_are_chosen_from(make):
    root = make('images/a.png', 'labels-v1/a.xml', 'labels-v2/a.xml')
    with pytest.raises(ValueError, match=r'several folders of labels: .*labels-v1, .*labels-v2; .*--labels NAME'):
        found(root)
    assert found(root, labels='labels-v2') == [('images', 'labels-v2', None)]
    with pytest.raises(ValueError, match=r'labels-v3: no such folder, expected the labels'):
        found(root, labels='labels-v3')


def test_what_lacks_its_other_half_is_kept_apart(make):
    root = make('images/a.png', 'images/b.png', 'labels/a.xml', 'labels/c.xml')
    places = find_places(root, *NAMES)
    data_set = pair_places(places, '.xml', ('labels',))
    assert [labeled.image.name for labeled in data_set.images] == ['a.png']
    assert [path.name for path in data_set.without_labels + data_set.without_image] == ['b.png', 'c.xml']
    data_set = pair_places(places, '.xml', ('labels',), unlabeled=True)
    assert [labeled.labels is None for labeled in data_set.images] == [False, True]
