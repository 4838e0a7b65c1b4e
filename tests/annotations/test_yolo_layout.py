"""YOLO-OBB data sets as tools lay them out: folders of parts, the YAML file, images without labels."""

import numpy as np
import pytest

from ship_det.annotations import LabeledObject, read_dota
from ship_det.annotations.conversion import ConversionOptions, convert
from ship_det.annotations.yolo_layout import find_settings
from ship_det.annotations.yolo_obb import write_yolo_obb

SHARES = '1 0.1 0.1 0.4 0.1 0.4 0.2 0.1 0.2\n'
# Of an image of 40 x 20 px.
QUAD = [[4, 2], [16, 2], [16, 4], [4, 4]]
NAMES = 'names: [plane, ship]\n'


def lists_of(out):
    return {path.stem: path.read_text().split() for path in out.glob('*.txt')}


def make(root, image, *names):
    """Images of 40 x 20 px and their labels, the names with ``images`` in them."""
    for name in names:
        image(root / f'{name}.png')
        labels = root / f'{name.replace("images", "labels")}.txt'
        labels.parent.mkdir(parents=True, exist_ok=True)
        labels.write_text(SHARES)


@pytest.mark.parametrize(
    ('images', 'settings'),
    [
        (('images/train/a', 'images/val/b'), 'path: ../datasets/x\ntrain: images/train\nval: images/val\n'),
        (('train/images/a', 'valid/images/b'), 'train: ../train/images\nval: ../valid/images\ntest: ../test/images\n'),
        (('images/train/a', 'images/val/b'), ''),
        (('images/2021/a', 'images/2022/b'), 'train: [images/2021]\nval: images/2022\n'),
        (('images/a', 'images/b'), 'train: lists/one.txt\nval: lists/two.txt\n'),
    ],
    ids=['ultralytics', 'roboflow', 'folders alone', 'other names', 'lists'],
)
def test_parts_are_kept(tmp_path, image, images, settings):
    make(tmp_path / 'in', image, *images)
    (tmp_path / 'in/dota8.yaml').write_text(settings + NAMES)
    (tmp_path / 'in/lists').mkdir()
    (tmp_path / 'in/lists/one.txt').write_text('../images/a.png\n')
    (tmp_path / 'in/lists/two.txt').write_text('./images/b.png\n')
    summary = convert('yolo-obb', 'dota', tmp_path / 'in', tmp_path / 'out')
    assert (summary.images, summary.parts, summary.objects) == (2, {'train': 1, 'val': 1}, {'ship': 2})
    assert lists_of(tmp_path / 'out') == {'train': ['a.png'], 'val': ['b.png']}
    (labeled,) = read_dota(tmp_path / 'out/labelTxt/a.txt')
    np.testing.assert_allclose(labeled.quad, QUAD)
    missing = [f'{tmp_path}/in/dota8.yaml: test is not there, left out']
    assert summary.notes == (missing if 'test' in settings else [])


def test_there_and_back(tmp_path, image):
    make(tmp_path / 'in', image, 'images/train/a', 'images/val/b', 'images/c')
    (tmp_path / 'in/data.yaml').write_text('train: images/train\nval: images/val\n' + NAMES)
    convert('yolo-obb', 'dota', tmp_path / 'in', tmp_path / 'dota')
    assert lists_of(tmp_path / 'dota') == {'train': ['a.png'], 'val': ['b.png']}
    convert('dota', 'yolo-obb', tmp_path / 'dota', tmp_path / 'back')
    for name in ('train/a', 'val/b', 'c'):
        assert (tmp_path / f'back/images/{name}.png').is_file()
        index, *shares = (tmp_path / f'back/labels/{name}.txt').read_text().split()
        assert index == '0'
        np.testing.assert_allclose(list(map(float, shares)), np.ravel(QUAD) / ([40, 20] * 4))
    summary = convert('yolo-obb', 'dota', tmp_path / 'back', tmp_path / 'again')
    assert summary.parts == {'train': 1, 'val': 1}
    for name in 'abc':
        read = [(tmp_path / f'{root}/labelTxt/{name}.txt').read_bytes() for root in ('dota', 'again')]
        assert read[0] == read[1]


def test_one_folder_for_all_parts_is_no_part(tmp_path, image):
    make(tmp_path / 'in', image, 'images/a')
    (tmp_path / 'in/data.yaml').write_text('path: .\ntrain: images\nval: images\n' + NAMES)
    assert not convert('yolo-obb', 'dota', tmp_path / 'in', tmp_path / 'out').parts


