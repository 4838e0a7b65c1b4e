"""RSDD-SAR XML: as roLabelImg's, but the angle is that of the longer side, whichever of w and h it is.

Its files have the longer side in ``<h>``. Read as roLabelImg's, every box would lie across its ship.
"""

import os
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable

import numpy as np

from ship_det.annotations.angles import to_radians
from ship_det.annotations.objects import LabeledObject
from ship_det.annotations.xml_labels import add, decimal, read_objects, xml_text
from ship_det.files import write_text
from ship_det.geometry import quad_to_rbox, rbox_to_quad

_KEYS = ('cx', 'cy', 'h', 'w', 'angle')


def read_rsdd(path: str | os.PathLike, angle_unit: str = 'radians') -> list[LabeledObject]:
    """Read the rotated boxes of an RSDD-SAR label file.

    Args:
        path: label file.
        angle_unit: radians, as the format has it, or degrees.

    Raises:
        ValueError: naming file and line.
    """
    objects = []
    for found in read_objects(path, 'annotation', 'object'):
        cx, cy, h, w, angle = (found.number(f'robndbox/{key}') for key in _KEYS)
        if min(w, h) <= 0:
            raise ValueError(f'{found.where}: a box of {w} x {h} px, expected positive sides')
        box = np.array([[cx, cy, max(w, h), min(w, h), to_radians(angle, angle_unit, found.where)]])
        objects.append(found.labeled(rbox_to_quad(box)[0], found.word('name')))
    return objects


def write_rsdd(path: str | os.PathLike, objects: Iterable[LabeledObject], image: str, size: tuple[int, int]) -> None:
    """Write the minimum-area rectangles of objects.

    Args:
        path: label file.
        objects: of the image.
        image: the image's file name.
        size: its width and height, px.
    """
    root = ElementTree.Element('annotation')
    # Readers know RSDD-SAR by its polarization.
    add(root, filename=image, polarization='')
    add(ElementTree.SubElement(root, 'size'), width=size[0], height=size[1], depth=3)
    for labeled in objects:
        node = ElementTree.SubElement(root, 'object')
        add(node, type='robndbox', name=labeled.name, difficult=int(labeled.difficult))
        cx, cy, long, short, theta = quad_to_rbox(labeled.quad[None])[0]
        values = (*(decimal(value, 6) for value in (cx, cy, long, short)), decimal(theta, 9))
        add(ElementTree.SubElement(node, 'robndbox'), **dict(zip(_KEYS, values, strict=True)))
    write_text(path, xml_text(root))
