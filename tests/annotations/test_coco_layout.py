"""COCO data sets of several files and folders."""

import json

import pytest

from ship_det.annotations.coco_layout import RotatedCoco, find_coco_files
from ship_det.annotations.conversion import ConversionOptions, convert
from ship_det.annotations.data_set import ReadOptions


def write(path, *names, x=4):
    path.parent.mkdir(parents=True, exist_ok=True)
    images = [{'id': index, 'file_name': name, 'width': 40, 'height': 20} for index, name in enumerate(names)]
    quad = [x, 2, 16, 2, 16, 4, x, 4]
    ships = [{'id': index, 'image_id': index, 'category_id': 1, 'segmentation': [quad]} for index in range(len(names))]
    path.write_text(json.dumps({'images': images, 'annotations': ships, 'categories': [{'id': 1, 'name': 'ship'}]}))


@pytest.mark.parametrize(
    ('files', 'images'),
    [
        (
            {'annotations/instances_train.json': 'a.png', 'annotations/instances_val.json': 'b.png'},
            ('images', 'images'),
        ),
        ({'annotations/train2017.json': 'a.png', 'annotations/val2017.json': 'b.png'}, ('train2017', 'val2017')),
        (
            {'annotations/train.json': 'train/a.png', 'annotations/valid.json': 'valid/b.png'},
            ('images/train', 'images/valid'),
        ),
        ({'train/_annotations.coco.json': 'a.png', 'valid/_annotations.coco.json': 'b.png'}, ('train', 'valid')),
        ({'ships_train_v2.json': 'a.png', 'ships_val_v2.json': 'b.png'}, ('JPEGImages', 'JPEGImages')),
    ],
    ids=['one folder', 'coco', 'below images', 'roboflow', 'beside'],
)
def test_files_are_parts(tmp_path, image, files, images):
    for (path, name), folder in zip(files.items(), images, strict=True):
        write(tmp_path / 'in' / path, name)
        image(tmp_path / 'in' / folder / name.rpartition('/')[2])
    summary = convert('coco-rotated', 'dota', tmp_path / 'in', tmp_path / 'out')
    assert (summary.parts, summary.objects) == ({'train': 1, 'val': 1}, {'ship': 2})


def test_one_name_in_two_parts(tmp_path, image):
    for part in ('train', 'valid'):
        write(tmp_path / f'in/{part}/_annotations.coco.json', '1.png', x=4 if part == 'train' else 5)
        image(tmp_path / f'in/{part}/1.png')
    summary = convert('coco-rotated', 'dota', tmp_path / 'in', tmp_path / 'out')
    assert [new for _, new in summary.renamed] == ['train_1.png', 'val_1.png']
    assert (tmp_path / 'out/labelTxt/val_1.txt').read_text().startswith('5 2 ')


@pytest.mark.parametrize(
    ('skip', 'message'),
    [
        (False, r'B\d\.png: an image without labels, expected a label file of its name .*'),
        (True, 'no image has labels, expected at least one'),
    ],
)
def test_names_that_no_image_has_are_said(tmp_path, image, skip, message):
    write(tmp_path / 'in/train.json', *(f'port/{number}.tif' for number in range(5)))
    for name in ('B1', 'B2'):
        image(tmp_path / f'in/images/{name}.png')
    strays = r'; the labels are of 0\.tif, 1\.tif, 2\.tif, \.\.\., the images there are B1\.png, B2\.png'
    with pytest.raises(ValueError, match=f'{message}{strays}$'):
        convert('coco-rotated', 'dota', tmp_path / 'in', tmp_path / 'out', ConversionOptions(skip_unpaired=skip))


def test_an_image_in_two_files_has_the_same_objects_in_both(tmp_path, image):
    image(tmp_path / 'in/images/a.png')
    write(tmp_path / 'in/annotations/train.json', 'a.png')
    write(tmp_path / 'in/annotations/train_test.json', 'a.png')
    assert RotatedCoco().read(tmp_path / 'in').images[0].parts == ('train', 'train_test')
    write(tmp_path / 'in/annotations/train_test.json', 'a.png', x=5)
    with pytest.raises(ValueError, match=r'train_test\.json: a\.png has other objects than in .*train\.json'):
        RotatedCoco().read(tmp_path / 'in')
    options = ConversionOptions(labels='annotations/train_test.json')
    convert('coco-rotated', 'dota', tmp_path / 'in', tmp_path / 'out', options)
    convert('coco-rotated', 'dota', tmp_path / 'in/annotations/train_test.json', tmp_path / 'same')
    for out in ('out', 'same'):
        assert (tmp_path / out / 'labelTxt/a.txt').read_text().startswith('5 2 ')


def test_the_chosen_file_must_be_there(tmp_path):
    with pytest.raises(ValueError, match=r'other\.json: no such file, expected a COCO file'):
        RotatedCoco().read(tmp_path, ReadOptions(labels='other.json'))


def read(root):
    found = RotatedCoco().read(root)
    return [(labeled.image.name, labeled.labels.name, len(labeled.objects)) for labeled in found.images]


@pytest.mark.parametrize('names', [('a.png', 'x/a.png'), ('a.png', 'A.PNG'), ('a.png', 'x\\a.png')])
def test_two_entries_of_one_image_are_refused(tmp_path, image, names):
    image(tmp_path / 'images/a.png')
    write(tmp_path / 'a.json', *names)
    with pytest.raises(ValueError, match=r'a\.json: a second entry of a\.png, .*, expected each image once'):
        read(tmp_path)


@pytest.mark.parametrize(
    'name',
    ['a.png', 'JPEGImages\\a.png', 'C:\\set\\images\\a.png', 'images/a.png', './a.png', '\\\\server\\x/a.png', 'A.PNG'],
)
def test_names_of_images(tmp_path, image, name):
    image(tmp_path / 'images/a.png')
    write(tmp_path / 'a.json', name)
    assert read(tmp_path) == [('a.png', 'a.json', 1)]


def test_unknown_names_are_labels_without_an_image(tmp_path, image):
    image(tmp_path / 'images/a.png')
    write(tmp_path / 'a.json', 'a.png', 'b.png')
    (missing,) = RotatedCoco().read(tmp_path).without_image
    assert str(missing) == f'{tmp_path / "a.json"}: b.png'


@pytest.mark.parametrize('folder', ['', 'images/'])
def test_images_in_folders_of_any_name(tmp_path, image, folder):
    image(tmp_path / f'{folder}north/a.png')
    image(tmp_path / f'{folder}south/b.png')
    write(tmp_path / 'annotations/all.json', 'north/a.png', 'south\\b.png')
    assert [name for name, _, _ in read(tmp_path)] == ['a.png', 'b.png']
    # Then folders below are none of the set: thumbnails.
    image(tmp_path / f'{folder}c.png')
    assert read(tmp_path) == []


def test_where_the_files_lie(tmp_path):
    with pytest.raises(ValueError, match=rf'{tmp_path}: no JSON files in annotations/ or beside it'):
        find_coco_files(tmp_path)
    write(tmp_path / 'b.JSON')
    assert find_coco_files(tmp_path) == (tmp_path, [tmp_path / 'b.JSON'])
    write(tmp_path / 'annotations/a.json')
    (tmp_path / 'annotations/._a.json').touch()
    assert find_coco_files(tmp_path) == (tmp_path, [tmp_path / 'annotations/a.json'])
    assert find_coco_files(tmp_path / 'annotations/a.json')[0] == find_coco_files(tmp_path / 'b.JSON')[0] == tmp_path
