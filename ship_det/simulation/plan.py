"""The parts a harbor is planned with: frames along quays, berths, and the shapes that are drawn. All in metres."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Frame:
    """Coordinates along a quay and away from it.

    Attributes:
        origin: (2,) m.
        along, away: (2,) unit vectors at right angles; away points to the water for a quay.
    """

    origin: FloatArray
    along: FloatArray
    away: FloatArray

    @classmethod
    def between(cls, start: ArrayLike, end: ArrayLike, side: float) -> 'Frame':
        """A frame from start towards end; side 1 puts away clockwise of along (on screen), -1 the other way."""
        start, end = np.asarray(start, dtype=np.float64), np.asarray(end, dtype=np.float64)
        along = (end - start) / np.hypot(*(end - start))
        return cls(start, along, side * np.array([-along[1], along[0]]))

    @property
    def side(self) -> float:
        """1 where away is clockwise of along (on screen), -1 where it is the other way."""
        return 1.0 if self.along[0] * self.away[1] > self.along[1] * self.away[0] else -1.0

    def place(self, points: ArrayLike) -> FloatArray:
        """Points (along, away), (..., 2), in metres of the scene."""
        points = np.asarray(points, dtype=np.float64)
        return self.origin + points[..., :1] * self.along + points[..., 1:] * self.away

    def rect(self, start: float, end: float, near: float, far: float) -> FloatArray:
        """Corners of the rectangle from start to end along and from near to far away, (4, 2)."""
        return self.place([(start, near), (end, near), (end, far), (start, far)])

    def turned(self, at: ArrayLike, angle: float) -> 'Frame':
        """A frame with its origin at a point (along, away), turned from along towards away by an angle (rad)."""
        cos, sin = np.cos(angle), np.sin(angle)
        return Frame(self.place(at), cos * self.along + sin * self.away, cos * self.away - sin * self.along)


@dataclass(eq=False)
class Berth:
    """A stretch of wall that ships lie along.

    Attributes:
        frame: its origin at the start of the wall, away from the wall.
        length: m.
        depth: how far out ships may be nested, m.
        trade: what lies here: navy, submarine, container, tanker, cargo or small.
        stacks: what lies there: [start, end, reach] of each row of nested ships, m.
    """

    frame: Frame
    length: float
    depth: float
    trade: str
    stacks: list[list[float]] = field(default_factory=list)
    cursor: float = 0.0


class Shapes:
    """Convex outlines with a height and a colour, and a fast answer to which of them touch a window."""

    def __init__(self) -> None:
        self.outlines: list[FloatArray] = []
        self.heights: list[float] = []
        self.colours: list[tuple[float, ...]] = []
        self._bounds = np.zeros((0, 4))

    def add(self, outline: FloatArray, colour: ArrayLike, height: float = 0.0) -> None:
        self.outlines.append(outline)
        self.heights.append(float(height))
        self.colours.append(tuple(float(value) for value in colour))

    def freeze(self) -> None:
        """Prepare for ``touching`` once all shapes are there."""
        bounds = [(*outline.min(axis=0), *outline.max(axis=0)) for outline in self.outlines]
        self._bounds = np.array(bounds).reshape(-1, 4)

    def touching(self, window: tuple[float, float, float, float], reach: float) -> NDArray[np.intp]:
        """Indices in drawing order of the shapes within reach (m a metre of height) of a window (x0, y0, x1, y1)."""
        slack = np.array(self.heights) * reach
        low, high = self._bounds[:, :2] - slack[:, None], self._bounds[:, 2:] + slack[:, None]
        x0, y0, x1, y1 = window
        touches = (low[:, 0] < x1) & (high[:, 0] > x0) & (low[:, 1] < y1) & (high[:, 1] > y0)
        return np.flatnonzero(touches)


def shade_of(colour: ArrayLike, rng: np.random.Generator, spread: float) -> tuple[float, ...]:
    """A colour made lighter or darker by chance, and a little redder or bluer."""
    shift = rng.uniform(-spread, spread)
    tint = rng.uniform(-spread, spread) * 0.25
    red, green, blue = np.asarray(colour, dtype=np.float64).tolist()
    return (red + shift + tint, green + shift, blue + shift - tint)
