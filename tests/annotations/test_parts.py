"""Parts by the names of folders and files, and by lists."""

from pathlib import Path

import pytest

from ship_det.annotations.data_set import DataSet, LabeledImage
from ship_det.annotations.parts import add_listed_parts, part_of, write_lists


@pytest.mark.parametrize(
    ('name', 'part'),
    [
        ('train', 'train'),
        ('Training', 'train'),
        ('valid', 'val'),
        ('validation', 'val'),
        ('instances_val2017', 'val'),
        ('JPEGImages-trainval', 'trainval'),
        ('train_test2017', 'train_test'),
        ('ShipRSImageNet_bbox_test_level_3', 'test'),
        ('restrained', None),
        ('latest', None),
        ('instances_default', None),
        ('valley', None),
        ('2017', None),
    ],
)
def test_part_of_a_name(name, part):
    assert part_of(name) == part


def read(root, lists, images=('a.png', 'b.png')):
    for name, text in lists.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    found = DataSet([LabeledImage(root / name, None) for name in images])
    add_listed_parts(found, root)
    return found


@pytest.mark.parametrize('folder', ['', 'ImageSets', 'ImageSets/Main'])
def test_lists_of_names_with_or_without_suffix(tmp_path, folder):
    names = {'train': 'a\n', 'trainval': 'a.png\r\nB.PNG\n', 'valid': '\ufeffimages/b.png\n\n'}
    found = read(tmp_path, {f'{folder}/{name}.txt'.lstrip('/'): text for name, text in names.items()})
    assert [labeled.parts for labeled in found.images] == [('train', 'trainval'), ('trainval', 'val')]
    assert found.unknown_names == []


def test_names_without_an_image_are_kept_with_their_line(tmp_path):
    found = read(tmp_path, {'test.txt': 'a\n\nc\n'})
    assert found.unknown_names == [f'{tmp_path}/test.txt:3: c']


def test_label_files_and_other_texts_are_no_lists(tmp_path):
    texts = {
        'train.txt': '0 0 9 0 9 9 0 9 ship 0\n',
        'classes.txt': 'a\n',
        'contest.txt': 'a\n',
        'ship_train.txt': 'a -1\n',
    }
    assert [labeled.parts for labeled in read(tmp_path, texts).images] == [(), ()]


def test_lists_are_written_as_they_were(tmp_path):
    images = [
        LabeledImage(Path('x/a.png'), None, [], ('train', 'trainval')),
        LabeledImage(Path('b.tif'), None, [], ('trainval',)),
    ]
    write_lists(tmp_path / 'ImageSets', images, with_suffix=False)
    assert (tmp_path / 'ImageSets/train.txt').read_text() == 'a\n'
    assert (tmp_path / 'ImageSets/trainval.txt').read_text() == 'a\nb\n'
    write_lists(tmp_path, images[:1], with_suffix=True)
    assert (tmp_path / 'train.txt').read_text() == 'a.png\n'


def test_paths_tell_images_of_one_name_apart(tmp_path):
    texts = {'train.txt': './x/a.png\n', 'val.txt': 'y\\a.png\n'}
    found = read(tmp_path, texts, images=('x/a.png', 'y/a.png'))
    assert [labeled.parts for labeled in found.images] == [('train',), ('val',)]
