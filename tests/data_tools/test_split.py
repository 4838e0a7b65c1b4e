"""split.py as a command line."""

from ship_det.tiling import TilingOptions, tile_scenes


def test_help_imports_nothing_heavy(modules_of_help):
    assert not modules_of_help('split.py') & {'torch', 'mmcv', 'numpy', 'rasterio', 'shapely', 'rich'}


def test_lists_and_table(data_tool, scenes, tmp_path):
    chips = tmp_path / 'chips'
    tile_scenes(scenes, chips, TilingOptions(chip=100, overlap=20))
    result = data_tool('split.py', chips, '--test-scenes', 'port')
    assert (result.returncode, result.stderr) == (0, '')
    train, test = ((chips / f'{part}.txt').read_text().splitlines() for part in ('train', 'test'))
    assert {name.split('__')[0] for name in train} == {'bay'}
    assert {name.split('__')[0] for name in test} == {'port'}
    assert sorted(train + test) == sorted(path.name for path in (chips / 'images').iterdir())
    assert 'tanker' in result.stdout
    assert not (chips / 'val.txt').exists()


def test_same_seed_same_lists(data_tool, scenes, tmp_path):
    chips = tmp_path / 'chips'
    tile_scenes(scenes, chips, TilingOptions(chip=100, overlap=20))
    lists = []
    for _ in range(2):
        assert data_tool('split.py', chips, '--by', 'chip', '--train', 0.7, '--seed', 3).returncode == 0
        lists.append((chips / 'train.txt').read_text())
    assert lists[0] == lists[1]


def test_class_missing_from_a_part_is_said(data_tool, scenes, tmp_path):
    (scenes / 'labelTxt/port.txt').write_text('10 10 60 10 60 20 10 20 ship 0\n')
    tile_scenes(scenes, tmp_path / 'chips')
    result = data_tool('split.py', tmp_path / 'chips')
    assert result.returncode == 0
    assert 'no instance in test: tanker' in result.stdout


def test_too_few_scenes_exit_with_2(data_tool, scenes, tmp_path):
    tile_scenes(scenes, tmp_path / 'chips')
    result = data_tool('split.py', tmp_path / 'chips', '--train', 0.5, '--val', 0.3)
    assert result.returncode == 2
    assert result.stderr == 'error: scenes to split into train, val, test: found 2, expected at least 3\n'
