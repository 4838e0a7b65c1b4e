"""Painter's drawing in metres on a window of the scene: filled shapes, and upright ones that lean and cast a shadow.

Everything is drawn at several times the scene's resolution and averaged down at the end, so that a shape half a pixel
wide still shows with half its strength and blocks drawn on their own meet without a seam (OpenCV may place an edge that
is cut by the window a subpixel off).

Points are those of the map, as if seen from straight above. What stands z metres above it is drawn z times the lean
away from there: a camera that looks askance sees roofs away from it and the walls on its own side.
"""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

#: Subpixels along a side of a scene pixel.
SUPERSAMPLING = 4

# OpenCV's drawing takes fixed-point coordinates with this many binary digits after the point.
_SHIFT = 4
# A wall that shows less than this (px of the scene) is left out, and one that shows more has its sides lit apart.
_LEAST_WALL, _PLAIN_WALL = 0.3, 2.0
# Outlines of more corners may have bays: those of ships.
_CONVEX = 9

# What skylight leaves of a colour in the shade (red, green, blue): blue fades least.
_SHADE = (0.46, 0.48, 0.55)
_SHADED = np.rint(np.arange(256)[:, None] * np.array(_SHADE)).astype(np.uint8)[:, None]
# Light of a wall: in the shade, and what the sun adds to one that faces it.
_WALL_SHADE, _WALL_SUN = 0.56, 0.4

