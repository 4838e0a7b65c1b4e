"""Noise that tiles: waves, grain and large patches, sampled at scene pixels so that blocks meet without a seam."""

import cv2
import numpy as np
from numpy.typing import NDArray

FloatImage = NDArray[np.float32]

# Sides of the periodic tiles, px: without a common divisor, so that their sum shows no repetition.
_GRAIN_SIDE, _CLOUD_SIDE, _WAVE_SIDE = 509, 827, 1021
# Distance between the values of the largest patches, px.
_PATCH_CELL = 160

#: A window of a scene: (x, y, width, height) px; x and y may lie outside the scene.
Window = tuple[int, int, int, int]


class Texture:
    """The noise fields of one scene, each with mean 0 and standard deviation 1.

    Args:
        size: side of the scene, px.
        gsd: metres a pixel.
        wind: where the waves run to, rad.
        rng: chance.
    """

    def __init__(self, size: int, gsd: float, wind: float, rng: np.random.Generator):
        self._grain = _standard(rng.standard_normal((_GRAIN_SIDE, _GRAIN_SIDE)))
        self._cloud = _filtered(rng, _CLOUD_SIDE, lambda fx, fy: 1 / (np.hypot(fx, fy) + 0.004) ** 1.3)
        self._waves = _filtered(rng, _WAVE_SIDE, _wave_spectrum(gsd, wind))
        cells = size // _PATCH_CELL + 8
        self._patches = _standard(cv2.GaussianBlur(rng.standard_normal((cells, cells)), (0, 0), 1.2))

    def grain(self, window: Window, shift: int = 0) -> FloatImage:
        """White noise."""
        return _wrapped(self._grain, window, shift)

    def cloud(self, window: Window, shift: int = 0) -> FloatImage:
        """Noise with structure at all sizes up to some hundred pixels."""
        return _wrapped(self._cloud, window, shift)

    def waves(self, window: Window) -> FloatImage:
        """Crests across the wind."""
        return _wrapped(self._waves, window, 0)

    def patches(self, window: Window) -> FloatImage:
        """Smooth patches of some hundred pixels."""
        x, y, width, height = window
        columns = (np.arange(x, x + width, dtype=np.float32) + 0.5) / _PATCH_CELL + 3
        rows = (np.arange(y, y + height, dtype=np.float32) + 0.5) / _PATCH_CELL + 3
        map_x, map_y = np.meshgrid(columns, rows)
        return cv2.remap(self._patches, map_x, map_y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)


def _wrapped(tile: FloatImage, window: Window, shift: int) -> FloatImage:
    x, y, width, height = window
    rows = tile.take(np.arange(y + shift, y + shift + height), axis=0, mode='wrap')
    return rows.take(np.arange(x + 3 * shift, x + 3 * shift + width), axis=1, mode='wrap')


def _standard(values: NDArray) -> FloatImage:
    return ((values - values.mean()) / values.std()).astype(np.float32)


def _filtered(rng: np.random.Generator, side: int, spectrum) -> FloatImage:
    """White noise shaped by an amplitude spectrum of the frequencies (fx, fy) in cycles a pixel."""
    fy, fx = np.fft.fftfreq(side)[:, None], np.fft.rfftfreq(side)[None, :]
    amplitude = spectrum(fx, fy)
    amplitude[0, 0] = 0
    return _standard(np.fft.irfft2(np.fft.rfft2(rng.standard_normal((side, side))) * amplitude, s=(side, side)))


def _wave_spectrum(gsd: float, wind: float):
    """Wind waves of some 6 to 25 m, running within about 35 degrees of the wind."""

    def amplitude(fx: NDArray, fy: NDArray) -> NDArray:
        frequency = np.hypot(fx, fy)
        direction = np.abs(fx * np.cos(wind) + fy * np.sin(wind)) / np.maximum(frequency, 1e-9)
        peak = np.exp(-0.5 * (np.log(np.maximum(frequency, 1e-9) * 12 / gsd) / 0.55) ** 2)
        return peak * np.exp(-0.5 * ((1 - direction) / 0.16) ** 2)

    return amplitude
