"""YOLO-OBB text files: both kinds of line, coordinates as shares of the image's sides."""

import numpy as np
import pytest

from ship_det.annotations import LabeledObject
from ship_det.annotations.yolo_obb import read_class_names, read_yolo_obb, write_yolo_obb

SIZE = (200, 100)


def read(tmp_path, text, classes=('ship', 'tug')):
    (tmp_path / 'a.txt').write_text(text)
    return read_yolo_obb(tmp_path / 'a.txt', SIZE, classes)


def test_corners_and_box_with_angle(tmp_path):
    corners, box = read(tmp_path, '1 0.1 0.2 0.3 0.2 0.3 0.4 0.1 0.4\n\n0 0.5 0.5 0.2 0.1 1.5707963267948966\n')
    assert (corners.name, box.name) == ('tug', 'ship')
    np.testing.assert_allclose(corners.quad, [[20, 20], [60, 20], [60, 40], [20, 40]])
    # 40 px along the box and 10 across, turned a quarter clockwise: the left side is on top.
    np.testing.assert_allclose(box.quad, [[105, 30], [105, 70], [95, 70], [95, 30]])


def test_real_carrier_lies_where_the_picture_shows_it(data_root):
    """Corners of the carrier's deck, read off the picture (1167 x 821 px) by eye to about 15 px."""
    path = data_root / 'formats/hrsc_image_yolo_obb/100001675.txt'
    carrier = read_yolo_obb(path, (1167, 821), ['ship'])[0]
    deck = np.array([[780, 200], [880, 185], [967, 747], [867, 763]])
    distances = np.linalg.norm(carrier.quad[:, None] - deck, axis=2)
    assert distances.min(axis=0).max() < 20


def test_round_trip(tmp_path):
    objects = [LabeledObject(np.array([[1.25, 2], [9, 3], [8, 7.125], [0.1, 6]]), 'tug')]
    write_yolo_obb(tmp_path / 'a.txt', objects, (123, 77), ['ship', 'tug'])
    (found,) = read_yolo_obb(tmp_path / 'a.txt', (123, 77), ['ship', 'tug'])
    np.testing.assert_allclose(found.quad, objects[0].quad, atol=1e-12)


@pytest.mark.parametrize(
    ('line', 'message'),
    [
        ('0 1 2 3', r"a\.txt:2: found '0 1 2 3', expected 9 finite numbers"),
        ('0 x 0.5 0.1 0.1 0', r'a\.txt:2: .*expected numbers'),
        ('0 nan 0.5 0.1 0.1 0', r'a\.txt:2: .*expected 9 finite numbers'),
        ('7 0.5 0.5 0.1 0.1 0', r'a\.txt:2: class 7, expected an index below 2 \(ship, tug\)'),
        ('0.5 0.5 0.5 0.1 0.1 0', r'a\.txt:2: class 0\.5'),
        ('0 0.5 0.5 0.1 0 0', r'a\.txt:2: a box of 0\.1 x 0, expected positive sides'),
        ('0 .1 .1 .2 .2 .3 .3 .4 .4', r'a\.txt:2: the box has no area'),
        ('0 40 30 160 30 160 60 40 60', r'a\.txt:2: a box around 100, 45, expected shares .* 0 to 1 \(are they px'),
        ('0 100 45 40 20 0.3', r'a\.txt:2: a box around 100, 45, expected shares'),
        ('0 0.5 1.2 0.5 1.4 0.1 1.4 0.1 1.2', r'a\.txt:2: a box around 0\.3, 1\.3, expected shares'),
        ('0 -0.3 0.5 0.1 0.1 0', r'a\.txt:2: a box around -0\.3, 0\.5, expected shares'),
    ],
)
def test_bad_line_is_named(tmp_path, line, message):
    with pytest.raises(ValueError, match=message):
        read(tmp_path, f'0 0.5 0.5 0.1 0.1 0\n{line}\n')


def test_a_box_over_the_border_is_read(tmp_path):
    (labeled,) = read(tmp_path, '0 -0.1 0.2 0.3 0.2 0.3 0.4 -0.1 0.4\n')
    np.testing.assert_allclose(labeled.quad, [[-20, 20], [60, 20], [60, 40], [-20, 40]])


def test_what_would_not_be_read_is_not_written(tmp_path):
    beyond = np.array([[190.0, 10], [230, 10], [230, 20], [190, 20]])
    with pytest.raises(ValueError, match=r'a\.txt: object 1: a box around 1\.05, 0\.15, expected shares'):
        write_yolo_obb(
            tmp_path / 'a.txt', [LabeledObject(beyond - [90, 0], 'tug'), LabeledObject(beyond, 'tug')], SIZE, ['tug']
        )
    assert not (tmp_path / 'a.txt').exists()


@pytest.mark.parametrize(
    ('name', 'text', 'expected'),
    [
        ('data.yaml', 'names: [ship, tug]', ['ship', 'tug']),
        ('data.yaml', 'names: {1: tug, 0: ship}\nnc: 2', ['ship', 'tug']),
        ('data.yaml', 'names: [052, no, 1.0, "null"]', ['052', 'no', '1.0', 'null']),
        ('classes.txt', 'ship\ntug\n\n', ['ship', 'tug']),
        ('classes.txt', '\ufeffship #1\r\nno: 2\r\n', ['ship #1', 'no: 2']),
        ('labels/classes.txt', 'ship\ntug', ['ship', 'tug']),
    ],
)
def test_class_names(tmp_path, name, text, expected):
    (tmp_path / 'labels').mkdir()
    (tmp_path / name).write_bytes(text.encode())
    assert read_class_names(tmp_path) == expected


def test_lists_of_classes_that_differ_are_refused(tmp_path):
    (tmp_path / 'labels').mkdir()
    (tmp_path / 'data.yaml').write_text('names: [ship, tug]')
    (tmp_path / 'labels/classes.txt').write_text('ship\ntug\n')
    assert read_class_names(tmp_path) == ['ship', 'tug']
    (tmp_path / 'labels/classes.txt').write_text('tug\nship\n')
    with pytest.raises(ValueError, match=r'labels/classes\.txt: classes tug, ship, expected those of .*data\.yaml: s'):
        read_class_names(tmp_path)


def test_an_empty_line_would_move_the_classes_after_it(tmp_path):
    (tmp_path / 'classes.txt').write_text('ship\n\ntug\n')
    with pytest.raises(ValueError, match=r'classes\.txt:2: an empty line, expected the name of class 1'):
        read_class_names(tmp_path)


def test_number_of_classes_is_that_of_the_names(tmp_path):
    (tmp_path / 'data.yaml').write_text('nc: 3\nnames: [ship, tug]')
    with pytest.raises(ValueError, match=r'data\.yaml: nc: 3, expected 2, the number of names'):
        read_class_names(tmp_path)


@pytest.mark.parametrize(
    'text', ['nc: 3', 'names: {1: tug}', '[', 'names: 3', 'names: ship', 'names: [ship, null]', 'names: [ship, [tug]]']
)
def test_bad_class_list_is_named(tmp_path, text):
    with pytest.raises(ValueError, match=r'no data\.yaml or classes\.txt'):
        read_class_names(tmp_path)
    (tmp_path / 'data.yaml').write_text(text)
    with pytest.raises(ValueError, match=r'data\.yaml: (no list of class names|not YAML).*expected names'):
        read_class_names(tmp_path)
