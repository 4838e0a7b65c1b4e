"""RSDD-SAR XML."""

import numpy as np
import pytest

from ship_det.annotations.rolabelimg import read_rolabelimg
from ship_det.annotations.rsdd import read_rsdd

# 40 x 10 px about (50, 30), its long side from upper left to lower right.
EXPECTED = [[39.3934, 12.3223], [67.6777, 40.6066], [60.6066, 47.6777], [32.3223, 19.3934]]


def write(tmp_path, h, w, angle):
    box = f'<robndbox><cx>50</cx><cy>30</cy><h>{h}</h><w>{w}</w><angle>{angle}</angle></robndbox>'
    (tmp_path / 'a.xml').write_text(f'<annotation>\n<object><name>ship</name>{box}</object></annotation>')
    return tmp_path / 'a.xml'


@pytest.mark.parametrize(('h', 'w'), [(40, 10), (10, 40)])
def test_the_angle_is_that_of_the_longer_side(tmp_path, h, w):
    (labeled,) = read_rsdd(write(tmp_path, h, w, np.pi / 4))
    turns = [np.abs(np.roll(labeled.quad, turn, axis=0) - EXPECTED).max() for turn in range(4)]
    assert min(turns) < 1e-4


def test_read_as_rolabelimg_it_would_lie_across(tmp_path):
    (across,) = read_rolabelimg(write(tmp_path, 40, 10, np.pi / 4))
    long_side = max(np.diff(across.quad, axis=0).tolist(), key=lambda side: np.hypot(*side))
    assert long_side[0] * long_side[1] < 0


def test_sides_and_angles_are_checked(tmp_path):
    with pytest.raises(ValueError, match=r'a\.xml:2: a box of 10\.0 x 0\.0 px, expected positive sides'):
        read_rsdd(write(tmp_path, 0, 10, 0))
    with pytest.raises(ValueError, match='expected at most a whole turn'):
        read_rsdd(write(tmp_path, 40, 10, 45))
    (labeled,) = read_rsdd(write(tmp_path, 40, 10, 45), 'degrees')
    assert np.abs(labeled.quad - EXPECTED).max() < 1e-4
