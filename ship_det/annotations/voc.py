"""Pascal VOC XML, read only: horizontal boxes, turned where an object says how."""

import re
import xml.etree.ElementTree as ElementTree
from typing import Any

import numpy as np

from ship_det.annotations.objects import LabeledObject
from ship_det.annotations.orientation import choose_turned, find_turn, open_ring, outline_quad, turn_box
from ship_det.annotations.xml_format import XmlFormat
from ship_det.annotations.xml_labels import XmlObject, bounds_quad


def read_bndbox(found: XmlObject) -> LabeledObject:
    """The object of an element with a ``<bndbox>``, a ``<polygon>`` or both.

    A ``<polygon>`` of ``<x1>``, ``<y1>``, ``<x2>``.. (ShipRSImageNet, Roboflow) is the object's outline, and the
    attribute ``rotation`` (CVAT) turns the ``<bndbox>``. ShipRSImageNet's ``<rotated_box>`` has coordinates of another
    image.

    Raises:
        ValueError: naming file and line; or where an object says in other ways that it is turned.
    """
    candidates = []
    if found.has('polygon/x1'):
        candidates.append(_read_polygon(found))
    if not candidates or found.has('bndbox'):
        left, top, right, bottom = (found.number(f'bndbox/{key}') for key in ('xmin', 'ymin', 'xmax', 'ymax'))
        if right <= left or bottom <= top:
            raise ValueError(
                f'{found.where}: box {left}, {top}, {right}, {bottom}, expected xmin < xmax and ymin < ymax'
            )
        bounds, rotation = bounds_quad(left, top, right, bottom), _read_rotation(found)
        turn = '' if candidates or rotation else find_turn(_settings(found.element))
        if turn:
            raise ValueError(
                f'{found.where}: a <bndbox> and {turn}, which would be lost; expected the attribute rotation (degrees '
                'clockwise) or a <polygon> of <x1>, <y1>, <x2>.. (--from of another format reads other rotated boxes)'
            )
        candidates.append(turn_box(bounds, rotation) if rotation else bounds)
    quad = choose_turned(candidates)
    assert quad is not None
    return found.labeled(quad, found.word('name'))


def _read_polygon(found: XmlObject) -> np.ndarray:
    tags = [child.tag for child in found.element.iterfind('polygon/*')]
    numbers = [tag[1:] for tag in tags if re.fullmatch('x[0-9]+', tag)]
    points = np.array([[found.number(f'polygon/{axis}{number}') for axis in 'xy'] for number in numbers])
    quad = outline_quad(open_ring(points))
    if quad is None:
        raise ValueError(f'{found.where}: <polygon> has no area, expected points around the object')
    return quad


def _read_rotation(found: XmlObject) -> float:
    """Degrees, clockwise on screen."""
    for attribute in found.element.iterfind('attributes/attribute'):
        if (attribute.findtext('name') or '').strip().lower() == 'rotation':
            return found.parse_number('rotation', (attribute.findtext('value') or '0').strip())
    return 0.0


def _settings(element: ElementTree.Element) -> list[dict[str, Any]]:
    """What an element and those below it say, each as a mapping."""
    found = []
    for part in element.iter():
        texts = [below.text.strip() for below in part.iter() if below.text and below.text.strip()]
        found.append({**part.attrib, part.tag: texts, **{child.tag: child.text or '' for child in part}})
    return found


VOC = XmlFormat(read_bndbox)
