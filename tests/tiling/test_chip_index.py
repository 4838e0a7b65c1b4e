"""chips.jsonl: the agreed keys, round trip, and bad lines named."""

import json

import numpy as np
import pytest

from ship_det.raster import Georeference
from ship_det.tiling import Chip, read_chip_index, write_chip_index
from ship_det.tiling.chip_index import shared_area


def test_keys_and_round_trip(tmp_path):
    chips = [Chip('a__0_0.png', 'a.tif', (0, 0, 10, 20), {'ship': 2}), Chip('ü__5_0.png', 'ü.tif', (5, 0, 10, 20), {})]
    write_chip_index(tmp_path, chips)
    first = json.loads((tmp_path / 'chips.jsonl').read_text(encoding='utf-8').splitlines()[0])
    expected = {'file': 'a__0_0.png', 'scene': 'a.tif', 'window': [0, 0, 10, 20], 'counts': {'ship': 2}, 'added': False}
    assert first == expected
    assert read_chip_index(tmp_path) == chips


def test_size_is_written_where_the_chip_was_resampled(tmp_path):
    chip = Chip('a__4_8__0.5.png', 'a.tif', (4, 8, 200, 100), {}, (100, 50))
    write_chip_index(tmp_path, [chip])
    assert json.loads((tmp_path / 'chips.jsonl').read_text())['size'] == [100, 50]
    assert read_chip_index(tmp_path) == [chip]


def test_an_index_that_does_not_say_which_chips_were_added(tmp_path):
    line = '{"file": "a.png", "scene": "a.tif", "window": [0, 0, 1, 1], "counts": {}%s}\n'
    (tmp_path / 'chips.jsonl').write_text(line % '' + line.replace('a.png', 'b.png') % ', "added": true')
    chips = read_chip_index(tmp_path)
    assert [chip.added for chip in chips] == [None, True]
    write_chip_index(tmp_path, chips)
    assert read_chip_index(tmp_path) == chips


@pytest.mark.parametrize(
    ('counts', 'empty'), [({}, True), ({'ship': 0}, True), ({'ship': 1}, False), ({'ship': 0, 'tug': 2}, False)]
)
def test_empty_is_without_an_object_that_counts(counts, empty):
    assert Chip('a.png', 'a.tif', (0, 0, 1, 1), counts).empty == empty


def test_shared_area_is_a_share_of_the_smaller_window():
    chips = [Chip(f'{n}.png', 'a.tif', window, {}) for n, window in enumerate([(50, 0, 100, 100), (200, 0, 9, 9)])]
    whole, small = Chip('w.png', 'a.tif', (0, 0, 100, 100), {}), Chip('s.png', 'a.tif', (60, 10, 20, 40), {})
    assert shared_area(whole, chips).tolist() == [0.5, 0]
    assert shared_area(small, [whole, *chips]).tolist() == [1, 1, 0]
    assert shared_area(small, []).tolist() == []


@pytest.mark.parametrize(
    ('size', 'expected'), [(None, [[4, 8], [14, 11]]), ((100, 50), [[4, 8], [24, 14]]), ((400, 50), [[4, 8], [9, 14]])]
)
def test_points_move_to_the_scene(size, expected):
    chip = Chip('a.png', 'a.tif', (4, 8, 200, 100), {}, size)
    assert chip.to_scene(np.array([[0, 0], [10, 3]])).tolist() == expected


@pytest.mark.parametrize(
    'line',
    [
        'no json',
        '[]',
        '{"file": "a.png", "scene": "a.tif", "window": [0, 0, 1], "counts": {}}',
        '{"file": "a.png", "scene": "a.tif", "window": [0, 0, 1, 1]}',
        '{"file": "a.png", "scene": "a.tif", "window": [0, 0, 1, 1], "counts": {}, "size": [1]}',
        '{"file": "a.png", "scene": "a.tif", "window": [0, 0, 1, 1], "counts": {}, "added": null}',
        '{"file": "a.png", "scene": "a.tif", "window": [0, 0, 1, 1], "counts": {}, "added": 1}',
    ],
)
def test_bad_line_is_named(tmp_path, line):
    write_chip_index(tmp_path, [Chip('a.png', 'a.tif', (0, 0, 1, 1), {})])
    with (tmp_path / 'chips.jsonl').open('a') as file:
        file.write(f'{line}\n')
    with pytest.raises(ValueError, match=r'chips\.jsonl:2: not a chip'):
        read_chip_index(tmp_path)


def test_missing_index_is_named(tmp_path):
    with pytest.raises(ValueError, match=r'chips\.jsonl: no such file'):
        read_chip_index(tmp_path)


# 2 m a px east, 0.5 m a px south, turned by nothing; and one turned by a quarter.
PLACES = [Georeference('EPSG:32633', (2, 0, 5e5, 0, -0.5, 6e6)), Georeference('EPSG:32633', (0, 3, 5e5, 3, 0, 6e6))]


@pytest.mark.parametrize('place', PLACES)
@pytest.mark.parametrize('size', [None, (100, 50), (400, 25)])
def test_a_placed_chip_has_the_map_coordinates_of_its_scene(place, size, tmp_path):
    chip = Chip('a.png', 'a.tif', (40, 80, 200, 100), {}, size).placed(place)
    points = np.random.default_rng(0).uniform(0, 200, (20, 2))
    np.testing.assert_allclose(chip.georeference.to_map(points), place.to_map(chip.to_scene(points)), rtol=1e-15)
    write_chip_index(tmp_path, [chip])
    assert read_chip_index(tmp_path) == [chip]
    record = json.loads((tmp_path / 'chips.jsonl').read_text())
    assert record['crs'] == 'EPSG:32633'
    if size is None and place is PLACES[0]:
        assert record['transform'] == [2, 0, 5e5 + 80, 0, -0.5, 6e6 - 40]


def test_a_chip_of_a_scene_without_an_affine_place_has_none():
    chip = Chip('a.png', 'a.tif', (0, 0, 9, 9), {})
    points = ((0.0, 0.0, 5e5, 6e6), (9.0, 0.0, 5e5 + 9, 6e6), (0.0, 9.0, 5e5, 6e6 - 9))
    assert chip.placed(None) == chip.placed(Georeference('EPSG:32633', control_points=points)) == chip
    assert chip.georeference is None


@pytest.mark.parametrize(
    'place',
    [
        '"crs": "EPSG:32633"',
        '"transform": [1, 0, 0, 0, -1, 0]',
        '"crs": "", "transform": [1, 0, 0, 0, -1, 0]',
        '"crs": "EPSG:32633", "transform": [1, 0, 0, 0, -1]',
        '"crs": "EPSG:32633", "transform": [1, 0, 0, 0, NaN, 0]',
        '"crs": "EPSG:32633", "transform": [1, 2, 0, 1, 2, 0]',
    ],
)
def test_a_place_on_earth_that_is_none_is_named(tmp_path, place):
    line = '{"file": "a.png", "scene": "a.tif", "window": [0, 0, 1, 1], "counts": {}, %s}\n'
    (tmp_path / 'chips.jsonl').write_text(line % place)
    with pytest.raises(ValueError, match=r'chips\.jsonl:1: not a chip'):
        read_chip_index(tmp_path)
