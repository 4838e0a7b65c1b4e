"""Resampling: what is averaged, and the size of the result."""

import numpy as np

from ship_det.raster import resize


def test_halving_averages_four_pixels():
    noise = np.random.default_rng(1).integers(0, 256, (120, 150, 3), dtype=np.uint8)
    expected = noise.reshape(60, 2, 75, 2, 3).mean(axis=(1, 3))
    assert np.abs(resize(noise, (75, 60)) - expected).max() <= 0.5
    assert resize(noise, (300, 240)).shape == (240, 300, 3)
