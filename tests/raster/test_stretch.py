"""Values to 8 bit: limits become 0 and 255, what lies beyond is clipped, whatever the number type."""

import numpy as np
import pytest

from ship_det.raster.stretch import Stretch, find_stretch


@pytest.mark.parametrize('dtype', ['uint16', 'int16', 'int32', 'float32', 'float64'])
def test_limits_become_0_and_255_and_the_middle_the_middle(dtype):
    values = np.array([[0, 100, 600, 1100, 30000]], dtype=dtype)[..., None]
    # 600 is half way: 127.5, rounded to even.
    assert Stretch(((100.0, 1100.0),))(values)[0, :, 0].tolist() == [0, 0, 128, 255, 255]


def test_negative_values_of_a_signed_type():
    values = np.array([-32768, -50, 0, 50, 32767], dtype=np.int16).reshape(1, 5, 1)
    assert Stretch(((-50.0, 50.0),))(values).ravel().tolist() == [0, 0, 128, 255, 255]


def test_each_band_has_its_own_limits():
    values = np.full((2, 2, 3), 10, dtype=np.uint16)
    assert Stretch(((0, 10), (10, 20), (0, 20)))(values)[0, 0].tolist() == [255, 0, 128]


def test_nan_becomes_0_and_a_band_of_one_value_black():
    assert Stretch(((0.0, 1.0),))(np.array([[[np.nan]]])).tolist() == [[[0]]]
    assert Stretch(((7.0, 7.0),))(np.array([[[6.0], [7.0], [8.0]]])).ravel().tolist() == [0, 0, 255]


def test_percentiles_pass_over_what_is_not_finite():
    samples = np.append(np.arange(101.0), [np.nan, np.inf, -np.inf])
    assert find_stretch([samples, np.arange(1001)], (2, 98)).limits == ((2.0, 98.0), (20.0, 980.0))
    assert find_stretch([np.array([np.nan])], (2, 98)).limits == ((0.0, 1.0),)
