"""Lists of classes."""

import pytest

from ship_det.annotations import AOSR15_CLASSES, DotaFolder
from ship_det.annotations.classes import check_classes
from ship_det.annotations.conversion import ConversionOptions, convert
from ship_det.evaluation import evaluate
from ship_det.imbalance import count_instances


def test_different_names_are_a_list():
    for classes in (AOSR15_CLASSES, ['ship'], {'ship': 0}, ()):
        check_classes(classes)


@pytest.mark.parametrize(
    ('classes', 'message'),
    [
        ('ship', r"heads: found the text 'ship', expected a list of names such as \['ship'\]"),
        ('', "heads: found the text ''"),
        (['ship', 'tug', 'ship'], r"heads: a name occurs twice in \['ship', 'tug', 'ship'\]"),
    ],
)
def test_what_is_no_list_is_named(classes, message):
    with pytest.raises(ValueError, match=message):
        check_classes(classes, 'heads')


def test_one_class_as_a_text_is_refused_wherever_classes_are_given(tmp_path):
    (tmp_path / 'labelTxt').mkdir()
    (tmp_path / 'images').mkdir()
    (tmp_path / 'images/a.png').touch()
    (tmp_path / 'labelTxt/a.txt').write_text('0 0 9 0 9 9 0 9 s 0\n')
    folder = DotaFolder(tmp_path)
    for call in (
        lambda: folder.read_objects(folder.images[0], 'ship', 'ignore'),
        lambda: folder.count(classes='ship'),
        lambda: count_instances(tmp_path, 'ship'),
        lambda: evaluate([], [], 'ship'),
        lambda: convert('dota', 'dota', tmp_path, tmp_path / 'out', ConversionOptions(classes='ship')),
    ):
        with pytest.raises(ValueError, match="classes: found the text 'ship', expected a list"):
            call()
