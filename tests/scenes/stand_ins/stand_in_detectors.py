"""Detectors in place of trained ones, which other processes import and load."""

import os
import runpy
import signal
from pathlib import Path

import numpy as np

PaintedShips = runpy.run_path(str(Path(__file__).parents[1] / 'conftest.py'))['PaintedShips']


def load_painted_ships():
    return PaintedShips()


class Mortal(PaintedShips):
    """Kills its process at a window, the first time that somebody looks at so many there; ``marker`` says that it has.

    Where the window shows a pixel of ``poison``, it does so each time.
    """

    def __init__(self, marker: str, windows: int, poison: bool = False) -> None:
        super().__init__()
        self.marker, self.windows, self.poison = Path(marker), windows, poison

    def predict(self, image, min_score=None):
        is_poison = self.poison and bool(np.any((image[..., 2] == 255) & (image[..., 1] == 0)))
        if is_poison or (not self.poison and len(self.seen) == self.windows and not self.marker.exists()):
            self.marker.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return super().predict(image, min_score)


def load_broken():
    raise ValueError('weights.onnx: is no model')


class OneShip(PaintedShips):
    """Finds the same ship in each window, at once."""

    def predict(self, image, min_score=None):
        from ship_det.scenes import Detections

        box = np.array([[20.0, 20, 16, 6, 0.3]])
        return Detections(box, np.array([0.9]), np.zeros(1, dtype=np.intp), self.classes)
