"""Data sets from one format to another: nothing moved, nothing lost without being said."""

import json
import math
import os
import re
import shutil

import numpy as np
import pytest
import rasterio
from PIL import Image

from ship_det.annotations import LabeledObject, read_dota, write_dota
from ship_det.annotations.conversion import ConversionOptions, convert, read_class_map, writable_formats
from ship_det.annotations.data_set import LabeledImage
from ship_det.annotations.formats import FORMATS
from ship_det.geometry import rbox_to_quad

RECTANGLES_AS_BOXES = np.array([[30, 20, 24, 6, 0.4], [50.5, 30.25, 9, 9, -1.2]])
RECTANGLES = rbox_to_quad(RECTANGLES_AS_BOXES)
KITE = np.array([[10.5, 20], [30, 22], [33, 40], [12, 30]])


def read_labels(name, source, out, **options):
    """Objects of the image ``a`` of a data set, by way of DOTA."""
    convert(name, 'dota', source, out, ConversionOptions(**options))
    return read_dota(out / 'labelTxt/a.txt')


@pytest.fixture
def harbor(tmp_path):
    """Two images of 80 x 60 px, one empty; three objects of two classes, one no rectangle, one difficult."""
    root = tmp_path / 'harbor'
    (root / 'images').mkdir(parents=True)
    (root / 'labelTxt').mkdir()
    profile = {'driver': 'PNG', 'count': 3, 'width': 80, 'height': 60, 'dtype': 'uint8'}
    for name in ('a', 'b'):
        with rasterio.open(root / f'images/{name}.png', 'w', **profile) as image:
            image.write(np.random.default_rng(0).integers(0, 256, (3, 60, 80), dtype=np.uint8))
        (root / f'images/{name}.png.aux.xml').unlink(missing_ok=True)
    objects = [
        LabeledObject(RECTANGLES[0], 'Perry'),
        LabeledObject(RECTANGLES[1], 'submarine', True),
        LabeledObject(KITE, 'submarine'),
    ]
    write_dota(root / 'labelTxt/a.txt', objects)
    write_dota(root / 'labelTxt/b.txt', [])
    return root


pytestmark = pytest.mark.filterwarnings('ignore::rasterio.errors.NotGeoreferencedWarning')


@pytest.mark.parametrize('name', writable_formats())
def test_to_every_format_and_back(harbor, tmp_path, name, same_corners):
    there = convert('dota', name, harbor, tmp_path / 'there')
    back = convert(name, 'dota', tmp_path / 'there', tmp_path / 'back')
    assert (there.images, back.images) == (2, 2)
    assert there.objects == back.objects == {'Perry': 1, 'submarine': 2}
    expected = read_dota(harbor / 'labelTxt/a.txt')
    found = read_dota(tmp_path / 'back/labelTxt/a.txt')
    assert there.rectangles == (0 if FORMATS[name].keeps_quads else 1)
    assert there.flags_lost == (0 if FORMATS[name].keeps_difficult else 1)
    expected[1].difficult = FORMATS[name].keeps_difficult
    same_corners(found[:2], expected[:2])
    if FORMATS[name].keeps_quads:
        same_corners(found, expected)
    assert read_dota(tmp_path / 'back/labelTxt/b.txt') == []
    assert (tmp_path / 'back/images/a.png').read_bytes() == (harbor / 'images/a.png').read_bytes()


@pytest.mark.parametrize('name', writable_formats())
def test_parts_go_to_every_format_and_back(harbor, tmp_path, name):
    shutil.copy(harbor / 'images/b.png', harbor / 'images/c.png')
    write_dota(harbor / 'labelTxt/c.txt', [])
    lists = {'train.txt': 'a.png\n', 'test.txt': 'b.png\n', 'trainval.txt': 'a.png\nc.png\n'}
    for file, text in lists.items():
        (harbor / file).write_text(text)
    convert('dota', name, harbor, tmp_path / 'there')
    summary = convert(name, 'dota', tmp_path / 'there', tmp_path / 'back')
    assert summary.parts == {'train': 1, 'test': 1, 'trainval': 2}
    assert {file: (tmp_path / 'back' / file).read_text() for file in lists} == lists


