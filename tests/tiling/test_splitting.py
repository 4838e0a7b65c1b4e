"""Chips split by scene or by chip."""

import pytest

from ship_det.tiling import Chip, write_chip_index
from ship_det.tiling.splitting import (
    MissingClass,
    Shares,
    check_index,
    missing_classes,
    read_chips,
    split_chips,
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
    with pytest.raises(ValueError, match='scenes to split into train, test: found 1, expected at least 2'):
        split_chips(chips_of(a=[{}] * 9), Shares(0.8))


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
