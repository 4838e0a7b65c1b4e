"""Labelled crops of simulated harbors, drawn one by one from a seed, fast enough to train on."""

import numpy as np
from numpy.typing import NDArray

from ship_det.annotations import LabeledObject
from ship_det.simulation.harbor import CROP, LOOK, SCALE, SceneSpec, build_harbor, stream
from ship_det.simulation.render import Renderer
from ship_det.simulation.ships import label_ships


def crop(seed: int, size: int = 512, gsd: float | tuple[float, float] = (1.0, 2.0), ships: int = 14,
         tail: float = 45.0) -> tuple[NDArray[np.uint8], list[LabeledObject]]:  # fmt: skip
    """A part of a harbor that no other seed shows, drawn as scenes are; the same arguments give the same crop.

    Args:
        seed: chance; crops share nothing with the scenes of a set of the same seed.
        size: side in px.
        gsd: metres a pixel, or the least and the most of them to draw from.
        ships: how many ships are wanted; those that find no place are left out.
        tail: how many times submarines outnumber tankers, over many crops; 1 for as many of each class.

    Returns:
        The image, (size, size, 3) uint8 RGB, and its ships as rectangles at sea level, in px, all of them whole.

    Raises:
        ValueError: an argument is out of its range, see SceneSpec.
    """
    spec = SceneSpec(size, 1.0, seed, ships, tail)
    if isinstance(gsd, tuple):
        gsd = float(stream(spec, CROP, SCALE).uniform(*gsd))
    spec = SceneSpec(size, gsd, seed, ships, tail)
    harbor = build_harbor(spec, CROP)
    image = Renderer(harbor, spec, stream(spec, CROP, LOOK)).block((0, 0, size, size))
    return image, label_ships(harbor.ships, gsd)
