"""What a harbor is built of, collected while it is planned, and small things that stand on its ground."""

import numpy as np
import shapely
from numpy.typing import ArrayLike
from shapely.geometry import Polygon

from .plan import Berth, Frame, Shapes, shade_of

CONCRETE = (158, 154, 146)
ASPHALT = (98, 98, 98)
RUBBLE = (122, 114, 104)
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
        rng: chance.
        solids: outlines no ship may touch, besides the land.
        ground: flat outlines in painting order, coloured.
        buildings: what stands on the ground.
        overhead: what is drawn above the ships.
        berths: where ships may lie.
        zones: polygons of land that is used up.
    """

    def __init__(self, extent: float, rng: np.random.Generator):
        self.extent = extent
        self.rng = rng
        self.solids: list[Polygon] = []
        self.ground = Shapes()
        self.buildings = Shapes()
        self.overhead = Shapes()
        self.berths: list[Berth] = []
        self.zones: list[Polygon] = []

    def in_scene(self, outline: ArrayLike) -> bool:
        """Whether the bounds of an outline touch the scene."""
        outline = np.asarray(outline)
        return bool((outline.max(axis=0) > 0).all() and (outline.min(axis=0) < self.extent).all())

    def free_water(self, outline: ArrayLike, clearance: float) -> bool:
        """Whether nothing solid other than the land stands within a clearance (m) of an outline."""
        polygon = Polygon(outline)
        return not any(shapely.dwithin(polygon, solid, clearance) for solid in self.solids)

    def pave(self, outline: ArrayLike, colour: ArrayLike, spread: float = 6) -> None:
        self.ground.add(np.asarray(outline, dtype=np.float64), shade_of(colour, self.rng, spread))

    def box(self, frame: Frame, centre: tuple[float, float], size: tuple[float, float], height: float, colour: ArrayLike,
            spread: float = 10) -> None:  # fmt: skip
        """A box of a size along and away from the frame."""
        (along, away), (length, width) = centre, size
        outline = frame.rect(along - length / 2, along + length / 2, away - width / 2, away + width / 2)
        if self.in_scene(outline):
            self.buildings.add(outline, shade_of(colour, self.rng, spread), height)

    def shed(self, frame: Frame, centre: tuple[float, float], size: tuple[float, float], height: float) -> None:
        """A hall with a ridge roof, one side of it in less light."""
        colour = np.array(_ROOFS[self.rng.integers(len(_ROOFS))], dtype=np.float64)
        self.box(frame, centre, size, height, colour, 4)
        (along, away), (length, width) = centre, size
        if length >= width:
            self.box(frame, (along, away + width / 4), (length, width / 2), height, colour - 14, 2)
        else:
            self.box(frame, (along + length / 4, away), (length / 2, width), height, colour - 14, 2)

    def cars(self, frame: Frame, area: tuple[float, float, float, float], fill: float = 0.65) -> None:
        """A parking lot with rows of cars over an area (start, end, near, far)."""
        start, end, near, far = area
        self.pave(frame.rect(*area), ASPHALT)
        for row in np.arange(near + 3.5, far - 3.0, 8.5):
            for place in np.arange(start + 2, end - 2, 2.7):
                if self.rng.random() < fill:
                    self.box(frame, (place, row), (1.9, 4.5), 1.4, _CARS[self.rng.integers(len(_CARS))])

    def containers(self, frame: Frame, area: tuple[float, float, float, float]) -> None:
        """One block of a container yard over an area: boxes of 12.2 m x 2.44 m in stacks of one to five."""
        start, end, near, far = area
        for along in np.arange(start, end - 12.2, 12.9):
            level = int(self.rng.integers(0, 6))
            for away in np.arange(near, far - 2.4, 2.6):
                tiers = max(level - int(self.rng.integers(0, 3)), 0)
                if tiers:
                    colour = CONTAINERS[self.rng.integers(len(CONTAINERS))]
                    self.box(frame, (along + 6.1, away + 1.2), (12.2, 2.44), 2.6 * tiers, colour, 12)

    def tank(self, frame: Frame, centre: tuple[float, float], radius: float) -> None:
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
            self.buildings.add(outline, shade_of((62, 82, 50), self.rng, 14), self.rng.uniform(4, 8))
