"""Layouts of whole data sets: what is paired with what."""

import pytest

from ship_det.annotations.formats import FORMATS

SQUARE = '0 0 9 0 9 9 0 9 ship 0\n'


def touch(root, *names, text=SQUARE):
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)


@pytest.mark.parametrize('folders', [('images/', 'labelTxt/'), ('', '')])
def test_images_and_labels_are_paired_by_name(tmp_path, folders):
    images, labels = folders
    touch(tmp_path, f'{images}a.png', f'{images}b.png', f'{labels}a.txt', f'{labels}c.txt')
    found = FORMATS['dota'].read(tmp_path)
    assert [(pair.image.name, pair.labels.name, len(pair.objects)) for pair in found.images] == [('a.png', 'a.txt', 1)]
    assert [path.name for path in found.without_labels] == ['b.png']
    assert [path.name for path in found.without_image] == ['c.txt']


def test_images_of_several_folders_are_read(tmp_path):
    label = '<annotation/>'
    touch(tmp_path, 'JPEGImages-trainval/a.jpg', 'JPEGImages-test/b.jpg')
    touch(tmp_path, *(f'Annotations/Oriented Bounding Boxes/{name}.xml' for name in 'ab'), text=label)
    touch(tmp_path, 'Annotations/Horizontal Bounding Boxes/a.xml', text='not read')
    assert [pair.image.name for pair in FORMATS['dior'].read(tmp_path).images] == ['b.jpg', 'a.jpg']


def test_yolo_class_list_is_no_label_file(tmp_path):
    touch(tmp_path, 'a.png')
    touch(tmp_path, 'classes.txt', text='ship\n')
    with pytest.raises(ValueError, match='holds no label file'):
        FORMATS['yolo-obb'].read(tmp_path)


def test_coco_wants_a_file(tmp_path):
    with pytest.raises(ValueError, match='no JSON files in annotations/'):
        FORMATS['coco-rotated'].read(tmp_path)


@pytest.mark.parametrize('name', sorted(set(FORMATS) - {'yolo-obb', 'coco-rotated', 'coco-rotated-clockwise'}))
def test_missing_labels_name_where_they_were_expected(tmp_path, name):
    touch(tmp_path, 'images/a.png')
    with pytest.raises(ValueError, match=rf'holds no label file, expected {tmp_path}/'):
        FORMATS[name].read(tmp_path)
    with pytest.raises(ValueError, match='nowhere: no such folder'):
        FORMATS[name].read(tmp_path / 'nowhere')
