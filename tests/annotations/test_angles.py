"""Units of angles."""

import math

import pytest

from ship_det.annotations.angles import to_radians


@pytest.mark.parametrize(
    ('angle', 'unit', 'expected'),
    [(-1.5, 'radians', -1.5), (2 * math.pi, 'radians', 2 * math.pi), (-90, 'degrees', -math.pi / 2)],
)
def test_units(angle, unit, expected):
    assert to_radians(angle, unit, 'a.xml:3') == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize('angle', [45, -90])
def test_degrees_in_place_of_radians_are_refused(angle):
    message = rf'a\.xml:3: an angle of {angle} rad, expected at most a whole turn \(is the unit degrees\?\)'
    with pytest.raises(ValueError, match=message):
        to_radians(angle, 'radians', 'a.xml:3')


def test_unknown_unit():
    with pytest.raises(ValueError, match="expected one of radians, degrees, found 'gon'"):
        to_radians(1, 'gon', 'a.xml:3')