def test_all_unknown_classes_are_named_at_once(harbor, tmp_path):
    with pytest.raises(
        ValueError, match=r"a\.txt: unknown classes 'Perry' \(1\), 'submarine' \(2\), expected one of: tug"
    ):
        convert('dota', 'dota', harbor, tmp_path / 'out', ConversionOptions({'tug': 'tug'}))


def test_all_classes_that_hrsc_lacks_are_named_at_once(harbor, tmp_path):
    (harbor / 'labelTxt/b.txt').write_text('1 1 9 1 9 5 1 5 tug 0\n1 1 9 1 9 5 1 5 barge 0\n')
    with pytest.raises(ValueError, match="HRSC2016 has no class 'barge', 'tug', expected some of: ship, "):
        convert('dota', 'hrsc', harbor, tmp_path / 'out')
    assert not (tmp_path / 'out').exists()


def test_a_listed_name_without_an_image_is_an_error_or_a_counted_skip(harbor, tmp_path):
    (harbor / 'train.txt').write_text('a.png\nz.png\n')
    with pytest.raises(
        ValueError, match=r'train\.txt:2: z\.png: no image of this name, expected one \(--skip-unpaired'
    ):
        convert('dota', 'dota', harbor, tmp_path / 'out')
    assert convert('dota', 'dota', harbor, tmp_path / 'out', ConversionOptions(skip_unpaired=True)).unpaired == 1


@pytest.mark.parametrize(('name', 'key'), [('rolabelimg', 'angle'), ('hrsc', 'mbox_ang')])
def test_angles_in_another_unit(harbor, tmp_path, same_corners, name, key):
    source = tmp_path / 'there'
    convert('dota', name, harbor, source)
    expected = read_labels(name, source, tmp_path / 'as-is')
    (labels,) = source.rglob('a.xml')
    text = re.sub(rf'(?<=<{key}>)[^<]+', lambda angle: str(math.degrees(float(angle[0]))), labels.read_text())
    labels.write_text(text)
    with pytest.raises(ValueError, match=r'a\.xml:\d+: an angle of .* rad, expected at most a whole turn'):
        convert(name, 'dota', source, tmp_path / 'refused')
    same_corners(read_labels(name, source, tmp_path / 'degrees', angle_unit='degrees'), expected)


def test_shares_are_those_of_the_image_as_shown(tmp_path):
    """Of an image of 400 x 300 px that EXIF turns to 300 x 400."""
    (tmp_path / 'in/images').mkdir(parents=True)
    (tmp_path / 'in/labels').mkdir()
    exif = Image.Exif()
    exif[274] = 6
    Image.new('RGB', (400, 300)).save(tmp_path / 'in/images/a.jpg', exif=exif)
    (tmp_path / 'in/labels/a.txt').write_text('0 0.1 0.1 0.5 0.1 0.5 0.2 0.1 0.2\n')
    convert('yolo-obb', 'dota', tmp_path / 'in', tmp_path / 'out', ConversionOptions(classes=['ship']))
    (labeled,) = read_dota(tmp_path / 'out/labelTxt/a.txt')
    np.testing.assert_allclose(labeled.quad, [[30, 40], [150, 40], [150, 80], [30, 80]])


def test_yolo_and_coco_angles_in_another_unit(tmp_path, harbor):
    shares = RECTANGLES_AS_BOXES[0] / [80, 60, 80, 60, 1]
    yolo, coco = tmp_path / 'yolo', tmp_path / 'coco'
    for root in (yolo, coco):
        root.mkdir()
        shutil.copy(harbor / 'images/a.png', root)
    (yolo / 'a.txt').write_text(f'0 {" ".join(map(str, shares[:4]))} {np.rad2deg(0.4)}\n')
    content = {
        'images': [{'id': 1, 'file_name': 'a.png', 'width': 80, 'height': 60}],
        'categories': [{'id': 1, 'name': 'ship'}],
        # counterclockwise on screen
        'annotations': [{'image_id': 1, 'category_id': 1, 'bbox': [30, 20, 24, 6, -0.4]}],
    }
    (coco / 'a.json').write_text(json.dumps(content))
    for name, root, unit in (('yolo-obb', yolo, 'degrees'), ('coco-rotated', coco, 'radians')):
        (found,) = read_labels(name, root, tmp_path / f'{name}-out', classes=['ship'], angle_unit=unit)
        # YOLO's width is a share of the image's width and its height one of its height, whatever the angle.
        np.testing.assert_allclose(found.quad, RECTANGLES[0], atol=1e-9)


