"""Data sets of COCO files: several files, names of images from other machines, folders of parts."""

import json

import pytest

from ship_det.annotations.coco_folder import ImageNames, find_coco_files, find_coco_images
from ship_det.annotations.formats import FORMATS


def write_coco_file(path, *names, category=1):
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {
        'images': [{'id': index, 'file_name': name} for index, name in enumerate(names)],
        'categories': [{'id': category, 'name': f'class {category}'}],
        'annotations': [
            {'image_id': index, 'category_id': category, 'bbox': [9, 9, 4, 4, 30]} for index in range(len(names))
        ],
    }
    path.write_text(json.dumps(content))


def touch(root, *names):
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()


def read(root):
    found = FORMATS['coco-rotated'].read(root, ())
    return [(pair.image.name, pair.labels.name, [labeled.name for labeled in pair.objects]) for pair in found.images]


def test_several_files_are_one_data_set(tmp_path):
    touch(tmp_path, 'images/a.png', 'images/b.png')
    write_coco_file(tmp_path / 'annotations/instances_train.json', 'a.png')
    write_coco_file(tmp_path / 'annotations/instances_val.json', 'b.png', category=7)
    touch(tmp_path, 'annotations/._instances_val.json')
    expected = [('a.png', 'instances_train.json', ['class 1']), ('b.png', 'instances_val.json', ['class 7'])]
    assert read(tmp_path) == expected
    # One of them alone: the other's images lack labels then.
    found = FORMATS['coco-rotated'].read(tmp_path / 'annotations/instances_val.json', ())
    assert [pair.image.name for pair in found.images] == ['b.png']
    assert [path.name for path in found.without_labels] == ['a.png']


def test_an_image_in_two_files_is_refused(tmp_path):
    touch(tmp_path, 'images/a.png')
    for name in ('instances', 'keypoints'):
        write_coco_file(tmp_path / f'annotations/{name}.json', 'a.png')
    with pytest.raises(
        ValueError, match=r"keypoints\.json: the image 'a\.png' is in .*instances\.json already.*as SRC"
    ):
        read(tmp_path)


@pytest.mark.parametrize('names', [('a.png', 'x/a.png'), ('a.png', 'A.PNG'), ('a.png', 'x\\a.png')])
def test_two_entries_of_one_image_are_refused(tmp_path, names):
    touch(tmp_path, 'images/a.png')
    write_coco_file(tmp_path / 'a.json', *names)
    with pytest.raises(ValueError, match=r'a\.json: the image .* is in .*a\.json already, expected each once'):
        read(tmp_path)


@pytest.mark.parametrize(
    'name',
    [
        'a.png',
        'JPEGImages\\a.png',
        'C:\\data\\images\\a.png',
        'images/a.png',
        './a.png',
        '\\\\server\\set/a.png',
        'A.PNG',
    ],
)
def test_names_of_images(tmp_path, name):
    touch(tmp_path, 'images/a.png')
    write_coco_file(tmp_path / 'a.json', name)
    assert read(tmp_path) == [('a.png', 'a.json', ['class 1'])]


def test_an_exact_name_comes_first(tmp_path):
    names = ImageNames([tmp_path / name for name in ('a.png', 'A.png', 'x\\a.png', 'b.png')])
    for name, found in [
        ('A.png', 'A.png'),
        ('a.PNG', None),
        ('x\\a.png', 'x\\a.png'),
        ('y\\a.png', 'a.png'),
        ('c', None),
    ]:
        image = names.find(name)
        assert (image and image.name) == found


def test_unknown_names_are_labels_without_an_image(tmp_path):
    touch(tmp_path, 'images/a.png')
    write_coco_file(tmp_path / 'a.json', 'a.png', 'b.png')
    (missing,) = FORMATS['coco-rotated'].read(tmp_path, ()).without_image
    assert str(missing) == f'{tmp_path / "a.json"}: b.png'


@pytest.mark.parametrize('folder', ['', 'images/'])
def test_images_in_folders_of_parts(tmp_path, folder):
    touch(tmp_path, f'{folder}train/a.png', f'{folder}val/b.png')
    write_coco_file(tmp_path / 'annotations/all.json', 'train/a.png', 'val\\b.png')
    assert [image for image, _, _ in read(tmp_path)] == ['a.png', 'b.png']
    # Folders below images are none of the set: thumbnails.
    touch(tmp_path, f'{folder}c.png')
    assert [image.name for image in find_coco_images(tmp_path)] == ['c.png']


def test_two_images_of_one_name_in_two_parts_are_refused(tmp_path):
    touch(tmp_path, 'images/train/a.png', 'images/val/a.png')
    with pytest.raises(ValueError, match=r'share a name'):
        find_coco_images(tmp_path)


def test_where_the_files_lie(tmp_path):
    with pytest.raises(ValueError, match=rf'{tmp_path}: no JSON files in annotations/ or beside it'):
        find_coco_files(tmp_path)
    write_coco_file(tmp_path / 'b.JSON')
    assert find_coco_files(tmp_path) == (tmp_path, [tmp_path / 'b.JSON'])
    write_coco_file(tmp_path / 'annotations/a.json')
    assert find_coco_files(tmp_path) == (tmp_path, [tmp_path / 'annotations/a.json'])
    assert find_coco_files(tmp_path / 'annotations/a.json')[0] == find_coco_files(tmp_path / 'b.JSON')[0] == tmp_path
