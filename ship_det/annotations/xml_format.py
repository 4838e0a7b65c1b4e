"""Formats of one XML file for each image: how one object is read, and how it is written."""

import os
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ship_det.annotations.objects import LabeledObject
from ship_det.annotations.xml_labels import add, read_objects, xml_text
from ship_det.files import write_text


def add_voc_header(root: ElementTree.Element, image: str, size: tuple[int, int], **texts: str) -> ElementTree.Element:
    """Add what Pascal VOC says of an image, its file name and its size (width, height) px; objects go to the root."""
    add(root, filename=image, **texts)
    add_size(root, size)
    return root


def add_size(root: ElementTree.Element, size: tuple[int, int]) -> None:
    """Add an image's width and height, px, as Pascal VOC has them."""
    add(ElementTree.SubElement(root, 'size'), width=size[0], height=size[1], depth=3)


@dataclass(frozen=True)
class XmlFormat:
    """XML label files of one kind.

    Attributes:
        parse: the object of an element, given the unit of its angles too where there is one.
        fill: makes an element the one of an object; None where files are read only.
        add_header: adds what is said of the image, by its file name and its size; the element that objects go to.
        root: name of the root element.
        tag: name of an object's element.
    """

    parse: Callable[..., LabeledObject]
    fill: Callable[[ElementTree.Element, LabeledObject], None] | None = None
    add_header: Callable[[ElementTree.Element, str, tuple[int, int]], ElementTree.Element] = add_voc_header
    root: str = 'annotation'
    tag: str = 'object'

    def read(self, path: str | os.PathLike, angle_unit: str | None = None) -> list[LabeledObject]:
        """Read the objects of a label file; the angle unit is radians, degrees or, with None, the format's own.

        Raises:
            ValueError: naming file and line.
        """
        unit = [] if angle_unit is None else [angle_unit]
        return [self.parse(found, *unit) for found in read_objects(path, self.root, self.tag)]

    def write(
        self, path: str | os.PathLike, objects: Iterable[LabeledObject], image: str, size: tuple[int, int]
    ) -> None:
        """Write the objects of an image of a file name and size (width, height) px.

        Raises:
            ValueError: naming the file, where the format has no place for a name.
        """
        assert self.fill is not None
        root = ElementTree.Element(self.root)
        parent = self.add_header(root, image, size)
        try:
            for labeled in objects:
                self.fill(ElementTree.SubElement(parent, self.tag), labeled)
            text = xml_text(root)
        except ValueError as error:
            raise ValueError(f'{path}: {error}') from error
        write_text(path, text)
