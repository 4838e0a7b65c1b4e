"""Rotated boxes, quads, exact IoU, windows over a scene and rotated NMS; NumPy and shapely only."""

from ship_det.geometry.boxes import bounding_extents, quad_to_rbox, rbox_to_quad, to_le90
from ship_det.geometry.iou import aligned_iou, iof_of_pairs, iou_of_pairs, pairwise_iou
from ship_det.geometry.nms import multiclass_rotated_nms, rotated_nms
from ship_det.geometry.windows import sliding_windows

__all__ = [
    'aligned_iou',
    'bounding_extents',
    'iof_of_pairs',
    'iou_of_pairs',
    'multiclass_rotated_nms',
    'pairwise_iou',
    'quad_to_rbox',
    'rbox_to_quad',
    'rotated_nms',
    'sliding_windows',
    'to_le90',
]
