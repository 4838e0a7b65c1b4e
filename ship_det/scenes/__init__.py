"""Detection in whole scenes: what a detector is, what it finds, and merging what overlapping windows show.

Never imports torch.
"""

from ship_det.scenes.detection import DetectionOptions, detect_scene
from ship_det.scenes.detector import Detections, Detector
from ship_det.scenes.layers import WrittenLayer, write_layers
from ship_det.scenes.map_page import write_map
from ship_det.scenes.merging import MERGE_IOU, MergedDetections, WindowDetections, Windows, merge_windows
from ship_det.scenes.scene import Scene, describe_scene

__all__ = [
    'MERGE_IOU',
    'DetectionOptions',
    'Detections',
    'Detector',
    'MergedDetections',
    'Scene',
    'WindowDetections',
    'Windows',
    'WrittenLayer',
    'describe_scene',
    'detect_scene',
    'merge_windows',
    'write_layers',
    'write_map',
]
