"""VOC XML with the four corners of each object, ``x1 y1 .. x4 y4``, as ShipRSImageNet and SSDD have it.

ShipRSImageNet has the corners in ``<polygon>``, SSDD in ``<rotated_bndbox>``. Both also have the box by its centre, its
sides and an angle, whose sense differs between them; it is not read.
"""

import xml.etree.ElementTree as ElementTree

from ship_det.annotations.objects import LabeledObject
from ship_det.annotations.xml_format import XmlFormat
from ship_det.annotations.xml_labels import XmlObject, add, add_numbers

_KEYS = tuple(f'{axis}{corner}' for corner in range(1, 5) for axis in 'xy')


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


SHIPRSIMAGENET, SSDD = _format('polygon'), _format('rotated_bndbox')
read_shiprsimagenet, write_shiprsimagenet = SHIPRSIMAGENET.read, SHIPRSIMAGENET.write
read_ssdd, write_ssdd = SSDD.read, SSDD.write
