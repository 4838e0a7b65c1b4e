"""Rotated COCO JSON: angles in degrees, counterclockwise on screen unless said otherwise."""

import json

import numpy as np
import pytest

from ship_det.annotations import LabeledObject
from ship_det.annotations.coco import CocoImage, read_coco, write_coco
from ship_det.geometry import pairwise_iou, quad_to_rbox

QUAD = np.array([[1.25, 2], [9, 3], [8, 7.125], [0, 6]])


def coco_file(tmp_path, **annotation):
    annotation = {'id': 7, 'image_id': 1, 'category_id': 1, **annotation}
    content = {
        'images': [{'id': 1, 'file_name': 'a.jpg', 'width': 100, 'height': 80}],
        'categories': [{'id': 1, 'name': 'ship'}],
        'annotations': [annotation],
    }
    (tmp_path / 'a.json').write_text(json.dumps(content))
    return tmp_path / 'a.json'


@pytest.mark.parametrize(('clockwise', 'angle'), [(False, 30), (True, -30)])
def test_angle(tmp_path, clockwise, angle):
    (image,) = read_coco(coco_file(tmp_path, bbox=[50, 40, 20, 6, angle]), clockwise)
    # 30 degrees counterclockwise on screen is -30 degrees from x to y.
    np.testing.assert_allclose(quad_to_rbox(image.objects[0].quad[None])[0], [50, 40, 20, 6, -np.pi / 6], atol=1e-9)
    assert (image.file, image.size, image.objects[0].name) == ('a.jpg', (100, 80), 'ship')


@pytest.mark.parametrize(
    ('annotation', 'expected'),
    [
        ({'segmentation': [QUAD.ravel().tolist()], 'bbox': [50, 40, 20, 6, 30]}, QUAD.tolist()),
        ({'bbox': [10, 20, 8, 4]}, [[10, 20], [18, 20], [18, 24], [10, 24]]),
        ({'bbox': [0, 0, 9, 9], 'segmentation': [[0, 0, 8, 0, 8, 4, 4, 4, 0, 4]]}, [[0, 0], [8, 0], [8, 4], [0, 4]]),
        ({'bbox': [10, 20, 8, 4], 'segmentation': [[]]}, [[10, 20], [18, 20], [18, 24], [10, 24]]),
        # The first point again at the end, and polygons without brackets of their own.
        ({'bbox': [0, 0, 9, 9], 'segmentation': [[*QUAD.ravel(), 1.25, 2]]}, QUAD.tolist()),
        ({'bbox': [0, 0, 9, 9], 'segmentation': QUAD.ravel().tolist()}, QUAD.tolist()),
        ({'bbox': QUAD.ravel().tolist()}, QUAD.tolist()),
        # A mask of rows 3 to 5 in columns 2 and 3.
        (
            {'bbox': [2, 3, 2, 3], 'segmentation': {'size': [80, 100], 'counts': [163, 3, 77, 3, 7754]}},
            [[2, 3], [4, 3], [4, 6], [2, 6]],
        ),
    ],
)
def test_corners_come_from_the_most_exact_key(tmp_path, annotation, expected):
    (image,) = read_coco(coco_file(tmp_path, **annotation))
    assert sorted(image.objects[0].quad.tolist()) == sorted(expected)


@pytest.mark.parametrize('rotation', [90.0, '450'])
def test_rotation_of_cvat(tmp_path, rotation):
    """Clockwise about the centre, (14, 22): a quarter turn changes the sides."""
    annotation = {'bbox': [10, 20, 8, 4], 'segmentation': [], 'attributes': {'rotation': rotation}}
    (image,) = read_coco(coco_file(tmp_path, **annotation))
    expected = [[12, 18], [12, 26], [16, 18], [16, 26]]
    assert sorted(np.round(image.objects[0].quad, 9).tolist()) == expected


def test_rotation_beats_an_upright_outline(tmp_path):
    """By 30 degrees: the nose of the box, 4 px right of (14, 22), goes down by 2 px."""
    upright = [[10, 20, 18, 20, 18, 24, 10, 24]]
    annotation = {'bbox': [10, 20, 8, 4], 'segmentation': upright, 'attributes': {'rotation': 30, 'occluded': False}}
    (image,) = read_coco(coco_file(tmp_path, **annotation))
    np.testing.assert_allclose(quad_to_rbox(image.objects[0].quad[None])[0], [14, 22, 8, 4, np.pi / 6], atol=1e-9)


def test_a_turned_box_beats_an_upright_outline(tmp_path):
    annotation = {'bbox': [50, 40, 20, 6, 30], 'segmentation': [[40, 30, 60, 30, 60, 50, 40, 50]]}
    (image,) = read_coco(coco_file(tmp_path, **annotation))
    np.testing.assert_allclose(quad_to_rbox(image.objects[0].quad[None])[0], [50, 40, 20, 6, -np.pi / 6], atol=1e-9)


def test_a_turned_mask_is_no_upright_box(tmp_path):
    """A diagonal of 5 px: the rectangle around their squares is 5 by 1 diagonals of a px."""
    counts = [0, 1, *[80, 1] * 4, 80 * 100 - 325]
    annotation = {'bbox': [0, 0, 5, 5], 'segmentation': {'size': [80, 100], 'counts': counts}}
    (image,) = read_coco(coco_file(tmp_path, **annotation))
    (box,) = quad_to_rbox(image.objects[0].quad[None])
    np.testing.assert_allclose(box, [2.5, 2.5, 5 * 2**0.5, 2**0.5, np.pi / 4], atol=1e-9)


