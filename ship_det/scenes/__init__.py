"""Detection in whole scenes: what a detector is, what it finds, and merging what overlapping windows show.

Never imports torch.
"""

from ship_det.scenes.detector import Detections, Detector
from ship_det.scenes.merging import MERGE_IOU, MergedDetections, WindowDetections, Windows, merge_windows

__all__ = ['MERGE_IOU', 'Detections', 'Detector', 'MergedDetections', 'WindowDetections', 'Windows', 'merge_windows']
