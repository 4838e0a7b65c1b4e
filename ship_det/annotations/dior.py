"""DIOR-R XML: rotated (``<robndbox>``) boxes as four named corners, and horizontal (``<bndbox>``) ones."""

import xml.etree.ElementTree as ElementTree

from ship_det.annotations.objects import LabeledObject
from ship_det.annotations.voc import read_bndbox
from ship_det.annotations.xml_format import XmlFormat
from ship_det.annotations.xml_labels import XmlObject, add, add_numbers

_CORNERS = ('left_top', 'right_top', 'right_bottom', 'left_bottom')
_KEYS = tuple(f'{axis}_{corner}' for corner in _CORNERS for axis in 'xy')


def _parse(found: XmlObject) -> LabeledObject:
    if not found.has('robndbox'):
        return read_bndbox(found)
    return found.labeled(found.numbers(_KEYS, 'robndbox').reshape(4, 2), found.word('name'))


def _fill(node: ElementTree.Element, labeled: LabeledObject) -> None:
    add(node, type='robndbox', name=labeled.name, difficult=int(labeled.difficult))
    add_numbers(ElementTree.SubElement(node, 'robndbox'), _KEYS, labeled.quad.ravel())
    add(node, angle=0)


DIOR = XmlFormat(_parse, _fill)
read_dior, write_dior = DIOR.read, DIOR.write
