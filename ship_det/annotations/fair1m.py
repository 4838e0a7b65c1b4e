"""FAIR1M XML: each object a closed ring of five points in pixels, and its class in ``<possibleresult>``.

The format has no difficult flag.
"""

import xml.etree.ElementTree as ElementTree

import numpy as np

from ship_det.annotations.objects import LabeledObject
from ship_det.annotations.xml_format import XmlFormat, add_size
from ship_det.annotations.xml_labels import XmlObject, add, decimal


def _add_header(root: ElementTree.Element, image: str, size: tuple[int, int]) -> ElementTree.Element:
    add(ElementTree.SubElement(root, 'source'), filename=image, origin='unknown')
    add_size(root, size)
    return ElementTree.SubElement(root, 'objects')


def _fill(node: ElementTree.Element, labeled: LabeledObject) -> None:
    add(node, coordinate='pixel', type='rectangle', description='None')
    add(ElementTree.SubElement(node, 'possibleresult'), name=labeled.name)
    points = ElementTree.SubElement(node, 'points')
    for x, y in (*labeled.quad, labeled.quad[0]):
        add(points, point=f'{decimal(x, 6)},{decimal(y, 6)}')


def _parse(found: XmlObject) -> LabeledObject:
    if found.has('coordinate') and found.word('coordinate') != 'pixel':
        raise ValueError(f'{found.where}: coordinates in {found.word("coordinate")!r}, expected pixel')
    texts = [point.text or '' for point in found.element.findall('points/point')]
    try:
        points = np.array([[float(number) for number in text.split(',')] for text in texts])
    except ValueError:
        points = np.empty(0)
    closed = points.shape == (5, 2) and (points[0] == points[4]).all()
    if not (closed or points.shape == (4, 2)) or not np.isfinite(points).all():
        raise ValueError(
            f'{found.where}: points {"; ".join(texts) or "missing"}, expected four corners "x,y", the first once more'
        )
    return found.labeled(points[:4], found.word('possibleresult/name'))


FAIR1M = XmlFormat(_parse, _fill, _add_header)
