"""How well the anchors of a region proposal network fit labelled boxes, without a network."""

import torch
from mmdet.models.task_modules.prior_generators import AnchorGenerator
from mmdet.structures.bbox import bbox_overlaps
from torch import Tensor


def nearest_anchors(
    generator: AnchorGenerator, bounds: Tensor, image_sizes: Tensor, allowed_border: int = -1
) -> tuple[Tensor, Tensor]:
    """The anchor of each shape and pyramid level that lies nearest to each box, and its IoU with it.

    Of the anchors of one shape the nearest has the largest IoU, so the largest of a row is the best of all anchors.

    Args:
        generator: anchors, A shapes over all levels.
        bounds: (N, 4) axis-aligned boxes x1, y1, x2, y2, px.
        image_sizes: (N, 2) width and height of each box's image, px.
        allowed_border: how far a trained anchor may reach over the image, px; below 0 as far as it likes.

    Returns:
        (N, A, 4) anchors and (N, A) IoUs; 0 where no anchor of the shape lies within the border.
    """
    bounds, image_sizes = bounds.double(), image_sizes.double()
    centers = (bounds[:, :2] + bounds[:, 2:]) / 2
    anchors, ious = [], []
    for shapes, stride in zip(generator.base_anchors, generator.strides, strict=True):
        step = bounds.new_tensor(stride)
        for shape in shapes.double():
            low, high = shape[:2], shape[2:]
            first, last = torch.zeros_like(centers), (image_sizes / step).ceil() - 1
            if allowed_border >= 0:
                # Inside: low + step * index >= -border and high + step * index < size + border.
                first = torch.maximum(first, ((-allowed_border - low) / step).ceil())
                last = torch.minimum(last, ((image_sizes + allowed_border - high) / step).ceil() - 1)
            index = ((centers - (low + high) / 2) / step).round().maximum(first).minimum(last)
            corner = step * index
            nearest = torch.cat([corner + low, corner + high], dim=1)
            there = (first <= last).all(dim=1)
            anchors.append(nearest)
            ious.append(bbox_overlaps(nearest, bounds, is_aligned=True) * there)
    return torch.stack(anchors, dim=1), torch.stack(ious, dim=1)
