"""What a harbor is built of, collected while it is planned, and small things that stand on its ground."""

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from shapely.geometry import Polygon
from shapely.geometry.base import BaseGeometry

from ship_det.simulation.canvas import ring
from ship_det.simulation.plan import Berth, FloatArray, Frame, Pair, Shapes, shades_of

#: A rectangle along a frame: (start, end, near, far), m.
Area = tuple[float, float, float, float]

CONCRETE = (158, 154, 146)
ASPHALT = (98, 98, 98)
RUBBLE = (122, 114, 104)
_STRAW = np.array([156, 142, 110])
# White, grey and black cars are the most frequent ones.
_CARS = np.array([
    (222, 222, 220), (222, 222, 220), (196, 196, 194), (172, 174, 176), (120, 122, 124), (52, 54, 58), (60, 62, 66),
    (60, 62, 66), (138, 58, 52), (58, 74, 112), (170, 164, 150),
])  # fmt: skip
CONTAINERS = (
    (150, 58, 46), (168, 92, 48), (52, 86, 132), (70, 118, 150), (60, 104, 76), (190, 188, 180), (120, 118, 114),
    (196, 166, 70), (98, 48, 44), (40, 58, 92),
)  # fmt: skip
_ROOFS = ((176, 176, 172), (200, 200, 196), (142, 146, 150), (126, 116, 108), (112, 132, 146), (156, 110, 90))


