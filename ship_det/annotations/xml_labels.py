"""What the XML label formats share: numbers and flags of an object, errors that name file and line."""

import codecs
import math
import os
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ship_det.annotations.angles import to_radians
from ship_det.annotations.objects import LabeledObject, object_corners
from ship_det.files import decode_text

# Numbers of classes have nine digits, coordinates fewer.
_LARGEST = 1e9
_DECLARATION = re.compile(rb'<\?xml[^>]*?\sencoding\s*=\s*["\']([^"\'>]*)["\']')
# Windows writes these names and means the larger sets of characters.
_LARGER_SETS = {'gb2312': 'gb18030', 'gbk': 'gb18030', 'shift_jis': 'cp932', 'euc_kr': 'cp949'}
# Python's own, which no file is in.
_NOT_OF_FILES = ('idna', 'punycode', 'raw-unicode-escape', 'unicode-escape', 'undefined')
_NO_XML = re.compile('[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]')


@dataclass(frozen=True)
class XmlObject:
    """One object's element in a label file."""

    path: Path
    text: str
    element: ElementTree.Element
    tag: str
    index: int

    @property
    def where(self) -> str:
        """``FILE:LINE`` of the object."""
        starts = list(re.finditer(rf'<{self.tag}[\s>]', self.text))
        line = self.text.count('\n', 0, starts[self.index].start()) + 1 if self.index < len(starts) else 1
        return f'{self.path}:{line}'

    def has(self, key: str) -> bool:
        """Whether there is an element of a key."""
        return self.element.find(key) is not None

    def word(self, key: str) -> str:
        """The text under a key such as ``robndbox/cx``.

        Raises:
            ValueError: naming file, line and key, where there is none.
        """
        found = ' '.join((self.element.findtext(key) or '').split())
        if not found:
            raise ValueError(f'{self.where}: no <{key}> in <{self.tag}>, expected one')
        return found

    def number(self, key: str) -> float:
        """The finite number under a key."""
        return self.parse_number(key, self.word(key))

    def numbers(self, keys: Sequence[str], under: str) -> np.ndarray:
        """Finite numbers (K,) under keys of an element, or with '' of the object itself."""
        return np.array([self.number(f'{under}/{key}' if under else key) for key in keys])

    def turned_box(self, keys: Sequence[str], under: str, angle_unit: str) -> np.ndarray:
        """A box (5,) by keys of its centre and sides, px, and its angle in a unit; the box has the angle in rad.

        Raises:
            ValueError: naming file and line, where a number is missing, a side is not positive or the angle cannot be.
        """
        box = self.numbers(keys, under)
        box[4] = to_radians(box[4], angle_unit, self.where)
        if (box[2:4] <= 0).any():
            raise ValueError(f'{self.where}: a box of {box[2]} x {box[3]} px, expected positive sides')
        return box

    def parse_number(self, key: str, word: str) -> float:
        """The finite number that a word under a key is."""
        try:
            value = float(word)
        except ValueError:
            value = math.nan
        if not abs(value) <= _LARGEST:
            raise ValueError(f'{self.where}: <{key}> is {word!r}, expected a finite number up to {_LARGEST:g}')
        return value

    def difficult(self) -> bool:
        """The difficult flag, False where there is none."""
        word = (self.element.findtext('difficult') or self.element.findtext('Difficult') or '0').strip()
        if word not in ('0', '1'):
            raise ValueError(f'{self.where}: <difficult> is {word!r}, expected 0 or 1')
        return word == '1'

    def labeled(self, quad: np.ndarray, name: str) -> LabeledObject:
        """The object with these corners, which are put in order; one without area is an error."""
        return LabeledObject(object_corners(self.where, quad, repr(name)), name, self.difficult())


def read_objects(path: str | os.PathLike, root: str, tag: str) -> list[XmlObject]:
    """Elements ``tag`` anywhere under a root element of the given name.

    Raises:
        ValueError: naming the file, where it is not XML or of another kind.
    """
    path = Path(path)
    text = _read_xml(path)
    entity = text.find('<!ENTITY')
    if entity >= 0:
        # A few lines of them stand for gigabytes.
        line = text.count('\n', 0, entity) + 1
        raise ValueError(f'{path}:{line}: defines an XML entity, expected a label file, which has none of its own')
    try:
        tree = ElementTree.fromstring(text)
    except ElementTree.ParseError as error:
        raise ValueError(f'{path}:{error.position[0]}: not XML ({error}), expected a label file') from error
    if tree.tag != root:
        raise ValueError(f'{path}: root element <{tree.tag}>, expected <{root}>')
    return [XmlObject(path, text, element, tag, index) for index, element in enumerate(tree.iter(tag))]


def _read_xml(path: Path) -> str:
    """The text of an XML file, in the encoding of its byte order mark, else in the one that it declares, else UTF-8."""
    content = path.read_bytes()
    declared = _DECLARATION.match(content.lstrip()[:1000])
    if not declared:
        # UTF-16 without a byte order mark.
        starts = {b'<\0': 'utf-16-le', b'\0<': 'utf-16-be'}
        return decode_text(path, content, starts.get(content[:2], 'utf-8'))
    name = declared[1].decode('ascii', 'replace').strip()
    try:
        encoding = codecs.lookup(name).name
    except (LookupError, ValueError):
        encoding = ''
    if encoding.startswith(('utf-16', 'utf-32')):
        # The declaration itself was not in it: .NET writes this name into files of UTF-8.
        encoding = 'utf-8'
    try:
        if not encoding or encoding in _NOT_OF_FILES:
            raise LookupError
        return decode_text(path, content, _LARGER_SETS.get(encoding, encoding))
    except LookupError:
        raise ValueError(f'{path}: declares the encoding {name!r}, expected one such as UTF-8 or GBK') from None


def bounds_quad(left: float, top: float, right: float, bottom: float) -> np.ndarray:
    """(4, 2) corners of a horizontal box."""
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]], dtype=np.float64)


def decimal(value: float, digits: int) -> str:
    """A number with at most so many decimals and no trailing zeros."""
    return repr(round(float(value), digits) + 0.0).removesuffix('.0')


def xml_text(root: ElementTree.Element) -> str:
    """An XML document as indented text that ends in a newline.

    Raises:
        ValueError: a text holds a character that XML cannot.
    """
    for element in root.iter():
        if _NO_XML.search(element.text or ''):
            raise ValueError(f'<{element.tag}>: {element.text!r} holds a character that XML has no place for')
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding='unicode') + '\n'


def add(parent: ElementTree.Element, **texts: object) -> None:
    """Add an element with text for each keyword."""
    for key, text in texts.items():
        ElementTree.SubElement(parent, key).text = str(text)


def add_numbers(parent: ElementTree.Element, keys: Sequence[str], values: Iterable[float], digits: int = 6) -> None:
    """Add an element with a number for each key, with at most so many decimals."""
    add(parent, **{key: decimal(value, digits) for key, value in zip(keys, values, strict=True)})
