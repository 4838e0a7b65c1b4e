"""Pixels of any number type as 8 bit, stretched between two percentiles of their scene."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

#: Percentiles that become black and white where none are asked for.
DEFAULT_PERCENTILES = (2.0, 98.0)


@dataclass(frozen=True, slots=True)
class Stretch:
    """What becomes 0 and 255 in each band; values beyond are clipped, those between rounded.

    Attributes:
        limits: (low, high) of each band.
    """

    limits: tuple[tuple[float, float], ...]

    def __call__(self, values: NDArray) -> NDArray[np.uint8]:
        """(h, w, bands) values of any number type to 8 bit; nan becomes 0."""
        result = np.empty(values.shape, dtype=np.uint8)
        for band, (low, high) in enumerate(self.limits):
            if values.dtype.itemsize <= 2 and values.dtype.kind in 'ui':
                patterns = np.ascontiguousarray(values[..., band]).view(f'u{values.dtype.itemsize}')
                result[..., band] = _table(values.dtype.str, low, high)[patterns]
            else:
                result[..., band] = _stretched(values[..., band], low, high)
        return result


def find_stretch(samples: list[NDArray], percentiles: tuple[float, float]) -> Stretch:
    """The stretch between two percentiles (0 to 100) of the valid samples of each band."""
    limits = []
    for values in samples:
        finite = values[np.isfinite(values)]
        low, high = np.percentile(finite, percentiles) if finite.size else (0.0, 1.0)
        limits.append((float(low), float(high)))
    return Stretch(tuple(limits))


@lru_cache(maxsize=16)
def _table(dtype: str, low: float, high: float) -> NDArray[np.uint8]:
    """What becomes of every value of an integer type, by its bit pattern."""
    patterns = np.arange(256 ** np.dtype(dtype).itemsize).astype(f'u{np.dtype(dtype).itemsize}')
    return _stretched(patterns.view(dtype), low, high)


def _stretched(values: NDArray, low: float, high: float) -> NDArray[np.uint8]:
    if high <= low:
        # A band of one value: all of it is black, what exceeds it is white.
        return np.where(values > high, 255, 0).astype(np.uint8)
    share = (np.clip(values.astype(np.float64), low, high) - low) / (high - low)
    return np.rint(np.nan_to_num(share) * 255).astype(np.uint8)
