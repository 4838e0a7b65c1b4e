"""Images turned about their centre, a piece at a time, whatever their size."""

import math
import os
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ship_det.files import replacing
from ship_det.raster import SceneReader, open_seekable
from ship_det.tiling.png import PngWriter

# Side of the pieces that are turned at a time, px, and bytes of a row of them.
_PIECE, _ROW_BYTES = 1024, 64 << 20
# What a cubic interpolation may need around a piece, px, and one for rounding.
_MARGIN = 3


@dataclass(frozen=True)
class Rotation:
    """How points of an image of a size (width, height) move when it is turned, and the size it has then.

    Attributes:
        matrix: (2, 2), clockwise on screen.
        shift: (2,) px, such that the turned image starts at 0.
        size: width and height that hold all of the turned image.
    """

    matrix: NDArray[np.float64]
    shift: NDArray[np.float64]
    size: tuple[int, int]

    @classmethod
    def of(cls, size: tuple[int, int], degrees: float) -> 'Rotation':
        """The rotation of an image of this size, clockwise on screen."""
        angle = math.radians(degrees)
        matrix = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
        width, height = (math.ceil(side - 1e-6) for side in np.abs(matrix) @ size)
        return cls(matrix, np.array([width, height]) / 2 - matrix @ size / 2, (width, height))

    def __call__(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Points (..., 2) px, turned."""
        return points @ self.matrix.T + self.shift


def rotate_image(source: str | os.PathLike, target: str | os.PathLike, degrees: float) -> Rotation:
    """Write an image turned clockwise on screen as PNG; what it did not show is black.

    Raises:
        ValueError: naming the source, where it cannot be decoded.
    """
    target = Path(target)
    with (
        replacing(target) as temporary,
        open_seekable(source, target.parent) as reader,
        temporary.open('wb') as file,
    ):
        rotation = Rotation.of(reader.size, degrees)
        width, height = rotation.size
        writer = PngWriter(file, width, height)
        step = max(min(_PIECE, _ROW_BYTES // (3 * width)), 1)
        for top in range(0, height, step):
            rows = np.empty((min(step, height - top), width, 3), dtype=np.uint8)
            for left in range(0, width, _PIECE):
                piece = rows[:, left : left + _PIECE]
                piece[:] = _turned_piece(reader, rotation, (left, top, piece.shape[1], piece.shape[0]))
            writer.write(rows)
        writer.close()
    return rotation


def _turned_piece(
    reader: SceneReader, rotation: Rotation, window: tuple[int, int, int, int]
) -> NDArray[np.uint8] | int:
    """(h, w, 3) pixels of a window (x, y, w, h) of the turned image, or 0 for all of them."""
    left, top, width, height = window
    corners = np.array([[left, top], [left + width, top], [left, top + height], [left + width, top + height]])
    # The inverse of a rotation is its transpose.
    needed = (corners - rotation.shift) @ rotation.matrix
    low = np.maximum(np.floor(needed.min(axis=0)) - _MARGIN, 0).astype(int)
    high = np.minimum(np.ceil(needed.max(axis=0)) + _MARGIN, reader.size).astype(int)
    pixels = reader.read((*low.tolist(), *(high - low).tolist())) if (high > low).all() else None
    if pixels is None:
        return 0
    # Points count from the corner of the first pixel, warpAffine from its centre.
    shift = rotation(low + 0.5) - (left, top) - 0.5
    warp = np.column_stack([rotation.matrix, shift])
    return np.asarray(cv2.warpAffine(pixels, warp, (width, height), flags=cv2.INTER_CUBIC), dtype=np.uint8)
