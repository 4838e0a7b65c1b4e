"""FAIR1M XML: each object a closed ring of five points in pixels, and its class in ``<possibleresult>``."""

import os
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable

import numpy as np

from ship_det.annotations.objects import LabeledObject
from ship_det.annotations.xml_labels import XmlObject, add, decimal, read_objects, xml_text
from ship_det.files import write_text


def read_fair1m(path: str | os.PathLike) -> list[LabeledObject]:
    """Read the objects of a FAIR1M label file.

    Raises:
        ValueError: naming file and line; also where the points are no four corners or not in pixels.
    """
    return [_read_object(found) for found in read_objects(path, 'annotation', 'object')]


def write_fair1m(path: str | os.PathLike, objects: Iterable[LabeledObject], image: str, size: tuple[int, int]) -> None:
    """Write the corners of objects. The format has no difficult flag.

    Args:
        path: label file.
        objects: of the image.
        image: the image's file name.
        size: its width and height, px.
    """
    root = ElementTree.Element('annotation')
    add(ElementTree.SubElement(root, 'source'), filename=image, origin='unknown')
    add(ElementTree.SubElement(root, 'size'), width=size[0], height=size[1], depth=3)
    parent = ElementTree.SubElement(root, 'objects')
    for labeled in objects:
        node = ElementTree.SubElement(parent, 'object')
        add(node, coordinate='pixel', type='rectangle', description='None')
        add(ElementTree.SubElement(node, 'possibleresult'), name=labeled.name)
        points = ElementTree.SubElement(node, 'points')
        for x, y in (*labeled.quad, labeled.quad[0]):
            add(points, point=f'{decimal(x, 6)},{decimal(y, 6)}')
    write_text(path, xml_text(root))


def _read_object(found: XmlObject) -> LabeledObject:
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
