"""What a detector is, and what it finds in an image."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ship_det.drawing.boxes import RIGHT_COLOR, draw_boxes
from ship_det.geometry import rbox_to_quad
from ship_det.scenes.layer_formats import check_packages
from ship_det.scenes.layers import write_table
from ship_det.scenes.scene import Scene
from ship_det.scenes.ship_table import tabulate_ships

if TYPE_CHECKING:
    import geopandas

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Detections:
    """N ships that a detector found in an image, the surest first.

    Attributes:
        boxes: (N, 5) rotated boxes (cx, cy, w, h, theta) in px and rad, w >= h, theta in [-pi/2, pi/2).
        scores: (N,) from 0 to 1.
        labels: (N,) places in ``classes``.
        classes: class names.
        corners: (N, 4, 2) corners in px of the scene, clockwise on screen, where they are no rectangles: a detector
            that saw the scene warped to another map finds rectangles there. ``boxes`` are those around them then.
        scene: the scene they were found in; None of an image that is nothing but pixels.
    """

    boxes: FloatArray
    scores: FloatArray
    labels: NDArray[np.intp]
    classes: tuple[str, ...]
    corners: FloatArray | None = None
    scene: Scene | None = None

    def __post_init__(self) -> None:
        shapes = self.boxes.shape, self.scores.shape, self.labels.shape
        count = len(self.scores)
        if shapes != ((count, 5), (count,), (count,)):
            raise ValueError(f'expected boxes (N, 5), scores (N,) and labels (N,), found {", ".join(map(str, shapes))}')
        if count and not 0 <= self.labels.min() <= self.labels.max() < len(self.classes):
            raise ValueError(
                f'expected labels from 0 to {len(self.classes) - 1}, found {np.unique(self.labels).tolist()}'
            )

        if self.corners is not None and self.corners.shape != (count, 4, 2):
            raise ValueError(f'expected corners ({count}, 4, 2), found {self.corners.shape}')

    @property
    def quads(self) -> FloatArray:
        """(N, 4, 2) corners, px, clockwise on screen: those given, else of the boxes."""
        return rbox_to_quad(self.boxes) if self.corners is None else self.corners

    def __len__(self) -> int:
        return len(self.scores)

    def __getitem__(self, chosen: ArrayLike | slice) -> 'Detections':
        """Those of a mask (N,), of indices or of a slice: ``found[found.scores > 0.5]``."""
        rows = np.arange(len(self))[chosen if isinstance(chosen, slice) else np.atleast_1d(chosen)]
        corners = None if self.corners is None else self.corners[rows]
        return replace(
            self, boxes=self.boxes[rows], scores=self.scores[rows], labels=self.labels[rows], corners=corners
        )

    def draw(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Draw the boxes with class and score on an image.

        Args:
            image: (H, W, 3) uint8, RGB, the one that was searched.

        Returns:
            (H, W, 3) uint8, a new image.
        """
        names = [f'{self.classes[label]} ' if len(self.classes) > 1 else '' for label in self.labels]
        texts = [f'{name}{score:.2f}' for name, score in zip(names, self.scores, strict=True)]
        return draw_boxes(image, self.quads, texts, RIGHT_COLOR)

    def to_geodataframe(self) -> 'geopandas.GeoDataFrame':
        """Scene, class, score, length_m, width_m, heading_deg and date of each ship, and its corners as a polygon.

        The polygons are in the CRS of the scene; of one without, in its px, y downwards.

        Raises:
            ValueError: geopandas is not installed.
        """
        check_packages('geodataframe')
        return tabulate_ships([self]).to_geodataframe()

    def save(self, path: str | os.PathLike) -> None:
        """Write the ships to a file: ``.gpkg``, ``.geojson``, ``.parquet``, ``.csv``, or ``.txt`` for DOTA labels.

        Raises:
            ValueError: naming the file, where the suffix is another, a package is missing, or the scene has no
                georeference; ``.csv`` and ``.txt`` need none.
        """
        write_table(path, tabulate_ships([self]))


class Detector(Protocol):
    """Finds ships in images.

    Attributes:
        classes: class names.
        gsd: ground sampling distance of the images it was trained on, m/px; None where it is not known.
    """

    classes: tuple[str, ...]
    gsd: float | None

    def predict(self, image: NDArray[np.uint8], min_score: float | None = None) -> Detections:
        """Find the ships in an image.

        Args:
            image: (H, W, 3) uint8, RGB.
            min_score: least score; None for the detector's own threshold.

        Raises:
            ValueError: another shape or type of image.
        """
        ...


def check_image(image: NDArray[np.uint8]) -> None:
    """Raise ValueError unless an image is (H, W, 3) uint8 with pixels in it."""
    if not isinstance(image, np.ndarray) or image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
        found = f'{image.shape} of {image.dtype}' if isinstance(image, np.ndarray) else type(image).__name__
        raise ValueError(f'expected an image (H, W, 3) of uint8, RGB, found {found}')
    if not image.size:
        raise ValueError(f'expected an image with pixels, found one of {image.shape[1]} x {image.shape[0]} px')


def sort_by_score(
    boxes: FloatArray,
    scores: FloatArray,
    labels: NDArray[np.intp],
    classes: Sequence[str],
    min_score: float | FloatArray | None,
) -> Detections:
    """Detections of at least a score, or of at least one of each class, (C,), the surest first."""
    order = np.argsort(-scores, kind='stable')
    if min_score is not None:
        least = np.broadcast_to(min_score, len(classes))[labels]
        order = order[(scores >= least)[order]]
    return Detections(boxes[order], scores[order], labels[order], tuple(classes))
