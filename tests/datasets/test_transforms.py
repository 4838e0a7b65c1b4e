"""Transforms: images and boxes move together, boxes are cut as labels of chips are, degenerate ones are ignored."""

import math

import numpy as np
import pytest
import torch
from mmrotate.structures.bbox import RotatedBoxes
from PIL import Image

from ship_det.annotations import LabeledObject
from ship_det.datasets import IgnoreDegenerateBoxes, LoadImage, RandomAffineCrop
from ship_det.geometry import quad_to_rbox, rbox_to_quad
from ship_det.tiling.clipping import SceneObjects


def sample(boxes, image=None) -> dict:
    boxes = torch.tensor(boxes, dtype=torch.float32).reshape(-1, 5)
    return dict(
        img=np.zeros((100, 100, 3), np.uint8) if image is None else image,
        gt_bboxes=RotatedBoxes(boxes),
        gt_bboxes_labels=np.arange(len(boxes)),
        gt_ignore_flags=np.zeros(len(boxes), bool),
    )


def test_crop_moves_the_box_with_the_pixels():
    """White ships on black: after any warp the white pixels must fill the box and nothing else."""
    rng = np.random.default_rng(0)
    np.random.seed(0)
    for _ in range(10):
        image = np.zeros((200, 240, 3), np.uint8)
        x, y = rng.integers(60, 120, 2)
        image[y : y + 20, x : x + 60] = 255
        results = sample([[x + 30, y + 10, 60, 20, 0]], image)
        out = RandomAffineCrop(size=180, scale=(0.8, 1.5), object_prob=1.0, fill=(0, 0, 0))(results)
        assert out['img'].shape == (180, 180, 3)
        box = out['gt_bboxes'].numpy().astype(float)
        quad = rbox_to_quad(box)
        if quad.min() < 0.1 or quad.max() > 179.9:
            continue
        weights = out['img'][..., 0] / 255.0
        rows, columns = np.mgrid[:180, :180] + 0.5
        center = (weights * columns).sum() / weights.sum(), (weights * rows).sum() / weights.sum()
        assert center == pytest.approx(tuple(box[0, :2]), abs=0.05)
        assert weights.sum() == pytest.approx(box[0, 2] * box[0, 3], rel=0.02)
        along = (columns - center[0]) * math.cos(box[0, 4]) + (rows - center[1]) * math.sin(box[0, 4])
        assert math.sqrt((weights * along**2).sum() / weights.sum() * 12) == pytest.approx(box[0, 2], rel=0.02)


def test_crop_ignores_what_it_cuts_and_drops_what_is_outside():
    np.random.seed(1)
    transform = RandomAffineCrop(size=100, angle=0.0, object_prob=0.0)
    transform._draw = lambda: (1.0, 0.0, 0.9, np.array([0.5, 0.5, 0.0]))  # the crop is the image itself
    boxes = [[50, 50, 40, 10, 0], [95, 20, 40, 10, 0], [88, 80, 40, 10, 0], [150, 50, 20, 10, 0]]
    out = transform(sample(boxes))
    # Visible: all of the first, 25 of 40 px of the second, 32 of 40 px of the third, none of the fourth.
    assert out['gt_bboxes_labels'].tolist() == [0, 1, 2]
    assert out['gt_ignore_flags'].tolist() == [False, True, False]


def test_crop_of_an_image_without_objects():
    out = RandomAffineCrop(size=50)(sample([]))
    assert out['img'].shape == (50, 50, 3)
    assert len(out['gt_bboxes']) == 0


def test_crop_labels_what_it_cuts_as_tiles_do():
    """A crop that only cuts is a window of the scene: its labels are those of the chip there."""
    rng = np.random.default_rng(3)
    boxes = np.column_stack(
        [rng.uniform(0, 300, (60, 2)), rng.uniform(20, 80, 60), rng.uniform(4, 18, 60), rng.uniform(-1.5, 1.5, 60)]
    ).astype(np.float32)
    results = sample(boxes, np.zeros((300, 300, 3), np.uint8))
    transform = RandomAffineCrop(size=120, object_prob=0.0)
    transform._draw = lambda: (1.0, 0.0, 0.9, np.array([0.4, 0.55, 0.0]))  # (60, 105) to (180, 225)
    out = transform(results)
    objects = [LabeledObject(quad, str(i)) for i, quad in enumerate(rbox_to_quad(boxes))]
    (shown,) = SceneObjects(objects).visible(np.array([[60, 105, 120, 120]]), 0.7)
    assert {visible.how for visible in shown} == {'whole', 'cut', 'marked difficult'}
    assert out['gt_bboxes_labels'].tolist() == [visible.source for visible in shown]
    assert out['gt_ignore_flags'].tolist() == [visible.labeled.difficult for visible in shown]
    expected = quad_to_rbox([visible.labeled.quad for visible in shown])
    np.testing.assert_allclose(rbox_to_quad(out['gt_bboxes'].numpy()), rbox_to_quad(expected), atol=2e-3)