def test_sizes_may_be_missing(tmp_path):
    path = coco_file(tmp_path, bbox=[10, 20, 8, 4])
    for size in ({}, {'width': 0, 'height': 0}, {'width': None, 'height': 80}):
        content = json.loads(path.read_text())
        content['images'] = [{'id': 1, 'file_name': 'a.jpg', **size}]
        path.write_text(json.dumps(content))
        assert read_coco(path)[0].size is None


def test_crowds_are_difficult(tmp_path):
    (image,) = read_coco(coco_file(tmp_path, bbox=[10, 20, 8, 4], iscrowd=1))
    assert image.objects[0].difficult


@pytest.mark.parametrize(
    ('annotation', 'message'),
    [
        ({'bbox': [1, 2, 3]}, r'a\.json: annotation 7: bbox \[1, 2, 3\], .*expected a bbox of 4 or 5 numbers'),
        ({'bbox': [], 'segmentation': []}, r'a\.json: annotation 7: bbox \[\], segmentation \[\], expected a bbox'),
        ({'bbox': [], 'segmentation': [[1, 2, 3, 4]]}, r'a\.json: annotation 7: bbox \[\], segmentation \[\[1, 2'),
        ({'bbox': [1, 2, -3, 4]}, r'a\.json: annotation 7: a box of -3\.0 x 4\.0 px'),
        ({'bbox': [1, 2, 3, 4], 'segmentation': [[1, 2, 3, 4]]}, r'annotation 7: segmentation has no area'),
        ({'bbox': [1, 2, 3, 4], 'segmentation': [[1, 2, 3]]}, r'annotation 7: a polygon of 3 numbers'),
        (
            {'bbox': [1, 2, 3, 4], 'segmentation': 'x'},
            r"annotation 7: segmentation is 'x', expected polygons or a mask",
        ),
        (
            {'bbox': [1, 2, 3, 4], 'segmentation': {'size': [3, 4], 'counts': [1, 11]}},
            r'annotation 7: a mask of 4 x 3 px, expected one of the image, 100 x 80',
        ),
        ({'bbox': [1, 2, 3, 4], 'attributes': {'rotation': 'up'}}, r"annotation 7: attributes\.rotation is 'up'"),
        ({'bbox': [1, 2, 3, 4], 'angle': 30}, r'annotation 7: a horizontal bbox and angle 30, which would be lost'),
        ({'bbox': [1, 2, 3, 4], 'rbox': [1, 2, 3, 4, 5]}, r'annotation 7: a horizontal bbox and rbox \[1, 2'),
        ({'bbox': [1, 2, 3, 4], 'attributes': {'theta': 0.5}}, r'annotation 7: a horizontal bbox and theta 0\.5'),
        ({'bbox': [1, 2, 'x', 4]}, r'a\.json: annotation 7: bbox is .*expected finite numbers'),
        ({'bbox': [[1, 2], [3, 4]]}, r'a\.json: annotation 7: bbox is .*expected finite numbers'),
        ({'bbox': [1, 2, 0, 4, 0]}, r'a\.json: annotation 7: a box of 0\.0 x 4\.0 px'),
        ({'bbox': [1, 2, 0, 4]}, r"a\.json: annotation 7: 'ship' has no area"),
        ({'bbox': [1, 2, 3, 4], 'category_id': 5}, r'a\.json: annotation 7: category_id is 5'),
        ({'bbox': [1, 2, 3, 4], 'image_id': 5}, r'a\.json: annotation 7: image_id is 5'),
    ],
)
def test_bad_annotation_is_named(tmp_path, annotation, message):
    with pytest.raises(ValueError, match=message):
        read_coco(coco_file(tmp_path, **annotation))


@pytest.mark.parametrize('name', [None, True, '', ['ship'], {}])
@pytest.mark.parametrize(('key', 'field'), [('images', 'file_name'), ('categories', 'name')])
def test_names_are_texts(tmp_path, key, field, name):
    path = coco_file(tmp_path, bbox=[10, 20, 8, 4])
    content = json.loads(path.read_text())
    content[key][0][field] = name
    path.write_text(json.dumps(content))
    with pytest.raises(ValueError, match=r'a\.json: (image|category) 1: (file_)?name is .*, expected a '):
        read_coco(path)


@pytest.mark.parametrize('text', ['{', '[]', '{"images": []}', '{"images": {}, "categories": [], "annotations": []}'])
def test_other_files_are_refused(tmp_path, text):
    (tmp_path / 'a.json').write_text(text)
    with pytest.raises(ValueError, match=r'a\.json: not a COCO file'):
        read_coco(tmp_path / 'a.json')


def test_round_trip(tmp_path):
    images = [CocoImage('a.jpg', (10, 20), [LabeledObject(QUAD, 'ship', True)]), CocoImage('b.jpg', (5, 5))]
    write_coco(tmp_path / 'a.json', images, ['ship'])
    assert read_coco(tmp_path / 'a.json') == images
    annotation = json.loads((tmp_path / 'a.json').read_text())['annotations'][0]
    del annotation['segmentation']
    (image,) = read_coco(coco_file(tmp_path, **annotation))
    np.testing.assert_allclose(quad_to_rbox(image.objects[0].quad[None]), quad_to_rbox(QUAD[None]), atol=1e-9)


def test_real_angles_are_counterclockwise(data_root):
    """Ships moored side by side overlap where the angles are turned the wrong way."""
    overlap = {}
    for clockwise in (False, True):
        images = read_coco(data_root / 'formats/coco_rotated/hrsid_val_rotated.json', clockwise)
        assert (len(images), sum(len(image.objects) for image in images)) == (256, 828)
        boxes = [quad_to_rbox([labeled.quad for labeled in image.objects]) for image in images if image.objects]
        overlap[clockwise] = sum(np.triu(pairwise_iou(found, found), 1).sum() for found in boxes)
    assert overlap[False] < 0.2 * overlap[True]