def test_format_without_angles_takes_no_unit(harbor, tmp_path):
    with pytest.raises(ValueError, match='harbor: labels of this format hold no angles'):
        convert('dota', 'dota', harbor, tmp_path / 'out', ConversionOptions(angle_unit='degrees'))


def test_class_map_renames_and_drops(harbor, tmp_path):
    (tmp_path / 'map.yaml').write_text('Perry: frigate\nsubmarine:\n')
    options = ConversionOptions(class_map=read_class_map(tmp_path / 'map.yaml'))
    summary = convert('dota', 'dota', harbor, tmp_path / 'out', options)
    assert (summary.objects, summary.dropped) == ({'frigate': 1}, {'submarine': 2})
    assert [labeled.name for labeled in read_dota(tmp_path / 'out/labelTxt/a.txt')] == ['frigate']


def test_unknown_class_is_an_error_or_a_counted_skip(harbor, tmp_path):
    with pytest.raises(ValueError, match=r"labelTxt/a\.txt: unknown class 'submarine', expected one of: Perry"):
        convert('dota', 'dota', harbor, tmp_path / 'out', ConversionOptions({'Perry': 'frigate'}))
    assert not (tmp_path / 'out').exists()
    options = ConversionOptions({'Perry': 'frigate'}, skip_unknown=True)
    assert convert('dota', 'dota', harbor, tmp_path / 'out', options).dropped == {'submarine': 2}


#: Names that a format may take for something else: numbers, nothing, YAML, JSON, XML, columns, other languages.
NAMES = [
    *('052', '1', '0', '0x1F', 'no', 'on', 'yes', 'true', 'null', '~', '=', 'Type 45', 'Type 2', 'DDG 51', '12:30:00'),
    *('a: b', '- a', '? a', 'a #1', '#1', '"a"', "it's", "'a'", '[a]', '{a}', '&a', '*a', '!a', '|', '>', '%a', '@a'),
    *('`a`', '<<', 'a, b', '<b>&amp;</b>', ']]>', 'imagesource:x', 'OXo|--)', 'a\\b', 'a/b', '$a', 'difficult'),
    *('渔船', 'Fähre', 'e\u0301', 'قارب', '🚢', '2024-01-31'),
]
#: Names that a line of a DOTA label file has no place for.
NUMBERS = ['1.0', '1e5', 'nan', 'inf', '1_000', '-5', '3 masts', 'ship 0.5']


def write_names(harbor, root, names):
    """The data set with an object of each name, as a COCO file, which can hold any."""
    objects = [LabeledObject(RECTANGLES[0], 'ship') for _ in names]
    write_dota(harbor / 'labelTxt/a.txt', objects)
    convert('dota', 'coco-rotated', harbor, root)
    path = root / 'annotations/instances.json'
    content = json.loads(path.read_text())
    content['categories'] = [{'id': index, 'name': name} for index, name in enumerate(names)]
    for index, annotation in enumerate(content['annotations']):
        annotation['category_id'] = index
    path.write_text(json.dumps(content))


@pytest.mark.parametrize('name', [name for name in writable_formats() if name != 'hrsc'])
def test_class_names_read_back(harbor, tmp_path, name):
    names = NAMES if name == 'dota' else NAMES + NUMBERS
    write_names(harbor, tmp_path / 'source', names)
    there = convert('coco-rotated', name, tmp_path / 'source', tmp_path / 'there')
    back = convert(name, 'coco-rotated', tmp_path / 'there', tmp_path / 'back')
    assert there.objects == back.objects == dict.fromkeys(names, 1)


