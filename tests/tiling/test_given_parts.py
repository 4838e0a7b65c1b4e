"""Chips in the parts of their scenes."""

import pytest

from ship_det.annotations import DotaFolder
from ship_det.tiling import Chip
from ship_det.tiling.given_parts import split_as_scenes


@pytest.fixture
def scenes(tmp_path):
    """Four scenes: a and b to train on, c to test on, d in no list."""
    (tmp_path / 'images').mkdir()
    for name in 'abcd':
        (tmp_path / f'images/{name}.tif').touch()
    (tmp_path / 'train.txt').write_text('a\nb\n')
    (tmp_path / 'test.txt').write_text('c.tif\n')
    return DotaFolder(tmp_path)


CHIPS = [
    Chip(f'{scene}__{x}.png', f'{scene}.tif', (x, 0, 10, 10), {'ship': 1}, added=x == 1)
    for scene in 'abcd'
    for x in (0, 1)
]


def test_each_chip_follows_its_scene(scenes):
    parts, unlisted = split_as_scenes(CHIPS, scenes)
    assert [chip.file for chip in parts['train']] == ['a__0.png', 'a__1.png', 'b__0.png', 'b__1.png']
    # The test sees the grid alone.
    assert [chip.file for chip in parts['test']] == ['c__0.png']
    assert unlisted == ['d.tif']
    assert list(parts) == ['train', 'test']


def test_a_scene_is_in_training_alone(scenes):
    (scenes.root / 'test.txt').write_text('c.tif\nb.tif\n')
    with pytest.raises(ValueError, match=r'test\.txt: b\.tif is in train\.txt, too'):
        split_as_scenes(CHIPS, scenes)


def test_lists_are_there_and_of_the_same_scenes(scenes):
    with pytest.raises(ValueError, match=r'test\.txt: no chip is of a scene in it \(the first is of a\.tif\)'):
        split_as_scenes(CHIPS[:4], scenes)
    (scenes.root / 'train.txt').unlink()
    with pytest.raises(ValueError, match=r'found test\.txt, expected train\.txt and test\.txt or val\.txt'):
        split_as_scenes(CHIPS, scenes)
