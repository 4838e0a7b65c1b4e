"""Pascal VOC XML."""

import numpy as np
import pytest

from ship_det.annotations import LabeledObject
from ship_det.annotations.voc import read_voc


def test_real_file(data_root):
    expected = np.array([[282.0, 205], [333, 205], [333, 273], [282, 273]])
    assert read_voc(data_root / 'formats/voc_hbb/boat0.xml') == [LabeledObject(expected, 'boat')]


def test_box_inside_out_is_named(tmp_path):
    box = '<bndbox><xmin>9</xmin><ymin>2</ymin><xmax>5</xmax><ymax>4</ymax></bndbox>'
    (tmp_path / 'a.xml').write_text(f'<annotation><object><name>boat</name>{box}</object></annotation>')
    with pytest.raises(ValueError, match=r'a\.xml:1: box 9\.0, 2\.0, 5\.0, 4\.0, expected xmin < xmax'):
        read_voc(tmp_path / 'a.xml')
