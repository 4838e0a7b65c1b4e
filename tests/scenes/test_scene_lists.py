"""Lists of scenes: text, tables and STAC items; what is wrong is named with its line."""

import json

import geopandas
import pandas
import pytest
from shapely.geometry import box

from ship_det.scenes.inputs import find_scenes
from ship_det.scenes.scene_lists import read_scene_list

COG = 'image/tiff; application=geotiff; profile=cloud-optimized'


def item(name, **assets):
    return {'type': 'Feature', 'id': name, 'assets': assets}


def collection(*items):
    return json.dumps({'type': 'FeatureCollection', 'features': items})


def test_a_text_file(tmp_path):
    (tmp_path / 'coast.txt').write_text(
        '# north to south\r\nnorth/a.tif\n\n  ./b c.tif \n/data/a.tif\n/vsis3/x/d.tif\nhttps://example.org/e.tif',
        'utf-8',
    )
    assert read_scene_list(str(tmp_path / 'coast.txt')) == [
        (f'{tmp_path}/north/a.tif', 'a'),
        (f'{tmp_path}/b c.tif', 'b c'),
        ('/data/a.tif', 'a'),
        ('/vsis3/x/d.tif', 'd'),
        ('https://example.org/e.tif', 'e'),
    ]
    assert list(find_scenes([str(tmp_path / 'coast.txt')])) == ['north_a', 'b_c', 'data_a', 'd', 'e']


@pytest.mark.parametrize('column', ['path', 'location', 'href'])
def test_a_table(tmp_path, column):
    frame = {column: ['a.tif', '/data/b.tif'], 'cloud': [1, 2], 'geometry': [box(0, 0, 1, 1)] * 2}
    geopandas.GeoDataFrame(frame, crs=4326).to_parquet(tmp_path / 'tiles.parquet')
    assert read_scene_list(str(tmp_path / 'tiles.parquet')) == [(f'{tmp_path}/a.tif', 'a'), ('/data/b.tif', 'b')]


def test_a_table_of_stac_items(tmp_path):
    assets = [
        {'visual': {'href': 's3://x/1/TCI.tif', 'type': COG, 'roles': ['data']}, 'thumbnail': None},
        {'visual': {'href': 's3://x/2/TCI.tif', 'type': COG, 'roles': ['data']}, 'thumbnail': {'href': 't.jpg'}},
    ]
    pandas.DataFrame({'id': ['S2A', 'S2B'], 'assets': assets}).to_parquet(tmp_path / 'items.parquet')
    assert find_scenes([str(tmp_path / 'items.parquet')]) == {'S2A': 's3://x/1/TCI.tif', 'S2B': 's3://x/2/TCI.tif'}


def test_stac_items(tmp_path):
    picture = {'href': 'p.jpg', 'type': 'image/jpeg', 'roles': ['thumbnail']}
    metadata = {'href': 'm.xml', 'type': 'application/xml', 'roles': ['metadata', 'data']}
    scene = {'href': './2024/scene.tif', 'type': COG}
    (tmp_path / 'items.json').write_text(collection(item('one', image=scene, thumbnail=picture, meta=metadata)))
    assert find_scenes([str(tmp_path / 'items.json')]) == {'one': f'{tmp_path}/2024/scene.tif'}
    bands = {name: {'href': f'https://x.org/{name}.tif', 'roles': ['data']} for name in ('red', 'visual')}
    (tmp_path / 'bands.geojson').write_text(collection(item('a', **bands), item('b', **bands)))
    path = str(tmp_path / 'bands.geojson')
    assert read_scene_list(path, 'visual')[1] == ('https://x.org/visual.tif', 'b')
    with pytest.raises(
        ValueError, match=r'item 1: found assets red, visual, expected one raster with pixels \(--asset'
    ):
        read_scene_list(path)
    with pytest.raises(ValueError, match='item 1: found assets red, visual, expected nir'):
        read_scene_list(path, 'nir')


@pytest.mark.parametrize(
    'name, content, message',
    [
        ('a.txt', '# nothing\n', r'a\.txt: names no scene, expected at least one'),
        ('a.txt', b'\xff\xfe\xfa', r'a\.txt: byte'),
        ('a.json', '{', r'a\.json: .*, expected a STAC item collection'),
        ('a.json', '{"type": "Topology"}', r'a\.json: found no "features", expected a STAC item collection'),
        ('a.json', '{"features": [{"geometry": null}]}', r'a\.json: item 1: found no "assets", expected a STAC item'),
        ('a.json', '{"features": [{"assets": []}]}', r'a\.json: item 1: found list for "assets"'),
        ('a.parquet', 'path', r'a\.parquet: .*, expected a Parquet file'),
    ],
)
def test_wrong_lists(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(ValueError, match=message):
        read_scene_list(str(tmp_path / name))


def test_wrong_tables(tmp_path):
    path = tmp_path / 'a.parquet'
    pandas.DataFrame({'file': ['a.tif']}).to_parquet(path)
    with pytest.raises(ValueError, match='found columns file, expected one of: path, location, href, assets'):
        read_scene_list(str(path))
    pandas.DataFrame({'path': ['a.tif', None]}).to_parquet(path)
    with pytest.raises(ValueError, match='row 2: found None in column path, expected a path'):
        read_scene_list(str(path))
