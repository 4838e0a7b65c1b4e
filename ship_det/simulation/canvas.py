"""Painter's drawing in metres on a window of the scene: filled shapes, and upright ones that lean and cast a shadow.

Everything is drawn at several times the scene's resolution and averaged down at the end, so that a shape half a pixel
wide still shows with half its strength and blocks drawn on their own meet without a seam (OpenCV may place an edge that
is cut by the window a subpixel off).

Points are those of the map, as if seen from straight above. What stands z metres above it is drawn z times the lean
away from there: a camera that looks askance sees roofs away from it and the walls on its own side.
"""

from collections.abc import Iterable, Sequence

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

#: Subpixels along a side of a scene pixel.
SUPERSAMPLING = 4

# OpenCV's drawing takes fixed-point coordinates with this many binary digits after the point.
_SHIFT = 4
# A wall that shows less than this (px of the scene) is left out, and one that shows more has its sides lit apart.
_LEAST_WALL, _PLAIN_WALL = 0.3, 2.0
# A shadow shorter than this (px of the scene) is left out.
_LEAST_SHADOW = 0.4
# Outlines of more corners may have bays: those of ships.
_CONVEX = 9

# What is left of a colour in the shade: half the light, and grey levels that the sky adds.
_SHADE, _SKYLIGHT = 0.46, 3
# Light of a wall: in the shade, and what the sun adds to one that faces it.
_WALL_SHADE, _WALL_SUN = 0.56, 0.4

Colour = Sequence[float]
#: A point (x, y), m.
Point = tuple[float, float] | NDArray[np.float64]


