"""Length and heading of ships, as captions say them."""

import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ship_det.geometry import quad_to_rbox
from ship_det.scenes.attributes import measure_ships
from ship_det.scenes.scene import Scene, describe_scene
from ship_det.tiling.chip_index import Chip


class ShipSize(NamedTuple):
    """What a caption says of a ship.

    Attributes:
        length: in metres where the size of a pixel is known, else in px.
        heading: direction of the long axis, 0 to 180 degrees clockwise from true north where the image knows where it
            lies, else from the image's upper edge.
    """

    length: str
    heading: str

    def __str__(self) -> str:
        return f'{self.length}, heading {self.heading}'


def describe_ships(quads: NDArray[np.float64], scene: Scene) -> list[ShipSize]:
    """Length and heading of (N, 4, 2) quads, px of an image that lies where ``scene`` says."""
    boxes, measured = quad_to_rbox(quads), measure_ships(quads, scene)
    # Upwards is a quarter of a turn against the box's angle, which is clockwise from the x axis.
    on_image = np.degrees(boxes[:, 4]) + 90
    headings = np.where(np.isnan(measured.heading_deg), on_image, measured.heading_deg)
    return [
        ShipSize(f'{pixels:.0f} px' if math.isnan(metres) else f'{metres:.0f} m', f'{round(heading) % 180}°')
        for pixels, metres, heading in zip(boxes[:, 2], measured.length_m, headings, strict=True)
    ]


def locate_image(image: Path, chips: Mapping[str, Chip], gsd: float | None) -> Scene:
    """Where an image lies, from the index of chips or from its file.

    Args:
        image: file.
        chips: by file name; images that are none are not in it.
        gsd: metres a pixel of a scene that does not say it, and of an image that is no chip; None where unknown.

    Raises:
        ValueError: naming the file, where it cannot be opened.
    """
    chip = chips.get(image.name)
    if chip is not None and gsd is not None:
        _, _, width, height = chip.window
        gsd *= math.sqrt(width * height / math.prod(chip.size or (width, height)))
    scene = describe_scene(image, image.stem, gsd)
    return scene if chip is None or chip.georeference is None else replace(scene, georeference=chip.georeference)
