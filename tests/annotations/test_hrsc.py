"""HRSC2016 XML."""

import numpy as np
import pytest

from ship_det.annotations import LabeledObject
from ship_det.annotations.hrsc import HRSC
from ship_det.geometry import rbox_to_quad

BOX = (
    '<mbox_cx>10</mbox_cx><mbox_cy>20</mbox_cy><mbox_w>{w}</mbox_w><mbox_h>4</mbox_h><mbox_ang>0.5</mbox_ang>'
    '<Class_ID>{id}</Class_ID>'
)


def test_real_ship_points_to_its_bow(data_root):
    """The file gives the bow apart from the box: it must lie by the middle of one of the box's short sides."""
    (ship,) = HRSC.read(data_root / 'formats/hrsc/100000006.xml')
    bow = np.array([143, 776])
    assert ship.name == 'Kuznetsov'
    short_sides = [ship.quad[[1, 2]].mean(axis=0), ship.quad[[3, 0]].mean(axis=0)]
    assert min(np.linalg.norm(side - bow) for side in short_sides) < 0.06 * 778.4297
    # Its horizontal box is drawn round the ship, which does not fill the corners of the rotated one.
    np.testing.assert_allclose([*ship.quad.min(axis=0), *ship.quad.max(axis=0)], [119, 75, 587, 789], atol=50)


def test_real_file_reads_back(data_root, tmp_path, same_corners):
    objects = HRSC.read(data_root / 'formats/hrsc/100000006.xml')
    HRSC.write(tmp_path / 'a.xml', objects, 'a.bmp', (1172, 816))
    same_corners(HRSC.read(tmp_path / 'a.xml'), objects)


@pytest.mark.parametrize(
    ('w', 'number', 'message'),
    [
        (9, 100000099, r'a\.xml:2: unknown <Class_ID> 100000099, expected 100000000 plus one of: 1, 2'),
        (0, 100000001, r'a\.xml:2: a box of 0\.0 x 4\.0 px'),
        ('?', 100000001, r"a\.xml:2: <mbox_w> is '\?'"),
    ],
)
def test_bad_object_is_named(tmp_path, w, number, message):
    ship = f'<HRSC_Object>{BOX.format(w=w, id=number)}</HRSC_Object>'
    (tmp_path / 'a.xml').write_text(f'<HRSC_Image><HRSC_Objects>\n{ship}</HRSC_Objects></HRSC_Image>')
    with pytest.raises(ValueError, match=message):
        HRSC.read(tmp_path / 'a.xml')


def test_class_without_a_number_is_not_written(tmp_path):
    quad = rbox_to_quad([[10, 20, 8, 4, 0.5]])[0]
    with pytest.raises(ValueError, match=r"a\.xml: unknown class 'tug', expected one of: ship, aircraft carrier"):
        HRSC.write(tmp_path / 'a.xml', [LabeledObject(quad, 'tug')], 'a.bmp', (20, 30))