@pytest.mark.parametrize('name', NUMBERS)
def test_class_names_that_dota_has_no_place_for(harbor, tmp_path, name):
    write_names(harbor, tmp_path / 'source', ['ship', name])
    with pytest.raises(ValueError, match=rf'a\.txt: object 1: expected a class name .* got {re.escape(repr(name))}'):
        convert('coco-rotated', 'dota', tmp_path / 'source', tmp_path / 'out')
    assert not (tmp_path / 'out').exists()


def test_classes_that_dota_cannot_tell_apart(harbor, tmp_path):
    options = ConversionOptions({'Perry': 'type', 'submarine': 'type 1'})
    with pytest.raises(ValueError, match="classes 'type' and 'type 1': a DOTA label file cannot tell them apart"):
        convert('dota', 'dota', harbor, tmp_path / 'out', options)
    assert not (tmp_path / 'out').exists()
    assert convert('dota', 'coco-rotated', harbor, tmp_path / 'out', options).objects == {'type': 1, 'type 1': 2}


@pytest.mark.parametrize('name', ['052', 'null', 'no', '~', 'a: b', 'a #1', '1.0'])
def test_class_map_renames_any_name(harbor, tmp_path, name):
    options = ConversionOptions({'Perry': name, 'submarine': None})
    convert('dota', 'coco-rotated', harbor, tmp_path / 'coco', options)
    (tmp_path / 'map.yaml').write_text(f'"{name}": "null"\n')
    options = ConversionOptions(read_class_map(tmp_path / 'map.yaml'))
    assert convert('coco-rotated', 'dota', tmp_path / 'coco', tmp_path / 'out', options).objects == {'null': 1}


def test_plain_names_of_a_class_map_are_texts(tmp_path):
    (tmp_path / 'map.yaml').write_text('052: destroyer\nno: 1.0\nnull: ~\nyes: null\non: off\n')
    expected = {'052': 'destroyer', 'no': '1.0', 'null': None, 'yes': None, 'on': 'off'}
    assert read_class_map(tmp_path / 'map.yaml') == expected


def test_upright_boxes_are_counted(harbor, tmp_path):
    objects = read_dota(harbor / 'labelTxt/a.txt')
    upright = LabeledObject(np.array([[5.0, 5], [9, 5], [9, 7], [5, 7]]), 'Perry')
    write_dota(harbor / 'labelTxt/a.txt', [*objects, upright])
    assert convert('dota', 'dota', harbor, tmp_path / 'out').upright == 1
    write_dota(harbor / 'labelTxt/a.txt', [])
    assert convert('dota', 'dota', harbor, tmp_path / 'empty').upright == 0


@pytest.mark.parametrize(
    ('lost', 'message'), [('labelTxt/b.txt', r'images/b\.png: an image without'), ('images/b.png', r'b\.txt: labels')]
)
def test_unpaired_files_are_an_error_or_a_counted_skip(harbor, tmp_path, lost, message):
    (harbor / lost).unlink()
    with pytest.raises(ValueError, match=message):
        convert('dota', 'dota', harbor, tmp_path / 'out')
    assert convert('dota', 'dota', harbor, tmp_path / 'out', ConversionOptions(skip_unpaired=True)).unpaired == 1


def test_damaged_image_leaves_nothing_behind(harbor, tmp_path):
    image = harbor / 'images/b.png'
    image.write_bytes(image.read_bytes()[:-2000])
    with pytest.raises(ValueError, match=r'images/b\.png: not an image or a truncated one'):
        convert('dota', 'dota', harbor, tmp_path / 'out')
    assert os.listdir(tmp_path) == ['harbor']
    assert convert('dota', 'dota', harbor, tmp_path / 'out', ConversionOptions(verify=False)).images == 2


@pytest.mark.parametrize('transfer', ['copy', 'hardlink', 'symlink'])
def test_images_are_copied_or_linked(harbor, tmp_path, transfer):
    convert('dota', 'rolabelimg', harbor, tmp_path / 'out', ConversionOptions(transfer=transfer))
    image, original = tmp_path / 'out/images/a.png', harbor / 'images/a.png'
    assert image.is_symlink() == (transfer == 'symlink')
    assert image.samefile(original) == (transfer != 'copy')
    assert image.read_bytes() == original.read_bytes()


