"""Pictures of a report: which to show, pieces cut out of images, fitted into a page of bounded size."""

import io
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ship_det.drawing.pages import data_uri
from ship_det.evaluation.instances import GroundTruths
from ship_det.raster import SceneReader, read_shrunk

_QUALITIES = (85, 75, 62, 50)
_SMALLEST_SIDE = 96
# A larger part of an image is averaged to this while it is read, px.
_READ_SIDE = 2048


def cut_piece(image: SceneReader, window: tuple[int, int, int, int], max_side: int, max_bytes: int) -> str:
    """A window of an image as the data URI of a JPEG of at most ``max_side`` px and about ``max_bytes``."""
    part = Image.fromarray(read_shrunk(image, window, max(max_side, _READ_SIDE)))
    part.thumbnail((max_side, max_side), Image.Resampling.LANCZOS)
    return data_uri('image/jpeg', encode_jpeg(part, max_bytes))


def encode_jpeg(image: Image.Image, max_bytes: int) -> bytes:
    """Encode with less and less quality, then smaller and smaller, until the data fits or the image is tiny."""
    while True:
        for quality in _QUALITIES:
            buffer = io.BytesIO()
            image.save(buffer, 'JPEG', quality=quality, optimize=True)
            if buffer.tell() <= max_bytes:
                return buffer.getvalue()
        if max(image.size) <= _SMALLEST_SIDE:
            return buffer.getvalue()
        image = image.resize([max(round(side * 0.8), 1) for side in image.size], Image.Resampling.LANCZOS)


def window_around(quads: NDArray[np.float64], size: tuple[int, int]) -> tuple[int, int, int, int]:
    """A square window around quads with some surroundings, kept inside an image of ``size`` (width, height)."""
    points = quads.reshape(-1, 2)
    low, high = points.min(axis=0), points.max(axis=0)
    side = max(float((high - low).max()) * 1.5, 96.0)
    extent = [min(round(side), limit) for limit in size]
    corner = [
        int(np.clip(round(middle - length / 2), 0, limit - length))
        for middle, length, limit in zip((low + high) / 2, extent, size, strict=True)
    ]
    return corner[0], corner[1], extent[0], extent[1]


def choose_images(truths: GroundTruths, num_images: int, num_classes: int, limit: int) -> list[int]:
    """Images to show: first those that bring each class in, rarest first, then those with the most objects.

    Returns:
        At most ``limit`` indices, most objects first; images without any object come last.
    """
    table = np.zeros((num_images, num_classes), dtype=np.int64)
    counted = ~truths.difficult
    np.add.at(table, (truths.image[counted], truths.labels[counted]), 1)
    totals = table.sum(axis=1)
    chosen: list[int] = []
    for label in np.argsort(table.sum(axis=0), kind='stable').tolist():
        if len(chosen) < limit and table[:, label].any() and not table[chosen, label].any():
            # With this class, the image with the most classes that are not shown yet, then with the most objects.
            fresh = (table > 0) & ~(table[chosen] > 0).any(axis=0)
            chosen.append(int(np.lexsort((-totals, -fresh.sum(axis=1), table[:, label] == 0))[0]))
    by_total = _most_first(range(num_images), totals)
    chosen += [index for index in by_total if index not in chosen][: limit - len(chosen)]
    return _most_first(chosen, totals)


def _most_first(indices: Sequence[int], totals: NDArray[np.int64]) -> list[int]:
    return sorted(indices, key=lambda index: (-totals[index], index))
