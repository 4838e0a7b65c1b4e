"""Chips split by scene or by chip."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ship_det.tiling import Chip, write_chip_index
from ship_det.tiling.splitting import (
    MissingClass,
    Shares,
    check_index,
    missing_classes,
    read_chips,
    split_chips,
    split_folds,
    thin_out_empty,
    write_split,
)


def chips_of(**scenes):
    """Chips of scenes, each scene a list of counts."""
    return [
        Chip(f'{scene}__{index}_0.png', f'{scene}.tif', (index, 0, 10, 10), counts)
        for scene, all_counts in scenes.items()
        for index, counts in enumerate(all_counts)
    ]


CHIPS = chips_of(
    a=[{'ship': 3}] * 4,
    b=[{'ship': 2, 'tanker': 1}] * 4,
    c=[{'ship': 2}] * 4,
    d=[{'tanker': 1}] * 4,
    e=[{'ship': 1}] * 4,
)


def scenes_of(chips):
    return {chip.scene for chip in chips}


@pytest.mark.parametrize('seed', range(5))
def test_scenes_never_straddle(seed):
    parts = split_chips(CHIPS, Shares(0.6, 0.2), seed=seed)
    assert [len(scenes_of(chips)) for chips in parts.values()] == [3, 1, 1]
    assert sorted(chip.file for chips in parts.values() for chip in chips) == sorted(chip.file for chip in CHIPS)
    assert not scenes_of(parts['train']) & scenes_of(parts['test'])
    assert not scenes_of(parts['val']) & scenes_of(parts['test'])


def test_every_class_is_on_both_sides():
    parts = split_chips(CHIPS, Shares(0.8))
    assert list(parts) == ['train', 'test']
    assert scenes_of(parts['test']) == {'b.tif'}  # the one scene with both classes that leaves both to training


def test_by_chip_gives_the_exact_shares():
    parts = split_chips(CHIPS, Shares(0.8), by='chip')
    assert [len(chips) for chips in parts.values()] == [16, 4]
    assert sum(chip.counts.get('tanker', 0) for chip in parts['test']) in (1, 2)


def test_named_test_scenes():
    parts = split_chips(CHIPS, Shares(0.8), test_scenes=['e', 'a.tif'])
    assert scenes_of(parts['test']) == {'a.tif', 'e.tif'}
    assert scenes_of(parts['train']) == {'b.tif', 'c.tif', 'd.tif'}
    with pytest.raises(ValueError, match=r"no scene 'z', expected one of: a\.tif, b\.tif"):
        split_chips(CHIPS, Shares(0.8), test_scenes=['z'])


def test_fewer_scenes_than_parts_are_refused():
    found = 'scenes to split into train, test: found 1, expected at least 2; --by area splits each scene'
    with pytest.raises(ValueError, match=f'^{found}$'):
        split_chips(chips_of(a=[{}] * 9), Shares(0.8))
    with pytest.raises(ValueError, match=f'^{found}, once ship-det tile has cut chips$'):
        split_chips([Chip('a.png', 'a.png', (0, 0, 0, 0), {})], Shares(0.8))
    with pytest.raises(ValueError, match=r'chips to split into train, test: found 1, expected at least 2$'):
        split_chips(chips_of(a=[{}]), Shares(0.8), by='chip')


@pytest.mark.parametrize(
    ('train', 'val', 'message'),
    [(0, 0, 'train: .* found 0'), (1.2, 0, 'train: .* found 1.2'), (0.8, 0.3, 'val: .* found 0.3')],
)
def test_bad_shares(train, val, message):
    with pytest.raises(ValueError, match=message):
        Shares(train, val)


def test_shares_that_sum_to_one_leave_no_test_part():
    assert list(split_chips(CHIPS, Shares(0.8, 0.2))) == ['train', 'val']


def test_missing_classes_say_in_how_many_units_they_are():
    chips = chips_of(a=[{'ship': 1, 'tug': 2}, {'tug': 1}], b=[{'ship': 3}], c=[{'ship': 1, 'ferry': 1}])
    parts = {'train': chips[:2], 'test': chips[2:]}
    assert missing_classes(parts) == [
        MissingClass('train', 'ferry', 1, 1, True),
        MissingClass('test', 'tug', 3, 1, True),
    ]
    # Two chips hold tugs, so both parts could have had one.
    assert missing_classes(parts, by='chip')[1] == MissingClass('test', 'tug', 3, 2, False)
    assert missing_classes({'train': chips, 'test': chips}) == []


def test_lists_are_written_and_stale_ones_removed(tmp_path):
    write_split(tmp_path, split_chips(CHIPS, Shares(0.6, 0.2)))
    assert (tmp_path / 'val.txt').is_file()
    parts = split_chips(CHIPS, Shares(0.8))
    write_split(tmp_path, parts)
    assert sorted(path.name for path in tmp_path.iterdir()) == ['test.txt', 'train.txt']
    assert (tmp_path / 'test.txt').read_text().splitlines() == [chip.file for chip in parts['test']]


# Five scenes of two chips of the grid, side by side, and one of half of each that shows a tanker whole.
ADDED = [
    chip
    for name in 'abcde'
    for chip in (
        Chip(f'{name}__0_0.png', f'{name}.tif', (0, 0, 100, 100), {'ship': 1}),
        Chip(f'{name}__100_0.png', f'{name}.tif', (100, 0, 100, 100), {}),
        Chip(f'{name}__50_0.png', f'{name}.tif', (50, 0, 100, 100), {'tanker': 1}, None, True),
    )
]


@pytest.mark.parametrize('by', ['scene', 'chip'])
@pytest.mark.parametrize('seed', range(3))
def test_val_and_test_get_the_grid_and_none_that_was_added_on_ships(by, seed):
    parts = split_chips(ADDED, Shares(0.6, 0.2), by, seed)
    held_out = parts['val'] + parts['test']
    assert [len(parts[part]) for part in ('val', 'test')] == [2, 2]
    assert not any(chip.added for chip in held_out)
    if by == 'scene':
        assert sum(chip.added for chip in parts['train']) == 3
        # The empty ones too.
        assert sum(chip.empty for chip in held_out) == 2
    shown = {chip.scene for chip in held_out}
    # By chip, each added one shows half of both others of its scene.
    assert {chip.scene for chip in parts['train'] if chip.added} == {chip.scene for chip in ADDED} - shown


def test_an_added_chip_that_shows_little_of_a_test_chip_is_trained_on():
    near = Chip('a__149_0.png', 'a.tif', (149, 0, 100, 100), {'tanker': 1}, None, True)
    grid = [Chip(f'a__{x}_0.png', 'a.tif', (x, 0, 100, 100), {'ship': 1}) for x in (0, 100)]
    for seed in range(4):
        parts = split_chips([*grid, near], Shares(0.5), 'chip', seed)
        # 51 px wide it shares with the chip at 100, of another scene nothing.
        assert (near in parts['train']) == (grid[1] in parts['train'])
    parts = split_chips([*grid, replace(near, window=(151, 0, 100, 100))], Shares(0.5), 'chip')
    assert len(parts['train']) == 2


def test_named_test_scenes_are_tested_on_their_grid():
    parts = split_chips(ADDED, Shares(0.8), test_scenes=['a'])
    assert [chip.file for chip in parts['test']] == ['a__0_0.png', 'a__100_0.png']
    assert len(parts['train']) == 12


def test_a_class_that_only_added_chips_show_is_missed_in_the_test():
    parts = split_chips(ADDED, Shares(0.8))
    assert missing_classes(parts, chips=ADDED) == [MissingClass('test', 'tanker', 5, 5, False)]
    parts = split_chips(ADDED[:5] + ADDED[6:], Shares(0.5), test_scenes=list('acde'))
    assert missing_classes(parts, chips=ADDED[:5] + ADDED[6:]) == [
        MissingClass('train', 'tanker', 4, 4, False),
        MissingClass('test', 'tanker', 4, 4, False),
    ]


def test_classes_are_spread_by_what_the_grid_shows_of_them():
    """Tankers are in four scenes, but the grid shows them in two: one of these is tested, the other trained on."""
    shows = {'a': 'tanker', 'b': 'tanker', 'c': 'ship', 'd': 'ship'}
    chips = [Chip(f'{n}0.png', f'{n}.tif', (0, 0, 9, 9), {'ship': 1, shows[n]: 1}) for n in shows]
    chips += [Chip(f'{n}1.png', f'{n}.tif', (4, 0, 9, 9), {'tanker': 1}, None, True) for n in 'cd']
    for seed in range(8):
        parts = split_chips(chips, Shares(0.5), seed=seed)
        assert missing_classes(parts, chips=chips) == []
        assert len(scenes_of(parts['test']) & {'a.tif', 'b.tif'}) == 1


def test_all_count_as_the_grid_where_the_index_does_not_say():
    chips = [replace(chip, added=None) for chip in ADDED]
    parts = split_chips(chips, Shares(0.8))
    assert [len(of_part) for of_part in parts.values()] == [12, 3]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.booleans(), max_size=40), st.floats(0, 1), st.floats(0, 1), st.integers(0, 2**32))
def test_a_share_of_the_empty_chips_stays(empty, first, second, seed):
    chips = [Chip(f'{n}.png', 'a.tif', (n, 0, 9, 9), {} if e else {'ship': 1}) for n, e in enumerate(empty)]
    smaller, larger = (thin_out_empty(chips, share, seed) for share in sorted((first, second)))
    assert [chip for chip in chips if chip in larger] == larger
    assert {chip.file for chip in smaller} <= {chip.file for chip in larger}
    assert [chip for chip in smaller if not chip.empty] == [chip for chip in chips if not chip.empty]
    kept = sum(chip.empty for chip in larger)
    assert abs(kept - max(first, second) * sum(empty)) <= 0.5 or kept == 1
    assert thin_out_empty(chips, 1, seed) == chips
    assert not any(chip.empty for chip in thin_out_empty(chips, 0, seed))
    assert sum(chip.empty for chip in thin_out_empty(chips, 1e-9, seed)) == min(sum(empty), 1)


@pytest.mark.parametrize('share', [-0.1, 1.1, float('nan')])
def test_no_share_of_empty_chips(share):
    with pytest.raises(ValueError, match=f'empty: expected a share between 0 and 1, found {share}'):
        thin_out_empty(ADDED, share)


def test_images_that_were_not_tiled_are_scenes_of_their_own(tmp_path):
    for folder in ('images', 'labelTxt'):
        (tmp_path / folder).mkdir()
    for name in ('a', 'b'):
        (tmp_path / 'images' / f'{name}.png').touch()
        (tmp_path / 'labelTxt' / f'{name}.txt').write_text('0 0 9 0 9 9 0 9 ship 0\n0 0 9 0 9 9 0 9 ship 1\n')
    assert read_chips(tmp_path) == [Chip(f'{n}.png', f'{n}.png', (0, 0, 0, 0), {'ship': 1}) for n in ('a', 'b')]
    write_chip_index(tmp_path, CHIPS)
    assert read_chips(tmp_path) == CHIPS


def test_chips_and_images_are_the_same_files(tmp_path):
    (tmp_path / 'images').mkdir()
    for chip in CHIPS:
        (tmp_path / 'images' / chip.file).touch()
    check_index(tmp_path, CHIPS)
    with pytest.raises(ValueError, match=r'chips\.jsonl: lacks a__0_0\.png, which .*images has'):
        check_index(tmp_path, CHIPS[1:])
    (tmp_path / 'images/b__2_0.png').unlink()
    with pytest.raises(ValueError, match=r'images: lacks b__2_0\.png, which chips\.jsonl has'):
        check_index(tmp_path, CHIPS)


def test_every_scene_is_tested_in_one_fold():
    folds = split_folds(CHIPS, 5)
    tested = [scenes_of(parts['test']) for parts in folds]
    assert sorted(map(len, tested)) == [1] * 5
    assert set.union(*tested) == scenes_of(CHIPS)
    for parts in folds:
        assert not scenes_of(parts['train']) & scenes_of(parts['test'])
        assert len(parts['train']) + len(parts['test']) == len(CHIPS)


def test_chips_added_on_ships_are_tested_in_no_fold():
    chips = [replace(chip, added=index % 4 == 3) for index, chip in enumerate(CHIPS)]
    for parts in split_folds(chips, 2):
        assert not any(chip.added for chip in parts['test'])
        assert any(chip.added for chip in parts['train'])


@pytest.mark.parametrize(
    ('folds', 'message'), [(1, 'found 1, expected 2 or more'), (6, 'found 5, expected at least 6')]
)
def test_too_few_or_too_many_folds(folds, message):
    with pytest.raises(ValueError, match=message):
        split_folds(CHIPS, folds)


def test_a_pattern_makes_scenes(tmp_path):
    write_chip_index(tmp_path, [Chip(f'DJI_{n // 2}_{n}.png', f'{n}', (0, 0, 9, 9), {'ship': 1}) for n in range(4)])
    assert [chip.scene for chip in read_chips(tmp_path, r'DJI_\d')] == ['DJI_0', 'DJI_0', 'DJI_1', 'DJI_1']
    with pytest.raises(ValueError, match=r"DJI_0_0.png: does not match the scene pattern 'PIC'"):
        read_chips(tmp_path, 'PIC')
    with pytest.raises(ValueError, match=r"scene pattern '\[': no regular expression"):
        read_chips(tmp_path, '[')


@pytest.mark.parametrize(
    ('shares', 'expected'),
    [
        # Of 7 scenes 1.4, 1.4 and 4.2 are rounded to 1, 1 and 4: the one that is left is of the largest part.
        (Shares(0.2, 0.2), [1, 1, 5]),
        # 4.9 and 2.1 are rounded to 5 and 2.
        (Shares(0.7), [5, 2]),
        # 4.2, 1.4 and 1.4: to training, where that is the largest.
        (Shares(0.6, 0.2), [5, 1, 1]),
    ],
)
def test_what_rounding_leaves_goes_to_the_largest_part(shares, expected):
    chips = chips_of(**{name: [{'ship': 1}] for name in 'abcdefg'})
    assert [len(part) for part in split_chips(chips, shares).values()] == expected
