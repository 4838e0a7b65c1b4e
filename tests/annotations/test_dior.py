"""DIOR-R XML."""

import numpy as np
import pytest

from ship_det.annotations import LabeledObject
from ship_det.annotations.dior import read_dior, write_dior


def test_real_file(data_root, tmp_path):
    (field,) = read_dior(data_root / 'formats/dior/00001.xml')
    assert field == LabeledObject(np.array([[133.0, 237], [684, 237], [684, 672], [133, 672]]), 'golffield')
    write_dior(tmp_path / 'a.xml', [field], 'a.jpg', (800, 800))
    assert read_dior(tmp_path / 'a.xml') == [field]


def test_any_quad_reads_back(tmp_path):
    objects = [LabeledObject(np.array([[1.25, 2], [9, 3], [8, 7.125], [0, 6]]), 'ship', True)]
    write_dior(tmp_path / 'a.xml', objects, 'a.jpg', (20, 20))
    assert read_dior(tmp_path / 'a.xml') == objects


def test_missing_corner_is_named(tmp_path):
    (tmp_path / 'a.xml').write_text('<annotation>\n\n<object><name>s</name><robndbox/></object></annotation>')
    with pytest.raises(ValueError, match=r'a\.xml:3: no <robndbox/x_left_top> in <object>'):
        read_dior(tmp_path / 'a.xml')
