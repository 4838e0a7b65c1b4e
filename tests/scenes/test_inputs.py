"""Which scenes a command line names, and what they are called."""

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ship_det.scenes.inputs import find_scenes


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """Two folders with images and other files; the working directory is above them."""
    monkeypatch.chdir(tmp_path)
    for name in ('north', 'south'):
        (tmp_path / name).mkdir()
        for file in ('a.png', 'b c.png'):
            Image.fromarray(np.zeros((4, 5, 3), dtype=np.uint8)).save(tmp_path / name / file)
        (tmp_path / name / 'a.txt').write_text('')
    return tmp_path


def test_names_are_those_of_the_files(folder):
    assert find_scenes(['north']) == {'a': 'north/a.png', 'b_c': 'north/b c.png'}
    assert find_scenes(['north/a.png', 'south/b c.png']) == {'a': 'north/a.png', 'b_c': 'south/b c.png'}


def test_scenes_that_share_a_name_are_told_apart_by_their_folders(folder):
    assert list(find_scenes(['north/a.png', 'south/a.png'])) == ['north_a', 'south_a']
    (folder / 'x').mkdir()
    (folder / 'south').rename(folder / 'x/north')
    assert list(find_scenes(['north/a.png', 'x/north/a.png'])) == ['north_a', 'north_a_2']


def test_a_file_is_one_scene_however_it_is_named(folder):
    (folder / 'link').symlink_to(folder / 'north')
    sources = ['north', './north/a.png', str(folder / 'north/a.png'), 'link', 'north/*.png']
    assert find_scenes(sources) == {'a': 'north/a.png', 'b_c': 'north/b c.png'}


def test_globs_take_images_alone(folder):
    assert list(find_scenes(['*/a.*'])) == ['north_a', 'south_a']
    assert list(find_scenes(['**/b*'])) == ['north_b_c', 'south_b_c']
    for source in ('*.png', 'north/*.txt', 'gone.tif', 'gone'):
        with pytest.raises(ValueError, match='no such scene, expected an image, a folder of images, a glob, a GDAL'):
            find_scenes([source])


def test_a_data_set_has_its_scenes_in_images(folder):
    (folder / 'set').mkdir()
    (folder / 'south').rename(folder / 'set/images')
    assert find_scenes(['set']) == {'a': 'set/images/a.png', 'b_c': 'set/images/b c.png'}


def test_names_are_fit_for_files(folder):
    long = folder / 'north' / f'{"ß" * 120}.png'
    (folder / 'north/a.png').rename(long)
    (name, _) = find_scenes(['north'])
    assert len(f'.{find_scenes(["north"]) and name}@1000.ships.json.12345.tmp'.encode()) < 255
    names = find_scenes(['/vsicurl/https://example.org/x y.tif', '/vsizip/s.zip/?.tif', '/vsizip/s.zip/x y.tif'])
    assert not any(os.sep in name or ' ' in name or '?' in name for name in names)
    assert len(names) == 3