def test_same_names_in_two_parts_become_different(tmp_path, image):
    make(tmp_path / 'in', image, 'train/images/1', 'valid/images/1', 'valid/images/2')
    (tmp_path / 'in/data.yaml').write_text(NAMES)
    summary = convert('yolo-obb', 'dota', tmp_path / 'in', tmp_path / 'out')
    assert summary.renamed == [('1.png', 'train_1.png'), ('1.png', 'val_1.png')]
    assert lists_of(tmp_path / 'out') == {'train': ['train_1.png'], 'val': ['2.png', 'val_1.png']}
    image(tmp_path / 'in/train/images/val_1.png')
    with pytest.raises(ValueError, match=r'train/images/val_1\.png and .*valid/images/1\.png share a name'):
        convert('yolo-obb', 'dota', tmp_path / 'in', tmp_path / 'other')


def test_images_without_label_files_are_kept_as_background(tmp_path, image):
    make(tmp_path / 'in', image, 'images/train/a', 'images/val/b')
    image(tmp_path / 'in/images/train/sea.png')
    (tmp_path / 'in/data.yaml').write_text(NAMES)
    summary = convert('yolo-obb', 'dota', tmp_path / 'in', tmp_path / 'out')
    assert (summary.images, summary.backgrounds) == (3, 1)
    assert read_dota(tmp_path / 'out/labelTxt/sea.txt') == []
    assert lists_of(tmp_path / 'out')['train'] == ['a.png', 'sea.png']


def test_a_part_without_any_label_is_not_background(tmp_path, image):
    make(tmp_path / 'in', image, 'images/train/a')
    image(tmp_path / 'in/images/test/b.png')
    (tmp_path / 'in/data.yaml').write_text(NAMES)
    with pytest.raises(ValueError, match=r'images/test/b\.png: an image without labels'):
        convert('yolo-obb', 'dota', tmp_path / 'in', tmp_path / 'out')


@pytest.mark.parametrize('place', ['data.yaml', 'classes.txt', 'labels/classes.txt', '../data.yaml', 'obb.yml'])
def test_names_are_found(tmp_path, image, place):
    make(tmp_path / 'set/in', image, 'images/a')
    (tmp_path / 'set/in' / place).write_text('plane\nship\n' if place.endswith('txt') else NAMES)
    assert convert('yolo-obb', 'dota', tmp_path / 'set/in', tmp_path / 'out').objects == {'ship': 1}


def test_two_files_with_names_are_refused(tmp_path):
    (tmp_path / 'a.yaml').write_text(NAMES)
    (tmp_path / 'b.yaml').write_text(NAMES)
    with pytest.raises(ValueError, match=r'several files with names: a\.yaml, b\.yaml'):
        find_settings(tmp_path)
    (tmp_path / 'data.yaml').write_text(NAMES)
    assert find_settings(tmp_path) == tmp_path / 'data.yaml'


@pytest.mark.parametrize('row', ['0 40 30 160 30 160 60 40 60', '0 20 10 12 4 0.3', '0 -3 0 .5 0 .5 .1 -3 .1'])
def test_px_are_refused(tmp_path, image, row):
    make(tmp_path / 'in', image, 'images/a')
    (tmp_path / 'in/labels/a.txt').write_text(f'{SHARES}{row}\n')
    with pytest.raises(ValueError, match=r'a\.txt:2: a box around .*, expected shares .* \(are they px\?\)'):
        convert('yolo-obb', 'dota', tmp_path / 'in', tmp_path / 'out', ConversionOptions(classes=['plane', 'ship']))


def test_a_box_over_the_border_is_none_of_px(tmp_path, image):
    make(tmp_path / 'in', image, 'images/a')
    (tmp_path / 'in/labels/a.txt').write_text('0 -0.4 0.1 1.4 0.1 1.4 0.2 -0.4 0.2\n')
    convert('yolo-obb', 'dota', tmp_path / 'in', tmp_path / 'out', ConversionOptions(classes=['ship']))
    (labeled,) = read_dota(tmp_path / 'out/labelTxt/a.txt')
    np.testing.assert_allclose(labeled.quad, [[-16, 2], [56, 2], [56, 4], [-16, 4]])
    with pytest.raises(ValueError, match=r'b\.txt: object 0: a box around 1\.5, 0\.45, expected shares'):
        write_yolo_obb(tmp_path / 'b.txt', [LabeledObject(labeled.quad * 3, 'ship')], (40, 20), ['ship'])


def test_all_unknown_indices_are_named(tmp_path, image):
    make(tmp_path / 'in', image, 'images/a', 'images/b')
    (tmp_path / 'in/labels/b.txt').write_text(SHARES.replace('1', '7', 1) + SHARES.replace('1', '4', 1))
    (tmp_path / 'in/data.yaml').write_text('names: [ship]\n')
    with pytest.raises(ValueError, match=r'a\.txt:1: class 1, expected an index below 1 .*: 1, 4, 7'):
        convert('yolo-obb', 'dota', tmp_path / 'in', tmp_path / 'out')
