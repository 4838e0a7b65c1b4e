"""convert.py as a command line."""

from ship_det.annotations.formats import FORMATS


def test_help_imports_nothing_heavy_and_lists_every_format(data_tool, modules_of_help):
    assert not modules_of_help('convert.py') & {'torch', 'mmcv', 'numpy', 'rasterio', 'shapely', 'rich', 'yaml'}
    text = data_tool('convert.py', '--help').stdout
    assert '{' + ','.join((*FORMATS, 'gis', 'predictions')) + '}' in ''.join(text.split())


def test_summary_and_class_map(data_tool, scenes, tmp_path):
    (tmp_path / 'map.yaml').write_text('ship: vessel\ntanker:\n')
    result = data_tool(
        'convert.py',
        '--from',
        'dota',
        '--to',
        'rolabelimg',
        scenes,
        tmp_path / 'out',
        '--class-map',
        tmp_path / 'map.yaml',
    )
    assert (result.returncode, result.stderr) == (0, '')
    assert '2 images, 3 objects' in result.stdout
    assert 'vessel: 3' in result.stdout
    assert 'dropped: tanker 2' in result.stdout
    assert sorted(path.name for path in (tmp_path / 'out').rglob('*.xml')) == ['bay.xml', 'port.xml']


def test_bad_label_exits_with_2_and_leaves_nothing(data_tool, scenes, tmp_path):
    (scenes / 'labelTxt/bay.txt').write_text('1 2 3\n')
    result = data_tool('convert.py', '--from', 'dota', scenes, tmp_path / 'out')
    assert result.returncode == 2
    assert result.stderr.splitlines() == [
        f'error: {scenes}/labelTxt/bay.txt:1: 3 columns, expected 9 or 10: x1 y1 x2 y2 x3 y3 x4 y4 class [difficult]'
    ]
    assert not (tmp_path / 'out').exists()
