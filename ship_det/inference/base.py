"""What detectors of PyTorch and of ONNX Runtime share: from an image, or a raster file, to its ships."""

import os
from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ship_det.scenes.detection import default_min_score, detect_scene
from ship_det.scenes.detector import Detections


class LoadedDetector(ABC):
    """A detector that looks at images together."""

    classes: tuple[str, ...]
    gsd: float | None
    longest_ship: float | None
    min_scores: NDArray[np.float64] | None
    batch_size: int
    size_divisor: int
    identity: str

    def predict(self, image: NDArray[np.uint8] | str | os.PathLike, min_score: float | None = None) -> Detections:
        """Find the ships in an image (H, W, 3) uint8, RGB, or in a raster file of any size, see ``detect_scene``.

        Ships have the score of ``min_score``, None for ``min_scores``, or more. Where neither is known, those of a file
        have 0.3 or more, and those of an array all that the detector gives, mostly 0.05 or more.
        """
        if min_score is not None and not 0 <= min_score <= 1:
            raise ValueError(f'min_score: expected 0 to 1, found {min_score}')
        if isinstance(image, str | os.PathLike):
            least = default_min_score(self) if min_score is None else min_score
            return detect_scene(self, image, min_score=least)
        return self.predict_batch([image], min_score)[0]

    @abstractmethod
    def predict_batch(self, images: Sequence[NDArray[np.uint8]], min_score: float | None = None) -> list[Detections]:
        """Find the ships in some images at once; see ``predict``."""
