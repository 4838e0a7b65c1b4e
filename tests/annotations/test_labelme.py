"""JSON files of labelme and X-AnyLabeling."""

import json

import numpy as np
import pytest

from ship_det.annotations.conversion import convert
from ship_det.annotations.data_set import DataSet
from ship_det.annotations.labelme import read_labelme

ROTATED = [[35.5, 2], [38, 4], [20, 19], [17.5, 17]]


def write(path, *shapes, **more):
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {'shapes': shapes, 'imagePath': 'a.png', 'imageWidth': 40, 'imageHeight': 20, **more}
    path.write_text(json.dumps(content))


def shape(kind, *points, **more):
    return {'label': 'ship', 'shape_type': kind, 'points': points, **more}


def read(tmp_path, *shapes, **more):
    write(tmp_path / 'a.json', *shapes, **more)
    return read_labelme(tmp_path / 'a.json', (40, 20))


@pytest.mark.parametrize(
    ('given', 'expected'),
    [
        (shape('rotation', *ROTATED, direction=2.4), ROTATED),
        (shape('polygon', *ROTATED), ROTATED),
        (shape('polygon', *ROTATED, ROTATED[0]), ROTATED),
        # Any two opposite corners.
        (shape('rectangle', [30, 4], [10, 12]), [[10, 4], [30, 4], [30, 12], [10, 12]]),
        (shape('rectangle', [10, 4], [30, 4], [30, 12], [10, 12]), [[10, 4], [30, 4], [30, 12], [10, 12]]),
        (shape(None, *ROTATED), ROTATED),
    ],
)
def test_corners(tmp_path, given, expected):
    (labeled,) = read(tmp_path, given)
    np.testing.assert_array_equal(labeled.quad, expected)


def test_difficult_is_a_flag_of_either_tool(tmp_path):
    marks = [{'difficult': True}, {'difficult': 'true'}, {'flags': {'difficult': True}}, {'difficult': 'false'}, {}]
    found = read(tmp_path, *(shape('rotation', *ROTATED, **mark) for mark in marks))
    assert [labeled.difficult for labeled in found] == [True, True, True, False, False]


def test_what_is_no_outline_is_counted(tmp_path):
    found = DataSet()
    path = tmp_path / 'a.json'
    write(path, shape('point', [1, 1]), shape('circle', [1, 1], [2, 2]), shape('polygon', [0, 0], [8, 0], [4, 4]))
    (triangle,) = read_labelme(path, (40, 20), found)
    assert (found.skipped, found.outlines) == ({'point': 1, 'circle': 1}, 1)
    assert triangle.quad.min() >= 0
    assert triangle.quad.max() <= 8


@pytest.mark.parametrize(
    ('bad', 'message'),
    [
        (shape('rotation', *ROTATED[:3]), 'shape 0: a rotation of 3 points, expected four'),
        (shape('rectangle', [1, 1]), 'shape 0: a rectangle of 1 points'),
        (shape('star', *ROTATED), "shape_type is 'star', expected rectangle, rotation or polygon"),
        (shape('polygon', [1, 'x'], [2, 2], [3, 4]), 'points is .*expected finite numbers'),
        (shape('rotation', *ROTATED, label=' '), "label is ' ', expected the class"),
        (shape('polygon', 1, 2, 3, 4), 'points is .*expected pairs of numbers'),
        (shape('polygon', [1, 2, 3], [4, 5, 6]), 'points is .*expected pairs of numbers'),
        ('text', "found 'text', expected label"),
    ],
)
def test_bad_shapes_are_named(tmp_path, bad, message):
    with pytest.raises(ValueError, match=rf'a\.json: .*{message}'):
        read(tmp_path, bad)


@pytest.mark.parametrize('text', ['{"shapes": 3}', '{}', '[]', '{', '{"shapes": null}', '[' * 99999])
def test_other_files_are_refused(tmp_path, text):
    (tmp_path / 'a.json').write_text(text)
    with pytest.raises(ValueError, match=r'a\.json:.* expected a labelme file'):
        read_labelme(tmp_path / 'a.json', (40, 20))


def test_a_size_that_is_not_stated_is_the_image_s(tmp_path):
    assert len(read(tmp_path, shape('rotation', *ROTATED), imageWidth=None, imageHeight=None)) == 1
    with pytest.raises(ValueError, match=r"a\.json: width and height of the image is \(40, 'x'\), expected finite"):
        read(tmp_path, imageHeight='x')


def test_labels_of_an_image_of_another_size_are_refused(tmp_path):
    with pytest.raises(ValueError, match='labels of an image of 80 x 20 px, but it has 40 x 20 px'):
        read(tmp_path, imageWidth=80)


@pytest.mark.parametrize('folders', [('', ''), ('images/', 'labels/'), ('images/', 'images/'), ('train/', 'train/')])
def test_folders(tmp_path, image, folders):
    image(tmp_path / f'in/{folders[0]}a.png')
    write(tmp_path / f'in/{folders[1]}a.json', shape('rotation', *ROTATED))
    summary = convert('labelme', 'dota', tmp_path / 'in', tmp_path / 'out')
    assert summary.objects == {'ship': 1}
    assert summary.parts == ({'train': 1} if folders[0] == 'train/' else {})
