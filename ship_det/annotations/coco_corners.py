"""Where the object of a COCO annotation lies, and how it is turned: the most exact of all that the annotation says."""

from collections.abc import Callable
from typing import Any

import numpy as np

from ship_det.annotations.coco_masks import mask_outline
from ship_det.annotations.orientation import choose_turned, find_turn, open_ring, outline_quad, turn_box
from ship_det.annotations.shapes import numbers
from ship_det.annotations.xml_labels import bounds_quad
from ship_det.geometry import rbox_to_quad


def read_corners(
    where: str, annotation: dict[str, Any], size: tuple[int, int] | None, to_theta: Callable[[float, str], float]
) -> np.ndarray:
    """Corners (4, 2) px of an annotation, in any order.

    They are those of a ``segmentation`` of four points, else of a ``bbox`` of five numbers, else of the minimum-area
    rectangle of the ``segmentation``, else of a ``bbox`` of eight numbers (corners) or of four, turned by
    ``attributes.rotation`` (CVAT). An upright one yields to a turned one.

    Args:
        where: file and annotation, for messages.
        annotation: of one object.
        size: the image's width and height, px, where the file has them.
        to_theta: rad from x to y, of an angle of the file and its place.

    Raises:
        ValueError: naming the annotation and its key; or where an orientation would be lost.
    """
    box = numbers(where, 'bbox', annotation.get('bbox') or [])
    outline = _read_outline(where, annotation.get('segmentation'), size)
    quad = None if outline is None else outline_quad(outline)
    candidates = [] if quad is None else [quad]
    if len(box) == 5:
        if (box[2:4] <= 0).any():
            raise ValueError(f'{where}: a box of {box[2]} x {box[3]} px, expected positive sides')
        turned = rbox_to_quad([[*box[:4], to_theta(box[4], where)]])[0]
        candidates.insert(int(outline is not None and len(outline) == 4), turned)
    elif len(box) == 8:
        candidates.append(box.reshape(4, 2))
    elif len(box) == 4:
        bounds = bounds_quad(box[0], box[1], box[0] + box[2], box[1] + box[3])
        rotation = _read_rotation(where, annotation.get('attributes'))
        if (rotation or not candidates) and (box[2:4] < 0).any():
            raise ValueError(f'{where}: a box of {box[2]} x {box[3]} px, expected positive sides')
        if not candidates and not rotation:
            _refuse_lost_turn(where, annotation, outline)
        candidates.append(turn_box(bounds, rotation) if rotation else bounds)
    chosen = choose_turned(candidates)
    if chosen is None or len(box) not in (0, 4, 5, 8):
        found = f'bbox {annotation.get("bbox")}, segmentation {str(annotation.get("segmentation"))[:80]}'
        raise ValueError(f'{where}: {found}, expected a bbox of 4 or 5 numbers or an outline around the object')
    return chosen


def _read_outline(where: str, segmentation: Any, size: tuple[int, int] | None) -> np.ndarray | None:
    """(N, 2) points of all polygons or of the mask; None where there is nothing."""
    if not segmentation:
        return None
    if isinstance(segmentation, dict):
        points = mask_outline(where, segmentation)
        height, width = segmentation['size']
        if size not in (None, (width, height)):
            raise ValueError(
                f'{where}: a mask of {width} x {height} px, expected one of the image, {size[0]} x {size[1]}'
            )
        return points
    if not isinstance(segmentation, list):
        raise ValueError(f'{where}: segmentation is {str(segmentation)[:80]!r}, expected polygons or a mask')
    polygons = segmentation if any(isinstance(part, list) for part in segmentation) else [segmentation]
    parts = [part for part in (numbers(where, 'segmentation', part) for part in polygons) if len(part)]
    for part in parts:
        if len(part) % 2:
            raise ValueError(
                f'{where}: a polygon of {len(part)} numbers in segmentation, expected x and y of each point'
            )
    return open_ring(np.concatenate(parts).reshape(-1, 2)) if parts else None


def _read_rotation(where: str, attributes: Any) -> float:
    """Degrees, clockwise on screen."""
    rotation = attributes.get('rotation') if isinstance(attributes, dict) else None
    return float(numbers(where, 'attributes.rotation', rotation)[0]) if rotation not in (None, '') else 0.0


def _refuse_lost_turn(where: str, annotation: dict[str, Any], outline: np.ndarray | None) -> None:
    if outline is not None:
        raise ValueError(f'{where}: segmentation has no area, expected points around the object')
    turn = find_turn(annotation)
    if turn:
        raise ValueError(
            f'{where}: a horizontal bbox and {turn}, which would be lost; expected attributes.rotation (degrees '
            'clockwise), a bbox of 5 numbers or an outline in segmentation'
        )
