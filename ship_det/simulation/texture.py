"""Noise that tiles: waves, grain and large patches, sampled at scene pixels so that blocks meet without a seam."""

from collections.abc import Callable
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

FloatImage = NDArray[np.float32]

# Side of the tile of white noise, px. Sides of tiles have no common divisor, so that their sum shows no repetition.
_GRAIN_SIDE = 509
# Of the seed of the tiles: all scenes cut theirs out of the same ones, each at places, angles and scales of its own.
_TILE_SEED = 20
# Wavelength where the spectrum of the wave tile has its peak, px of the tile.
_WAVELENGTH = 12.0
# Side of a pixel of the patches' tile, px of the scene.
_PATCH_CELL = 20

#: Distance between the values of coarse grids, px.
COARSE = 8

#: A window of a scene: (x, y, width, height) px; x and y may lie outside the scene.
Window = tuple[int, int, int, int]


class Texture:
    """The noise fields of a scene, each with mean 0 and standard deviation 1.

    Args:
        gsd: metres a pixel.
        wind: where the waves run to, rad.
        rng: chance.
        wavelength: where the spectrum of the waves has its peak, m.
    """

    def __init__(self, gsd: float, wind: float, rng: np.random.Generator, wavelength: float = _WAVELENGTH):
        self._start = rng.integers(0, 1 << 20, 2)
        self._place = rng.uniform(0, 1 << 12, 2)
        self._wave_step = gsd * _WAVELENGTH / wavelength * np.array([np.cos(wind), np.sin(wind)])
        turn = rng.uniform(0, 2 * np.pi)
        self._patch_step = np.array([np.cos(turn), np.sin(turn)]) / _PATCH_CELL

    def grain(self, window: Window, shift: int = 0) -> FloatImage:
        """White noise."""
        return self._wrapped(_white_tile(0), window, shift)

    def noise(self, window: Window) -> FloatImage:
        """White noise in three bands, (height, width, 3)."""
        return self._wrapped(_white_tile(4, 3), window, 0)

    def cloud(self, window: Window, shift: int = 0) -> FloatImage:
        """Noise with structure at all sizes up to some hundred pixels."""
        return self._wrapped(_shaped_tile('cloud'), window, shift)

    def waves(self, window: Window) -> FloatImage:
        """Crests across the wind."""
        return self._turned(_shaped_tile('waves'), window, self._wave_step)

    def coarse_patches(self, window: Window, shift: int = 0) -> FloatImage:
        """Smooth patches of some hundred pixels, at the cells of a window of the coarse grid, see ``refined``."""
        return self._turned(_shaped_tile('patches'), window, self._patch_step * COARSE, shift)

    def clouds(self, window: Window) -> FloatImage:
        """Smooth patches several times as large."""
        step = self._patch_step * (COARSE / 4)
        return refined(lambda coarse: self._turned(_shaped_tile('patches'), coarse, step, 33), window)

    def _wrapped(self, tile: FloatImage, window: Window, shift: int) -> FloatImage:
        x, y, width, height = window
        left, top = self._start
        rows = (np.arange(height) + (y + top + shift)) % len(tile)
        columns = (np.arange(width) + (x + left + 3 * shift)) % len(tile)
        return tile.take(rows, axis=0).take(columns, axis=1)

    def _turned(self, tile: FloatImage, window: Window, step: NDArray, shift: int = 0) -> FloatImage:
        """A tile whose x axis runs along a step, in px of the tile for each px of the scene."""
        x, y, width, height = window
        turn = np.array([[step[0], step[1]], [-step[1], step[0]]])
        # The remainder keeps the numbers small: OpenCV counts the steps across the window in fixed point.
        start = (self._place + (shift, 2 * shift) + turn @ (x, y)) % len(tile)
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        warp = np.column_stack([turn, start])
        turned = cv2.warpAffine(tile, warp, (width, height), flags=flags, borderMode=cv2.BORDER_WRAP)
        return np.asarray(turned, dtype=np.float32)


def refined(sample: Callable[[Window], FloatImage], window: Window) -> FloatImage:
    """A smooth field at the pixels of a window, from samples of it at every COARSE-th pixel.

    They are those of a window of the coarse grid, whose cell (i, j) spans COARSE px from COARSE * (i, j).
    """
    x, y, width, height = window
    left, top = x // COARSE - 1, y // COARSE - 1
    columns, rows = (x + width - 1) // COARSE + 2 - left, (y + height - 1) // COARSE + 2 - top
    values = sample((left, top, columns, rows))
    fine = cv2.resize(values, (columns * COARSE, rows * COARSE), interpolation=cv2.INTER_LINEAR)
    x, y = x - left * COARSE, y - top * COARSE
    return np.asarray(fine[y : y + height, x : x + width], dtype=np.float32)


@cache
def _white_tile(seed: int, *bands: int) -> FloatImage:
    return _standard(np.random.default_rng([_TILE_SEED, seed]).standard_normal((_GRAIN_SIDE, _GRAIN_SIDE, *bands)))


@cache
def _shaped_tile(name: str) -> FloatImage:
    """White noise shaped by an amplitude spectrum."""
    side, seed, spectrum = _SHAPED[name]
    amplitude = spectrum(np.fft.rfftfreq(side)[None, :], np.fft.fftfreq(side)[:, None])
    amplitude[0, 0] = 0
    noise = np.random.default_rng([_TILE_SEED, seed]).standard_normal((side, side))
    return _standard(np.fft.irfft2(np.fft.rfft2(noise) * amplitude, s=(side, side)))


def _standard(values: NDArray) -> FloatImage:
    return ((values - values.mean()) / values.std()).astype(np.float32)


def _wave_spectrum(fx: NDArray, fy: NDArray) -> NDArray:
    """Wind waves of half to twice the wavelength, running within about 35 degrees of the x axis."""
    frequency = np.maximum(np.hypot(fx, fy), 1e-9)
    peak = np.exp(-0.5 * (np.log(frequency * _WAVELENGTH) / 0.55) ** 2)
    return peak * np.exp(-0.5 * ((1 - np.abs(fx) / frequency) / 0.16) ** 2)


# Side in px, seed, and amplitude by the frequencies (fx, fy) in cycles a pixel.
_SHAPED: dict[str, tuple[int, int, Callable[[NDArray, NDArray], NDArray]]] = {
    'cloud': (827, 1, lambda fx, fy: 1 / (np.hypot(fx, fy) + 0.004) ** 1.3),
    'waves': (1021, 2, _wave_spectrum),
    'patches': (257, 3, lambda fx, fy: 1 / (np.hypot(fx, fy) + 0.03) ** 2.6),
}
