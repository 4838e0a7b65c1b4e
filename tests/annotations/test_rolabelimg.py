"""roLabelImg XML: angles clockwise on screen in radians, bad objects named by line."""

import numpy as np
import pytest

from ship_det.annotations import LabeledObject
from ship_det.annotations.rolabelimg import read_rolabelimg, write_rolabelimg

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
    (labeled,) = read_rolabelimg(label_file(tmp_path, '<name>ship</name>' + ROTATED.format(w=8, angle=angle)))
    np.testing.assert_allclose(labeled.quad[[0, 3]], [first, last], atol=1e-12)
    assert (labeled.name, labeled.difficult) == ('ship', False)


def test_horizontal_box_and_difficult_flag(tmp_path):
    box = '<bndbox><xmin>1</xmin><ymin>2</ymin><xmax>5</xmax><ymax>4</ymax></bndbox>'
    path = label_file(tmp_path, f'<type>bndbox</type><name>big ship</name><difficult>1</difficult>{box}')
    assert read_rolabelimg(path) == [LabeledObject(np.array([[1.0, 2], [5, 2], [5, 4], [1, 4]]), 'big ship', True)]


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
        read_rolabelimg(label_file(tmp_path, good, bad, good))


@pytest.mark.parametrize(
    ('text', 'message'),
    [('<annotation>', r'a\.xml:1: not XML'), ('<HRSC_Image/>', r'a\.xml: root element <HRSC_Image>'), ('', 'not XML')],
)
def test_other_files_are_refused(tmp_path, text, message):
    (tmp_path / 'a.xml').write_text(text)
    with pytest.raises(ValueError, match=message):
        read_rolabelimg(tmp_path / 'a.xml')


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
    names = [labeled.name for path in files for labeled in read_rolabelimg(path)]
    if expected:
        assert {name: names.count(name) for name in set(names)} == expected


def test_real_files_read_back(data_root, tmp_path, same_corners):
    for path in sorted((data_root / 'hit_uav_mini/train/annotations').glob('*.xml'))[:40]:
        objects = read_rolabelimg(path)
        write_rolabelimg(tmp_path / 'a.xml', objects, 'a.jpg', (640, 512))
        same_corners(read_rolabelimg(tmp_path / 'a.xml'), objects)
