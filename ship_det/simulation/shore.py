"""Shorelines: straight quays at changing angles joined by stretches of natural shore."""

from dataclasses import dataclass

import numpy as np
from shapely.geometry import Polygon

from .plan import FloatArray, Frame


@dataclass(frozen=True, eq=False)
class Bank:
    """The land on one side of the water.

    Attributes:
        land: its outline.
        quays: frames along the straight walls, with the length of each in metres; away points to the water.
        beaches: stretches of natural shore, each (N, 2) m.
    """

    land: Polygon
    quays: list[tuple[Frame, float]]
    beaches: list[FloatArray]


def draw_bank(frame: Frame, extent: float, rng: np.random.Generator) -> Bank:
    """A bank along a frame: land lies where away is negative, give or take the bends of the shore.

    Args:
        frame: its origin in the middle of the shore.
        extent: side of the scene, m; the bank reaches past it on both sides.
        rng: chance.
    """
    reach = 0.85 * extent
    shore, quays, beaches = [(-reach, 0.0)], [], []
    longest = min(900.0, max(0.45 * extent, 120.0))
    while shore[-1][0] < reach:
        start = shore[-1]
        # Bends back towards the frame, so that the shore does not wander out of the scene.
        angle = np.clip(rng.normal(0, 0.28) - start[1] / (0.35 * extent), -0.6, 0.6)
        length = rng.uniform(0.45, 1.0) * longest
        end = (start[0] + length * np.cos(angle), start[1] + length * np.sin(angle))
        quays.append((start, end, length))
        beach = [end, *_natural_shore(end, rng.uniform(0.15, 0.5) * min(longest, 500.0), rng)]
        beaches.append(frame.place(beach))
        shore += beach
    far = -2.2 * extent
    outline = frame.place([*shore, (shore[-1][0], far), (-reach, far)])
    return Bank(Polygon(outline), [_wall(frame, *quay) for quay in quays], beaches)


def _natural_shore(start: tuple[float, float], length: float, rng: np.random.Generator) -> list[tuple[float, float]]:
    """Points of an irregular shore after a start, about 9 m apart."""
    steps = max(int(length / 9), 4)
    wander = np.cumsum(rng.normal(0, 1.0, steps))
    wander -= np.linspace(0, 1, steps) * wander[-1] * rng.uniform(0.3, 1.0)
    bend = np.sin(np.linspace(0, np.pi, steps)) * rng.uniform(-0.22, 0.12) * length
    away = start[1] + 3.0 * wander + bend + rng.normal(0, 1.2, steps)
    along = start[0] + np.linspace(length / steps, length, steps)
    return list(zip(along.tolist(), away.tolist(), strict=True))


def _wall(frame: Frame, start: tuple[float, float], end: tuple[float, float], length: float) -> tuple[Frame, float]:
    corners = frame.place([start, end])
    side = 1.0 if np.cross(frame.along, frame.away) > 0 else -1.0
    return Frame.between(corners[0], corners[1], side), length
