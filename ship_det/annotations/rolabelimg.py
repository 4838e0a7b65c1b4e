"""XML of roLabelImg and RSDD-SAR: rotated boxes as centre, width, height and an angle in radians, clockwise on screen.

roLabelImg's angle turns the width from the x axis towards the y axis, which points down; width need not be the longer
side. Horizontal boxes (``<bndbox>``) may lie among the rotated ones (``<robndbox>``).

RSDD-SAR's angle is that of the longer side, whichever of w and h it is. Its files have the longer side in ``<h>``; read
as roLabelImg's, every box would lie across its ship.
"""

import math
import xml.etree.ElementTree as ElementTree
from functools import partial
from pathlib import Path

from ship_det.annotations.objects import LabeledObject
from ship_det.annotations.voc import read_bndbox
from ship_det.annotations.xml_format import XmlFormat, add_size, add_voc_header
from ship_det.annotations.xml_labels import XmlObject, add, add_numbers
from ship_det.geometry import quad_to_rbox, rbox_to_quad

_KEYS = ('cx', 'cy', 'w', 'h', 'angle')
_KEYS_LONG_SIDE_FIRST = ('cx', 'cy', 'h', 'w', 'angle')


def _parse(found: XmlObject, angle_unit: str = 'radians') -> LabeledObject:
    if not found.has('robndbox'):
        return read_bndbox(found)
    box = found.turned_box(_KEYS, 'robndbox', angle_unit)
    return found.labeled(rbox_to_quad(box[None])[0], found.word('name'))


def _parse_rsdd(found: XmlObject, angle_unit: str = 'radians') -> LabeledObject:
    box = found.turned_box(_KEYS, 'robndbox', angle_unit)
    box[2:4] = max(box[2:4]), min(box[2:4])
    return found.labeled(rbox_to_quad(box[None])[0], found.word('name'))


def _add_header(root: ElementTree.Element, image: str, size: tuple[int, int]) -> ElementTree.Element:
    root.set('verified', 'no')
    add(root, filename=Path(image).stem, path=image)
    add_size(root, size)
    return root


def _fill(node: ElementTree.Element, labeled: LabeledObject) -> None:
    """The minimum-area rectangle of an object."""
    *box, theta = quad_to_rbox(labeled.quad[None])[0]
    _add_turned_box(node, labeled, _KEYS, [*box, theta % math.pi])


def _fill_rsdd(node: ElementTree.Element, labeled: LabeledObject) -> None:
    _add_turned_box(node, labeled, _KEYS_LONG_SIDE_FIRST, quad_to_rbox(labeled.quad[None])[0].tolist())


def _add_turned_box(node: ElementTree.Element, labeled: LabeledObject, keys: tuple[str, ...], box: list[float]) -> None:
    add(node, type='robndbox', name=labeled.name, difficult=int(labeled.difficult))
    parent = ElementTree.SubElement(node, 'robndbox')
    add_numbers(parent, keys[:4], box[:4])
    add_numbers(parent, keys[4:], box[4:], 9)


ROLABELIMG = XmlFormat(_parse, _fill, _add_header)
# Readers know RSDD-SAR by its polarization.
RSDD = XmlFormat(_parse_rsdd, _fill_rsdd, partial(add_voc_header, polarization=''))