def test_no_box_of_a_crop_leaves_it_by_more_than_a_corner():
    """The rectangle of a ship cut askew has corners outside; its centre and most of its area never are."""
    np.random.seed(2)
    rng = np.random.default_rng(4)
    boxes = np.column_stack(
        [rng.uniform(0, 200, (40, 2)), rng.uniform(20, 90, 40), rng.uniform(4, 20, 40), rng.uniform(-1.5, 1.5, 40)]
    )
    for _ in range(20):
        out = RandomAffineCrop(size=100, scale=(0.7, 1.4))(sample(boxes, np.zeros((200, 200, 3), np.uint8)))
        centers = out['gt_bboxes'].numpy()[:, :2]
        assert (centers >= 0).all() and (centers <= 100).all()


def test_crop_of_the_images_own_size():
    np.random.seed(3)
    image = np.full((90, 140, 3), 200, np.uint8)
    out = RandomAffineCrop(size=None, scale=(0.7, 0.7), turn_prob=0.0)(sample([[70, 45, 40, 10, 0.3]], image))
    assert out['img'].shape == (90, 140, 3)
    assert out['img_shape'] == (90, 140)
    # Too small to fill the crop, so in its middle.
    assert out['gt_bboxes'].numpy()[0] == pytest.approx([70, 45, 28, 7, 0.3], abs=1e-4)
    assert (out['img'] == 200).all(axis=2).sum() == pytest.approx(0.49 * 90 * 140, rel=0.03)


def test_share_of_turned_crops():
    np.random.seed(4)
    transform = RandomAffineCrop(size=50, turn_prob=0.5)
    turned = [transform(sample([[50, 50, 20, 10, 0]]))['gt_bboxes'].numpy()[0, 4] != 0 for _ in range(400)]
    assert np.mean(turned) == pytest.approx(0.5, abs=0.08)


def test_degenerate_boxes_are_ignored():
    boxes = [[50, 50, 40, 10, 0], [50, 50, 40, 1.9, 0], [50, 50, 40, 0, 0], [50, 50, float('nan'), 5, 0]]
    out = IgnoreDegenerateBoxes(min_size=2.0)(sample(boxes))
    assert out['gt_ignore_flags'].tolist() == [False, True, True, True]


def test_loaded_images_are_bgr_and_refused_where_they_are_too_large(tmp_path):
    rgb = np.random.default_rng(0).integers(0, 255, (40, 64, 3), np.uint8)
    Image.fromarray(rgb).save(tmp_path / 'chip.png')
    results = LoadImage()(dict(img_path=str(tmp_path / 'chip.png')))
    assert np.array_equal(results['img'], rgb[..., ::-1])
    assert results['img'].flags.c_contiguous
    assert results['img_shape'] == results['ori_shape'] == (40, 64)
    with pytest.raises(ValueError, match=r'chip\.png: 64 x 40 px, expected at most 100 px .*ship-det tile'):
        LoadImage(max_pixels=100)(dict(img_path=str(tmp_path / 'chip.png')))


def test_broken_images_are_named(tmp_path):
    path = tmp_path / 'chip.png'
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)).save(path)
    assert LoadImage()(dict(img_path=str(path)))['img'].shape == (64, 64, 3)
    path.write_bytes(path.read_bytes()[:5000])
    for broken in (path, tmp_path / 'none.png'):
        with pytest.raises(ValueError, match=rf'{broken.name}: (not an image or a truncated one|no such file)'):
            LoadImage()(dict(img_path=str(broken)))
    path.write_bytes(b'')
    with pytest.raises(ValueError, match=r'chip\.png: not an image or a truncated one'):
        LoadImage()(dict(img_path=str(path)))
