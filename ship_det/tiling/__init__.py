"""Scenes cut into labelled chips, and chips split into training and test sets. Never imports torch."""

from ship_det.tiling.chip_index import Chip, read_chip_index, write_chip_index
from ship_det.tiling.clipping import SceneObjects, VisibleObject
from ship_det.tiling.options import TilingOptions
from ship_det.tiling.run import TilingSummary, tile_scenes, tile_scenes_with
from ship_det.tiling.windows import plan_windows

__all__ = [
    'Chip',
    'SceneObjects',
    'TilingOptions',
    'TilingSummary',
    'VisibleObject',
    'plan_windows',
    'read_chip_index',
    'tile_scenes',
    'tile_scenes_with',
    'write_chip_index',
]
