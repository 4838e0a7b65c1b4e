"""VOC XML with corners."""

import numpy as np
import pytest

from ship_det.annotations.xml_corners import read_shiprsimagenet, read_ssdd


def write(tmp_path, tag, corners=(1, 2, 20, 4, 19, 9, 1, 7)):
    keys = [f'{axis}{corner}' for corner in range(1, 5) for axis in 'xy']
    texts = ''.join(f'<{key}>{value}</{key}>' for key, value in zip(keys, corners, strict=False))
    box = '<bndbox><xmin>1</xmin><ymin>2</ymin><xmax>20</xmax><ymax>9</ymax></bndbox>'
    body = f'<object>\n<name>Perry FF</name><difficult>1</difficult>{box}<{tag}>{texts}</{tag}></object>'
    (tmp_path / 'a.xml').write_text(f'<annotation>\n{body}</annotation>')
    return tmp_path / 'a.xml'


@pytest.mark.parametrize(('tag', 'read'), [('polygon', read_shiprsimagenet), ('rotated_bndbox', read_ssdd)])
def test_corners_not_bounds(tmp_path, tag, read):
    (labeled,) = read(write(tmp_path, tag))
    assert (labeled.name, labeled.difficult) == ('Perry FF', True)
    np.testing.assert_array_equal(labeled.quad, [[1, 2], [20, 4], [19, 9], [1, 7]])


def test_an_object_with_bounds_alone_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r'a\.xml:2: no <polygon/x1> in <object>'):
        read_shiprsimagenet(write(tmp_path, 'rotated_bndbox'))
    with pytest.raises(ValueError, match=r'a\.xml:2: no <rotated_bndbox/x4>'):
        read_ssdd(write(tmp_path, 'rotated_bndbox', (1, 2, 20, 4, 19, 9)))
