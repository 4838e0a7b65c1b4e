"""The format of a data set, by its label files."""

import json

import pytest

from ship_det.annotations import LabeledObject, write_dota
from ship_det.annotations.conversion import convert, writable_formats
from ship_det.annotations.recognition import recognise_format

QUAD = [[4, 2], [16, 2], [16, 4], [4, 4]]


@pytest.fixture
def bay(tmp_path, image):
    """Two images, one without a ship."""
    root = tmp_path / 'bay'
    (root / 'labelTxt').mkdir(parents=True)
    for name, objects in {'a': [LabeledObject(QUAD, 'Perry')], 'b': []}.items():
        image(root / f'images/{name}.png')
        write_dota(root / f'labelTxt/{name}.txt', objects)
    (root / 'train.txt').write_text('a.png\n')
    (root / 'README.txt').write_text('9 images of ships\n')
    return root


@pytest.mark.parametrize('name', writable_formats())
def test_what_is_written_is_recognised(bay, tmp_path, name):
    convert('dota', name, bay, tmp_path / name)
    found, evidence = recognise_format(tmp_path / name)
    assert (found, evidence.is_file()) == (name, True)
    summary = convert(found, 'dota', tmp_path / name, tmp_path / 'out')
    assert (summary.objects, summary.parts) == ({'Perry': 1}, {'train': 1})


def write(root, **files):
    root.mkdir(exist_ok=True)
    for name, text in files.items():
        stem, _, suffix = name.rpartition('_')
        (root / f'{stem}.{suffix}').write_text(text)
    return root


HEAD = 'imagesource:GoogleEarth\ngsd:null\n'
XML = '<annotation><object><name>a</name>{}</object></annotation>'
COCO = {'images': [], 'categories': [], 'annotations': [{'bbox': [1, 2, 3, 4, 5]}]}


@pytest.mark.parametrize(
    ('files', 'expected'),
    [
        ({'a_txt': HEAD}, 'dota'),
        ({'a_txt': '0 0 9 0 9 9 0 9 large vehicle 1\n'}, 'dota'),
        ({'a_txt': '0 0.5 0.5 0.1 0.1 0.3\n'}, 'yolo-obb'),
        ({'a_xml': XML.format('<bndbox/>')}, 'voc'),
        ({'a_xml': XML.format('<bndbox/>'), 'b_xml': XML.format('<robndbox><cx>1</cx></robndbox>')}, 'rolabelimg'),
        ({'a_xml': XML.format('<robndbox>\n<x_left_top>1</x_left_top></robndbox>')}, 'dior'),
        ({'a_xml': '<annotation><polarization/><object><robndbox/></object></annotation>'}, 'rsdd'),
        ({'a_json': json.dumps({**COCO, 'annotations': []})}, 'coco-rotated'),
        ({'a_json': '{"shapes": [], "imagePath": "a.png"}', 'b_json': '{"names": []}'}, 'labelme'),
    ],
)
def test_label_files(tmp_path, files, expected):
    assert recognise_format(write(tmp_path / 'in', **files))[0] == expected


def test_utf_16_and_damaged_files(tmp_path):
    root = write(tmp_path / 'in', a_json='{', b_txt='', c_xml='<', d_txt='\0\0')
    with pytest.raises(ValueError, match='in: found no label file of a known format'):
        recognise_format(root)
    (root / 'e.xml').write_bytes(XML.format('<rotated_bndbox/>').encode('utf-16'))
    assert recognise_format(root) == ('ssdd', root / 'e.xml')


@pytest.mark.parametrize(
    ('files', 'candidates'),
    [
        ({'a_txt': HEAD, 'b_xml': '<HRSC_Image/>'}, ['dota by .*a.txt', 'hrsc by .*b.xml']),
        # Corners would tell, but there are none.
        ({'a_json': json.dumps(COCO)}, ['coco-rotated by .*a.json', 'coco-rotated-clockwise by .*a.json']),
        (
            {'a_xml': XML.format('<robndbox/>'), 'b_json': '[{"data": {}, "annotations": []}]'},
            ['rolabelimg', 'label-s'],
        ),
    ],
)
def test_several_candidates_are_named(tmp_path, files, candidates):
    with pytest.raises(ValueError, match='may be') as error:
        recognise_format(write(tmp_path / 'in', **files))
    for candidate in candidates:
        assert error.match(candidate)


def test_no_such_folder(tmp_path):
    with pytest.raises(ValueError, match='nowhere: no such folder'):
        recognise_format(tmp_path / 'nowhere')
