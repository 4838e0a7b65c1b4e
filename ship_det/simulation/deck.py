"""Drawing on a ship in fractions of its size: along from stern 0 to bow 1, across from port -1 to starboard 1."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ship_det.simulation.canvas import Canvas, Colour, ring
from ship_det.simulation.plan import Pair
from ship_det.simulation.ships import Ship, hull_outline

#: Along and across of the two ends and sides of a rectangle: (stern end, bow end, port side, starboard side).
Extent = tuple[float, float, float, float]


class Deck:
    """A ship on a canvas.

    What is drawn lies on what was drawn below its middle: on the deck, or on the roof of a house there.

    Args:
        canvas: what to draw on.
        ship: the ship.

    Attributes:
        variant: which of the layouts of its class the ship has, 0 to VARIANTS - 1.
        rng: chance that depends on the ship alone, so that the ship looks the same in whatever window it is drawn.
    """

    def __init__(self, canvas: Canvas, ship: Ship):
        self.canvas = canvas
        self.ship, self.variant = ship, ship.variant
        self.rng = np.random.default_rng(ship.seed)
        cos, sin = np.cos(ship.heading), np.sin(ship.heading)
        self._axes = np.array([[ship.length * cos, ship.length * sin], [-ship.beam / 2 * sin, ship.beam / 2 * cos]])
        self._stern = np.array([ship.x, ship.y]) - 0.5 * self._axes[0]
        self._freeboard = 0.0
        # (stern end, bow end, port side, starboard side, top in m) of the houses so far.
        self._houses: list[tuple[float, float, float, float, float]] = []

    def place(self, points: ArrayLike) -> NDArray[np.float64]:
        """Metres of the scene of points (along, across); (..., 2)."""
        return np.asarray(points, dtype=np.float64) @ self._axes + self._stern

    def level(self, points: Sequence[Pair]) -> float:
        """How high above the water the surface is below the middle of some points (along, across), m."""
        along = sum(point[0] for point in points) / len(points)
        across = sum(point[1] for point in points) / len(points)
        for stern, bow, port, starboard, top in reversed(self._houses):
            if stern <= along <= bow and port <= across <= starboard:
                return top
        return self._freeboard

    def hull(self, side: Colour, deck: Colour, rim: float, freeboard: float) -> None:
        """The hull with its shadow: sides in one colour, the deck inside a rim (m) in another."""
        outline = hull_outline(self.ship)
        self.canvas.prisms([self.ship.to_scene(outline)], [freeboard], [side])
        inner = outline * (1 - 2 * rim / np.array([self.ship.length, self.ship.beam]))
        self.canvas.fill(self.ship.to_scene(inner), deck, freeboard)
        self._freeboard = freeboard

    def area(self, points: Sequence[Pair], colour: Colour, height: float = 0.0) -> None:
        """A polygon; with a height (m) a house."""
        level = self.level(points)
        if height > 0:
            self.canvas.prisms([self.place(points)], [level + height], [colour], level)
            along, across = zip(*points, strict=True)
            self._houses.append((min(along), max(along), min(across), max(across), level + height))
        else:
            self.canvas.fill(self.place(points), colour, level)

    def rect(self, extent: Extent, colour: Colour, height: float = 0.0) -> None:
        """A rectangle along the ship; with a height (m) a house."""
        self.area(corners(extent), colour, height)

    def rects(self, extents: Sequence[Extent], heights: Sequence[float], colours: Sequence[Colour]) -> None:
        """Boxes on the deck, rectangles along the ship, under one joint shadow."""
        level = self._freeboard
        outlines = [self.place(corners(extent)) for extent in extents]
        self.canvas.prisms(outlines, [level + height for height in heights], colours, level)

    def disc(self, at: Pair, radius: float, colour: Colour, height: float = 0.0) -> None:
        """A circle of a radius in m; with a height (m) an upright cylinder."""
        level = self.level([at])
        if height > 0:
            self.canvas.prisms([ring(self.place(at), radius, 10)], [level + height], [colour], level)
        else:
            self.canvas.disc(self.place(at), radius, colour, level)

    def line(self, start: Pair, end: Pair, width: float, colour: Colour,
             height: float = 0.0) -> None:  # fmt: skip
        """A straight stroke of a width in m, some height (m) above what is below it."""
        level = self.level([start, end]) + height
        self.canvas.line(self.place(start), self.place(end), width, colour, level)

    def frame(self, extent: Extent, width: float, colour: Colour) -> None:
        """The outline of a rectangle, drawn in strokes of a width in m."""
        points = corners(extent)
        for start, end in zip(points, points[1:] + points[:1], strict=True):
            self.line(start, end, width, colour)

    def landing_circle(self, at: Pair, radius: float, colour: Colour) -> None:
        """A helicopter spot: a ring with a cross line, radius in m."""
        along, across = radius / self.ship.length, 2 * radius / self.ship.beam
        angles = np.linspace(0, 2 * np.pi, 17)
        points = [(at[0] + along * np.cos(angle), at[1] + across * np.sin(angle)) for angle in angles]
        for start, end in pairwise(points):
            self.line(start, end, 0.5, colour)
        self.line((at[0], at[1] - across), (at[0], at[1] + across), 0.5, colour)

    def pick(self, choices: Sequence[Any]) -> Any:
        """One of some choices by chance."""
        return choices[int(self.rng.integers(len(choices)))]

    def colour(self, base: Colour, spread: float) -> tuple[float, ...]:
        """The base colour, made lighter or darker by chance by up to a spread in grey levels."""
        shift = self.rng.uniform(-spread, spread)
        return tuple(value + shift for value in base)


def corners(extent: Extent) -> list[Pair]:
    """Corners of a rectangle (stern end, bow end, port side, starboard side)."""
    stern, bow, port, starboard = extent
    return [(bow, port), (bow, starboard), (stern, starboard), (stern, port)]


def lighter(colour: Colour, amount: float) -> tuple[float, ...]:
    """A colour some grey levels lighter, or darker where the amount is negative."""
    return tuple(value + amount for value in colour)
