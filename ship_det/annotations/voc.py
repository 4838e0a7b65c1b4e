"""Pascal VOC XML with horizontal boxes, read only."""

import os

from ship_det.annotations.objects import LabeledObject
from ship_det.annotations.xml_labels import XmlObject, bounds_quad, read_objects


def read_voc(path: str | os.PathLike) -> list[LabeledObject]:
    """Read the horizontal boxes of a VOC label file, coordinates as they stand there.

    Raises:
        ValueError: naming file and line.
    """
    return [read_bndbox(found) for found in read_objects(path, 'annotation', 'object')]


def read_bndbox(found: XmlObject) -> LabeledObject:
    """The object of an element with a ``<bndbox>``."""
    left, top, right, bottom = (found.number(f'bndbox/{key}') for key in ('xmin', 'ymin', 'xmax', 'ymax'))
    if right <= left or bottom <= top:
        raise ValueError(f'{found.where}: box {left}, {top}, {right}, {bottom}, expected xmin < xmax and ymin < ymax')
    return found.labeled(bounds_quad(left, top, right, bottom), found.word('name'))
