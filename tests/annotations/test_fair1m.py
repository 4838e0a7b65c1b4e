"""FAIR1M XML."""

import numpy as np
import pytest

from ship_det.annotations.fair1m import FAIR1M

RING = ['1,2', '20,4', '19,9.5', '1,7', '1,2']


def read(tmp_path, points, name='Tugboat', coordinate='pixel'):
    ring = '\n'.join(f'<point>{point}</point>' for point in points)
    (tmp_path / 'a.xml').write_text(
        '<annotation>\n<source><filename>a.tif</filename></source>\n<objects>\n<object>\n'
        f'<coordinate>{coordinate}</coordinate><possibleresult><name>{name}</name></possibleresult>\n'
        f'<points>{ring}</points>\n</object>\n</objects>\n</annotation>'
    )
    return FAIR1M.read(tmp_path / 'a.xml')


@pytest.mark.parametrize('points', [RING, RING[:4]])
def test_corners_of_a_closed_or_open_ring(tmp_path, points):
    (labeled,) = read(tmp_path, points)
    assert labeled.name == 'Tugboat'
    np.testing.assert_array_equal(labeled.quad, [[1, 2], [20, 4], [19, 9.5], [1, 7]])


@pytest.mark.parametrize(
    'points', [RING[:3], [*RING[:4], '5,5'], ['1,2,3', *RING[1:4]], ['a,b', *RING[1:4]], ['nan,2', *RING[1:4]], []]
)
def test_other_points_are_refused(tmp_path, points):
    with pytest.raises(ValueError, match=r'a\.xml:4: points .*, expected four corners'):
        read(tmp_path, points)


def test_degrees_on_the_map_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"a\.xml:4: coordinates in 'geodegree', expected pixel"):
        read(tmp_path, RING, coordinate='geodegree')
