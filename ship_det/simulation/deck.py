"""Drawing on a ship in fractions of its size: along from stern 0 to bow 1, across from port -1 to starboard 1."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ship_det.simulation.canvas import Canvas, Colour
from ship_det.simulation.ships import Ship, hull_outline

#: Along and across of the two ends and sides of a rectangle: (stern end, bow end, port side, starboard side).
Extent = tuple[float, float, float, float]


class Deck:
    """A ship on a canvas.

    Args:
        canvas: what to draw on.
        ship: the ship.

    Attributes:
        rng: chance that depends on the ship alone, so that the ship looks the same in whatever window it is drawn.
    """

    def __init__(self, canvas: Canvas, ship: Ship):
        self.canvas = canvas
        self.ship = ship
        self.rng = np.random.default_rng(ship.seed)
        self._half_size = np.array([ship.length, ship.beam / 2])

    def place(self, points: ArrayLike) -> NDArray[np.float64]:
        """Metres of the scene of points (along, across); (..., 2)."""
        return self.ship.to_scene((np.asarray(points, dtype=np.float64) - (0.5, 0)) * self._half_size)

    def hull(self, side: Colour, deck: Colour, rim: float, freeboard: float) -> None:
        """The hull with its shadow: sides in one colour, the deck inside a rim (m) in another."""
        outline = hull_outline(self.ship)
        self.canvas.prisms([self.ship.to_scene(outline)], [freeboard], [side])
        inner = outline * (1 - 2 * rim / np.array([self.ship.length, self.ship.beam]))
        self.canvas.fill(self.ship.to_scene(inner), deck)

    def area(self, points: Sequence[tuple[float, float]], colour: Colour, height: float = 0.0) -> None:
        """A polygon; with a height (m) one that casts a shadow."""
        if height > 0:
            self.canvas.prisms([self.place(points)], [height], [colour])
        else:
            self.canvas.fill(self.place(points), colour)

    def rect(self, extent: Extent, colour: Colour, height: float = 0.0) -> None:
        """A rectangle along the ship; with a height (m) one that casts a shadow."""
        self.area(corners(extent), colour, height)

    def rects(self, extents: Sequence[Extent], heights: Sequence[float], colours: Sequence[Colour]) -> None:
        """Rectangles along the ship under one joint shadow."""
        self.canvas.prisms([self.place(corners(extent)) for extent in extents], heights, colours)

    def disc(self, at: tuple[float, float], radius: float, colour: Colour, height: float = 0.0) -> None:
        """A circle of a radius in m; with a height (m) one that casts a shadow."""
        self.canvas.cylinders([self.place(at)], [radius], [height], [colour])

    def line(self, start: tuple[float, float], end: tuple[float, float], width: float, colour: Colour) -> None:
        """A straight stroke of a width in m."""
        self.canvas.line(self.place(start), self.place(end), width, colour)

    def frame(self, extent: Extent, width: float, colour: Colour) -> None:
        """The outline of a rectangle, drawn in strokes of a width in m."""
        points = corners(extent)
        for start, end in zip(points, points[1:] + points[:1], strict=True):
            self.line(start, end, width, colour)

    def landing_circle(self, at: tuple[float, float], radius: float, colour: Colour) -> None:
        """A helicopter spot: a ring with a cross line, radius in m."""
        along, across = radius / self.ship.length, 2 * radius / self.ship.beam
        angles = np.linspace(0, 2 * np.pi, 17)
        points = [(at[0] + along * np.cos(angle), at[1] + across * np.sin(angle)) for angle in angles]
        for start, end in pairwise(points):
            self.line(start, end, 0.5, colour)
        self.line((at[0], at[1] - across), (at[0], at[1] + across), 0.5, colour)

    def colour(self, base: Colour, spread: float) -> tuple[float, ...]:
        """The base colour, made lighter or darker by chance by up to a spread in grey levels."""
        shift = self.rng.uniform(-spread, spread)
        return tuple(value + shift for value in base)


def corners(extent: Extent) -> list[tuple[float, float]]:
    """Corners of a rectangle (stern end, bow end, port side, starboard side)."""
    stern, bow, port, starboard = extent
    return [(bow, port), (bow, starboard), (stern, starboard), (stern, port)]
