"""Checks of the labels of one image."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from ship_det.annotations import LabeledObject
from ship_det.dataset_checks.findings import ERROR, WARNING, CheckOptions, Finding
from ship_det.geometry import iou_of_pairs, quad_to_rbox

# Corners may lie this far outside the image, px: half a pixel either way, and rounding.
_BORDER = 1.0
# What a box may reach beyond the image's diagonal and area.
_LARGER = 1.01


@dataclass(frozen=True)
class ImageLabels:
    """The labels of one image.

    Attributes:
        image: the image's file name.
        where: path of the label file from the data set's root.
        lines: (N,) line of each object in it.
        objects: N objects.
    """

    image: str
    where: str
    lines: Sequence[int]
    objects: Sequence[LabeledObject]

    @property
    def quads(self) -> NDArray[np.float64]:
        """(N, 4, 2) corners, px."""
        return np.array([labeled.quad for labeled in self.objects]).reshape(-1, 4, 2)

    def finding(self, check: str, severity: str, index: int, message: str) -> Finding:
        """A finding about the object of this index."""
        line = self.lines[index]
        name = self.objects[index].name
        return Finding(check, severity, f'{self.where}:{line}', f'{name}: {message}', self.image, line)


def check_labels(labels: ImageLabels, size: tuple[int, int], options: CheckOptions) -> list[Finding]:
    """Check the boxes of an image of a size (width, height) px."""
    if not labels.objects:
        return []
    boxes = quad_to_rbox(labels.quads)
    found = [*_outside(labels, size), *_sizes(labels, boxes, size, options), *_duplicates(labels, boxes, options)]
    return sorted(found, key=lambda finding: finding.line)


def _outside(labels: ImageLabels, size: tuple[int, int]) -> Iterator[Finding]:
    quads = labels.quads
    beyond = np.maximum(-quads, quads - size).max(axis=(1, 2))
    rows = np.flatnonzero(beyond > _BORDER)
    shapes = shapely.convex_hull(shapely.polygons(quads[rows]))
    visible = shapely.area(shapely.intersection(shapes, shapely.box(0, 0, *size))) / shapely.area(shapes)
    for row, share in zip(rows, visible, strict=True):
        if share < 1e-9:
            message = f'no part of it lies in the image of {size[0]} x {size[1]} px'
            yield labels.finding('outside the image', ERROR, row, message)
        else:
            message = f'{beyond[row]:.1f} px beyond the border, {share:.0%} of it in the image'
            yield labels.finding('partly outside the image', WARNING, row, message)


def _sizes(
    labels: ImageLabels, boxes: NDArray[np.float64], size: tuple[int, int], options: CheckOptions
) -> Iterator[Finding]:
    diagonal, area = float(np.hypot(*size)), float(np.prod(size))
    for row, (long, short) in enumerate(boxes[:, 2:4].tolist()):
        extent = f'{long:.1f} x {short:.1f} px'
        if long > _LARGER * diagonal or long * short > _LARGER * area:
            message = f'{extent} in an image of {size[0]} x {size[1]} px'
            yield labels.finding('larger than the image', ERROR, row, message)
        if labels.objects[row].difficult:
            continue
        if short < options.min_side:
            yield labels.finding('tiny box', WARNING, row, f'{extent}, short side below {options.min_side:g} px')
        elif long > options.max_aspect * short:
            message = f'{extent}, {long / short:.1f} times as long as wide'
            yield labels.finding('extreme aspect ratio', WARNING, row, message)


def _duplicates(labels: ImageLabels, boxes: NDArray[np.float64], options: CheckOptions) -> Iterator[Finding]:
    """Pairs of boxes of one place, told at the later one; ignore regions may lie anywhere."""
    rows = np.array([row for row, labeled in enumerate(labels.objects) if not labeled.difficult], dtype=np.intp)
    shapes = shapely.convex_hull(shapely.polygons(labels.quads[rows]))
    first, second = rows[shapely.STRtree(shapes).query(shapes)]
    first, second = first[first < second], second[first < second]
    ious = iou_of_pairs(boxes, boxes, first, second)
    for early, late, iou in zip(first, second, ious, strict=True):
        if iou <= options.duplicate_iou:
            continue
        message = f'IoU {iou:.3f} with the {labels.objects[early].name} of line {labels.lines[early]}'
        if labels.objects[early].name == labels.objects[late].name:
            yield labels.finding('duplicate object', WARNING, late, message)
        else:
            yield labels.finding('one object, two classes', ERROR, late, message)
