"""Chips of a scene split by area: no px in two parts, a gap between them, classes in their shares."""

import itertools
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ship_det.geometry import sliding_windows
from ship_det.tiling import Chip
from ship_det.tiling.area_splitting import split_by_area
from ship_det.tiling.chip_index import class_counts
from ship_det.tiling.splitting import Shares


def cut(scene: str, size: tuple[int, int], chip: int, overlap: int, ships=()) -> list[Chip]:
    """Chips of a grid, each with the ships, (x, y, class), that lie in it."""
    chips = []
    for x, y, w, h in sliding_windows(*size, chip, overlap).tolist():
        names = [name for sx, sy, name in ships if x <= sx < x + w and y <= sy < y + h]
        chips.append(
            Chip(f'{scene}__{x}_{y}.png', f'{scene}.tif', (x, y, w, h), {n: names.count(n) for n in set(names)})
        )
    return chips


def distance(a: Chip, b: Chip) -> float:
    """Px between two windows of a scene, along the axis along which they are farther apart; below 0 they overlap."""
    gaps = [
        max(a.window[k], b.window[k]) - min(a.window[k] + a.window[k + 2], b.window[k] + b.window[k + 2])
        for k in (0, 1)
    ]
    return max(gaps)


def nearest(parts: dict[str, list[Chip]]) -> float:
    return min(
        (
            distance(one, other)
            for first, second in itertools.combinations(parts.values(), 2)
            for one in first
            for other in second
            if one.scene == other.scene
        ),
        default=np.inf,
    )


def scattered(number: int, side: int, names: str, seed: int = 0) -> list[tuple[int, int, str]]:
    rng = np.random.default_rng(seed)
    return [(*map(int, rng.integers(0, side, 2)), names[k % len(names)]) for k in range(number)]


def test_two_columns_of_ten_are_the_test_and_one_is_the_gap():
    # Ten columns of one chip, no overlap: two for the test at an end, a gap of one, seven for training.
    split = split_by_area(cut('a', (1000, 100), 100, 0), Shares(0.8))
    assert (len(split.parts['test']), len(split.gap), len(split.parts['train'])) == (2, 1, 7)
    columns = sorted(chip.window[0] for chip in split.parts['test'])
    assert columns in ([0, 100], [800, 900])
    assert split.uncut == []


@pytest.mark.parametrize(('gap', 'dropped'), [(0, 1), (40, 1), (41, 2), (100, 2), (None, 2)])
def test_overlapping_chips_leave_the_gap_asked_for(gap, dropped):
    # Chips begin every 70 px: without one there are 40 px between its neighbours, without two 110.
    split = split_by_area(cut('a', (100 + 70 * 20, 100), 100, 30), Shares(0.8), gap)
    assert nearest(split.parts) >= (100 if gap is None else gap)
    assert len(split.gap) == dropped


def test_every_part_sees_every_class_where_some_block_allows_it():
    # The one class lies in two corners only, the other everywhere.
    ships = [(x, y, 'ship') for x in range(50, 1000, 100) for y in range(50, 1000, 100)]
    ships += [(950, 950, 'tug'), (50, 50, 'tug')]
    split = split_by_area(cut('a', (1000, 1000), 100, 0, ships), Shares(0.8))
    assert all(class_counts(chips)['tug'] == 1 for chips in split.parts.values())
    share = class_counts(split.parts['test'])['ship'] / sum(class_counts(c)['ship'] for c in split.parts.values())
    assert share == pytest.approx(0.2, abs=0.03)


def test_several_scenes_share_what_one_of_them_lacks():
    chips = cut('a', (1000, 1000), 100, 0, scattered(40, 1000, 'xy'))
    chips += cut('b', (1000, 500), 100, 0, scattered(30, 500, 'xz', 1))
    chips += cut('c', (100, 100), 100, 0, [(5, 5, 'x')])
    split = split_by_area(chips, Shares(0.7, 0.1))
    assert list(split.parts) == ['train', 'val', 'test']
    assert nearest(split.parts) >= 100
    # One chip is no room for two parts: it is in training.
    assert 'c.tif' in split.uncut
    assert 'c__0_0.png' in {chip.file for chip in split.parts['train']}
    for name in 'xyz':
        assert class_counts(split.parts['test'])[name] and class_counts(split.parts['train'])[name]
    assert {chip.scene for chip in split.parts['test']} == {'a.tif', 'b.tif'}
    found = [chip.file for part in [*split.parts.values(), split.gap] for chip in part]
    assert sorted(found) == sorted(chip.file for chip in chips)


