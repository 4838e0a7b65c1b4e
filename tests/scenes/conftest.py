"""A detector that finds the bright patches of a painted scene, in place of one that is trained."""

import os
import sys
import warnings
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest
import rasterio
from numpy.typing import NDArray

from ship_det.geometry import quad_to_rbox, rbox_to_quad
from ship_det.scenes import Detections

# Other processes import detectors from there: those that are spawned, and those of Ray.
_STAND_INS = str(Path(__file__).with_name('stand_ins'))
if _STAND_INS not in sys.path:
    sys.path.append(_STAND_INS)
    os.environ['PYTHONPATH'] = os.pathsep.join(filter(None, (os.environ.get('PYTHONPATH'), _STAND_INS)))


class PaintedShips:
    """Finds bright patches, cut where the image ends, with boxes off by noise.

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

    def predict(self, image: NDArray[np.uint8], min_score: float | None = None) -> Detections:
        """Boxes of the patches; red ones are boats."""
        self.seen.append(image.shape)
        # What is found depends on the image alone.
        rng = np.random.default_rng(zlib.crc32(image.tobytes()))
        number, patches = cv2.connectedComponents((image[..., 1] >= 128).astype(np.uint8))
        boxes, labels = [], []
        for patch in range(1, number):
            rows, columns = np.nonzero(patches == patch)
            if len(rows) < 12:
                continue
            # The px are areas: their outline is half a px beyond their centres.
            points = np.column_stack([columns, rows])
            corners = np.concatenate([points + offset for offset in ([0, 0], [1, 0], [0, 1], [1, 1])])
            quad = cv2.boxPoints(cv2.minAreaRect(corners.astype(np.float32)))
            box = quad_to_rbox(quad[None].astype(np.float64))[0]
            box[2:4] *= 1 + rng.normal(0, self._noise, 2)
            boxes.append(box)
            labels.append(int(np.median(image[rows, columns, 0]) > 100))
        scores = rng.uniform(0.6, 1.0, len(boxes))
        found = Detections(np.reshape(boxes, (-1, 5)), scores, np.array(labels, dtype=np.intp), self.classes)
        return found[found.scores >= (min_score or 0)]


def _paint(
    path: Path, size: tuple[int, int], quads: NDArray[np.float64], labels: Sequence[int] = (), **profile: object
) -> None:
    """Write a black scene with a bright patch for each of (N, 4, 2) quads, px, red where its label is 1."""
    image = np.zeros((size[1], size[0], 3), dtype=np.uint8)
    for index, quad in enumerate(quads):
        # Corners in sixteenths of a px; OpenCV's px have their centre at whole numbers.
        points = np.rint((quad - 0.5) * 16).astype(np.int32)
        color = 200 * int(len(labels) > 0 and labels[index] == 1), 255, 60
        cv2.fillConvexPoly(image, points, color, shift=4)
    tiles = {'tiled': True, 'blockxsize': 256, 'blockysize': 256, 'compress': 'deflate'}
    if path.suffix == '.tif':
        profile = {'driver': 'GTiff', **tiles, **profile}
    with warnings.catch_warnings():
        warnings.simplefilter('ignore', rasterio.errors.NotGeoreferencedWarning)
        with rasterio.open(path, 'w', **profile, width=size[0], height=size[1], count=3, dtype='uint8') as scene:
            scene.write(image.transpose(2, 0, 1))


@pytest.fixture
def painted_ships() -> type[PaintedShips]:
    """The stand-in detector's class."""
    return PaintedShips


@pytest.fixture
def paint() -> Callable[..., None]:
    """Writes a scene for it."""
    return _paint


@pytest.fixture
def paint_scenes() -> Callable[[Path, int], dict[str, str]]:
    """Writes some scenes of 6 x 5 windows and 12 ships each into a folder; their paths by their names."""

    def write(folder: Path, number: int) -> dict[str, str]:
        folder.mkdir()
        paths = {}
        for scene in range(number):
            rng = np.random.default_rng(scene)
            centers = 100 + 240 * np.stack(np.meshgrid(range(4), range(3)), axis=-1).reshape(-1, 2)
            boxes = np.column_stack([centers + rng.uniform(-40, 40, (12, 2)), np.full(12, 80), np.full(12, 16)])
            quads = rbox_to_quad(np.column_stack([boxes, rng.uniform(-1.5, 1.5, 12)]))
            path = folder / f's{scene}.tif'
            place = rasterio.Affine(0.6, 0, 620000, 0, -0.6, 6654000)
            _paint(path, (920, 720), quads, rng.integers(0, 2, 12), crs='EPSG:32633', transform=place)
            paths[path.stem] = str(path)
        return paths

    return write
