"""Folders of images and label files of any format."""

from pathlib import Path

import pytest

from ship_det.annotations.folders import ImageNames, describe_unread, find_image, list_images, list_labels, pair_labels


def test_images_by_name_without_other_files(tmp_path):
    for name in ('b.TIF', 'a.png', 'notes.txt', '.c.png', '._a.png', 'd.jpeg', 'e.webp'):
        (tmp_path / name).touch()
    (tmp_path / 'f.png').mkdir()
    assert [path.name for path in list_images(tmp_path)] == ['a.png', 'b.TIF', 'd.jpeg', 'e.webp']


def test_folder_without_images_and_twins_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r'holds no image, expected files ending in \.bmp'):
        list_images(tmp_path)
    with pytest.raises(ValueError, match='nowhere: no such folder'):
        list_images(tmp_path / 'nowhere')
    for name in ('a.png', 'a.tif'):
        (tmp_path / name).touch()
    with pytest.raises(ValueError, match=r'a\.png and a\.tif share a name'):
        list_images(tmp_path)


def test_twins_in_two_folders_are_refused(tmp_path):
    for folder in ('one', 'two'):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / 'a.png').touch()
    with pytest.raises(ValueError, match=r'two: .*one/a\.png and a\.png share a name'):
        list_images(tmp_path / 'one', tmp_path / 'two')


def test_a_link_that_leads_nowhere_is_refused(tmp_path):
    (tmp_path / 'b.png').touch()
    (tmp_path / 'a.png').symlink_to(tmp_path / 'b.png')
    assert [path.name for path in list_images(tmp_path)] == ['a.png', 'b.png']
    (tmp_path / 'c.png').symlink_to('gone.png')
    with pytest.raises(ValueError, match=r'c\.png: a link to gone\.png, which is not there'):
        list_images(tmp_path)


def test_labels_of_any_case(tmp_path):
    names = ('a.xml', 'B.XML', 'b.Xml', '.c.xml', 'd.txt')
    for name in names:
        (tmp_path / name).touch()
    labels = list_labels(tmp_path, '.xml')
    assert [path.name for path in labels] == ['B.XML', 'a.xml', 'b.Xml']
    assert list_labels(tmp_path / 'nowhere') == []
    images = [Path(f'{name}.png') for name in 'Abd']
    pairs, left = pair_labels(images, labels)
    assert [pairs[image].name if image in pairs else None for image in images] == ['a.xml', 'b.Xml', None]
    assert [path.name for path in left] == ['B.XML']


@pytest.mark.parametrize('name', ['a.gif', 'a.IMG', 'a.jpe', 'a.J2K', 'a.ntf', 'a.pgm', 'a.ppm', 'a.b.TiFf', ' a .png'])
def test_other_ends_of_images(tmp_path, name):
    (tmp_path / name).touch()
    assert [path.name for path in list_images(tmp_path)] == [name]
    assert find_image(tmp_path, Path(name).stem) == tmp_path / name
    assert find_image(tmp_path, 'b') is None


def test_what_else_lies_in_a_folder_without_images_is_said(tmp_path):
    for name in ('.DS_Store', '._a.png', 'b.heic', 'c.heic'):
        (tmp_path / name).touch()
    with pytest.raises(ValueError, match=r'holds no image, expected files ending in .*\.webp, found b\.heic$'):
        list_images(tmp_path)
    assert describe_unread([tmp_path], 'c').startswith('c.heic is not read, expected an image ending in .bmp, ')
    assert describe_unread([tmp_path], '.DS_Store').startswith('.DS_Store is not read')
    assert describe_unread([tmp_path], 'a') == ''


def test_an_exact_name_comes_first(tmp_path):
    names = ImageNames([tmp_path / name for name in ('a.png', 'A.png', 'x\\a.png', 'b.png')])
    expected = {'A.png': 'A.png', 'a.PNG': None, 'x\\a.png': 'x\\a.png', 'y\\a.png': 'a.png', 'c': None, 'B': 'b.png'}
    for name, found in expected.items():
        image = names.find(name)
        assert (image and image.name) == found
