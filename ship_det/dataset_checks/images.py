"""One image and its labels: read once, checked, and boiled down to what the checks of the whole set need."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rasterio.enums import Resampling
from rasterio.windows import Window

from ship_det.annotations.dota import scan_dota
from ship_det.annotations.folders import dota_label_path
from ship_det.annotations.images import open_image
from ship_det.dataset_checks.findings import ERROR, CheckOptions, Finding
from ship_det.dataset_checks.labels import ImageLabels, check_labels
from ship_det.dataset_checks.near_duplicates import thumbnail
from ship_det.dataset_checks.orientation import edge_directions
from ship_det.geometry import quad_to_rbox

# Rows of an image decoded at a time.
_STRIP = 512
# Percentiles of a preview that become black and white.
_STRETCH = (1, 99)


@dataclass(frozen=True)
class ImageRecord:
    """What is kept of an image.

    Attributes:
        file: name of the image.
        findings: about it and its labels.
        counts: instances of each class; difficult objects do not count.
        names: (N,) class of each instance that has a direction, see :mod:`.orientation`.
        angles: (N,) of the instances' boxes, rad.
        directions: (N, 2) of the edges around them.
        thumbnail: (32, 32), all zero where the image could not be read.
    """

    file: str
    findings: list[Finding]
    counts: Counter[str] = field(default_factory=Counter)
    names: NDArray[np.str_] = field(default_factory=lambda: np.zeros(0, dtype=str))
    angles: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    directions: NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 2)))
    thumbnail: NDArray[np.float32] = field(default_factory=lambda: np.zeros((32, 32), dtype=np.float32))


def inspect_image(root: Path, image: Path, options: CheckOptions) -> ImageRecord:
    """Check an image of a data set and its label file."""
    labels, findings = read_labels(root, image)
    try:
        gray = read_gray(image)
    except ValueError as error:
        message = str(error).removeprefix(f'{image}: ')
        findings.append(Finding('unreadable image', ERROR, f'images/{image.name}', message, image.name))
        gray = None
    instances = [labeled for labeled in labels.objects if not labeled.difficult]
    counts = Counter(labeled.name for labeled in instances)
    if gray is None:
        return ImageRecord(image.name, findings, counts)
    height, width = gray.shape
    findings += check_labels(labels, (width, height), options)
    boxes = quad_to_rbox(np.array([labeled.quad for labeled in instances]).reshape(-1, 4, 2))
    directions = edge_directions(gray, boxes)
    telling = np.isfinite(directions).all(axis=1)
    names = np.array([labeled.name for labeled in instances], dtype=str)
    return ImageRecord(
        image.name, findings, counts, names[telling], boxes[telling, 4], directions[telling], thumbnail(gray)
    )


def read_labels(root: Path, image: Path) -> tuple[ImageLabels, list[Finding]]:
    """The labels of an image that can be read, and what is wrong with the others."""
    path = dota_label_path(root, image)
    where = f'labelTxt/{path.name}'
    empty = ImageLabels(image.name, where, [], [])
    if not path.is_file():
        message = 'no label file, expected one, empty if there is no object'
        return empty, [Finding('image without labels', ERROR, f'images/{image.name}', message, image.name)]
    try:
        numbered, wrong = scan_dota(path)
    except ValueError as error:
        message = str(error).removeprefix(f'{path}: ')
        return empty, [Finding('unreadable label', ERROR, where, message, image.name)]
    lines = [line for line, _ in numbered]
    objects = [labeled for _, labeled in numbered]
    findings = [
        Finding('unreadable label', ERROR, f'{where}:{line}', message, image.name, line) for line, message in wrong
    ]
    return ImageLabels(image.name, where, lines, objects), findings


def read_preview(path: Path, side: int) -> tuple[NDArray[np.uint8], float]:
    """A small version of an image for the eye: (h, w, 3) uint8 RGB of at most ``side`` px, and its scale.

    Anything but 8 bit is stretched to what is in the image.

    Raises:
        ValueError: naming the file, where it cannot be decoded.
    """
    with open_image(path) as image:
        bands = [1] if image.count < 3 else [1, 2, 3]
        scale = min(side / max(image.width, image.height), 1.0)
        shape = (len(bands), max(round(image.height * scale), 1), max(round(image.width * scale), 1))
        pixels = image.read(bands, out_shape=shape, resampling=Resampling.average)
    if pixels.dtype != np.uint8:
        low, high = np.percentile(pixels, _STRETCH)
        pixels = np.clip((pixels - low) / max(high - low, 1e-9) * 255, 0, 255).astype(np.uint8)
    return np.ascontiguousarray(np.repeat(pixels, 3 // len(bands), axis=0).transpose(1, 2, 0)), scale


def read_gray(path: Path) -> NDArray:
    """Decode all of an image, a strip at a time: (H, W) brightness, in the image's own type.

    Raises:
        ValueError: naming the file, where a part of it cannot be decoded.
    """
    with open_image(path) as image:
        bands = [1] if image.count < 3 else [1, 2, 3]
        gray = np.empty((image.height, image.width), dtype=image.dtypes[0])
        for top in range(0, image.height, _STRIP):
            rows = min(_STRIP, image.height - top)
            pixels = image.read(bands, window=Window(0, top, image.width, rows))
            gray[top : top + rows] = pixels[0] if len(bands) == 1 else pixels.mean(axis=0)
    return gray
