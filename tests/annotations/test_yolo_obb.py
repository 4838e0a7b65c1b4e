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
    ],
)
def test_bad_line_is_named(tmp_path, line, message):
    with pytest.raises(ValueError, match=message):
        read(tmp_path, f'0 0.5 0.5 0.1 0.1 0\n{line}\n')


@pytest.mark.parametrize(
    ('name', 'text'),
    [('data.yaml', 'names: [ship, tug]'), ('data.yaml', 'names: {1: tug, 0: ship}'), ('classes.txt', 'ship\ntug\n')],
)
def test_class_names(tmp_path, name, text):
    (tmp_path / name).write_text(text)
    assert read_class_names(tmp_path) == ['ship', 'tug']


@pytest.mark.parametrize('text', ['nc: 3', 'names: {1: tug}', '[', 'names: 3'])
def test_bad_class_list_is_named(tmp_path, text):
    with pytest.raises(ValueError, match=r'no data\.yaml or classes\.txt'):
        read_class_names(tmp_path)
    (tmp_path / 'data.yaml').write_text(text)
    with pytest.raises(ValueError, match=r'data\.yaml: (no list of class names|not YAML).*expected names'):
        read_class_names(tmp_path)
