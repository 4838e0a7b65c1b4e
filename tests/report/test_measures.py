"""Length and heading of ships in captions."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ship_det.geometry import rbox_to_quad
from ship_det.raster import Georeference
from ship_det.report.measures import describe_ships, locate_image
from ship_det.scenes.scene import Scene
from ship_det.tiling import Chip

# 60 px long; along x, turned down from it by 30 degrees, and straight up.
QUADS = rbox_to_quad(np.array([[50, 50, 60, 12, 0], [50, 50, 60, 12, np.pi / 6], [50, 50, 60, 12, -np.pi / 2]]))
# On the middle meridian of its zone, where north is up and a metre 0.9996 of the map.
NORTH_UP = Georeference('EPSG:32631', (2.0, 0.0, 500_000.0, 0.0, -2.0, 4_000_000.0))
# The same place turned: to the right is south.
SOUTH_RIGHT = Georeference('EPSG:32631', (0.0, -2.0, 500_000.0, -2.0, 0.0, 4_000_000.0))


@pytest.mark.parametrize(
    ('place', 'length', 'headings'),
    [
        ({}, '60 px', ['90°', '120°', '0°']),
        ({'gsd': 1.5}, '90 m', ['90°', '120°', '0°']),
        ({'georeference': NORTH_UP}, '120 m', ['90°', '120°', '0°']),
        ({'georeference': SOUTH_RIGHT}, '120 m', ['0°', '30°', '90°']),
    ],
)
def test_length_and_heading(place, length, headings):
    sizes = describe_ships(QUADS, Scene('a', 'a.png', (100, 100), **place))
    assert [size.length for size in sizes] == [length] * 3
    assert [size.heading for size in sizes] == headings
    assert str(sizes[1]) == f'{length}, heading {headings[1]}'


def test_a_heading_next_to_north_is_not_180():
    (size,) = describe_ships(rbox_to_quad(np.array([[50, 50, 60, 12, np.pi / 2 - 1e-3]])), Scene('a', 'a', (100, 100)))
    assert size.heading == '0°'


def test_place_of_a_chip(tmp_path):
    path = tmp_path / 'a.png'
    Image.new('L', (50, 50)).save(path)
    chip = Chip('a.png', 's.png', (200, 100, 100, 100), {}, size=(50, 50))
    assert locate_image(path, {}, None).gsd is None
    assert locate_image(path, {}, 0.5).gsd == 0.5
    # A px of the chip is two of its scene.
    assert locate_image(path, {'a.png': chip}, 0.5).gsd == 1.0
    placed = chip.placed(Georeference('EPSG:32631', (0.5, 0.0, 500_000.0, 0.0, -0.5, 4_000_000.0)))
    scene = locate_image(path, {'a.png': placed}, None)
    assert scene.georeference == placed.georeference
    assert describe_ships(QUADS[:1], scene)[0].length == '60 m'
    with pytest.raises(ValueError, match=r'none\.png'):
        locate_image(Path(tmp_path, 'none.png'), {}, None)
