"""Pixels at another size."""

import numpy as np
from numpy.typing import NDArray


def resize(pixels: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    """Resample (h, w, 3) to another (width, height): averaged where it shrinks, bilinear where it grows."""
    # To import it takes as long as to cut ten chips.
    import cv2

    height, width = pixels.shape[:2]
    shrinks = size[0] <= width and size[1] <= height
    resized = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
    return resized.astype(np.uint8, copy=False)