class Canvas:
    """A supersampled RGB window of a scene, drawn on in metres of the scene.

    Args:
        ground: (H, W, 3) uint8, what lies under all shapes, at the scene's resolution.
        corner: (x, y) px, the scene pixel of the ground's top left.
        gsd: metres a pixel.
        shadow: (x, y) metres that a shadow reaches for each metre of height.
        lean: (x, y) metres that the top of a wall is seen away from its foot for each metre of height.
    """

    def __init__(self, ground: NDArray[np.uint8], corner: ArrayLike, gsd: float, shadow: ArrayLike,
                 lean: ArrayLike = (0.0, 0.0)):  # fmt: skip
        # Shadows on the bare ground are laid on it as it is, before the first shape asks for subpixels.
        self._ground = ground
        self._image: NDArray[np.uint8] | None = None
        self.gsd = gsd
        self.scale = SUPERSAMPLING * (1 << _SHIFT) / gsd
        # OpenCV puts whole coordinates on pixel centres, the scene puts them on pixel corners.
        self.offset = (np.asarray(corner, dtype=np.float64) * SUPERSAMPLING + 0.5) * (1 << _SHIFT)
        self.shadow = np.asarray(shadow, dtype=np.float64)
        self.lean = np.asarray(lean, dtype=np.float64)
        self._sun = -self.shadow / max(float(np.hypot(*self.shadow)), 1e-9)
        self._wall = float(np.hypot(*self.lean)) / gsd
        towards = -self.lean / max(float(np.hypot(*self.lean)), 1e-9)
        self._plain_light = _WALL_SHADE + _WALL_SUN * max(float(towards @ self._sun), 0.0)

    @property
    def image(self) -> NDArray[np.uint8]:
        """The drawing in subpixels."""
        if self._image is None:
            height, width = self._ground.shape[:2]
            size = (width * SUPERSAMPLING, height * SUPERSAMPLING)
            self._image = as_bytes(cv2.resize(self._ground, size, interpolation=cv2.INTER_NEAREST))
        return self._image

    def finish(self) -> NDArray[np.uint8]:
        """The drawing at the scene's resolution."""
        if self._image is None:
            return self._ground
        height, width = self._ground.shape[:2]
        return as_bytes(cv2.resize(self._image, (width, height), interpolation=cv2.INTER_AREA))

    def fill(self, outline: ArrayLike, colour: Colour, level: float = 0.0) -> None:
        """Fill an outline, (N, 2) m, that lies level (m) above the ground."""
        cv2.fillPoly(self.image, [self._fixed(outline, level)], clamp(colour), cv2.LINE_8, _SHIFT)

    def disc(self, centre: ArrayLike, radius: float, colour: Colour, level: float = 0.0) -> None:
        """Fill a circle; centre and radius in m."""
        fixed_radius = round(radius * self.scale)
        cv2.circle(
            self.image, self._fixed(centre, level).tolist(), fixed_radius, clamp(colour), cv2.FILLED, cv2.LINE_8, _SHIFT
        )

    def line(self, start: Point, end: Point, width: float, colour: Colour, level: float = 0.0) -> None:
        """Fill a straight stroke with square ends; all in m."""
        (x0, y0), (x1, y1) = start, end
        half = width / 2 / max(float(np.hypot(x1 - x0, y1 - y0)), 1e-9)
        across, down = (y0 - y1) * half, (x1 - x0) * half
        corners = [(x0 - across, y0 - down), (x1 - across, y1 - down), (x1 + across, y1 + down),
                   (x0 + across, y0 + down)]  # fmt: skip
        self.fill(corners, colour, level)

    def prisms(self, outlines: Sequence[NDArray[np.float64]], tops: ArrayLike, colours: ArrayLike,
               level: float = 0.0, bases: ArrayLike | None = None) -> None:  # fmt: skip
        """Upright prisms over outlines: their joint shadow first, then their walls and roofs in order.

        Args:
            outlines: (K, 2) m each; their shadow is that of their convex hull.
            tops: (N,) how high each of them reaches, m above the ground.
            colours: (N, 3) RGB of each roof.
            level: how high the surface is that they stand on and that their shadow falls on, m.
            bases: (N,) where each of them starts; left out: on the surface.
        """
        tops, colours = np.asarray(tops, dtype=np.float64), np.asarray(colours, dtype=np.float64)
        bases = np.full(len(tops), level) if bases is None else np.asarray(bases, dtype=np.float64)
        self.shade(outlines, tops, level, bases)
        counts = [len(outline) for outline in outlines]
        points = np.concatenate(outlines)
        feet, roofs = (self._fixed(points, np.repeat(heights, counts)) for heights in (bases, tops))
        walls = np.stack([feet, roofs], axis=1)
        shown = (self._wall * (tops - bases)).tolist()
        roof_paints = _paints(colours)
        wall_paints = _paints(colours * self._plain_light)
        start, image = 0, self.image
        for index, count in enumerate(counts):
            end = start + count
            if shown[index] >= _PLAIN_WALL or (count > _CONVEX and shown[index] >= _LEAST_WALL):
                self._walls(points[start:end], feet[start:end], roofs[start:end], colours[index])
            elif shown[index] >= _LEAST_WALL:
                hull = cv2.convexHull(walls[start:end].reshape(-1, 2))
                cv2.fillConvexPoly(image, hull, wall_paints[index], cv2.LINE_8, _SHIFT)
            if count > _CONVEX:
                cv2.fillPoly(image, [roofs[start:end]], roof_paints[index], cv2.LINE_8, _SHIFT)
            else:
                cv2.fillConvexPoly(image, roofs[start:end], roof_paints[index], cv2.LINE_8, _SHIFT)
            start = end

    def shade(self, outlines: Sequence[NDArray[np.float64]], tops: ArrayLike, level: float = 0.0,
              bases: ArrayLike | None = None) -> None:  # fmt: skip
        """Darken what lies in the shadow of prisms, see ``prisms``; where two shadows meet it stays one shade."""
        counts = [len(outline) for outline in outlines]
        points = self._fixed(np.concatenate(outlines), level)
        feet = np.full(len(counts), level) if bases is None else np.asarray(bases)
        # Where the corners' shadows start and end, (P, 2, 2).
        reaches = (np.stack([feet, np.asarray(tops)], axis=1) - level).repeat(counts, axis=0)
        swept = points[:, None] + np.rint(reaches[..., None] * (self.shadow * self.scale)).astype(np.int32)
        height, width = self._ground.shape[:2]
        window = (0, 0, width * SUPERSAMPLING, height * SUPERSAMPLING)
        if self._image is not None:
            window = self._window(swept.reshape(-1, 2))
        left, top, right, bottom = window
        if left >= right or top >= bottom:
            return
        swept -= np.array([left, top], np.int32) << _SHIFT
        mask = np.zeros((bottom - top, right - left), np.uint8)
        start = 0
        thrown = float(np.hypot(*self.shadow)) / self.gsd
        for count, rise in zip(counts, (np.asarray(tops) - level).tolist(), strict=True):
            if rise * thrown > _LEAST_SHADOW:
                hull = cv2.convexHull(swept[start : start + count].reshape(-1, 2))
                cv2.fillConvexPoly(mask, hull, 255, cv2.LINE_8, _SHIFT)
            start += count
        if self._image is None:
            share = cv2.resize(mask, (width, height), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
            self._ground = as_bytes(cv2.blendLinear(_shaded(self._ground), self._ground, share, 1 - share))
        else:
            lit = self._image[top:bottom, left:right]
            cv2.copyTo(_shaded(lit), mask, lit)

    def _walls(self, outline: NDArray[np.float64], foot: NDArray[np.int32], roof: NDArray[np.int32],
               colour: NDArray[np.float64]) -> None:  # fmt: skip
        """The sides of a prism that the camera sees, each in its own light; foot and roof are in fixed point."""
        following = np.arange(1, len(outline) + 1) % len(outline)
        along = outline[following] - outline
        normals = np.column_stack([along[:, 1], -along[:, 0]])
        area = float(outline[:, 0] @ along[:, 1] - outline[:, 1] @ along[:, 0])
        normals *= np.sign(area) / np.maximum(np.hypot(*normals.T), 1e-9)[:, None]
        seen = np.flatnonzero(normals @ self.lean < 0)
        lights = _WALL_SHADE + _WALL_SUN * np.maximum(normals[seen] @ self._sun, 0)
        quads = np.stack([foot, foot[following], roof[following], roof], axis=1)[seen]
        for quad, paint in zip(quads, _paints(colour * lights[:, None]), strict=True):
            cv2.fillConvexPoly(self.image, quad, paint, cv2.LINE_8, _SHIFT)

    def _window(self, points: NDArray[np.int32]) -> tuple[int, int, int, int]:
        """Bounds of fixed-point points on the canvas (left, top, right, bottom); without area where they miss it."""
        x, y, width, height = cv2.boundingRect(points)
        bottom, right = self.image.shape[:2]
        left, top = max((x >> _SHIFT) - 1, 0), max((y >> _SHIFT) - 1, 0)
        return left, top, min(((x + width) >> _SHIFT) + 3, right), min(((y + height) >> _SHIFT) + 3, bottom)

    def _fixed(self, points: ArrayLike, level: float | NDArray[np.float64] = 0.0) -> NDArray[np.int32]:
        """Points (..., 2) at a level, or each at its own, in the fixed point of OpenCV's drawing."""
        places = np.asarray(points, dtype=np.float64) * self.scale - self.offset
        if np.ndim(level):
            places += np.multiply.outer(level, self.lean * self.scale)
        elif level:
            places += self.lean * (level * self.scale)
        return np.rint(places).astype(np.int32)


def ring(centre: ArrayLike, radius: float, corners: int = 16) -> NDArray[np.float64]:
    """A regular polygon of so many corners in place of a circle, (corners, 2)."""
    angles = np.arange(corners) * (2 * np.pi / corners)
    return np.asarray(centre) + radius * np.column_stack([np.cos(angles), np.sin(angles)])


def clamp(colour: Iterable[float]) -> tuple[int, ...]:
    """A colour rounded to bytes."""
    return tuple([min(max(round(value), 0), 255) for value in colour])


def _shaded(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return as_bytes(cv2.convertScaleAbs(image, alpha=_SHADE, beta=_SKYLIGHT))


def as_bytes(image: ArrayLike | None) -> NDArray[np.uint8]:
    """What OpenCV made of bytes: it says so of no result."""
    return np.asarray(image, dtype=np.uint8)


def _paints(colours: NDArray[np.float64]) -> list[tuple[int, ...]]:
    return list(map(tuple, np.clip(np.rint(colours), 0, 255).astype(int).tolist()))
