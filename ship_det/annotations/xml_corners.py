"""VOC XML with the four corners of each object, as ShipRSImageNet, SSDD and DIOR-R have it.

ShipRSImageNet has ``x1 y1 .. x4 y4`` in ``<polygon>``, SSDD in ``<rotated_bndbox>``. Both also have the box by its
centre, its sides and an angle, whose sense differs between them; it is not read. DIOR-R names the corners, as in
``x_left_top``, in ``<robndbox>``; horizontal boxes (``<bndbox>``) may lie among them.
"""

import xml.etree.ElementTree as ElementTree

from ship_det.annotations.objects import LabeledObject
from ship_det.annotations.voc import read_bndbox
from ship_det.annotations.xml_format import XmlFormat
from ship_det.annotations.xml_labels import XmlObject, add, add_numbers

_KEYS = tuple(f'{axis}{corner}' for corner in range(1, 5) for axis in 'xy')
_DIOR_CORNERS = ('left_top', 'right_top', 'right_bottom', 'left_bottom')
_DIOR_KEYS = tuple(f'{axis}_{corner}' for corner in _DIOR_CORNERS for axis in 'xy')


def _format(tag: str) -> XmlFormat:
    """The format whose corners are in elements of a name; axis-aligned bounds are written beside them."""

    def parse(found: XmlObject) -> LabeledObject:
        return found.labeled(found.numbers(_KEYS, tag).reshape(4, 2), found.word('name'))

    def fill(node: ElementTree.Element, labeled: LabeledObject) -> None:
        add(node, name=labeled.name, difficult=int(labeled.difficult))
        bounds = [*labeled.quad.min(axis=0), *labeled.quad.max(axis=0)]
        add_numbers(ElementTree.SubElement(node, 'bndbox'), ('xmin', 'ymin', 'xmax', 'ymax'), bounds)
        add_numbers(ElementTree.SubElement(node, tag), _KEYS, labeled.quad.ravel())

    return XmlFormat(parse, fill)


def _parse_dior(found: XmlObject) -> LabeledObject:
    if not found.has('robndbox'):
        return read_bndbox(found)
    return found.labeled(found.numbers(_DIOR_KEYS, 'robndbox').reshape(4, 2), found.word('name'))


def _fill_dior(node: ElementTree.Element, labeled: LabeledObject) -> None:
    add(node, type='robndbox', name=labeled.name, difficult=int(labeled.difficult))
    add_numbers(ElementTree.SubElement(node, 'robndbox'), _DIOR_KEYS, labeled.quad.ravel())
    add(node, angle=0)


SHIPRSIMAGENET, SSDD, DIOR = _format('polygon'), _format('rotated_bndbox'), XmlFormat(_parse_dior, _fill_dior)
