"""VOC XML with corners."""

import numpy as np
import pytest

from ship_det.annotations import LabeledObject
from ship_det.annotations.xml_corners import DIOR, SHIPRSIMAGENET, SSDD


def write(tmp_path, tag, corners=(1, 2, 20, 4, 19, 9, 1, 7)):
    keys = [f'{axis}{corner}' for corner in range(1, 5) for axis in 'xy']
    texts = ''.join(f'<{key}>{value}</{key}>' for key, value in zip(keys, corners, strict=False))
    box = '<bndbox><xmin>1</xmin><ymin>2</ymin><xmax>20</xmax><ymax>9</ymax></bndbox>'
    body = f'<object>\n<name>Perry FF</name><difficult>1</difficult>{box}<{tag}>{texts}</{tag}></object>'
    (tmp_path / 'a.xml').write_text(f'<annotation>\n{body}</annotation>')
    return tmp_path / 'a.xml'


@pytest.mark.parametrize(('tag', 'read'), [('polygon', SHIPRSIMAGENET.read), ('rotated_bndbox', SSDD.read)])
def test_corners_not_bounds(tmp_path, tag, read):
    (labeled,) = read(write(tmp_path, tag))
    assert (labeled.name, labeled.difficult) == ('Perry FF', True)
    np.testing.assert_array_equal(labeled.quad, [[1, 2], [20, 4], [19, 9], [1, 7]])


def test_an_object_with_bounds_alone_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r'a\.xml:2: no <polygon/x1> in <object>'):
        SHIPRSIMAGENET.read(write(tmp_path, 'rotated_bndbox'))
    with pytest.raises(ValueError, match=r'a\.xml:2: no <rotated_bndbox/x4>'):
        SSDD.read(write(tmp_path, 'rotated_bndbox', (1, 2, 20, 4, 19, 9)))


def test_real_dior_file(data_root, tmp_path):
    (field,) = DIOR.read(data_root / 'formats/dior/00001.xml')
    assert field == LabeledObject(np.array([[133.0, 237], [684, 237], [684, 672], [133, 672]]), 'golffield')
    DIOR.write(tmp_path / 'a.xml', [field], 'a.jpg', (800, 800))
    assert DIOR.read(tmp_path / 'a.xml') == [field]


def test_any_dior_quad_reads_back(tmp_path):
    objects = [LabeledObject(np.array([[1.25, 2], [9, 3], [8, 7.125], [0, 6]]), 'ship', True)]
    DIOR.write(tmp_path / 'a.xml', objects, 'a.jpg', (20, 20))
    assert DIOR.read(tmp_path / 'a.xml') == objects


def test_missing_dior_corner_is_named(tmp_path):
    (tmp_path / 'a.xml').write_text('<annotation>\n\n<object><name>s</name><robndbox/></object></annotation>')
    with pytest.raises(ValueError, match=r'a\.xml:3: no <robndbox/x_left_top> in <object>'):
        DIOR.read(tmp_path / 'a.xml')
