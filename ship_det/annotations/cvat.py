"""CVAT for images 1.1: one XML file for all images, boxes with a rotation and polygons.

A box is turned clockwise on screen about its centre, by degrees.
"""

import math
import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ship_det.annotations.data_set import AS_FOUND, DataSet, Format, LabeledImage, ReadOptions, refuse_angle_unit
from ship_det.annotations.objects import LabeledObject, object_corners
from ship_det.annotations.parts import add_listed_parts, part_of, write_lists
from ship_det.annotations.shapes import check_size, numbers, polygon_quad, rectangle_of
from ship_det.annotations.tool_exports import ExportedImages, find_export
from ship_det.annotations.xml_labels import XmlObject, decimal, read_objects, xml_text
from ship_det.files import write_text
from ship_det.geometry import rbox_to_quad
from ship_det.raster import image_size


class Cvat(Format):
    """images/ and annotations.xml."""

    def read(self, root: Path, options: ReadOptions = AS_FOUND) -> DataSet:
        """Read the only XML file of an export."""
        refuse_angle_unit(root, options, 'angles of CVAT are in degrees')
        path = find_export(root, '.xml', options.labels)
        found = DataSet()
        images = ExportedImages(root)
        entries = read_objects(path, 'annotations', 'image')
        if not entries and read_objects(path, 'annotations', 'track'):
            raise ValueError(f'{path}: tracks of a video, expected an export as "CVAT for images 1.1"')
        for entry in entries:
            name, subset = entry.element.get('name') or '', entry.element.get('subset') or ''
            image = images.claim(entry.where, [f'{subset}/{name}', name] if subset else [name], found)
            if image is not None:
                part = part_of(subset)
                objects = read_shapes(entry, image_size(image), found)
                found.images.append(LabeledImage(image, path, objects, (part,) if part else ()))
        found.without_labels = images.left
        add_listed_parts(found, root)
        return found

    def write(self, root: Path, images: Sequence[LabeledImage], classes: Sequence[str]) -> None:
        """Write annotations.xml, whose images are those of images/."""
        node = ElementTree.Element('annotations')
        ElementTree.SubElement(node, 'version').text = '1.1'
        task = ElementTree.SubElement(ElementTree.SubElement(node, 'meta'), 'task')
        labels = ElementTree.SubElement(task, 'labels')
        for name in classes:
            ElementTree.SubElement(ElementTree.SubElement(labels, 'label'), 'name').text = name
        for index, labeled in enumerate(images):
            width, height = image_size(labeled.image)
            entry = ElementTree.SubElement(node, 'image', id=str(index), name=labeled.name)
            entry.attrib.update(width=str(width), height=str(height))
            for found in labeled.objects:
                _add_shape(entry, found)
        write_text(root / 'annotations.xml', xml_text(node))
        write_lists(root, images, with_suffix=True)


def read_shapes(entry: XmlObject, size: tuple[int, int], found: DataSet) -> list[LabeledObject]:
    """Objects of an ``<image>`` of a size (width, height) px; shapes without an outline are counted in ``found``.

    Raises:
        ValueError: naming file, image and shape; or where the labels are of an image of another size.
    """
    where = f'{entry.where}: {entry.element.get("name")}'
    check_size(where, (entry.element.get('width'), entry.element.get('height')), size)
    objects = []
    for index, shape in enumerate(entry.element):
        if shape.tag not in ('box', 'polygon'):
            found.skipped[f'<{shape.tag}>'] += 1
            continue
        at = f'{where}: shape {index} <{shape.tag}>'
        name = ' '.join((shape.get('label') or '').split())
        if not name:
            raise ValueError(f'{at}: no label, expected the class')
        quad = object_corners(at, _box(at, shape) if shape.tag == 'box' else _polygon(at, shape, found), repr(name))
        flags = [(flag.text or '').strip() for flag in shape.iter('attribute') if flag.get('name') == 'difficult']
        objects.append(LabeledObject(quad, name, any(flag.lower() in ('true', '1') for flag in flags)))
    return objects


def _box(where: str, shape: ElementTree.Element) -> np.ndarray:
    keys = ('xtl', 'ytl', 'xbr', 'ybr')
    left, top, right, bottom = numbers(where, ', '.join(keys), [shape.get(key) for key in keys])
    (angle,) = numbers(where, 'rotation', [shape.get('rotation') or 0])
    if right <= left or bottom <= top:
        raise ValueError(f'{where}: {left}, {top}, {right}, {bottom}, expected xtl < xbr and ytl < ybr')
    center = ((left + right) / 2, (top + bottom) / 2)
    return rbox_to_quad([[*center, right - left, bottom - top, math.radians(angle)]])[0]


def _polygon(where: str, shape: ElementTree.Element, found: DataSet) -> np.ndarray:
    points = [point.split(',') for point in (shape.get('points') or '').split(';') if point.strip()]
    if any(len(point) != 2 for point in points):
        raise ValueError(f'{where}: points {shape.get("points")!r}, expected "x,y;x,y;.."')
    return polygon_quad(where, points, found)


def _add_shape(entry: ElementTree.Element, labeled: LabeledObject) -> None:
    """A rectangle is written as a box with a rotation, another quad as a polygon."""
    box = rectangle_of(labeled.quad)
    if box is None:
        points = ';'.join(f'{decimal(x, 6)},{decimal(y, 6)}' for x, y in labeled.quad)
        shape = ElementTree.SubElement(entry, 'polygon', label=labeled.name, occluded='0', points=points)
    else:
        cx, cy, w, h, theta = box
        bounds = {'xtl': cx - w / 2, 'ytl': cy - h / 2, 'xbr': cx + w / 2, 'ybr': cy + h / 2}
        texts = {key: decimal(value, 6) for key, value in bounds.items()}
        texts['rotation'] = decimal(math.degrees(theta) % 360, 9)
        shape = ElementTree.SubElement(entry, 'box', label=labeled.name, occluded='0')
        shape.attrib.update(texts)
    if labeled.difficult:
        ElementTree.SubElement(shape, 'attribute', name='difficult').text = 'true'
