"""DIOR-R XML: rotated boxes as four named corners."""

import os
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable

import numpy as np

from ship_det.annotations.objects import LabeledObject
from ship_det.annotations.voc import read_bndbox
from ship_det.annotations.xml_labels import XmlObject, add, decimal, read_objects, xml_text
from ship_det.files import write_text

_CORNERS = ('left_top', 'right_top', 'right_bottom', 'left_bottom')


def read_dior(path: str | os.PathLike) -> list[LabeledObject]:
    """Read the rotated (``<robndbox>``) and horizontal (``<bndbox>``) boxes of a DIOR-R label file.

    Raises:
        ValueError: naming file and line.
    """
    return [_read_object(found) for found in read_objects(path, 'annotation', 'object')]


def write_dior(path: str | os.PathLike, objects: Iterable[LabeledObject], image: str, size: tuple[int, int]) -> None:
    """Write the corners of objects.

    Args:
        path: label file.
        objects: of the image.
        image: the image's file name.
        size: its width and height, px.
    """
    root = ElementTree.Element('annotation')
    add(root, filename=image)
    add(ElementTree.SubElement(root, 'size'), width=size[0], height=size[1], depth=3)
    for labeled in objects:
        node = ElementTree.SubElement(root, 'object')
        add(node, type='robndbox', name=labeled.name, difficult=int(labeled.difficult))
        box = ElementTree.SubElement(node, 'robndbox')
        for corner, (x, y) in zip(_CORNERS, labeled.quad, strict=True):
            add(box, **{f'x_{corner}': decimal(x, 6), f'y_{corner}': decimal(y, 6)})
        add(node, angle=0)
    write_text(path, xml_text(root))


def _read_object(found: XmlObject) -> LabeledObject:
    if not found.has('robndbox'):
        return read_bndbox(found)
    quad = [[found.number(f'robndbox/{axis}_{corner}') for axis in 'xy'] for corner in _CORNERS]
    return found.labeled(np.array(quad), found.word('name'))
