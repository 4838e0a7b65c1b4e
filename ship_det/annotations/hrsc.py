"""HRSC2016 XML: rotated boxes as centre, sides and an angle in radians, clockwise on screen, of numbered classes."""

import os
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from ship_det.annotations.angles import to_radians
from ship_det.annotations.objects import LabeledObject
from ship_det.annotations.xml_labels import XmlObject, add, decimal, read_objects, xml_text
from ship_det.files import write_text
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


def read_hrsc(path: str | os.PathLike, angle_unit: str = 'radians') -> list[LabeledObject]:
    """Read the rotated boxes of an HRSC2016 label file.

    Args:
        path: label file.
        angle_unit: radians, as the format has it, or degrees.

    Raises:
        ValueError: naming file and line.
    """
    return [_read_object(found, angle_unit) for found in read_objects(path, 'HRSC_Image', 'HRSC_Object')]


def write_hrsc(path: str | os.PathLike, objects: Iterable[LabeledObject], image: str, size: tuple[int, int]) -> None:
    """Write the minimum-area rectangles of objects, with their axis-aligned bounds.

    Args:
        path: label file.
        objects: of the image, with names of :data:`HRSC_CLASSES`.
        image: the image's file name.
        size: its width and height, px.
    """
    root = ElementTree.Element('HRSC_Image')
    add(root, Img_FileName=Path(image).stem, Img_FileFmt=Path(image).suffix.removeprefix('.'))
    add(root, Img_SizeWidth=size[0], Img_SizeHeight=size[1], Img_SizeDepth=3, Annotated=1)
    parent = ElementTree.SubElement(root, 'HRSC_Objects')
    for labeled in objects:
        if labeled.name not in _NUMBERS:
            raise ValueError(f'{path}: unknown class {labeled.name!r}, expected one of: {", ".join(_NUMBERS)}')
        node = ElementTree.SubElement(parent, 'HRSC_Object')
        add(node, Class_ID=_FIRST_ID + _NUMBERS[labeled.name], difficult=int(labeled.difficult))
        bounds = [*labeled.quad.min(axis=0), *labeled.quad.max(axis=0)]
        keys = ('box_xmin', 'box_ymin', 'box_xmax', 'box_ymax')
        add(node, **{key: decimal(value, 6) for key, value in zip(keys, bounds, strict=True)})
        box = quad_to_rbox(labeled.quad[None])[0]
        add(node, **{key: decimal(value, 9) for key, value in zip(_KEYS, box, strict=True)})
    write_text(path, xml_text(root))


def check_hrsc_classes(classes: Iterable[str]) -> None:
    """Raise a ValueError that names all the classes that are none of :data:`HRSC_CLASSES`, where there are any."""
    unknown = [name for name in classes if name not in _NUMBERS]
    if unknown:
        raise ValueError(
            f'HRSC2016 has no class {", ".join(map(repr, unknown))}, expected some of: {", ".join(_NUMBERS)} '
            '(--class-map renames or drops)'
        )


def _read_object(found: XmlObject, angle_unit: str) -> LabeledObject:
    number = found.number('Class_ID') - _FIRST_ID
    if number not in HRSC_CLASSES:
        raise ValueError(
            f'{found.where}: unknown <Class_ID> {found.word("Class_ID")}, '
            f'expected {_FIRST_ID} plus one of: {", ".join(map(str, HRSC_CLASSES))}'
        )
    box = np.array([found.number(key) for key in _KEYS])
    box[4] = to_radians(box[4], angle_unit, found.where)
    if (box[2:4] <= 0).any():
        raise ValueError(f'{found.where}: a box of {box[2]} x {box[3]} px, expected positive sides')
    return found.labeled(rbox_to_quad(box[None])[0], HRSC_CLASSES[int(number)])
