"""Ship data sets in DOTA layout for MMRotate, and the transforms that belong to them."""

from ship_det.annotations.classes import AOSR15_CLASSES
from ship_det.datasets.ship_dataset import ShipDataset
from ship_det.datasets.simulated import SimulatedHarbors
from ship_det.datasets.transforms import IgnoreDegenerateBoxes, LoadImage, RandomAffineCrop

__all__ = [
    'AOSR15_CLASSES',
    'IgnoreDegenerateBoxes',
    'LoadImage',
    'RandomAffineCrop',
    'ShipDataset',
    'SimulatedHarbors',
]
