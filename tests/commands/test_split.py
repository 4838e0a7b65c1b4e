"""split.py as a command line."""

from ship_det.tiling import TilingOptions, read_chip_index, tile_scenes


def test_help_imports_nothing_heavy(modules_of_help):
    assert not modules_of_help('split.py') & {'torch', 'mmcv', 'numpy', 'rasterio', 'shapely', 'rich'}


def test_lists_and_table(data_tool, scenes, tmp_path):
    chips = tmp_path / 'chips'
    tile_scenes(scenes, chips, TilingOptions(chip=100, overlap=20))
    result = data_tool('split.py', chips, '--test-scenes', 'port', '--empty', 1)
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
    assert 'no instance in test: tanker (1 instance in 1 scene)' in result.stdout


def test_too_few_scenes_exit_with_2(data_tool, scenes, tmp_path):
    tile_scenes(scenes, tmp_path / 'chips')
    result = data_tool('split.py', tmp_path / 'chips', '--train', 0.5, '--val', 0.3)
    assert result.returncode == 2
    assert (
        result.stderr
        == 'error: scenes to split into train, val, test: found 2, expected at least 3; --by area splits each scene\n'
    )


def test_situation_samples_the_training_list_only(data_tool, scenes, tmp_path):
    chips, plain = tmp_path / 'chips', tmp_path / 'plain'
    tile_scenes(scenes, chips, TilingOptions(chip=100, overlap=20))
    assert data_tool('split.py', chips, '--by', 'chip', '--out', plain).returncode == 0
    (tmp_path / 'few.yaml').write_text('ship: 1\ntanker: 50\n')
    sampled = tmp_path / 'sampled'
    result = data_tool('split.py', chips, '--by', 'chip', '--situation', tmp_path / 'few.yaml', '--out', sampled)
    assert (result.returncode, result.stderr) == (0, '')
    assert (sampled / 'test.txt').read_text() == (plain / 'test.txt').read_text()
    kept, all_of_them = ((folder / 'train.txt').read_text().splitlines() for folder in (sampled, plain))
    assert set(kept) < set(all_of_them)
    counts = {chip.file: chip.counts for chip in read_chip_index(chips)}
    assert sum(counts[file].get('ship', 0) for file in kept) == 1
    tankers = sum(counts[file].get('tanker', 0) for file in all_of_them)
    assert f'not met: tanker {tankers} of 50, {50 - tankers} too few (training has {tankers})' in result.stdout
    assert not list(chips.glob('*.txt'))


def test_unknown_class_in_a_situation_exits_with_2(data_tool, scenes, tmp_path):
    tile_scenes(scenes, tmp_path / 'chips')
    (tmp_path / 'few.yaml').write_text('shipp: 1\n')
    result = data_tool('split.py', tmp_path / 'chips', '--situation', tmp_path / 'few.yaml')
    assert result.returncode == 2
    message = f"error: {tmp_path}/few.yaml: unknown class 'shipp', expected one of: ship, tanker\n"
    assert result.stderr == message


def test_a_list_never_names_a_chip_that_is_gone(data_tool, scenes, tmp_path):
    chips = tmp_path / 'chips'
    tile_scenes(scenes, chips)
    gone = min((chips / 'images').iterdir())
    gone.unlink()
    result = data_tool('split.py', chips)
    assert (result.returncode, len(result.stderr.splitlines())) == (2, 1)
    assert f'images: lacks {gone.name}, which chips.jsonl has' in result.stderr


def cells(output: str, name: str) -> list[str]:
    (line,) = [line for line in output.splitlines() if line.startswith(f'│ {name} ')]
    return [cell.strip() for cell in line.split('│')[2:-1]]


def test_empty_chips_in_test_and_a_share_of_them_in_training(data_tool, scenes, tmp_path):
    chips, index = tmp_path / 'chips', tmp_path / 'chips/chips.jsonl'
    # The grid of 4 x 3 chips cuts both tankers, so that two chips are added.
    for name in ('port', 'bay'):
        (scenes / f'labelTxt/{name}.txt').write_text(
            '10 10 60 10 60 20 10 20 ship 0\n40 55 50 55 50 125 40 125 tanker 0\n'
        )
    tile_scenes(scenes, chips, TilingOptions(chip=100, overlap=20))
    found = {chip.file: chip for chip in read_chip_index(chips)}
    assert [chip.window for chip in found.values() if chip.added] == [(0, 40, 100, 100)] * 2
    result = data_tool('split.py', chips, '--test-scenes', 'port')
    assert (result.returncode, result.stderr) == (0, '')
    train, test = ((chips / f'{part}.txt').read_text().splitlines() for part in ('train', 'test'))
    grid = [chip.file for chip in found.values() if chip.scene == 'port.tif' and not chip.added]
    assert sorted(test) == sorted(grid)
    assert len(grid) == 12
    empty = [sum(found[name].empty for name in part) for part in (train, test)]
    in_bay = sum(chip.empty for chip in found.values() if chip.scene == 'bay.tif')
    assert empty == [1, in_bay]
    assert cells(result.stdout, 'chips') == [str(len(train)), '12']
    assert cells(result.stdout, 'of these empty') == ['1', str(in_bay)]
    assert cells(result.stdout, 'of these added on ships') == ['1', '0']
    assert f'left out of training: {in_bay - 1} empty chips (--empty 0.1 keeps that share)' in result.stdout
    assert 'in no list: 1 chip added on ships' in result.stdout
    # The grid alone shows no tanker.
    assert 'no instance in test: tanker (2 instances in 2 scenes;' in result.stdout

    index.write_text(index.read_text().replace(', "added": false', ''))
    result = data_tool('split.py', chips, '--test-scenes', 'port', '--empty', 0)
    assert cells(result.stdout, 'of these empty') == ['0', str(in_bay)]
    assert 'chips.jsonl does not say which chips were added on ships' in result.stdout


