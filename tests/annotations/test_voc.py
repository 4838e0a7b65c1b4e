"""Pascal VOC XML."""

import math

import numpy as np
import pytest

from ship_det.annotations import LabeledObject
from ship_det.annotations.rolabelimg import ROLABELIMG
from ship_det.annotations.voc import VOC
from ship_det.annotations.xml_corners import DIOR


def test_real_file(data_root):
    expected = np.array([[282.0, 205], [333, 205], [333, 273], [282, 273]])
    assert VOC.read(data_root / 'formats/voc_hbb/boat0.xml') == [LabeledObject(expected, 'boat')]


def test_box_inside_out_is_named(tmp_path):
    box = '<bndbox><xmin>9</xmin><ymin>2</ymin><xmax>5</xmax><ymax>4</ymax></bndbox>'
    (tmp_path / 'a.xml').write_text(f'<annotation><object><name>boat</name>{box}</object></annotation>')
    with pytest.raises(ValueError, match=r'a\.xml:1: box 9\.0, 2\.0, 5\.0, 4\.0, expected xmin < xmax'):
        VOC.read(tmp_path / 'a.xml')


BOX = '<bndbox><xmin>10</xmin><ymin>20</ymin><xmax>18</xmax><ymax>24</ymax></bndbox>'
DIAMOND = '<polygon><x1>10</x1><y1>22</y1><x2>14</x2><y2>20</y2><x3>18</x3><y3>22</y3><x4>14</x4><y4>24</y4></polygon>'


def label_file(tmp_path, *parts):
    text = ''.join(f'<object>\n<name>boat</name>{part}</object>\n' for part in parts)
    (tmp_path / 'a.xml').write_text(f'<annotation>\n{text}</annotation>\n')
    return tmp_path / 'a.xml'


@pytest.mark.parametrize('read', [VOC.read, ROLABELIMG.read, DIOR.read])
def test_polygon_is_the_outline(tmp_path, read):
    """As ShipRSImageNet has it, whose rotated_box lies in a crop around the ship; and as Roboflow, of three points."""
    crop = '<rotated_box><cx>4</cx><cy>2</cy><width>8</width><height>4</height><rot>0.7</rot></rotated_box>'
    triangle = '<polygon><x1>0</x1><y1>0</y1><x2>4</x2><y2>4</y2><x3>2</x3><y3>4</y3></polygon>'
    found = read(label_file(tmp_path, f'{BOX}{DIAMOND}{crop}', triangle))
    assert sorted(found[0].quad.tolist()) == [[10, 22], [14, 20], [14, 24], [18, 22]]
    # The long side of the rectangle runs along the triangle's, from (0, 0) to (4, 4).
    sides = np.linalg.norm(found[1].quad - np.roll(found[1].quad, 1, axis=0), axis=1)
    np.testing.assert_allclose(sorted(sides)[::2], [2**0.5, 4 * 2**0.5])


UPRIGHT = '<polygon><x1>10</x1><y1>20</y1><x2>18</x2><y2>20</y2><x3>18</x3><y3>24</y3><x4>10</x4><y4>24</y4></polygon>'


@pytest.mark.parametrize('outline', ['', '<polygon/>', UPRIGHT])
def test_rotation_of_cvat(tmp_path, outline):
    """Clockwise about the centre, (14, 22), by 30 degrees: the nose, 4 px to its right, goes down by 2 px."""
    attributes = '<attributes><attribute><name>rotation</name><value>{}</value></attribute></attributes>'
    parts = [BOX + outline + attributes.format(turn) for turn in ('30.0', '0')]
    turned, upright = VOC.read(label_file(tmp_path, *parts))
    nose = (turned.quad + np.roll(turned.quad, 1, axis=0)) / 2 - [14 + 4 * math.cos(math.pi / 6), 24]
    assert np.abs(nose).max(axis=1).min() < 1e-9
    assert upright.quad.tolist() == [[10, 20], [18, 20], [18, 24], [10, 24]]


@pytest.mark.parametrize(
    'turn',
    [
        '<rotated_box><cx>14</cx><cy>22</cy><width>8</width><height>4</height><rot>0.7</rot></rotated_box>',
        '<robndbox><cx>14</cx><cy>22</cy><w>8</w><h>4</h><angle>0</angle></robndbox>',
        '<angle>30</angle>',
        '<polygon><pt><x>10</x><y>22</y></pt></polygon>',
        '<points><point>10,22</point></points>',
        '<attributes><attribute><name>theta</name><value>0.5</value></attribute></attributes>',
        '<extra rotation="12"/>',
    ],
)
def test_an_orientation_that_would_be_lost_is_refused(tmp_path, turn):
    with pytest.raises(ValueError, match=r'a\.xml:4: a <bndbox> and \w+ .*, which would be lost'):
        VOC.read(label_file(tmp_path, BOX, BOX + turn))


def test_keys_that_turn_nothing(tmp_path):
    said = '<pose>Left</pose><angle>0</angle><truncated>1</truncated><direction>north</direction><rot>0.0</rot>'
    (labeled,) = VOC.read(label_file(tmp_path, BOX + said))
    assert labeled.quad.tolist() == [[10, 20], [18, 20], [18, 24], [10, 24]]


def test_polygon_without_area_is_named(tmp_path):
    line = '<polygon><x1>0</x1><y1>0</y1><x2>4</x2><y2>4</y2><x3>2</x3><y3>2</y3></polygon>'
    with pytest.raises(ValueError, match=r'a\.xml:2: <polygon> has no area'):
        VOC.read(label_file(tmp_path, BOX + line))
    with pytest.raises(ValueError, match=r'a\.xml:2: no <polygon/y1> in <object>'):
        VOC.read(label_file(tmp_path, '<polygon><x1>0</x1></polygon>'))
