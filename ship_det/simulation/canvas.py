"""Painter's drawing in metres on a window of the scene: filled shapes, and prisms that cast a shadow.

Everything is drawn at several times the scene's resolution and averaged down at the end, so that a shape half a pixel
wide still shows with half its strength and blocks drawn on their own meet without a seam (OpenCV may place an edge that
is cut by the window a subpixel off).
"""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

#: Subpixels along a side of a scene pixel.
SUPERSAMPLING = 4

# OpenCV's drawing takes fixed-point coordinates with this many binary digits after the point.
_SHIFT = 4

# What skylight leaves of a colour in the shade (red, green, blue): blue fades least.
_SHADE = (0.46, 0.48, 0.55, 1.0)

Colour = Sequence[float]


class Canvas:
    """A supersampled RGB window of a scene, drawn on in metres of the scene.

    Args:
        ground: (H, W, 3) uint8, what lies under all shapes, at the scene's resolution.
        corner: (x, y) px, the scene pixel of the ground's top left.
        gsd: metres a pixel.
        shadow: (x, y) metres that a shadow reaches for each metre of height.
    """

    def __init__(self, ground: NDArray[np.uint8], corner: ArrayLike, gsd: float, shadow: ArrayLike):
        height, width = ground.shape[:2]
        size = (width * SUPERSAMPLING, height * SUPERSAMPLING)
        self.image = cv2.resize(ground, size, interpolation=cv2.INTER_NEAREST)
        self.corner = np.asarray(corner, dtype=np.float64)
        self.gsd = gsd
        self.shadow = np.asarray(shadow, dtype=np.float64)

    def finish(self) -> NDArray[np.uint8]:
        """The drawing at the scene's resolution."""
        height, width = self.image.shape[:2]
        size = (width // SUPERSAMPLING, height // SUPERSAMPLING)
        return cv2.resize(self.image, size, interpolation=cv2.INTER_AREA)

    def fill(self, outline: ArrayLike, colour: Colour) -> None:
        """Fill an outline, (N, 2) m."""
        cv2.fillPoly(self.image, [self._fixed(outline)], _clamp(colour), cv2.LINE_8, _SHIFT)

    def disc(self, centre: ArrayLike, radius: float, colour: Colour) -> None:
        """Fill a circle; centre and radius in m."""
        self._circle(self.image, self._fixed(centre), radius, _clamp(colour))

    def line(self, start: ArrayLike, end: ArrayLike, width: float, colour: Colour) -> None:
        """Fill a straight stroke with square ends; all in m."""
        start, end = np.asarray(start, dtype=np.float64), np.asarray(end, dtype=np.float64)
        along = end - start
        across = np.array([-along[1], along[0]]) * (width / 2 / max(float(np.hypot(*along)), 1e-9))
        self.fill([start - across, end - across, end + across, start + across], colour)

    def prisms(self, outlines: Sequence[ArrayLike], heights: Sequence[float], colours: Sequence[Colour]) -> None:
        """Upright prisms over convex outlines: their joint shadow first, then their roofs in order."""
        self.shade(outlines, heights)
        for outline, colour in zip(outlines, colours, strict=True):
            self.fill(outline, colour)

    def cylinders(self, centres: ArrayLike, radii: ArrayLike, heights: ArrayLike, colours: Sequence[Colour]) -> None:
        """Upright cylinders: their joint shadow first, then their tops; (N, 2), (N,) and (N,) in m."""
        rings = [ring(centre, radius) for centre, radius in zip(np.asarray(centres), radii, strict=True)]
        self.shade(rings, heights)
        for centre, radius, colour in zip(np.asarray(centres), radii, colours, strict=True):
            self.disc(centre, radius, colour)

    def shade(self, outlines: Sequence[ArrayLike], heights: Sequence[float]) -> None:
        """Darken what lies in the shadow of prisms over convex outlines; where two shadows meet it stays one shade."""
        hulls = []
        for outline, height in zip(outlines, heights, strict=True):
            base = np.asarray(outline, dtype=np.float64)
            swept = np.concatenate([base, base + self.shadow * height])
            hulls.append(cv2.convexHull(self._fixed(swept)))
        window = self._window(hulls)
        if window is None:
            return
        left, top, right, bottom = window
        mask = np.zeros((bottom - top, right - left), np.uint8)
        offset = np.array([left, top], np.int32) << _SHIFT
        for hull in hulls:
            cv2.fillConvexPoly(mask, hull - offset, 255, cv2.LINE_8, _SHIFT)
        lit = self.image[top:bottom, left:right]
        cv2.copyTo(cv2.multiply(lit, _SHADE), mask, lit)

    def _window(self, hulls: Sequence[NDArray[np.int32]]) -> tuple[int, int, int, int] | None:
        """Bounds of the hulls on the canvas (left, top, right, bottom), None where they miss it."""
        if not hulls:
            return None
        points = np.concatenate([hull.reshape(-1, 2) for hull in hulls]) >> _SHIFT
        height, width = self.image.shape[:2]
        left, top = np.maximum(points.min(axis=0) - 1, 0).tolist()
        right, bottom = np.minimum(points.max(axis=0) + 3, (width, height)).tolist()
        return (left, top, right, bottom) if left < right and top < bottom else None

    def _fixed(self, points: ArrayLike) -> NDArray[np.int32]:
        # OpenCV puts whole coordinates on pixel centres, the scene puts them on pixel corners.
        subpixels = (np.asarray(points, dtype=np.float64) / self.gsd - self.corner) * SUPERSAMPLING - 0.5
        return np.rint(subpixels * (1 << _SHIFT)).astype(np.int32)

    def _circle(self, image: NDArray[np.uint8], centre: NDArray[np.int32], radius: float, colour: Colour) -> None:
        fixed_radius = round(radius / self.gsd * SUPERSAMPLING * (1 << _SHIFT))
        cv2.circle(image, centre.tolist(), fixed_radius, colour, cv2.FILLED, cv2.LINE_8, _SHIFT)


def ring(centre: ArrayLike, radius: float, corners: int = 16) -> NDArray[np.float64]:
    """A regular polygon of so many corners in place of a circle, (corners, 2)."""
    angles = np.arange(corners) * (2 * np.pi / corners)
    return np.asarray(centre) + radius * np.column_stack([np.cos(angles), np.sin(angles)])


def _clamp(colour: Colour) -> tuple[int, ...]:
    return tuple(min(max(round(float(value)), 0), 255) for value in colour)
