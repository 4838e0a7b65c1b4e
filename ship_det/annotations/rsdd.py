"""RSDD-SAR XML: as roLabelImg's, but the angle is that of the longer side, whichever of w and h it is.

Its files have the longer side in ``<h>``. Read as roLabelImg's, every box would lie across its ship.
"""

import xml.etree.ElementTree as ElementTree

from ship_det.annotations.objects import LabeledObject
from ship_det.annotations.rolabelimg import add_turned_box
from ship_det.annotations.xml_format import XmlFormat, add_size
from ship_det.annotations.xml_labels import XmlObject, add
from ship_det.geometry import quad_to_rbox, rbox_to_quad

_KEYS = ('cx', 'cy', 'w', 'h', 'angle')
_WRITTEN = ('cx', 'cy', 'h', 'w', 'angle')


def _parse(found: XmlObject, angle_unit: str = 'radians') -> LabeledObject:
    box = found.turned_box(_KEYS, 'robndbox', angle_unit)
    box[2:4] = max(box[2:4]), min(box[2:4])
    return found.labeled(rbox_to_quad(box[None])[0], found.word('name'))


def _add_header(root: ElementTree.Element, image: str, size: tuple[int, int]) -> ElementTree.Element:
    # Readers know RSDD-SAR by its polarization.
    add(root, filename=image, polarization='')
    add_size(root, size)
    return root


def _fill(node: ElementTree.Element, labeled: LabeledObject) -> None:
    """The minimum-area rectangle of an object."""
    add_turned_box(node, labeled, _WRITTEN, quad_to_rbox(labeled.quad[None])[0].tolist())


RSDD = XmlFormat(_parse, _fill, _add_header)
read_rsdd, write_rsdd = RSDD.read, RSDD.write
