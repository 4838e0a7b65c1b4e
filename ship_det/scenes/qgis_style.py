"""A style by which QGIS colours ships by class as soon as it opens a layer."""

from collections.abc import Sequence
from xml.etree import ElementTree as ET

from ship_det.drawing.class_colors import class_colors

# Opacity of the inside, of 255, and width of the outline, mm.
_FILL_OPACITY, _OUTLINE = 60, 0.5


def qgis_style(classes: Sequence[str]) -> str:
    """QGIS's QML of a layer of polygons: a colour for each value of the column ``class``."""
    root = ET.Element('qgis', version='3.28', styleCategories='Symbology')
    renderer = ET.SubElement(root, 'renderer-v2', type='categorizedSymbol', attr='class', symbollevels='0')
    categories = ET.SubElement(renderer, 'categories')
    symbols = ET.SubElement(renderer, 'symbols')
    for index, (name, color) in enumerate(zip(classes, class_colors(len(classes)), strict=True)):
        ET.SubElement(categories, 'category', symbol=str(index), value=name, label=name, render='true', type='string')
        symbol = ET.SubElement(symbols, 'symbol', type='fill', name=str(index), alpha='1', clip_to_extent='1')
        layer = ET.SubElement(symbol, 'layer', {'class': 'SimpleFill'}, enabled='1', locked='0')
        layer.attrib['pass'] = '0'
        options = ET.SubElement(layer, 'Option', type='Map')
        rgb = ','.join(str(int(color[start : start + 2], 16)) for start in (1, 3, 5))
        for key, value in (
            ('color', f'{rgb},{_FILL_OPACITY}'),
            ('style', 'solid'),
            ('outline_color', f'{rgb},255'),
            ('outline_style', 'solid'),
            ('outline_width', str(_OUTLINE)),
            ('outline_width_unit', 'MM'),
            ('joinstyle', 'miter'),
        ):
            ET.SubElement(options, 'Option', type='QString', name=key, value=value)
    ET.SubElement(root, 'layerGeometryType').text = '2'
    text = ET.tostring(root, encoding='unicode')
    return f"<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n{text}\n"
