"""Labels of rotated objects: one common object type, one reader and writer a format. Never imports torch."""

from ship_det.annotations.classes import AOSR15_CLASSES
from ship_det.annotations.dota import read_dota, write_dota
from ship_det.annotations.objects import LabeledObject

__all__ = ['AOSR15_CLASSES', 'LabeledObject', 'read_dota', 'write_dota']
