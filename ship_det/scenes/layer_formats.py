"""Layers of ships as files: GeoPackage, GeoJSON, GeoParquet, CSV and DOTA. The same ships give the same bytes."""

import csv
import importlib
import io
import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import shapely
import shapely.affinity
from shapely.geometry import mapping
from shapely.geometry.polygon import orient

from ship_det.annotations.dota import write_dota
from ship_det.annotations.objects import LabeledObject
from ship_det.drawing.class_colors import class_colors
from ship_det.files import replacing, staged_folder, write_text
from ship_det.scenes.ship_table import (
    DECIMALS,
    DEGREE_DECIMALS,
    PIXEL_DECIMALS,
    ShipTable,
    to_polygons,
)

#: Name of the layer within a GeoPackage.
LAYER = 'ships'
# What GDAL writes as the time of the last change: a file's bytes follow from the ships alone.
_DATE = '1970-01-01T00:00:00.000Z'
# Of QGIS's style: opacity of the inside, of 255, and width of the outline, mm.
_FILL_OPACITY, _OUTLINE = 60, 0.5
# What each format needs of the extra [detect].
_PACKAGES = {'gpkg': ('geopandas', 'pyogrio'), 'parquet': ('geopandas', 'pyarrow'), 'geodataframe': ('geopandas',)}


def check_packages(format_name: str) -> None:
    """Raise ValueError unless the packages that write a format are installed."""
    for package in _PACKAGES.get(format_name, ()):
        try:
            importlib.import_module(package)
        except ModuleNotFoundError as error:
            raise ValueError(
                f"{format_name}: found no {package}, which makes it: pip install '.[detect]' installs it"
            ) from error


def write_gpkg(path: str | os.PathLike, table: ShipTable) -> None:
    """Write a GeoPackage with the layer ``ships`` and a style that QGIS shows it in."""
    import pandas
    import pyogrio

    style = {
        'f_table_catalog': '',
        'f_table_schema': '',
        'f_table_name': LAYER,
        'f_geometry_column': 'geom',
        'styleName': 'classes',
        'styleQML': _qgis_style(table.classes),
        'styleSLD': '',
        'useAsDefault': True,
        'description': 'Ships by class',
        'owner': '',
        'ui': None,
        'update_time': pandas.Timestamp(_DATE).tz_localize(None),
    }
    path = Path(path)
    # Under a name that ends in .gpkg, as GDAL expects.
    frame = table.to_geodataframe()
    with _naming(path), staged_folder(path.parent) as folder, _gdal_options(OGR_CURRENT_DATE=_DATE):
        file = folder / path.name
        pyogrio.write_dataframe(
            frame, file, layer=LAYER, driver='GPKG', geometry_type='Polygon', GEOMETRY_NAME='geom', FID='fid'
        )
        pyogrio.write_dataframe(pandas.DataFrame([style]), file, layer='layer_styles', driver='GPKG', append=True)


def _qgis_style(classes: Sequence[str]) -> str:
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


def write_parquet(path: str | os.PathLike, table: ShipTable) -> None:
    """Write GeoParquet."""
    with replacing(path) as temporary:
        table.to_geodataframe().to_parquet(temporary, index=False)


def write_geojson(path: str | os.PathLike, table: ShipTable) -> None:
    """Write GeoJSON as RFC 7946 has it: WGS 84, exteriors counter-clockwise, cut at the antimeridian."""
    features = []
    for index, polygon in enumerate(to_polygons(table.degrees)):
        properties = {name: _plain(values[index]) for name, values in table.columns.items()}
        feature = {
            'type': 'Feature',
            'id': index + 1,
            'properties': properties,
            'geometry': None if polygon is None else _geojson_geometry(polygon),
        }
        features.append(json.dumps(feature, ensure_ascii=False, allow_nan=False))
    lines = ',\n'.join(features)
    write_text(path, f'{{"type": "FeatureCollection", "name": "{LAYER}", "features": [\n{lines}\n]}}\n')


def write_csv(path: str | os.PathLike, table: ShipTable) -> None:
    """Write the columns, the centre in degrees and the corners in px as RFC 4180 has it."""
    text = io.StringIO()
    writer = csv.writer(text)
    pixels = [f'{axis}{corner}' for corner in (1, 2, 3, 4) for axis in 'xy']
    writer.writerow([*table.columns, 'longitude', 'latitude', *pixels])
    for index in range(len(table)):
        writer.writerow(
            [
                *(_text(values[index], DECIMALS.get(name)) for name, values in table.columns.items()),
                *(_text(value, DEGREE_DECIMALS) for value in table.centers[index]),
                *(_text(value, PIXEL_DECIMALS) for value in table.corners[index].ravel()),
            ]
        )
    write_text(path, text.getvalue())


def write_dota_labels(path: str | os.PathLike, table: ShipTable) -> None:
    """Write the ships of one scene as a DOTA label file, px; it has no place for scores."""
    write_dota(path, map(LabeledObject, table.corners, table.columns['class']))


#: How a table is written, by format.
WRITERS: dict[str, Callable[[str | os.PathLike, ShipTable], None]] = {
    'gpkg': write_gpkg,
    'geojson': write_geojson,
    'parquet': write_parquet,
    'csv': write_csv,
    'dota': write_dota_labels,
}
#: Formats that hold places on Earth.
GEOGRAPHIC = ('gpkg', 'geojson', 'parquet')


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Turn GDAL's errors, a full disk's for one, into one of the system that names the file."""
    from pyogrio.errors import DataLayerError, DataSourceError

    try:
        yield
    except (DataLayerError, DataSourceError) as error:
        raise OSError(f'{path}: cannot be written ({" ".join(str(error).split())})') from error


@contextmanager
def _gdal_options(**options: str) -> Iterator[None]:
    """Set options of pyogrio's GDAL, and put them back as they were."""
    import pyogrio

    before = {name: pyogrio.get_gdal_config_option(name) for name in options}
    pyogrio.set_gdal_config_options(options)
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options(before)


def _geojson_geometry(polygon: shapely.Polygon) -> dict[str, Any]:
    parts = [
        shapely.transform(orient(part), lambda corners: np.round(corners, DEGREE_DECIMALS) + 0.0)
        for part in _cut_at_antimeridian(polygon)
    ]
    return mapping(parts[0] if len(parts) == 1 else shapely.MultiPolygon(parts))


def _cut_at_antimeridian(polygon: shapely.Polygon) -> list[shapely.Polygon]:
    """Parts from -180 to 180 degrees of a polygon that may reach beyond."""
    left, _, right, _ = polygon.bounds
    if left >= -180 and right <= 180:
        return [polygon]
    parts = []
    for turns in (-360, 0, 360):
        world = shapely.box(-180 + turns, -90, 180 + turns, 90)
        for part in shapely.get_parts(shapely.intersection(polygon, world)):
            if part.geom_type == 'Polygon' and part.area > 0:
                parts.append(shapely.affinity.translate(part, -turns))
    return parts


def _plain(value: Any) -> Any:
    """A value as JSON has it."""
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and np.isnan(value) else value


def _text(value: Any, decimals: int | None) -> str:
    if decimals is None:
        return '' if value is None else str(value)
    return '' if np.isnan(value) else f'{value + 0.0:.{decimals}f}'
