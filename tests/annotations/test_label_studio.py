"""Label Studio's JSON export."""

import json

import numpy as np
import pytest

from ship_det.annotations.conversion import convert
from ship_det.annotations.label_studio import LabelStudio

SIZE = {'original_width': 40, 'original_height': 20, 'image_rotation': 0}


def rectangle(rotation, **value):
    # Upper left corner (8, 4) px, 20 x 5 px.
    value = {'x': 20, 'y': 20, 'width': 50, 'height': 25, 'rotation': rotation, 'rectanglelabels': ['ship'], **value}
    return {'id': 'r1', 'type': 'rectanglelabels', 'value': value, **SIZE}


def polygon(*points):
    return {'id': 'p1', 'type': 'polygonlabels', 'value': {'points': points, 'polygonlabels': ['tug']}, **SIZE}


def task(image, *result, **more):
    return {'id': 3, 'data': {'image': image}, 'annotations': [{'result': list(result)}], **more}


def write(root, *tasks, name='export.json'):
    root.mkdir(parents=True, exist_ok=True)
    (root / name).write_text(json.dumps(tasks))


def objects_of(root):
    return LabelStudio().read(root).images[0].objects


@pytest.mark.parametrize(
    ('rotation', 'expected'),
    [
        (0, [[8, 4], [28, 4], [28, 9], [8, 9]]),
        # Downwards from the corner; the height then runs to the left. In px, not in percent.
        (90, [[8, 4], [8, 24], [3, 24], [3, 4]]),
        (-30, [[8, 4], [25.3205, -6], [27.8205, -1.6699], [10.5, 8.3301]]),
        (330, [[8, 4], [25.3205, -6], [27.8205, -1.6699], [10.5, 8.3301]]),
    ],
)
def test_rectangles_turn_clockwise_about_their_upper_left_corner(tmp_path, image, rotation, expected):
    image(tmp_path / 'a.png')
    write(tmp_path, task('a.png', rectangle(rotation)))
    np.testing.assert_allclose(objects_of(tmp_path)[0].quad, expected, atol=1e-4)


def test_polygons_in_percent_and_what_is_no_outline(tmp_path, image):
    image(tmp_path / 'a.png')
    points = [[10, 10], [50, 20], [50, 50], [10, 40]]
    write(tmp_path, task('a.png', polygon(*points), {'type': 'choices', 'value': {}}, {'type': 'keypointlabels'}))
    found = LabelStudio().read(tmp_path)
    (labeled,) = found.images[0].objects
    assert labeled.name == 'tug'
    np.testing.assert_allclose(labeled.quad, [[4, 2], [20, 4], [20, 10], [4, 8]])
    assert found.skipped == {'choices': 1, 'keypointlabels': 1}


def test_outlines_become_rectangles_of_their_px(tmp_path, image):
    """(0, 0), (10, 10), (14, 6), (9, 1), (4, -4) px: a rectangle of 14.14 x 5.66 px, with a point on a long side."""
    image(tmp_path / 'a.png')
    write(tmp_path, task('a.png', polygon([0, 0], [25, 50], [35, 30], [22.5, 5], [10, -20])))
    found = LabelStudio().read(tmp_path)
    corners = sorted(found.images[0].objects[0].quad.round(6).tolist())
    assert (corners, found.outlines) == ([[0, 0], [4, -4], [10, 10], [14, 6]], 1)


@pytest.mark.parametrize(
    'called',
    [
        'a b.png',
        '/data/upload/1/0a1b2c3d-a%20b.png',
        '/data/local-files/?d=images/a%20b.png',
        'https://example.org/x/a%20b.png?token=1',
        's3://bucket/a b.png',
    ],
)
def test_images_are_found_by_what_tasks_call_them(tmp_path, image, called):
    image(tmp_path / 'images/a b.png')
    write(tmp_path, task(called, rectangle(0)))
    assert len(objects_of(tmp_path)) == 1


def test_parts_in_files_of_their_own(tmp_path, image):
    for name in 'ab':
        image(tmp_path / f'in/images/{name}.png')
    write(tmp_path / 'in', task('a.png', rectangle(0)), name='train.json')
    write(tmp_path / 'in', task('b.png'), name='project-test.json')
    summary = convert('label-studio', 'dota', tmp_path / 'in', tmp_path / 'out')
    assert (summary.parts, summary.objects) == ({'test': 1, 'train': 1}, {'ship': 1})


def test_tasks_that_nobody_annotated_have_no_labels(tmp_path, image):
    for name in 'abc':
        image(tmp_path / f'images/{name}.png')
    skipped = task('b.png', rectangle(0))
    skipped['annotations'][0]['was_cancelled'] = True
    write(tmp_path, task('a.png', annotations=[]), skipped, task('c.png'))
    found = LabelStudio().read(tmp_path)
    assert [path.name for path in found.without_labels] == ['a.png', 'b.png']
    assert [(labeled.image.name, labeled.objects) for labeled in found.images] == [('c.png', [])]


@pytest.mark.parametrize(
    ('bad', 'message'),
    [
        (task('a.png', rectangle(0, x=None)), 'region r1: x, y, width, height is .*expected finite'),
        (task('a.png', rectangle(0, width=0)), 'expected positive sides'),
        (
            task('a.png', rectangle(0, rectanglelabels=['a', 'b'])),
            r"labels is \['a', 'b'\], expected one class",
        ),
        (task('a.png', rectangle(0) | {'image_rotation': 90}), 'turned by 90 degrees'),
        (task('a.png', rectangle(0) | {'original_width': 80}), 'labels of an image of 80 x 20 px, but it has 40 x 20'),
        (task('a.png', annotations=[{'result': []}, {'result': []}]), '2 annotations, expected one'),
        (task('a.png', polygon([1, 1], [2, 2])), 'a polygon of 2 points'),
        ({'image': 'a.png', 'label': []}, 'no list of tasks with annotations, expected an export as "JSON"'),
    ],
)
def test_bad_regions_are_named(tmp_path, image, bad, message):
    image(tmp_path / 'a.png')
    write(tmp_path, bad)
    with pytest.raises(ValueError, match=rf'export\.json: .*{message}'):
        LabelStudio().read(tmp_path)