class Site:
    """A harbor under construction.

    Attributes:
        extent: side of the scene, m.
        scale: side of the harbor that the scene shows a part of, m.
        land: all land without what is built into the water.
        rng: chance.
        solids: outlines no ship may touch, besides the land.
        ground: flat outlines in painting order, coloured.
        buildings: what stands on the ground.
        overhead: what is drawn above the ships.
        berths: where ships may lie.
        zones: polygons of land that is used up.
        shadow: (x, y) metres of shadow for each metre of height.
        dryness: how far the green of the land has faded to straw, 0 to 1.
    """

    def __init__(self, extent: float, scale: float, land: BaseGeometry, shadow: ArrayLike, rng: np.random.Generator):
        self.extent = extent
        self.scale = scale
        self.shadow = np.asarray(shadow, dtype=np.float64)
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
        """Whether the bounds of an outline, (K, 2) m, touch the scene."""
        return bool(self.are_in_scene(np.asarray(outline)[None])[0])

    def are_in_scene(self, outlines: FloatArray) -> NDArray[np.bool_]:
        """Which of some outlines, (N, K, 2) m, have bounds that touch the scene, (N,)."""
        return (outlines.max(axis=1) > 0).all(axis=1) & (outlines.min(axis=1) < self.extent).all(axis=1)

    def free_water(self, outline: ArrayLike, clearance: float) -> bool:
        """Whether nothing solid other than the land stands within a clearance (m) of an outline."""
        polygon = Polygon(outline)
        return not any(shapely.dwithin(polygon, solid, clearance) for solid in self.solids)

    def green(self, colour: ArrayLike) -> FloatArray:
        """The colour of plants after the scene's weather."""
        faded = np.asarray(colour, dtype=np.float64)
        return faded + (_STRAW - faded) * (0.75 * self.dryness)

    def pave(self, outline: ArrayLike, colour: ArrayLike, spread: float = 6) -> None:
        """Give an outline on the ground, (K, 2) m, a colour that varies by chance by a spread in grey levels."""
        self.ground.add(np.asarray(outline, dtype=np.float64), shades_of(colour, self.rng, spread))

    def box(self, frame: Frame, centre: Pair, size: Pair, height: float, colour: ArrayLike, spread: float = 10,
            base: float = 0.0) -> None:  # fmt: skip
        """A box of a size along and away from the frame; its colour varies by chance by a spread in grey levels."""
        self.boxes(frame, [centre], size, height, np.asarray(colour)[None], spread, base)

    def boxes(self, frame: Frame, centres: ArrayLike, sizes: ArrayLike, heights: ArrayLike, colours: ArrayLike,
              spread: float = 10, base: float = 0.0) -> None:  # fmt: skip
        """Boxes around centres, (N, 2), of sizes and heights that are one for all or one each."""
        if not len(centres := np.asarray(centres, dtype=np.float64)):
            return
        outlines = frame.rects(centres, sizes)
        shades = shades_of(colours, self.rng, spread)
        shown = self.are_in_scene(outlines)
        heights = np.broadcast_to(np.asarray(heights, dtype=np.float64), shown.shape)
        if shown.any():
            self.buildings.add_many(outlines[shown], shades[shown], heights[shown], base)

    def shed(self, frame: Frame, centre: Pair, size: Pair, height: float) -> None:
        """A hall with a ridge roof, the side of it that the sun does not face in less light."""
        colour = np.array(_ROOFS[self.rng.integers(len(_ROOFS))], dtype=np.float64)
        self.box(frame, centre, size, height, colour, 4)
        (along, away), (length, width) = centre, size
        if length >= width:
            side = float(np.sign(frame.away @ self.shadow))
            self.box(frame, (along, away + side * width / 4), (length, width / 2), height, colour - 22, 2, height)
        else:
            side = float(np.sign(frame.along @ self.shadow))
            self.box(frame, (along + side * length / 4, away), (length / 2, width), height, colour - 22, 2, height)
        fans = self.rng.uniform(-0.4, 0.4, (int(self.rng.integers(0, 7)), 2)) * size + centre
        self.boxes(frame, fans, (2.6, 2.2), height + 1.5, np.full((len(fans), 3), 170.0), 24, height)

    def cars(self, frame: Frame, area: Area, fill: float = 0.65) -> None:
        """A parking lot over an area (start, end, near, far): rows of cars, two and two with a lane between."""
        start, end, near, far = area
        outline = frame.rect(*area)
        self.pave(outline, ASPHALT)
        if not self.in_scene(outline):
            return
        rows = np.arange(near + 3.5, far - 3.0, 8.0)
        rows[1::2] -= 2.6
        places = np.stack(np.meshgrid(np.arange(start + 2, end - 2, 2.7), rows), axis=-1).reshape(-1, 2)
        drawn = self.rng.random(len(places))
        fills = fill * np.repeat(self.rng.uniform(0.5, 1.4, len(rows)), len(places) // max(len(rows), 1))
        self._vehicles(frame, places[drawn < fills], (1.9, 4.5))

    def traffic(self, frame: Frame, start: float, end: float, away: float) -> None:
        """Cars under way on both lanes of a road along the frame."""
        count = self.rng.poisson((end - start) / 45)
        lanes = away + self.rng.choice([-1.7, 1.7], count)
        self._vehicles(frame, np.column_stack([self.rng.uniform(start, end, count), lanes]), (4.5, 1.9))

    def _vehicles(self, frame: Frame, places: FloatArray, size: Pair) -> None:
        self.boxes(frame, places, size, 1.4, _CARS[self.rng.integers(len(_CARS), size=len(places))])

    def containers(self, frame: Frame, area: Area, palette: FloatArray) -> None:
        """A block of a container yard over an area: boxes of 12.2 m x 2.44 m in stacks of one to five."""
        start, end, near, far = area
        bays, rows = np.arange(start, end - 12.2, 12.9), np.arange(near, far - 2.4, 2.6)
        if not len(bays) or not len(rows) or not self.in_scene(frame.rect(*area)):
            return
        # A bay is full, half full or empty; its stacks differ by a box or two.
        levels = self.rng.choice([0, 1, 2, 3, 4, 5], p=[0.12, 0.1, 0.2, 0.26, 0.2, 0.12], size=(len(bays), 1))
        tiers = (levels - self.rng.integers(0, 3, (len(bays), len(rows))).clip(max=1)).clip(0)
        bay, row = np.nonzero(tiers)
        centres = np.column_stack([bays[bay] + 6.1, rows[row] + 1.2])
        colours = palette[self.rng.integers(len(palette), size=len(bay))]
        self.boxes(frame, centres, (12.2, 2.44), 2.6 * tiers[bay, row], colours, 12)

    def container_palette(self) -> FloatArray:
        """Colours of a yard's containers, (N, 3): those of two shipping lines several times, and all others once."""
        colours = np.array(CONTAINERS, dtype=np.float64)
        lines = colours[self.rng.integers(len(colours), size=2)]
        return np.concatenate([np.repeat(lines, 5, axis=0), colours])

    def tank(self, frame: Frame, centre: Pair, radius: float) -> None:
        """An oil tank with a lighter rim."""
        colour = self.rng.choice([(214, 212, 206), (196, 198, 198), (176, 160, 140)])
        middle, height = frame.place(centre), self.rng.uniform(10, 16)
        outline = ring(middle, radius, 20)
        if self.in_scene(outline):
            rim, roof = shades_of([colour, colour - 16], self.rng, 6)
            self.buildings.add(outline, rim, height)
            self.buildings.add(ring(middle, radius - 1.2, 20), roof, height, height)

    def trees(self, middles: ArrayLike) -> None:
        """The crowns of trees around middles, (N, 2) m."""
        middles = np.asarray(middles, dtype=np.float64).reshape(-1, 2)
        count = len(middles)
        angles = np.arange(7) * (2 * np.pi / 7) + self.rng.uniform(0, 1, (count, 1))
        reach = self.rng.uniform(2.2, 4.6, (count, 1, 1))
        outlines = middles[:, None] + reach * np.stack([np.cos(angles), np.sin(angles)], axis=-1)
        heights, greens = self.rng.uniform(4, 8, count), self.rng.uniform(-14, 14, (count, 1))
        shown = self.are_in_scene(outlines)
        if shown.any():
            colours = 0.7 * self.green((88, 116, 70)) + greens
            self.buildings.add_many(outlines[shown], colours[shown], heights[shown])
