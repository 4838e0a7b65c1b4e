"""Labels of rotated objects: one common object type, one reader and writer a format. Never imports torch."""

from .classes import AOSR15_CLASSES
from .dota import read_dota, write_dota
from .dota_folder import DotaFolder
from .objects import LabeledObject

__all__ = ['AOSR15_CLASSES', 'DotaFolder', 'LabeledObject', 'read_dota', 'write_dota']