@settings(deadline=None, max_examples=25)
@given(
    width=st.integers(400, 1500),
    height=st.integers(100, 900),
    overlap=st.integers(0, 60),
    gap=st.sampled_from([0, 30, None]),
    val=st.sampled_from([0.0, 0.1]),
    seed=st.integers(0, 3),
)
def test_parts_never_come_nearer_than_the_gap(width, height, overlap, gap, val, seed):
    chips = cut('a', (width, height), 100, overlap, scattered(30, min(width, height), 'xy', seed))
    added = [
        Chip(f'+{k}.png', 'a.tif', (17 * k, 11 * k % max(height - 100, 1), 100, 100), {'x': 1}, None, True)
        for k in range(9)
    ]
    try:
        split = split_by_area([*chips, *added], Shares(0.7, val), gap, seed)
    except ValueError as error:
        assert 'no scene has room for a block of val' in str(error)
        return
    assert nearest(split.parts) >= (100 if gap is None else gap)
    assert not any(chip.added for part in ('val', 'test') for chip in split.parts.get(part, []))
    assert all(len(part) > 0 for part in split.parts.values())
    files = [chip.file for part in [*split.parts.values(), split.gap] for chip in part]
    assert len(set(files)) == len(files)
    # In no part and no gap are those added within a block.
    assert all(chip.added for chip in [*chips, *added] if chip.file not in files)


def test_the_seed_decides_and_repeats():
    chips = cut('a', (1000, 100), 100, 0)
    blocks = [tuple(c.file for c in split_by_area(chips, Shares(0.8), seed=seed).parts['test']) for seed in range(12)]
    assert set(blocks) == {('a__0_0.png', 'a__100_0.png'), ('a__800_0.png', 'a__900_0.png')}
    again = [tuple(c.file for c in split_by_area(chips, Shares(0.8), seed=seed).parts['test']) for seed in range(12)]
    assert blocks == again


def test_a_scene_for_the_test_leaves_blocks_for_validation_alone():
    chips = cut('a', (1000, 100), 100, 0) + cut('b', (1000, 100), 100, 0)
    split = split_by_area(chips, Shares(0.7, 0.2), test_scenes=['b'])
    assert {chip.scene for chip in split.parts['test']} == {'b.tif'}
    assert len(split.parts['test']) == 10
    assert {chip.scene for part in ('train', 'val') for chip in split.parts[part]} == {'a.tif'}


def test_shares_of_training_alone_cut_nothing():
    chips = cut('a', (500, 100), 100, 0)
    assert split_by_area(chips, Shares(1.0)).parts == {'train': chips}


@pytest.mark.parametrize(
    ('chips', 'options', 'message'),
    [
        (cut('a', (200, 200), 100, 0), {}, 'no scene has room for a block of test, a gap of the side of a chip'),
        (cut('a', (200, 100), 100, 0), {'gap': 1}, r'a gap of 1 px .* a smaller --gap .* \(ship-det tile --chip\)'),
        (cut('a', (900, 100), 100, 0), {'gap': -1}, 'gap: expected 0 px or more, found -1'),
        (cut('a', (900, 100), 100, 0), {'seed': -1}, 'seed: expected a whole number from 0, found -1'),
        (cut('a', (900, 100), 100, 0), {'test_scenes': ['z']}, "no scene 'z', expected one of: a.tif"),
        ([Chip('a.png', 'a.png', (0, 0, 0, 0), {})], {}, 'images without windows, expected chips of ship-det tile'),
    ],
)
def test_what_cannot_be_split_is_named(chips, options, message):
    with pytest.raises(ValueError, match=message):
        split_by_area(chips, Shares(0.8), **options)


def test_two_chips_side_by_side_are_two_parts_without_a_gap():
    split = split_by_area(cut('a', (200, 100), 100, 0), Shares(0.5), gap=0)
    assert [len(part) for part in split.parts.values()] == [1, 1]
    assert json.dumps(split.gap) == '[]'
