"""roLabelImg XML: angles clockwise on screen in radians, bad objects named by line."""

import numpy as np
import pytest

from ship_det.annotations import LabeledObject
from ship_det.annotations.rolabelimg import ROLABELIMG, RSDD

ROTATED = '<robndbox><cx>10</cx><cy>20</cy><w>{w}</w><h>4</h><angle>{angle}</angle></robndbox>'


def label_file(tmp_path, *objects):
    path = tmp_path / 'a.xml'
    path.write_text(
        '<annotation>\n' + ''.join(f'<object>\n{text}\n</object>\n' for text in objects) + '</annotation>\n'
    )
    return path


@pytest.mark.parametrize(
    ('angle', 'first', 'last'),
    [
        (0, [6, 18], [6, 22]),
        (np.pi / 2, [12, 16], [8, 16]),  # a quarter turn clockwise on screen: the left side is on top now
        (np.pi / 4, [10 - 2**0.5, 20 - 3 * 2**0.5], [10 - 3 * 2**0.5, 20 - 2**0.5]),
    ],
)
def test_angle_is_clockwise_on_screen(tmp_path, angle, first, last):
    (labeled,) = ROLABELIMG.read(label_file(tmp_path, '<name>ship</name>' + ROTATED.format(w=8, angle=angle)))
    np.testing.assert_allclose(labeled.quad[[0, 3]], [first, last], atol=1e-12)
    assert (labeled.name, labeled.difficult) == ('ship', False)


def test_horizontal_box_and_difficult_flag(tmp_path):
    box = '<bndbox><xmin>1</xmin><ymin>2</ymin><xmax>5</xmax><ymax>4</ymax></bndbox>'
    path = label_file(tmp_path, f'<type>bndbox</type><name>big ship</name><difficult>1</difficult>{box}')
    assert ROLABELIMG.read(path) == [LabeledObject(np.array([[1.0, 2], [5, 2], [5, 4], [1, 4]]), 'big ship', True)]


@pytest.mark.parametrize(
    ('bad', 'message'),
    [
        (ROTATED.format(w=8, angle=0), r'a\.xml:5: no <name> in <object>'),
        ('<name>s</name>' + ROTATED.format(w='x', angle=0), r"a\.xml:5: <robndbox/w> is 'x', expected a finite number"),
        ('<name>s</name>' + ROTATED.format(w='nan', angle=0), r"a\.xml:5: <robndbox/w> is 'nan'"),
        (
            '<name>s</name>' + ROTATED.format(w=0, angle=0),
            r'a\.xml:5: a box of 0\.0 x 4\.0 px, expected positive sides',
        ),
        ('<name>s</name>', r'a\.xml:5: no <bndbox/xmin> in <object>'),
        ('<name>s</name><difficult>x</difficult>' + ROTATED.format(w=8, angle=0), r"a\.xml:5: <difficult> is 'x'"),
    ],
)
def test_bad_object_is_named_by_its_line(tmp_path, bad, message):
    good = '<name>ship</name>' + ROTATED.format(w=8, angle=0)
    with pytest.raises(ValueError, match=message):
        ROLABELIMG.read(label_file(tmp_path, good, bad, good))


@pytest.mark.parametrize(
    ('text', 'message'),
    [('<annotation>', r'a\.xml:1: not XML'), ('<HRSC_Image/>', r'a\.xml: root element <HRSC_Image>'), ('', 'not XML')],
)
def test_other_files_are_refused(tmp_path, text, message):
    (tmp_path / 'a.xml').write_text(text)
    with pytest.raises(ValueError, match=message):
        ROLABELIMG.read(tmp_path / 'a.xml')


@pytest.mark.parametrize(
    ('split', 'images', 'expected'),
    [
        ('train', 480, {'Person': 2034, 'Car': 1184, 'Bicycle': 873, 'OtherVehicle': 24, 'DontCare': 24}),
        ('val', 120, None),
    ],
)
def test_real_counts(data_root, split, images, expected):
    files = sorted((data_root / 'hit_uav_mini' / split / 'annotations').glob('*.xml'))
    assert len(files) == images
    names = [labeled.name for path in files for labeled in ROLABELIMG.read(path)]
    if expected:
        assert {name: names.count(name) for name in set(names)} == expected


def test_real_files_read_back(data_root, tmp_path, same_corners):
    for path in sorted((data_root / 'hit_uav_mini/train/annotations').glob('*.xml'))[:40]:
        objects = ROLABELIMG.read(path)
        ROLABELIMG.write(tmp_path / 'a.xml', objects, 'a.jpg', (640, 512))
        same_corners(ROLABELIMG.read(tmp_path / 'a.xml'), objects)


# 40 x 10 px about (50, 30), its long side from upper left to lower right.
RSDD_BOX = [[39.3934, 12.3223], [67.6777, 40.6066], [60.6066, 47.6777], [32.3223, 19.3934]]


def rsdd_file(tmp_path, h, w, angle):
    box = f'<robndbox><cx>50</cx><cy>30</cy><h>{h}</h><w>{w}</w><angle>{angle}</angle></robndbox>'
    (tmp_path / 'a.xml').write_text(f'<annotation>\n<object><name>ship</name>{box}</object></annotation>')
    return tmp_path / 'a.xml'


@pytest.mark.parametrize(('h', 'w'), [(40, 10), (10, 40)])
def test_the_angle_of_rsdd_is_that_of_the_longer_side(tmp_path, h, w):
    (labeled,) = RSDD.read(rsdd_file(tmp_path, h, w, np.pi / 4))
    turns = [np.abs(np.roll(labeled.quad, turn, axis=0) - RSDD_BOX).max() for turn in range(4)]
    assert min(turns) < 1e-4


def test_rsdd_read_as_rolabelimg_it_would_lie_across(tmp_path):
    (across,) = ROLABELIMG.read(rsdd_file(tmp_path, 40, 10, np.pi / 4))
    long_side = max(np.diff(across.quad, axis=0).tolist(), key=lambda side: np.hypot(*side))
    assert long_side[0] * long_side[1] < 0


def test_rsdd_sides_and_angles_are_checked(tmp_path):
    with pytest.raises(ValueError, match=r'a\.xml:2: a box of 10\.0 x 0\.0 px, expected positive sides'):
        RSDD.read(rsdd_file(tmp_path, 0, 10, 0))
    with pytest.raises(ValueError, match='expected at most a whole turn'):
        RSDD.read(rsdd_file(tmp_path, 40, 10, 45))
    (labeled,) = RSDD.read(rsdd_file(tmp_path, 40, 10, 45), 'degrees')
    assert np.abs(labeled.quad - RSDD_BOX).max() < 1e-4
