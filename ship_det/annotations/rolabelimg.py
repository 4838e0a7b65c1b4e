"""roLabelImg XML: rotated boxes as centre, width, height and an angle in radians, clockwise on screen.

The angle turns the width from the x axis towards the y axis, which points down. Width need not be the longer side.
Horizontal boxes (``<bndbox>``) may lie among the rotated ones (``<robndbox>``).
"""

import math
import xml.etree.ElementTree as ElementTree
from pathlib import Path

from ship_det.annotations.objects import LabeledObject
from ship_det.annotations.voc import read_bndbox
from ship_det.annotations.xml_format import XmlFormat, add_size
from ship_det.annotations.xml_labels import XmlObject, add, add_numbers
from ship_det.geometry import quad_to_rbox, rbox_to_quad

_KEYS = ('cx', 'cy', 'w', 'h', 'angle')


def _parse(found: XmlObject, angle_unit: str = 'radians') -> LabeledObject:
    if not found.has('robndbox'):
        return read_bndbox(found)
    box = found.turned_box(_KEYS, 'robndbox', angle_unit)
    return found.labeled(rbox_to_quad(box[None])[0], found.word('name'))


def _add_header(root: ElementTree.Element, image: str, size: tuple[int, int]) -> ElementTree.Element:
    root.set('verified', 'no')
    add(root, filename=Path(image).stem, path=image)
    add_size(root, size)
    return root


def _fill(node: ElementTree.Element, labeled: LabeledObject) -> None:
    """The minimum-area rectangle of an object."""
    *box, theta = quad_to_rbox(labeled.quad[None])[0]
    add_turned_box(node, labeled, _KEYS, [*box, theta % math.pi])


def add_turned_box(node: ElementTree.Element, labeled: LabeledObject, keys: tuple[str, ...], box: list[float]) -> None:
    """Add name, flag and box (5,) of an object, the numbers of the box under keys in their order."""
    add(node, type='robndbox', name=labeled.name, difficult=int(labeled.difficult))
    parent = ElementTree.SubElement(node, 'robndbox')
    add_numbers(parent, keys[:4], box[:4])
    add_numbers(parent, keys[4:], box[4:], 9)


ROLABELIMG = XmlFormat(_parse, _fill, _add_header)
read_rolabelimg, write_rolabelimg = ROLABELIMG.read, ROLABELIMG.write
