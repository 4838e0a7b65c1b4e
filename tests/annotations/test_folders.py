"""Folders of labelled images."""

from pathlib import Path

import pytest

from ship_det.annotations.folders import dota_label_path, list_images


def test_images_by_name_without_other_files(tmp_path):
    for name in ('b.TIF', 'a.png', 'notes.txt', '.c.png', 'd.jpeg'):
        (tmp_path / name).touch()
    assert [path.name for path in list_images(tmp_path)] == ['a.png', 'b.TIF', 'd.jpeg']


def test_folder_without_images_and_twins_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r'holds no image, expected files ending in \.bmp'):
        list_images(tmp_path)
    with pytest.raises(ValueError, match='nowhere: no such folder'):
        list_images(tmp_path / 'nowhere')
    for name in ('a.png', 'a.tif'):
        (tmp_path / name).touch()
    with pytest.raises(ValueError, match=r'a\.png and a\.tif share a name'):
        list_images(tmp_path)


def test_label_path():
    assert dota_label_path('root', Path('root/images/a.b.png')) == Path('root/labelTxt/a.b.txt')
