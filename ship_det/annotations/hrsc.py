"""HRSC2016 XML: rotated boxes as centre, sides and an angle in radians, clockwise on screen, of numbered classes."""

import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable
from pathlib import Path

from ship_det.annotations.objects import LabeledObject
from ship_det.annotations.xml_format import XmlFormat
from ship_det.annotations.xml_labels import XmlObject, add, add_numbers
from ship_det.geometry import quad_to_rbox, rbox_to_quad

#: Class names of HRSC2016 by the last two digits of their number.
HRSC_CLASSES = {
    1: 'ship',
    2: 'aircraft carrier',
    3: 'warcraft',
    4: 'merchant ship',
    5: 'Nimitz',
    6: 'Enterprise',
    7: 'Arleigh Burke',
    8: 'WhidbeyIsland',
    9: 'Perry',
    10: 'Sanantonio',
    11: 'Ticonderoga',
    12: 'Kitty Hawk',
    13: 'Kuznetsov',
    14: 'Abukuma',
    15: 'Austen',
    16: 'Tarawa',
    17: 'Blue Ridge',
    18: 'Container',
    19: 'OXo|--)',
    20: 'Car carrier([]==[])',
    22: 'Hovercraft',
    24: 'yacht',
    25: 'CntShip(_|.--.--|_]=',
    26: 'Cruise',
    27: 'submarine',
    28: 'lute',
    29: 'Medical',
    30: 'Car carrier(======|',
    31: 'Ford-class',
    32: 'Midway-class',
    33: 'Invincible-class',
}
_NUMBERS = {name: number for number, name in HRSC_CLASSES.items()}
_FIRST_ID = 100000000
_KEYS = ('mbox_cx', 'mbox_cy', 'mbox_w', 'mbox_h', 'mbox_ang')
_BOUNDS = ('box_xmin', 'box_ymin', 'box_xmax', 'box_ymax')


def check_hrsc_classes(classes: Iterable[str]) -> None:
    """Raise a ValueError that names all the classes that are none of :data:`HRSC_CLASSES`, where there are any."""
    unknown = [name for name in classes if name not in _NUMBERS]
    if unknown:
        raise ValueError(
            f'HRSC2016 has no class {", ".join(map(repr, unknown))}, expected some of: {", ".join(_NUMBERS)} '
            '(--class-map renames or drops)'
        )


def _parse(found: XmlObject, angle_unit: str = 'radians') -> LabeledObject:
    number = found.number('Class_ID') - _FIRST_ID
    if number not in HRSC_CLASSES:
        raise ValueError(
            f'{found.where}: unknown <Class_ID> {found.word("Class_ID")}, '
            f'expected {_FIRST_ID} plus one of: {", ".join(map(str, HRSC_CLASSES))}'
        )
    box = found.turned_box(_KEYS, '', angle_unit)
    return found.labeled(rbox_to_quad(box[None])[0], HRSC_CLASSES[int(number)])


def _add_header(root: ElementTree.Element, image: str, size: tuple[int, int]) -> ElementTree.Element:
    add(root, Img_FileName=Path(image).stem, Img_FileFmt=Path(image).suffix.removeprefix('.'))
    add(root, Img_SizeWidth=size[0], Img_SizeHeight=size[1], Img_SizeDepth=3, Annotated=1)
    return ElementTree.SubElement(root, 'HRSC_Objects')


def _fill(node: ElementTree.Element, labeled: LabeledObject) -> None:
    """The minimum-area rectangle of an object, and its axis-aligned bounds."""
    if labeled.name not in _NUMBERS:
        raise ValueError(f'unknown class {labeled.name!r}, expected one of: {", ".join(_NUMBERS)}')
    add(node, Class_ID=_FIRST_ID + _NUMBERS[labeled.name], difficult=int(labeled.difficult))
    add_numbers(node, _BOUNDS, [*labeled.quad.min(axis=0), *labeled.quad.max(axis=0)])
    add_numbers(node, _KEYS, quad_to_rbox(labeled.quad[None])[0], 9)


HRSC = XmlFormat(_parse, _fill, _add_header, 'HRSC_Image', 'HRSC_Object')
