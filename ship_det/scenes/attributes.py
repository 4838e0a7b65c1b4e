"""Length, width, heading and place of ships, measured on the ellipsoid whatever the scene's coordinates."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ship_det.raster.georeference import geodesics, ground_offsets
from ship_det.scenes.scene import Scene

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class ShipAttributes:
    """What N ships measure. NaN where the scene does not tell.

    Attributes:
        length_m: (N,) length, m: from the middle of one end to that of the other.
        width_m: (N,) width, m, likewise from side to side.
        heading_deg: (N,) direction of the long axis, at least 0 and less than 180, clockwise from true north. Bow and
            stern are not told apart.
        longitude: (N,) of the centre, degrees, WGS 84.
        latitude: (N,) likewise.
    """

    length_m: FloatArray
    width_m: FloatArray
    heading_deg: FloatArray
    longitude: FloatArray
    latitude: FloatArray


def measure_ships(corners: ArrayLike, scene: Scene | None) -> ShipAttributes:
    """Measure ships.

    Args:
        corners: (N, 4, 2) corners, px of the scene, in order around each ship.
        scene: the scene. One without georeference tells length and width where its ``gsd`` is known, and no more.
    """
    corners = np.asarray(corners, dtype=np.float64).reshape(-1, 4, 2)
    # (N, 4, 2): edge i lies between the corners i and i + 1, edge i + 2 is opposite.
    middles = (corners + np.roll(corners, -1, axis=1)) / 2
    starts, ends = middles[:, :2], middles[:, 2:]
    unknown = np.full(len(corners), np.nan)
    if scene is None or scene.georeference is None:
        gsd = np.nan if scene is None or scene.gsd is None else scene.gsd
        axes = np.linalg.norm(ends - starts, axis=-1) * gsd
        return ShipAttributes(axes.max(axis=1), axes.min(axis=1), unknown, unknown, unknown)
    start_degrees, end_degrees = scene.georeference.to_degrees(starts), scene.georeference.to_degrees(ends)
    center = scene.georeference.to_degrees(corners.mean(axis=1))
    _, axes = geodesics(start_degrees, end_degrees)
    ships, long_axis = np.arange(len(corners)), np.argmax(axes, axis=1)
    # As seen from the centre, so that north is north there.
    stern, bow = start_degrees[ships, long_axis], end_degrees[ships, long_axis]
    span = ground_offsets(center, bow) - ground_offsets(center, stern)
    heading = np.degrees(np.arctan2(span[:, 0], span[:, 1])) % 180
    # The remainder of a tiny negative angle rounds to 180.
    heading = np.where(heading >= 180, 0.0, heading)
    return ShipAttributes(axes.max(axis=1), axes.min(axis=1), heading, center[:, 0], center[:, 1])
