"""Which scenes a command line names, and what they are called."""

import os
import shutil
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
    assert list(find_scenes(['north/a.png', 'x/north/a.png'])) == [f'{folder.name}_a', 'x_a']


def test_the_folders_that_differ_tell_scenes_apart_and_images_is_none(folder):
    paths = ['a/1.png', 'harbor/images/1.png', 'bay scenes/images/1.png', 'bay scenes/2.png', 'x/a/images/1.png']
    for path in paths:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(folder / 'north/a.png', folder / path)
    expected = dict(zip(['a_1', 'harbor_1', 'bay_scenes_1', '2'], paths, strict=False))
    assert find_scenes(paths[:4]) == expected
    assert find_scenes(['a', 'harbor', *paths[2:4]]) == expected
    # The same however few are named, as long as they share a name.
    assert list(find_scenes(['harbor', 'a'])) == ['harbor_1', 'a_1']
    assert list(find_scenes([paths[0], paths[4]])) == [f'{folder.name}_1', 'x_1']
    assert list(find_scenes(paths[:2] + paths[4:])) == [f'{folder.name}_a_1', f'{folder.name}_harbor_1', 'x_a_1']


def test_what_no_folder_tells_apart_is_numbered(folder):
    shutil.copy(folder / 'north/a.png', folder / 'north/a.PNG')
    assert list(find_scenes(['north/a.png', 'north/a.PNG', 'south/a.png'])) == ['north_a', 'north_a_2', 'south_a']
    assert list(find_scenes(['north/a.png', 'north/a.PNG'])) == ['north_a', 'north_a_2']


def test_a_run_goes_on_with_the_names_that_its_scenes_have(folder):
    for name in ('a', 'b'):
        (folder / name).mkdir()
        shutil.copytree(folder / 'north', folder / name / 'images')
    asked = []

    def is_run_of(paths):
        asked.append(paths)
        return len(asked) > 1

    paths = ['a/images/a.png', 'b/images/a.png']
    assert find_scenes(paths, is_run_of=is_run_of) == dict(zip(['a_a', 'b_a'], paths, strict=True))
    before = dict(zip(['images_a', 'images_a_2'], paths, strict=True))
    assert find_scenes(paths, is_run_of=is_run_of) == before
    assert asked == [before, before]
    # Names that were the same before are no sign of an older run.
    assert list(find_scenes(['north/a.png', 'south/a.png'], is_run_of=is_run_of)) == ['north_a', 'south_a']
    assert len(asked) == 2


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
