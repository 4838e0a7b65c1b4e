"""What a harbor is built of, collected while it is planned, and small things that stand on its ground."""

import numpy as np
import shapely
from numpy.typing import ArrayLike
from shapely.geometry import Polygon
from shapely.geometry.base import BaseGeometry

from ship_det.simulation.plan import Berth, FloatArray, Frame, Shapes, shade_of

#: (along, away) of a frame, m.
Pair = tuple[float, float]
#: A rectangle along a frame: (start, end, near, far), m.
Area = tuple[float, float, float, float]

CONCRETE = (158, 154, 146)
ASPHALT = (98, 98, 98)
RUBBLE = (122, 114, 104)
_STRAW = np.array([156, 142, 110])
_CARS = ((222, 222, 220), (172, 174, 176), (52, 54, 58), (60, 62, 66), (150, 48, 44), (52, 72, 122), (196, 190, 176))
CONTAINERS = (
    (150, 58, 46), (168, 92, 48), (52, 86, 132), (70, 118, 150), (60, 104, 76), (190, 188, 180), (120, 118, 114),
    (196, 166, 70), (98, 48, 44), (40, 58, 92),
)  # fmt: skip
_ROOFS = ((176, 176, 172), (200, 200, 196), (142, 146, 150), (126, 116, 108), (112, 132, 146), (156, 110, 90))


class Site:
    """A harbor under construction.

    Attributes:
        extent: side of the scene, m.
        land: all land without what is built into the water.
        rng: chance.
        solids: outlines no ship may touch, besides the land.
        ground: flat outlines in painting order, coloured.
        buildings: what stands on the ground.
        overhead: what is drawn above the ships.
        berths: where ships may lie.
        zones: polygons of land that is used up.
        dryness: how far the green of the land has faded to straw, 0 to 1.
    """

    def __init__(self, extent: float, land: BaseGeometry, rng: np.random.Generator):
        self.extent = extent
        self.land = land
        shapely.prepare(self.land)
        self.rng = rng
        self.solids: list[Polygon] = []
        self.ground = Shapes()
        self.buildings = Shapes()
        self.overhead = Shapes()
        self.berths: list[Berth] = []
        self.zones: list[Polygon] = []
        self.dryness = float(rng.choice([rng.uniform(0, 0.3), rng.uniform(0.3, 0.9)]))

    def reserve(self, frame: Frame, length: float, depth: float) -> float:
        """Use up the ground behind a quay: the depth wanted, or as much of it (m) as is land and free."""
        for share in (1.0, 0.75, 0.55, 0.4, 0.3):
            outline = Polygon(frame.rect(1, length - 1, -depth * share, -1))
            # The land's corners are rounded coordinates: its edge and the quay's agree to within a metre.
            if self.land.contains(outline) and not any(zone.intersects(outline) for zone in self.zones):
                break
        self.zones.append(outline)
        return depth * share

    def in_scene(self, outline: ArrayLike) -> bool:
        """Whether the bounds of an outline touch the scene."""
        outline = np.asarray(outline)
        return bool((outline.max(axis=0) > 0).all() and (outline.min(axis=0) < self.extent).all())

    def free_water(self, outline: ArrayLike, clearance: float) -> bool:
        """Whether nothing solid other than the land stands within a clearance (m) of an outline."""
        polygon = Polygon(outline)
        return not any(shapely.dwithin(polygon, solid, clearance) for solid in self.solids)

    def green(self, colour: ArrayLike) -> FloatArray:
        """The colour of plants after the scene's weather."""
        faded = np.asarray(colour, dtype=np.float64)
        return faded + (_STRAW - faded) * (0.75 * self.dryness)

    def pave(self, outline: ArrayLike, colour: ArrayLike, spread: float = 6) -> None:
        self.ground.add(np.asarray(outline, dtype=np.float64), shade_of(colour, self.rng, spread))

    def box(self, frame: Frame, centre: Pair, size: Pair, height: float, colour: ArrayLike, spread: float = 10) -> None:
        """A box of a size along and away from the frame; its colour varies by chance by a spread in grey levels."""
        (along, away), (length, width) = centre, size
        outline = frame.rect(along - length / 2, along + length / 2, away - width / 2, away + width / 2)
        if self.in_scene(outline):
            self.buildings.add(outline, shade_of(colour, self.rng, spread), height)

    def shed(self, frame: Frame, centre: Pair, size: Pair, height: float) -> None:
        """A hall with a ridge roof, one side of it in less light."""
        colour = np.array(_ROOFS[self.rng.integers(len(_ROOFS))], dtype=np.float64)
        self.box(frame, centre, size, height, colour, 4)
        (along, away), (length, width) = centre, size
        if length >= width:
            self.box(frame, (along, away + width / 4), (length, width / 2), height, colour - 14, 2)
        else:
            self.box(frame, (along + length / 4, away), (length / 2, width), height, colour - 14, 2)

    def cars(self, frame: Frame, area: Area, fill: float = 0.65) -> None:
        """A parking lot with rows of cars over an area (start, end, near, far)."""
        start, end, near, far = area
        self.pave(frame.rect(*area), ASPHALT)
        for row in np.arange(near + 3.5, far - 3.0, 8.5):
            for place in np.arange(start + 2, end - 2, 2.7):
                if self.rng.random() < fill:
                    self.box(frame, (place, row), (1.9, 4.5), 1.4, _CARS[self.rng.integers(len(_CARS))])

    def containers(self, frame: Frame, area: Area) -> None:
        """One block of a container yard over an area: boxes of 12.2 m x 2.44 m in stacks of one to five."""
        start, end, near, far = area
        for along in np.arange(start, end - 12.2, 12.9):
            level = int(self.rng.integers(0, 6))
            for away in np.arange(near, far - 2.4, 2.6):
                tiers = max(level - int(self.rng.integers(0, 3)), 0)
                if tiers:
                    colour = CONTAINERS[self.rng.integers(len(CONTAINERS))]
                    self.box(frame, (along + 6.1, away + 1.2), (12.2, 2.44), 2.6 * tiers, colour, 12)

    def tank(self, frame: Frame, centre: Pair, radius: float) -> None:
        """An oil tank with a lighter rim."""
        colour = self.rng.choice([(214, 212, 206), (196, 198, 198), (176, 160, 140)])
        middle, height = frame.place(centre), self.rng.uniform(10, 16)
        angles = np.arange(24) * (np.pi / 12)
        circle = np.column_stack([np.cos(angles), np.sin(angles)])
        if self.in_scene(middle + radius * circle):
            self.buildings.add(middle + radius * circle, shade_of(colour, self.rng, 6), height)
            self.buildings.add(middle + (radius - 1.2) * circle, shade_of(np.array(colour) - 16, self.rng, 6), height)

    def tree(self, middle: ArrayLike) -> None:
        """The crown of a tree."""
        angles = np.arange(7) * (2 * np.pi / 7) + self.rng.uniform(0, 1)
        outline = np.asarray(middle) + self.rng.uniform(2.2, 4.6) * np.column_stack([np.cos(angles), np.sin(angles)])
        if self.in_scene(outline):
            self.buildings.add(outline, shade_of(0.7 * self.green((88, 116, 70)), self.rng, 14), self.rng.uniform(4, 8))
