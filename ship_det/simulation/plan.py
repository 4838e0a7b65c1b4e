"""The parts a harbor is planned with: frames along quays, berths, and the shapes that are drawn. All in metres."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]
#: A point (along, away) of a frame, m.
Pair = tuple[float, float]


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

    @classmethod
    def facing(cls, origin: ArrayLike, angle: float) -> 'Frame':
        """A frame that runs along a direction (rad), away clockwise of it (on screen)."""
        along = np.array([np.cos(angle), np.sin(angle)])
        return cls(np.asarray(origin, dtype=np.float64), along, np.array([-along[1], along[0]]))

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

    def rects(self, centres: ArrayLike, sizes: ArrayLike) -> FloatArray:
        """Corners (N, 4, 2) of rectangles around centres (N, 2) of sizes (N, 2) or (2,), along and away."""
        centres, half = np.asarray(centres, dtype=np.float64), np.asarray(sizes, dtype=np.float64) / 2
        signs = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)])
        return self.place(centres[:, None] + signs * half.reshape(-1, 1, 2))

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
    """Convex outlines from a base to a top above the ground, with a colour each, in painting order.

    Attributes, once frozen:
        points: (P, 2) m, the corners of all outlines one after the other.
        starts: (N + 1,) where each outline starts in the points, and their number.
        bases, tops: (N,) m above the ground.
        colours: (N, 3) RGB.
    """

    def __init__(self) -> None:
        self._outlines: list[FloatArray] = []
        self._corners: list[FloatArray] = []
        self._columns: list[FloatArray] = []

    def __len__(self) -> int:
        return len(self.starts) - 1

    def add(self, outline: FloatArray, colour: ArrayLike, height: float = 0.0, base: float = 0.0) -> None:
        """Add an outline, (K, 2) m, with its top at a height and its base below that (m)."""
        self.add_many(outline[None], np.asarray(colour)[None], height, base)

    def add_many(self, outlines: FloatArray, colours: ArrayLike, heights: ArrayLike, base: ArrayLike = 0.0) -> None:
        """Add outlines of equally many corners, (N, K, 2) m, with colours (N, 3) and heights (N,) or a single one."""
        count, corners = outlines.shape[:2]
        columns = np.empty((count, 5))
        columns[:, 0], columns[:, 1], columns[:, 2:] = base, heights, colours
        self._outlines.append(outlines.reshape(-1, 2))
        self._corners.append(np.full(count, corners))
        self._columns.append(columns)

    def freeze(self) -> None:
        """Prepare for ``touching`` once all shapes are there."""
        self.points = np.concatenate([np.zeros((0, 2)), *self._outlines])
        corners = np.concatenate([np.zeros(0, int), *self._corners])
        self.starts = np.concatenate([[0], np.cumsum(corners)])
        columns = np.concatenate([np.zeros((0, 5)), *self._columns])
        self.bases, self.tops, self.colours = columns[:, 0], columns[:, 1], columns[:, 2:]
        low, high = np.zeros((2, 0, 2))
        if len(corners):
            low = np.minimum.reduceat(self.points, self.starts[:-1])
            high = np.maximum.reduceat(self.points, self.starts[:-1])
        self._low, self._high = low, high

    def outline(self, index: int) -> FloatArray:
        """Corners of a shape, (K, 2) m."""
        return self.points[self.starts[index] : self.starts[index + 1]]

    def touching(self, window: tuple[float, float, float, float], reach: float) -> NDArray[np.intp]:
        """Indices in drawing order of the shapes within reach (m a metre of height) of a window (x0, y0, x1, y1)."""
        slack = self.tops[:, None] * reach
        low, high = self._low - slack, self._high + slack
        touches = ((low < window[2:]) & (high > window[:2])).all(axis=1)
        return np.flatnonzero(touches)


def shades_of(colours: ArrayLike, rng: np.random.Generator, spread: float) -> FloatArray:
    """Colours, (..., 3), made lighter or darker by chance, and a little redder or bluer."""
    colours = np.asarray(colours, dtype=np.float64)
    shift, tint = rng.uniform(-spread, spread, (2, *colours.shape[:-1], 1))
    return colours + shift + 0.25 * tint * (1, 0, -1)
