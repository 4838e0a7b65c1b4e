"""VOC XML with the four corners of each object, ``x1 y1 .. x4 y4``, as ShipRSImageNet and SSDD have it.

ShipRSImageNet has the corners in ``<polygon>``, SSDD in ``<rotated_bndbox>``. Both also have the box by its centre, its
sides and an angle, whose sense differs between them; it is not read.
"""

import os
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable
from functools import partial

import numpy as np

from ship_det.annotations.objects import LabeledObject
from ship_det.annotations.xml_labels import add, decimal, read_objects, xml_text
from ship_det.files import write_text


def read_corners_xml(path: str | os.PathLike, tag: str) -> list[LabeledObject]:
    """Read the corners of all objects of a label file.

    Args:
        path: label file.
        tag: of the element that holds them: ``polygon`` or ``rotated_bndbox``.

    Raises:
        ValueError: naming file and line; also of an object without corners.
    """
    objects = []
    for found in read_objects(path, 'annotation', 'object'):
        quad = [[found.number(f'{tag}/{axis}{corner}') for axis in 'xy'] for corner in range(1, 5)]
        objects.append(found.labeled(np.array(quad), found.word('name')))
    return objects


def write_corners_xml(
    path: str | os.PathLike, objects: Iterable[LabeledObject], image: str, size: tuple[int, int], *, tag: str
) -> None:
    """Write the corners of objects, and their axis-aligned bounds.

    Args:
        path: label file.
        objects: of the image.
        image: the image's file name.
        size: its width and height, px.
        tag: see :func:`read_corners_xml`.
    """
    root = ElementTree.Element('annotation')
    add(root, filename=image)
    add(ElementTree.SubElement(root, 'size'), width=size[0], height=size[1], depth=3)
    for labeled in objects:
        node = ElementTree.SubElement(root, 'object')
        add(node, name=labeled.name, difficult=int(labeled.difficult))
        bounds = [*labeled.quad.min(axis=0), *labeled.quad.max(axis=0)]
        box = ElementTree.SubElement(node, 'bndbox')
        keys = ('xmin', 'ymin', 'xmax', 'ymax')
        add(box, **{key: decimal(value, 6) for key, value in zip(keys, bounds, strict=True)})
        corners = ElementTree.SubElement(node, tag)
        for index, (x, y) in enumerate(labeled.quad, start=1):
            add(corners, **{f'x{index}': decimal(x, 6), f'y{index}': decimal(y, 6)})
    write_text(path, xml_text(root))


read_shiprsimagenet = partial(read_corners_xml, tag='polygon')
write_shiprsimagenet = partial(write_corners_xml, tag='polygon')
read_ssdd = partial(read_corners_xml, tag='rotated_bndbox')
write_ssdd = partial(write_corners_xml, tag='rotated_bndbox')
