"""Shorelines: straight quays at changing angles, docks cut into the land, natural shore between them, islands."""

from dataclasses import dataclass, field

import numpy as np
from shapely.geometry import Polygon

from ship_det.simulation.plan import FloatArray, Frame

#: A quay wall: its frame, away pointing to the water; its length; how far the open water in front of it reaches. In m.
Quay = tuple[Frame, float, float]

# Behind a quay at a dock's mouth its terminal takes up the first stretch of the dock's wall, m.
_MOUTH = 350.0


@dataclass(eq=False)
class Bank:
    """The land on one side of the water, or an island.

    Attributes:
        land: its outline.
        quays: its walls.
        beaches: stretches of natural shore, each (N, 2) m.
    """

    land: Polygon
    quays: list[Quay] = field(default_factory=list)
    beaches: list[FloatArray] = field(default_factory=list)


class _Walk:
    """A walk along the shore of a frame, landward on one hand: it collects the shore's points, quays and beaches."""

    def __init__(self, frame: Frame, start: tuple[float, float], water: float):
        self.frame, self.water = frame, water
        self.points = [start]
        self.quays: list[Quay] = []
        self.beaches: list[FloatArray] = []
        self._docks: list[Polygon] = []

    @property
    def at(self) -> tuple[float, float]:
        return self.points[-1]

    def wall(self, angle: float, length: float) -> None:
        """A quay in a direction against the frame (rad)."""
        start = self.at
        self.points.append((start[0] + length * np.cos(angle), start[1] + length * np.sin(angle)))
        self._add_quay(start, self.at, self.water)

    def dock(self, angle: float, depth: float, width: float) -> bool:
        """Cut a dock into the land at right angles to the shore, with a quay on either side, unless another is near."""
        along = np.array([np.cos(angle), np.sin(angle)])
        inward = np.array([along[1], -along[0]])
        mouth = np.array(self.at)
        near, far = mouth + inward * depth, mouth + inward * depth + along * width
        outline = Polygon([mouth, near, far, mouth + along * width])
        if any(outline.distance(dock) < _MOUTH for dock in self._docks):
            return False
        self._docks.append(outline)
        self.points += [tuple(near), tuple(far), tuple(mouth + along * width)]
        self._add_quay(mouth + inward * _MOUTH, near, width)
        self._add_quay(far, mouth + along * width + inward * _MOUTH, width)
        return True

    def beach(self, length: float, rng: np.random.Generator) -> None:
        """A stretch of natural shore."""
        points = _natural_shore(self.at, length, rng)
        self.beaches.append(self.frame.place([self.at, *points]))
        self.points += points

    def _add_quay(self, start, end, water: float) -> None:
        corners = self.frame.place([start, end])
        length = float(np.hypot(*(corners[1] - corners[0])))
        self.quays.append((Frame.between(corners[0], corners[1], self.frame.side), length, water))


def draw_bank(frame: Frame, extent: float, water: float, rng: np.random.Generator) -> Bank:
    """A bank along a frame: land lies where away is negative, give or take the bends of the shore.

    It reaches past a scene of side extent (m) on both sides of the frame's origin; water: how far the open water in
    front reaches, m.
    """
    reach = 0.85 * extent
    longest = min(900.0, max(0.45 * extent, 120.0))
    walk = _Walk(frame, (-reach, 0.0), water)
    angle, keep = 0.0, False
    while walk.at[0] < reach:
        if not keep:
            # Bends back towards the frame, so that the shore does not wander out of the scene.
            angle = float(np.clip(rng.normal(0, 0.28) - walk.at[1] / (0.35 * extent), -0.6, 0.6))
        walk.wall(angle, rng.uniform(0.45, 1.0) * longest)
        wants_dock = extent > 3500 and rng.random() < 0.45
        # The quay after a dock goes on in the same direction, so that the ground at the dock's corner is square.
        keep = wants_dock and walk.dock(angle, rng.uniform(750, 1250), rng.uniform(230, 430))
        if not keep:
            walk.beach(rng.uniform(0.12, 0.5) * min(longest, 450.0), rng)
    # Wide enough around the docks at either end.
    side, far = walk.at[0] + 1500, -2.2 * extent - 1500
    outline = frame.place([(-side, 0), *walk.points, (side, walk.at[1]), (side, far), (-side, far)])
    return Bank(Polygon(outline), walk.quays, walk.beaches)


def draw_island(centre: FloatArray, angle: float, rng: np.random.Generator) -> Bank:
    """A made island with a quay along either long side and natural shore at its ends."""
    length, width = rng.uniform(700, 1300), rng.uniform(260, 440)
    middle = Frame.facing(centre, angle)
    points, quays, beaches = [], [], []
    for side in (1, -1):
        frame = Frame(centre, side * middle.along, side * middle.away)
        start, end = frame.place([(-length / 2, width / 2), (length / 2, width / 2)])
        turn = np.linspace(0, np.pi, 26)
        bulge = np.sin(turn) * rng.uniform(0.12, 0.3) * width + np.sin(turn) ** 0.5 * rng.normal(0, 3, 26)
        tip = frame.place(np.column_stack([length / 2 + bulge, width / 2 * np.cos(turn)]))
        quays.append((Frame(start, frame.along, frame.away), length, 600.0))
        beaches.append(tip)
        points += [start, end, *tip[1:-1]]
    return Bank(Polygon(points), quays, beaches)


def _natural_shore(start: tuple[float, float], length: float, rng: np.random.Generator) -> list[tuple[float, float]]:
    """Points of an irregular shore after a start, about 9 m apart."""
    steps = max(int(length / 9), 4)
    wander = np.cumsum(rng.normal(0, 1.0, steps))
    wander -= np.linspace(0, 1, steps) * wander[-1] * rng.uniform(0.3, 1.0)
    bend = np.sin(np.linspace(0, np.pi, steps)) * rng.uniform(-0.22, 0.12) * length
    away = start[1] + 3.0 * wander + bend + rng.normal(0, 1.2, steps)
    along = start[0] + np.linspace(length / steps, length, steps)
    return list(zip(along.tolist(), away.tolist(), strict=True))
