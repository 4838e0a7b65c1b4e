"""A benchmark that a config declares: the same bytes each time, lists for each part, wrong settings named."""

import hashlib

import pytest

from ship_det.experiments.detection.simulated_data import make_data
from ship_det.tiling import read_chip_index

SETTINGS = dict(
    **dict(size=512, gsd=1.5, ships=25, chip=320, overlap=80),
    train=dict(scenes=2, tail=45.0, seed=0),
    test=dict(scenes=1, tail=1.0, seed=1),
)


def contents(root):
    files = (path for path in root.rglob('*') if path.suffix in ('.png', '.tif', '.txt', '.jsonl'))
    return {str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_made_twice_it_is_the_same(tmp_path):
    for name, workers in (('one', 1), ('two', 2)):
        make_data(tmp_path / name, SETTINGS, 'config.py', workers)
    first = contents(tmp_path / 'one')
    assert first == contents(tmp_path / 'two')
    assert {'train.txt', 'test.txt', 'scenes/train/images/scene_0001.tif'} <= first.keys()
    assert 'val.txt' not in first

    chips = read_chip_index(tmp_path / 'one/test')
    assert (tmp_path / 'one/test.txt').read_text().split() == [chip.file for chip in chips if not chip.added]
    make_data(tmp_path / 'one', SETTINGS, 'config.py')
    assert contents(tmp_path / 'one') == first


def test_other_settings_in_the_same_folder(tmp_path):
    make_data(tmp_path, SETTINGS, 'config.py')
    with pytest.raises(ValueError, match='tail'):
        make_data(tmp_path, SETTINGS | {'train': dict(scenes=2, tail=10.0, seed=0)}, 'config.py')


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        ({'sise': 3}, 'config.py: simulation: found sise, expected chip, gsd, overlap, ships, size, test, train, val'),
        ({'test': dict(scenes=1, tail=1.0)}, 'config.py: simulation.test: found no seed, expected scenes, seed, tail'),
        ({'train': 3}, 'config.py: simulation.train: found 3, expected a dict with scenes, seed, tail'),
    ],
)
def test_wrong_settings(tmp_path, changes, message):
    with pytest.raises(ValueError, match=message):
        make_data(tmp_path / 'data', SETTINGS | changes, 'config.py')
    assert not (tmp_path / 'data').exists()
