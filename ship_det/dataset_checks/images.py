"""One image and its labels: read once, checked, and boiled down to what the checks of the whole set need."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ship_det.annotations.dota import scan_dota
from ship_det.annotations.dota_folder import dota_label_path
from ship_det.dataset_checks.findings import ERROR, WARNING, CheckOptions, Finding
from ship_det.dataset_checks.labels import ImageLabels, check_labels
from ship_det.dataset_checks.near_duplicates import read_thumbnail, thumbnail
from ship_det.dataset_checks.orientation import edge_directions
from ship_det.geometry import quad_to_rbox
from ship_det.raster import MAX_PIXELS, AlphaSurvey, SceneReader, open_rgb, survey_alpha


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
    instances = [labeled for labeled in labels.objects if not labeled.difficult]
    counts = Counter(labeled.name for labeled in instances)
    boxes = quad_to_rbox(np.array([labeled.quad for labeled in instances]).reshape(-1, 4, 2))
    try:
        with open_rgb(image) as reader:
            small = read_thumbnail(reader)
            directions = edge_directions(reader, boxes)
            alpha = survey_alpha(reader)
    except ValueError as error:
        message = str(error).removeprefix(f'{image}: ')
        findings.append(Finding('unreadable image', ERROR, f'images/{image.name}', message, image.name))
        return ImageRecord(image.name, findings, counts)
    findings += check_pixels(reader, small is not None, alpha, labels)
    findings += check_labels(labels, reader.size, options)
    telling = np.isfinite(directions).all(axis=1)
    names = np.array([labeled.name for labeled in instances], dtype=str)[telling]
    record = ImageRecord(image.name, findings, counts, names, boxes[telling, 4], directions[telling])
    return record if small is None else replace(record, thumbnail=thumbnail(small))


def check_pixels(
    reader: SceneReader, has_data: bool, alpha: AlphaSurvey | None, labels: ImageLabels
) -> Iterator[Finding]:
    """What is odd about an image that can be decoded."""
    where = f'images/{labels.image}'
    if not has_data:
        message = (
            f'all pixels are {reader.without_data}: training sees it black; ship-det tile has --nodata, --no-alpha'
        )
        # A ship that nobody can see teaches nothing good.
        yield Finding('image without data', ERROR if labels.objects else WARNING, where, message, labels.image)
    elif alpha is not None and alpha.hidden and alpha.is_picture:
        message = (
            f'band {reader.alpha_band}, called alpha, has values as of a picture: training sees {alpha.hidden:.1%} of '
            'the image black; ship-det tile --no-alpha makes images without'
        )
        yield Finding('alpha band like a picture', WARNING, where, message, labels.image)
    width, height = reader.size
    if width * height > MAX_PIXELS:
        message = f'{width} x {height} px, training takes at most {MAX_PIXELS} px; cut it by ship-det tile first'
        yield Finding('image too large for training', WARNING, where, message, labels.image)
    number = reader.orientation.number
    if number > 1 and labels.objects:
        stored_width, stored_height = reader.orientation.size(reader.size)
        message = (
            f'EXIF orientation {number}: read as viewers show it, {width} x {height} px, '
            f'stored as {stored_width} x {stored_height} px; are its labels those of the image as shown?'
        )
        yield Finding('image turned by EXIF', WARNING, where, message, labels.image)


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
