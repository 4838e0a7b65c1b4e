"""Counting instances in label folders and in data sets, wrapped or not."""

import re
import subprocess
import sys

import pytest

from ship_det.annotations import LabeledObject, write_dota
from ship_det.imbalance import count_instances

SQUARE = [[0, 0], [4, 0], [4, 2], [0, 2]]


@pytest.fixture
def labels(tmp_path):
    ships = {'a': ['tug', 'tug', 'ferry'], 'b': [], 'c': ['tug']}
    (tmp_path / 'labelTxt').mkdir()
    for stem, names in ships.items():
        objects = [LabeledObject(SQUARE, name) for name in names] + [LabeledObject(SQUARE, 'ferry', difficult=True)]
        write_dota(tmp_path / 'labelTxt' / f'{stem}.txt', objects)
    return tmp_path / 'labelTxt'


class Images:
    """A data set of the two methods that counting may use; loading an item fails."""

    def __init__(self, *labels, classes=('tug', 'ferry')):
        self.labels = labels
        self.metainfo = {'classes': classes}

    def __len__(self):
        return len(self.labels)

    def get_data_info(self, index):
        instances = [dict(bbox=[0] * 8, bbox_label=label, ignore_flag=0) for label in self.labels[index]]
        instances.append(dict(bbox=[0] * 8, bbox_label=-1, ignore_flag=1))
        return dict(img_path=f'{index}.png', instances=instances)

    def __getitem__(self, index):
        raise AssertionError('counting must not run the pipeline')


class Wrapped:
    def __init__(self, length, **attributes):
        self.length = length
        self.__dict__.update(attributes)

    def __len__(self):
        return self.length


@pytest.mark.parametrize('place', ['labelTxt', '.'])
def test_difficult_objects_of_a_folder_do_not_count(labels, place):
    assert count_instances(labels.parent / place, ['ferry', 'tug', 'yacht']).tolist() == [1, 3, 0]
    assert count_instances(str(labels), ('ferry', 'tug')).tolist() == [1, 3]


def test_unknown_class_names_file_and_line(labels):
    with pytest.raises(ValueError, match=re.escape(f"{labels / 'a.txt'}:3: unknown class 'ferry'")):
        count_instances(labels, ['tug'])


def test_folder_without_labels(tmp_path):
    with pytest.raises(ValueError, match=re.escape(f'{tmp_path}: found no label file, expected *.txt')):
        count_instances(tmp_path, ['tug'])


def test_folder_needs_class_names(labels):
    with pytest.raises(ValueError, match='counting a folder of labels needs class names, found None'):
        count_instances(labels)


def test_ignored_instances_of_a_data_set_do_not_count():
    assert count_instances(Images([0, 0, 1], [], [0])).tolist() == [3, 1]


def test_repeated_images_count_as_often_as_training_sees_them():
    first, second = Images([0], [1, 1]), Images([0, 1])
    repeated = Wrapped(6, dataset=first, times=3)
    joined = Wrapped(7, datasets=[repeated, second], metainfo=first.metainfo)
    assert count_instances(repeated).tolist() == [3, 6]
    assert count_instances(joined).tolist() == [4, 7]
    assert count_instances(Wrapped(4, dataset=first, repeat_indices=[0, 1, 1, 1])).tolist() == [1, 6]
    assert count_instances(Wrapped(14, dataset=joined, times=2)).tolist() == [8, 14]
    assert count_instances(Wrapped(2, dataset=first)).tolist() == [1, 2]
    # Indices of the joined set 0, 3 and 6: first image, second image, the other set's image.
    assert count_instances(Wrapped(3, dataset=joined, indices=[0, 3, 6])).tolist() == [2, 3]


def test_classes_of_data_set_and_caller_must_agree():
    assert count_instances(Images([0]), ['tug', 'ferry']).tolist() == [1, 0]
    with pytest.raises(
        ValueError, match=re.escape("Images: found classes ['tug', 'ferry'], expected ['ferry', 'tug']")
    ):
        count_instances(Images([0]), ['ferry', 'tug'])
    with pytest.raises(ValueError, match=re.escape("Images: found no metainfo['classes']")):
        count_instances(Images([0], classes=None))


@pytest.mark.parametrize('label', [2, -1, [], 'tug', 0.0])
def test_label_outside_the_classes_names_the_image(label):
    with pytest.raises(
        ValueError, match=re.escape(f'1.png: found bbox_label {label!r}, expected a class index from 0')
    ):
        count_instances(Images([0], [label]))


def test_imbalance_does_not_import_torch():
    code = 'import sys, ship_det.imbalance; assert not {"torch", "mmcv", "mmengine"} & set(sys.modules)'
    subprocess.run([sys.executable, '-c', code], check=True)
