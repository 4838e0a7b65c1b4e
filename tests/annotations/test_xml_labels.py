"""XML label files in the encodings that tools write."""

import xml.etree.ElementTree as ElementTree

import pytest

from ship_det.annotations.voc import VOC
from ship_det.annotations.xml_labels import xml_text

OBJECT = '<object><name>{}</name><bndbox><xmin>1</xmin><ymin>2</ymin><xmax>5</xmax><ymax>4</ymax></bndbox></object>'


def label_file(tmp_path, declaration, name, encoding):
    text = f'{declaration}<annotation>\r\n<folder>{name}</folder>\r\n{OBJECT.format(name)}</annotation>'
    (tmp_path / 'a.xml').write_bytes(text.encode(encoding))
    return tmp_path / 'a.xml'


def declare(encoding):
    return f'<?xml version="1.0" encoding="{encoding}"?>'


@pytest.mark.parametrize(
    ('declaration', 'name', 'encoding'),
    [
        (declare('gb2312'), '渔船', 'gb2312'),
        # Windows declares gb2312 and writes characters of GBK.
        (declare('GB2312'), '镕號', 'gbk'),
        (declare('GBK'), '货船', 'gbk'),
        (declare('gb18030'), '𠀀', 'gb18030'),
        (declare('Big5'), '漁船', 'big5'),
        (declare('Shift_JIS'), '漁船①', 'cp932'),
        (declare('euc-kr'), '어선', 'euc_kr'),
        (declare('ISO-8859-1'), 'Fähre', 'latin-1'),
        (declare('windows-1252').replace('"', "'"), 'Fähre €', 'cp1252'),
        (declare('windows-1251'), 'корабль', 'cp1251'),
        (declare('utf-16'), '渔船', 'utf-16'),
        (declare('utf-16'), '渔船', 'utf-16-le'),
        ('', '渔船', 'utf-16-be'),
        # .NET writes the name of its strings' encoding into files of UTF-8.
        (declare('utf-16'), '渔船', 'utf-8'),
        (declare('UTF-8'), '渔船', 'utf-8-sig'),
        (declare('gbk'), '渔船', 'utf-8-sig'),
        ('<?xml version="1.0"?>', '渔船', 'utf-8'),
        ('', '渔船', 'utf-8'),
    ],
)
def test_declared_encodings(tmp_path, declaration, name, encoding):
    (labeled,) = VOC.read(label_file(tmp_path, declaration, name, encoding))
    assert labeled.name == name


@pytest.mark.parametrize(
    ('declaration', 'encoding', 'message'),
    [
        ('', 'gbk', r'a\.xml: byte \d+ is not UTF-8, expected a text file'),
        (declare('utf-8'), 'gbk', r'a\.xml: byte \d+ is not UTF-8'),
        (declare('ascii'), 'utf-8', r'a\.xml: byte \d+ is not ASCII, expected a text file'),
        (declare('gbk'), 'latin-1', r'a\.xml: byte \d+ is not GB18030'),
        (declare('klingon'), 'utf-8', r"a\.xml: declares the encoding 'klingon', expected one such as UTF-8"),
        (declare('hex'), 'utf-8', r"a\.xml: declares the encoding 'hex'"),
        (declare('punycode'), 'utf-8', r"a\.xml: declares the encoding 'punycode'"),
        (declare(''), 'utf-8', r"a\.xml: declares the encoding ''"),
        (declare('a\0b'), 'utf-8', r'a\.xml: declares the encoding'),
    ],
)
def test_other_bytes_are_refused(tmp_path, declaration, encoding, message):
    name = 'Fähre ÿ' if encoding == 'latin-1' else '渔船'
    with pytest.raises(ValueError, match=message):
        VOC.read(label_file(tmp_path, declaration, name, encoding))


def test_lines_are_counted_in_every_encoding(tmp_path):
    path = label_file(tmp_path, declare('gbk') + '\r\n', '渔船', 'gbk')
    path.write_bytes(path.read_bytes().replace(b'<xmax>5', b'<xmax>0'))
    with pytest.raises(ValueError, match=r'a\.xml:4: box 1\.0, 2\.0, 0\.0, 4\.0, expected xmin < xmax'):
        VOC.read(path)


def test_what_could_not_be_read_is_not_written():
    root = ElementTree.Element('annotation')
    ElementTree.SubElement(root, 'filename').text = 'a\x01.png'
    with pytest.raises(ValueError, match=r"<filename>: 'a\\x01\.png' holds a character that XML has no place for"):
        xml_text(root)


@pytest.mark.parametrize(
    ('flag', 'expected'), [('', False), ('<difficult>1</difficult>', True), ('<Difficult>1</Difficult>', True)]
)
def test_the_difficult_flag_with_a_small_or_a_capital_letter(tmp_path, flag, expected):
    box = '<bndbox><xmin>1</xmin><ymin>2</ymin><xmax>9</xmax><ymax>5</ymax></bndbox>'
    (tmp_path / 'a.xml').write_text(f'<annotation><object><name>ship</name>{flag}{box}</object></annotation>')
    (labeled,) = VOC.read(tmp_path / 'a.xml')
    assert labeled.difficult is expected
