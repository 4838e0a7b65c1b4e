"""roLabelImg XML: rotated boxes as centre, width, height and an angle in radians, clockwise on screen.

The angle turns the width from the x axis towards the y axis, which points down. Width need not be the longer side.
"""

import math
import os
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from ship_det.annotations.angles import to_radians
from ship_det.annotations.objects import LabeledObject
from ship_det.annotations.voc import read_bndbox
from ship_det.annotations.xml_labels import XmlObject, add, decimal, read_objects, xml_text
from ship_det.files import write_text
from ship_det.geometry import quad_to_rbox, rbox_to_quad

_KEYS = ('cx', 'cy', 'w', 'h', 'angle')


def read_rolabelimg(path: str | os.PathLike, angle_unit: str = 'radians') -> list[LabeledObject]:
    """Read the rotated (``<robndbox>``) and horizontal (``<bndbox>``) boxes of a roLabelImg label file.

    Args:
        path: label file.
        angle_unit: radians, as the format has it, or degrees.

    Raises:
        ValueError: naming file and line.
    """
    return [_read_object(found, angle_unit) for found in read_objects(path, 'annotation', 'object')]


def write_rolabelimg(
    path: str | os.PathLike, objects: Iterable[LabeledObject], image: str, size: tuple[int, int]
) -> None:
    """Write the minimum-area rectangles of objects.

    Args:
        path: label file.
        objects: of the image.
        image: the image's file name.
        size: its width and height, px.
    """
    root = ElementTree.Element('annotation', verified='no')
    add(root, filename=Path(image).stem, path=image)
    add(ElementTree.SubElement(root, 'size'), width=size[0], height=size[1], depth=3)
    for labeled in objects:
        node = ElementTree.SubElement(root, 'object')
        add(node, type='robndbox', name=labeled.name, difficult=int(labeled.difficult))
        cx, cy, w, h, theta = quad_to_rbox(labeled.quad[None])[0]
        values = (*(decimal(value, 6) for value in (cx, cy, w, h)), decimal(theta % math.pi, 9))
        add(ElementTree.SubElement(node, 'robndbox'), **dict(zip(_KEYS, values, strict=True)))
    write_text(path, xml_text(root))


def _read_object(found: XmlObject, angle_unit: str) -> LabeledObject:
    if not found.has('robndbox'):
        return read_bndbox(found)
    box = np.array([found.number(f'robndbox/{key}') for key in _KEYS])
    box[4] = to_radians(box[4], angle_unit, found.where)
    if (box[2:4] <= 0).any():
        raise ValueError(f'{found.where}: a box of {box[2]} x {box[3]} px, expected positive sides')
    return found.labeled(rbox_to_quad(box[None])[0], found.word('name'))
