"""A detector that sees what was painted: every ship of a scene has a colour of its own."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import rasterio
from numpy.typing import NDArray

from ship_det.geometry import quad_to_rbox
from ship_det.scenes import Detections


class PaintedShips:
    """Finds the patches of one colour each, cut where the image ends, with boxes off by noise.

    Args:
        gsd: m a px that it wants to see.
        noise: standard deviation of where a box ends, as share of its sides.
    """

    classes = ('ship', 'boat')

    def __init__(self, gsd: float | None = None, noise: float = 0.0, longest_ship: float | None = None) -> None:
        self.gsd = gsd
        self.longest_ship = longest_ship
        self.seen: list[tuple[int, ...]] = []
        self._noise = noise
        self._rng = np.random.default_rng(0)

    def predict(self, image: NDArray[np.uint8], min_score: float | None = None) -> Detections:
        """Boxes of the patches; those whose red is odd are boats."""
        self.seen.append(image.shape)
        codes = (image.astype(np.int64) << [16, 8, 0]).sum(axis=2)
        boxes, labels = [], []
        for code in np.unique(codes[codes > 0]):
            rows, columns = np.nonzero(codes == code)
            if len(rows) < 12:
                continue
            # The px are areas: their outline is half a px beyond their centres.
            points = np.column_stack([columns, rows]).astype(np.float32)
            corners = np.concatenate([points + offset for offset in ([0, 0], [1, 0], [0, 1], [1, 1])])
            quad = cv2.boxPoints(cv2.minAreaRect(corners.astype(np.float32)))
            box = quad_to_rbox(quad[None].astype(np.float64))[0]
            box[2:4] *= 1 + self._rng.normal(0, self._noise, 2)
            boxes.append(box)
            labels.append((int(code) >> 16) % 2)
        scores = self._rng.uniform(0.6, 1.0, len(boxes))
        found = Detections(np.reshape(boxes, (-1, 5)), scores, np.array(labels, dtype=np.intp), self.classes)
        return found[found.scores >= (min_score or 0)]


def paint(
    path: Path, size: tuple[int, int], quads: NDArray[np.float64], labels: Sequence[int] = (), **profile: object
) -> None:
    """Write a black scene with a patch of its own colour for each of (N, 4, 2) quads, px."""
    image = np.zeros((size[1], size[0], 3), dtype=np.uint8)
    for index, quad in enumerate(quads):
        label = labels[index] if len(labels) else 0
        color = 2 * (index % 120) + 2 + label, 1 + index // 120 % 250, 1 + index // 30000
        # Corners in sixteenths of a px; OpenCV's px have their centre at whole numbers.
        points = np.rint((quad - 0.5) * 16).astype(np.int32)
        cv2.fillConvexPoly(image, points, color, shift=4)
    options = {'driver': 'GTiff', 'tiled': True, 'blockxsize': 256, 'blockysize': 256, 'compress': 'deflate'}
    with rasterio.open(
        path, 'w', **{**options, **profile}, width=size[0], height=size[1], count=3, dtype='uint8'
    ) as scene:
        scene.write(image.transpose(2, 0, 1))
