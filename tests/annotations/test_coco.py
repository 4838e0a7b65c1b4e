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
        (
            {'bbox': [10, 20, 8, 4], 'segmentation': {'counts': 'x', 'size': [1, 1]}},
            [[10, 20], [18, 20], [18, 24], [10, 24]],
        ),
    ],
)
def test_corners_come_from_the_most_exact_key(tmp_path, annotation, expected):
    (image,) = read_coco(coco_file(tmp_path, **annotation))
    assert sorted(image.objects[0].quad.tolist()) == sorted(expected)


def test_crowds_are_difficult(tmp_path):
    (image,) = read_coco(coco_file(tmp_path, bbox=[10, 20, 8, 4], iscrowd=1))
    assert image.objects[0].difficult


@pytest.mark.parametrize(
    ('annotation', 'message'),
    [
        ({'bbox': [1, 2, 3]}, r'a\.json: annotation 7: neither a bbox of 4 or 5 numbers'),
        ({'bbox': [1, 2, 'x', 4]}, r'a\.json: annotation 7: bbox is .*expected finite numbers'),
        ({'bbox': [1, 2, 0, 4, 0]}, r'a\.json: annotation 7: a box of 0\.0 x 4\.0 px'),
        ({'bbox': [1, 2, 0, 4]}, r"a\.json: annotation 7: 'ship' has no area"),
        ({'bbox': [1, 2, 3, 4], 'category_id': 5}, r'a\.json: annotation 7: category_id is 5'),
        ({'bbox': [1, 2, 3, 4], 'image_id': 5}, r'a\.json: annotation 7: image_id is 5'),
    ],
)
def test_bad_annotation_is_named(tmp_path, annotation, message):
    with pytest.raises(ValueError, match=message):
        read_coco(coco_file(tmp_path, **annotation))


@pytest.mark.parametrize('text', ['{', '[]', '{"images": []}'])
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
