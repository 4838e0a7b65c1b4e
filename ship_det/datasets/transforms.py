"""Pipeline transforms for rotated ship boxes: loading, augmentation by one affine warp, degenerate boxes."""

import math

import cv2
import numpy as np
import torch
from mmcv.transforms import BaseTransform
from mmcv.transforms.utils import cache_randomness
from mmrotate.registry import TRANSFORMS
from mmrotate.structures.bbox import RotatedBoxes

from ship_det.annotations.objects import MIN_QUAD_AREA, quad_areas
from ship_det.geometry import quad_to_rbox, rbox_to_quad
from ship_det.raster import MAX_PIXELS, read_rgb
from ship_det.tiling.clipping import clip_quads


@TRANSFORMS.register_module()
class LoadImage(BaseTransform):
    """Load the image at ``results['img_path']`` as every command of this project sees it, see :mod:`ship_det.raster`.

    Adds ``img``, (H, W, 3) uint8 BGR, and its height and width as ``img_shape`` and ``ori_shape``.

    Args:
        max_pixels: a larger image is refused, px.

    Raises:
        ValueError: the file is missing, truncated, no image or too large; the message names it.
    """

    def __init__(self, max_pixels: int = MAX_PIXELS) -> None:
        self.max_pixels = max_pixels

    def transform(self, results: dict) -> dict:
        """Add the image and its size."""
        rgb = read_rgb(results['img_path'], self.max_pixels)
        results['img'] = np.ascontiguousarray(rgb[..., ::-1])
        results['img_shape'] = results['ori_shape'] = rgb.shape[:2]
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}(max_pixels={self.max_pixels})'


@TRANSFORMS.register_module()
class RandomAffineCrop(BaseTransform):
    """Cut a randomly turned, scaled and placed rectangle out of an image, in one resampling.

    Boxes turn and scale with the image. One that the crop's border cuts becomes the label that ``ship-det tile``
    gives a ship cut by a chip's border: the minimum-area rectangle of what is visible, and an ignore region where that
    is less than ``min_visible`` of it. One outside is left out.

    Args:
        size: side of the crop, px; None for the image's own width and height.
        scale: range of the scale factor, drawn evenly in its logarithm.
        angle: largest turn to either side, rad.
        turn_prob: probability that the crop is turned at all.
        object_prob: probability that the crop is placed on a randomly drawn object; otherwise anywhere in the image.
        min_visible: smallest visible share of a box that counts as an object.
        fill: BGR value of what lies outside the image.
    """

    def __init__(
        self,
        size: int | None,
        scale: tuple[float, float] = (1.0, 1.0),
        angle: float = math.pi,
        turn_prob: float = 1.0,
        object_prob: float = 0.8,
        min_visible: float = 0.7,
        fill: tuple[int, int, int] = (104, 116, 124),
    ) -> None:
        if (size is not None and size < 1) or not 0 < scale[0] <= scale[1]:
            raise ValueError(f'expected size >= 1 and 0 < low scale <= high scale, found {size} and {scale}')
        self.size = size
        self.scale = tuple(scale)
        self.angle = angle
        self.turn_prob = turn_prob
        self.object_prob = object_prob
        self.min_visible = min_visible
        self.fill = tuple(fill)

    @cache_randomness
    def _draw(self) -> tuple[float, float, float, np.ndarray]:
        scale = math.exp(np.random.uniform(*np.log(self.scale)))
        angle = np.random.uniform(-self.angle, self.angle)
        chance, place = np.random.rand(), np.random.rand(3)
        if self.turn_prob < 1 and np.random.rand() >= self.turn_prob:
            angle = 0.0
        return scale, angle, chance, place

    def transform(self, results: dict) -> dict:
        """Warp ``img`` and ``gt_bboxes`` (RotatedBoxes); update ``img_shape`` and ``gt_ignore_flags``."""
        boxes, ignored = results['gt_bboxes'], results['gt_ignore_flags']
        scale, angle, chance, place = self._draw()
        image_size = np.array(results['img'].shape[1::-1])
        size = image_size if self.size is None else np.array([self.size, self.size])
        targets = np.flatnonzero(~ignored)
        if chance < self.object_prob and len(targets):
            # A third of the crop around the object's centre, so that the object does not always stand in the middle.
            center = boxes.tensor[targets[int(place[2] * len(targets))], :2].numpy().astype(float)
            center = center + (place[:2] - 0.5) * size / scale * 0.6
        else:
            center = place[:2] * image_size
        # Rather no empty border, where the image is large enough for it.
        margin = np.minimum(size / scale, image_size) / 2
        center = np.clip(center, margin, image_size - margin)
        cos, sin = scale * math.cos(angle), scale * math.sin(angle)
        matrix = np.array([[cos, -sin], [sin, cos]])
        shift = size / 2 - matrix @ center
        # Boxes count from the corner of the first pixel, warpAffine from its centre.
        pixel_shift = shift + matrix @ (0.5, 0.5) - 0.5
        width, height = map(int, size)
        results['img'] = cv2.warpAffine(
            results['img'],
            np.column_stack([matrix, pixel_shift]),
            (width, height),
            flags=cv2.INTER_LINEAR,
            borderValue=self.fill,
        )
        results['img_shape'] = (height, width)
        if len(boxes):
            warped = boxes.tensor.clone()
            warped[:, :2] = boxes.tensor[:, :2] @ torch.from_numpy(matrix.T).float() + torch.from_numpy(shift).float()
            warped[:, 2:4] *= scale
            warped[:, 4] += angle
            warped = RotatedBoxes(warped, clone=False).regularize_boxes('le90')
            self._clip(results, warped, width, height)
        return results

    def _clip(self, results: dict, boxes: torch.Tensor, width: int, height: int) -> None:
        """Let ``results`` have what a crop of that size shows of boxes, (N, 5)."""
        windows = np.tile([0, 0, width, height], (len(boxes), 1))
        quads, visible, whole = clip_quads(rbox_to_quad(boxes.numpy()), windows)
        cut = np.flatnonzero(~whole)
        boxes[cut] = torch.from_numpy(quad_to_rbox(quads[cut])).to(boxes.dtype)
        kept = quad_areas(quads) >= MIN_QUAD_AREA
        results['gt_bboxes'] = RotatedBoxes(boxes[torch.from_numpy(kept)], clone=False)
        results['gt_bboxes_labels'] = results['gt_bboxes_labels'][kept]
        results['gt_ignore_flags'] = (results['gt_ignore_flags'] | (visible < self.min_visible))[kept]

    def __repr__(self) -> str:
        return (
            f'{type(self).__name__}(size={self.size}, scale={self.scale}, angle={self.angle}, '
            f'turn_prob={self.turn_prob})'
        )


@TRANSFORMS.register_module()
class IgnoreDegenerateBoxes(BaseTransform):
    """Turn boxes with a side under ``min_size`` px into ignore regions: their codes would be unbounded.

    Args:
        min_size: smallest side of a box that is learnt, px.
    """

    def __init__(self, min_size: float = 2.0) -> None:
        self.min_size = min_size

    def transform(self, results: dict) -> dict:
        """Update ``gt_ignore_flags`` for ``gt_bboxes`` (RotatedBoxes)."""
        boxes = results['gt_bboxes'].tensor
        if len(boxes):
            degenerate = ~(boxes[:, 2:4].amin(dim=1) >= self.min_size)
            results['gt_ignore_flags'] = results['gt_ignore_flags'] | degenerate.numpy()
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}(min_size={self.min_size})'
