"""Chips as image files: encoded, and on disk as a whole or not at all."""

import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ship_det.files import replacing
from ship_det.tiling.png import encode_png

_JPEG_QUALITY = 95


def write_chip(path: str | os.PathLike, pixels: NDArray[np.uint8]) -> None:
    """Write (h, w, 3) RGB under a temporary name, then rename it; the format follows from the name's end.

    The bytes go through Python, which reports a full disk; GDAL and OpenCV leave a short file behind.

    Raises:
        OSError: naming the file, where it cannot be written.
    """
    path = Path(path)
    encoded = encode_png(pixels) if path.suffix == '.png' else _encode_otherwise(pixels, path.suffix)
    with replacing(path) as temporary:
        temporary.write_bytes(encoded)


def _encode_otherwise(pixels: NDArray[np.uint8], suffix: str) -> bytes:
    """JPEG or TIFF by OpenCV, which PNG does without: to import it takes as long as to cut ten chips."""
    import cv2

    options = {
        '.jpg': [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY],
        '.tif': [cv2.IMWRITE_TIFF_COMPRESSION, cv2.IMWRITE_TIFF_COMPRESSION_ADOBE_DEFLATE],
    }
    return cv2.imencode(suffix, pixels[..., ::-1], options[suffix])[1].tobytes()