Colour = Sequence[float] | NDArray[np.float64]


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
        height, width = ground.shape[:2]
        size = (width * SUPERSAMPLING, height * SUPERSAMPLING)
        self.image = cv2.resize(ground, size, interpolation=cv2.INTER_NEAREST)
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

    def finish(self) -> NDArray[np.uint8]:
        """The drawing at the scene's resolution."""
        height, width = self.image.shape[:2]
        size = (width // SUPERSAMPLING, height // SUPERSAMPLING)
        return cv2.resize(self.image, size, interpolation=cv2.INTER_AREA)

    def fill(self, outline: ArrayLike, colour: Colour, level: float = 0.0) -> None:
        """Fill an outline, (N, 2) m, that lies level (m) above the ground."""
        cv2.fillPoly(self.image, [self._fixed(outline, level)], clamp(colour), cv2.LINE_8, _SHIFT)

    def disc(self, centre: ArrayLike, radius: float, colour: Colour, level: float = 0.0) -> None:
        """Fill a circle; centre and radius in m."""
        fixed_radius = round(radius * self.scale)
        centre = self._fixed(centre, level).tolist()
        cv2.circle(self.image, centre, fixed_radius, clamp(colour), cv2.FILLED, cv2.LINE_8, _SHIFT)

    def line(self, start: ArrayLike, end: ArrayLike, width: float, colour: Colour, level: float = 0.0) -> None:
        """Fill a straight stroke with square ends; all in m."""
        (x0, y0), (x1, y1) = start, end
        half = width / 2 / max(float(np.hypot(x1 - x0, y1 - y0)), 1e-9)
        across, down = (y0 - y1) * half, (x1 - x0) * half
        corners = [(x0 - across, y0 - down), (x1 - across, y1 - down), (x1 + across, y1 + down),
                   (x0 + across, y0 + down)]  # fmt: skip
        self.fill(corners, colour, level)

    def prisms(self, outlines: Sequence[ArrayLike], tops: Sequence[float], colours: Sequence[Colour],
               level: float = 0.0, bases: Sequence[float] | None = None) -> None:  # fmt: skip
        """Upright prisms over outlines: their joint shadow first, then their walls and roofs in order.

        Args:
            outlines: (K, 2) m each; their shadow is that of their convex hull.
            tops: how high each of them reaches, m above the ground.
            colours: RGB of each roof.
            level: how high the surface is that they stand on and that their shadow falls on, m.
            bases: where each of them starts; left out: on the surface.
        """
        outlines = [np.asarray(outline, dtype=np.float64) for outline in outlines]
        feet = [level] * len(outlines) if bases is None else bases
        self.shade(outlines, tops, level, feet)
        for outline, base, top, colour in zip(outlines, feet, tops, colours, strict=True):
            self._walls(outline, base, top, colour)
            cv2.fillPoly(self.image, [self._fixed(outline, top)], clamp(colour), cv2.LINE_8, _SHIFT)

    def shade(self, outlines: Sequence[ArrayLike], tops: Sequence[float], level: float = 0.0,
              bases: Sequence[float] | None = None) -> None:  # fmt: skip
        """Darken what lies in the shadow of prisms; where two shadows meet it stays one shade."""
        hulls = []
        feet = [level] * len(tops) if bases is None else bases
        for outline, base, top in zip(outlines, feet, tops, strict=True):
            points = self._fixed(outline, level)
            first, last = (np.rint(self.shadow * ((at - level) * self.scale)).astype(np.int32) for at in (base, top))
            hulls.append(cv2.convexHull(np.concatenate([points + first, points + last])))
        window = self._window(hulls)
        if window is None:
            return
        left, top_row, right, bottom = window
        mask = np.zeros((bottom - top_row, right - left), np.uint8)
        offset = (-left * (1 << _SHIFT), -top_row * (1 << _SHIFT))
        for hull in hulls:
            cv2.fillConvexPoly(mask, hull + np.array(offset, np.int32), 255, cv2.LINE_8, _SHIFT)
        lit = self.image[top_row:bottom, left:right]
        cv2.copyTo(cv2.LUT(lit, _SHADED), mask, lit)

    def _walls(self, outline: NDArray[np.float64], base: float, top: float, colour: Colour) -> None:
        """The sides of a prism that the camera sees."""
        shown = self._wall * (top - base)
        if shown < _LEAST_WALL:
            return
        foot, roof = self._fixed(outline, base), self._fixed(outline, top)
        if shown < _PLAIN_WALL and len(outline) <= _CONVEX:
            hull = cv2.convexHull(np.concatenate([foot, roof]))
            cv2.fillConvexPoly(self.image, hull, clamp(np.asarray(colour) * self._plain_light), cv2.LINE_8, _SHIFT)
            return
        along = np.roll(outline, -1, axis=0) - outline
        normals = np.column_stack([along[:, 1], -along[:, 0]])
        area = float(outline[:, 0] @ along[:, 1] - outline[:, 1] @ along[:, 0])
        normals *= np.sign(area) / np.maximum(np.hypot(*normals.T), 1e-9)[:, None]
        lights = _WALL_SHADE + _WALL_SUN * np.maximum(normals @ self._sun, 0)
        quads = np.stack([foot, np.roll(foot, -1, axis=0), np.roll(roof, -1, axis=0), roof], axis=1)
        for index in np.flatnonzero(normals @ self.lean < 0):
            paint = clamp(np.asarray(colour) * lights[index])
            cv2.fillConvexPoly(self.image, quads[index], paint, cv2.LINE_8, _SHIFT)

    def _window(self, hulls: Sequence[NDArray[np.int32]]) -> tuple[int, int, int, int] | None:
        """Bounds of the hulls on the canvas (left, top, right, bottom), None where they miss it."""
        if not hulls:
            return None
        points = hulls[0] if len(hulls) == 1 else np.concatenate(hulls)
        x, y, width, height = cv2.boundingRect(points)
        bottom, right = self.image.shape[:2]
        left, top = max((x >> _SHIFT) - 1, 0), max((y >> _SHIFT) - 1, 0)
        right, bottom = min(((x + width) >> _SHIFT) + 3, right), min(((y + height) >> _SHIFT) + 3, bottom)
        return (left, top, right, bottom) if left < right and top < bottom else None

    def _fixed(self, points: ArrayLike, level: float = 0.0) -> NDArray[np.int32]:
        offset = self.offset - self.lean * (level * self.scale) if level else self.offset
        return np.rint(np.asarray(points, dtype=np.float64) * self.scale - offset).astype(np.int32)


def ring(centre: ArrayLike, radius: float, corners: int = 16) -> NDArray[np.float64]:
    """A regular polygon of so many corners in place of a circle, (corners, 2)."""
    angles = np.arange(corners) * (2 * np.pi / corners)
    return np.asarray(centre) + radius * np.column_stack([np.cos(angles), np.sin(angles)])


def clamp(colour: Colour) -> tuple[int, ...]:
    """A colour rounded to bytes."""
    return tuple(min(max(round(float(value)), 0), 255) for value in colour)