def test_what_cannot_be_written(harbor, tmp_path):
    with pytest.raises(ValueError, match='to: voc can only be read, expected one of: dota, hrsc'):
        convert('dota', 'voc', harbor, tmp_path / 'out')
    with pytest.raises(ValueError, match='harbor: already there, expected a new or empty folder'):
        convert('dota', 'dota', harbor, harbor)
    with pytest.raises(ValueError, match="unknown format 'kitti', expected one of: dota"):
        convert('kitti', 'dota', harbor, tmp_path / 'out')


@pytest.mark.parametrize('text', ['[a, b]', 'a: [b]', 'a: {', ''])
def test_bad_class_map_is_named(tmp_path, text):
    (tmp_path / 'map.yaml').write_text(text)
    with pytest.raises(ValueError, match=r'map\.yaml: '):
        read_class_map(tmp_path / 'map.yaml')


@pytest.mark.parametrize(
    ('name', 'folder', 'classes', 'expected'),
    [
        (
            'rolabelimg',
            'hit_uav_mini/val',
            (),
            {'Person': 460, 'Car': 312, 'Bicycle': 184, 'OtherVehicle': 6, 'DontCare': 2},
        ),
        ('dota', 'dota_harbor', (), {'ship': 329, 'harbor': 5}),
        ('dior', 'formats/dior', (), {'golffield': 1}),
        ('yolo-obb', 'formats/hrsc_image_yolo_obb', ('ship',), {'ship': 3}),
        ('voc', 'formats/voc_hbb', (), None),
    ],
)
def test_real_data_sets(data_root, tmp_path, name, folder, classes, expected):
    summary = convert(name, 'dota', data_root / folder, tmp_path / 'out', ConversionOptions(classes=classes))
    if expected:
        assert summary.objects == expected
    assert summary.unpaired == 0
    labels = sorted((tmp_path / 'out/labelTxt').glob('*.txt'))
    assert sum(len(read_dota(path)) for path in labels) == summary.objects.total()


@pytest.mark.parametrize(
    ('name', 'folder', 'expected'),
    [
        ('rolabelimg', 'hit_uav_mini/val', 964),
        ('dota', 'dota_harbor', 334),
        ('dior', 'formats/dior', 1),
    ],
)
def test_real_data_sets_come_back(data_root, tmp_path, same_corners, name, folder, expected):
    options = ConversionOptions(transfer='symlink', verify=False)
    original = FORMATS[name].read(data_root / folder)
    convert(name, 'dota', data_root / folder, tmp_path / 'dota', options)
    convert('dota', name, tmp_path / 'dota', tmp_path / 'back', options)
    back = FORMATS[name].read(tmp_path / 'back')
    assert sum(len(labeled.objects) for labeled in original.images) == expected
    assert [labeled.image.name for labeled in back.images] == [labeled.image.name for labeled in original.images]
    for ours, theirs in zip(back.images, original.images, strict=True):
        same_corners(ours.objects, theirs.objects)


@pytest.mark.parametrize('name', ['dota', 'cvat', 'coco-rotated'])
def test_an_image_that_is_not_read_is_named_where_labels_lack_one(name, harbor, tmp_path):
    source = tmp_path / 'in'
    convert('dota', name, harbor, source)
    image = sorted((source / 'images').iterdir())[0]
    image.rename(image.with_suffix('.heic'))
    with pytest.raises(ValueError, match=rf'without an image, {image.stem}\.heic is not read, expected .* in \.bmp'):
        convert(name, 'dota', source, tmp_path / 'out')


@pytest.mark.parametrize(
    ('name', 'file', 'expected'),
    [('dota', 'train.txt', 'a.png'), ('hrsc', 'ImageSets/train.txt', 'a'), ('fair1m', 'ImageSets/train.txt', 'a')],
)
def test_lists_name_files_or_stems_as_the_format_has_it(name, file, expected, tmp_path, image):
    image(tmp_path / 'a.png')
    labeled = LabeledImage(tmp_path / 'a.png', None, parts=('train',))
    FORMATS[name].write(tmp_path / 'out', [labeled], [])
    assert (tmp_path / 'out' / file).read_text() == f'{expected}\n'