def test_bad_share_of_empty_chips_exits_with_2(data_tool, scenes, tmp_path):
    tile_scenes(scenes, tmp_path / 'chips')
    result = data_tool('split.py', tmp_path / 'chips', '--empty', 2)
    assert (result.returncode, result.stderr) == (2, 'error: empty: expected a share between 0 and 1, found 2.0\n')
    assert not (tmp_path / 'chips/train.txt').exists()


def test_folds(data_tool, scenes, tmp_path):
    chips = tmp_path / 'chips'
    tile_scenes(scenes, chips, TilingOptions(chip=100, overlap=20))
    result = data_tool('split.py', chips, '--folds', 2, '--empty', 1)
    assert (result.returncode, result.stderr) == (0, '')
    tested = [(chips / f'folds/{fold}/test.txt').read_text().split() for fold in range(2)]
    assert not set(tested[0]) & set(tested[1])
    # Lists of more folds, left behind, would be taken for part of these.
    assert data_tool('split.py', chips, '--folds', 3, '--by', 'chip').returncode == 0
    result = data_tool('split.py', chips, '--folds', 2)
    assert result.returncode == 2
    assert f'{chips}/folds: found a folder 2, of more folds than 2; remove {chips}/folds first' in result.stderr


def test_folds_stand_alone(data_tool, scenes, tmp_path):
    tile_scenes(scenes, tmp_path / 'chips')
    result = data_tool('split.py', tmp_path / 'chips', '--folds', 2, '--val', 0.1)
    assert result.returncode == 2
    assert '--folds: found --situation, --test-scenes or --val beside it, expected it alone' in result.stderr


def test_chips_follow_their_scenes(data_tool, scenes, tmp_path):
    chips = tmp_path / 'chips'
    tile_scenes(scenes, chips, TilingOptions(chip=100, overlap=20))
    (scenes / 'train.txt').write_text('bay\n')
    (scenes / 'val.txt').write_text('port\n')
    result = data_tool('split.py', chips, '--like', scenes, '--empty', 1)
    assert (result.returncode, result.stderr) == (0, '')
    train, val = ((chips / f'{part}.txt').read_text().splitlines() for part in ('train', 'val'))
    assert {name.split('__')[0] for name in train} == {'bay'}
    assert {name.split('__')[0] for name in val} == {'port'}
    assert not (chips / 'test.txt').exists()
    result = data_tool('split.py', chips, '--like', scenes, '--val', 0.1)
    assert (result.returncode, 'error: --like: found' in result.stderr) == (2, True)


def test_by_area_says_what_is_in_the_gap(data_tool, scenes, tmp_path):
    chips = tmp_path / 'chips'
    tile_scenes(scenes, chips, TilingOptions(chip=50, overlap=0, whole=False))
    result = data_tool('split.py', chips, '--by', 'area', '--empty', 1)
    assert (result.returncode, result.stderr) == (0, '')
    train, test = ((chips / f'{part}.txt').read_text().splitlines() for part in ('train', 'test'))
    assert {name.split('__')[0] for name in train} == {name.split('__')[0] for name in test} == {'port', 'bay'}
    windows = {chip.file: chip.window for chip in read_chip_index(chips)}
    for name in train:
        for other in test:
            if name.split('__')[0] == other.split('__')[0]:
                # The side of a chip between two chips: their corners are two sides apart.
                assert max(abs(a - b) for a, b in zip(windows[name][:2], windows[other][:2], strict=True)) >= 100
    between = len(windows) - len(train) - len(test)
    assert between > 0
    assert f'in the gap between parts, in no list: {between} chips, of these ' in result.stdout


def test_options_that_mean_nothing_by_area_exit_with_2(data_tool, scenes, tmp_path):
    tile_scenes(scenes, tmp_path / 'chips')
    for options, message in (
        (('--gap', 3), '--gap: found --by scene, expected --by area'),
        (('--by', 'area', '--folds', 2), '--by area: found --folds beside it'),
        (('--by', 'area', '--scene-pattern', 'b'), '--by area: found --scene-pattern beside it'),
        (('--by', 'area'), 'by area: no scene has room for a block of test'),
    ):
        result = data_tool('split.py', tmp_path / 'chips', *options)
        assert (result.returncode, message in result.stderr) == (2, True), result.stderr
        assert not (tmp_path / 'chips/train.txt').exists()
