"""Settings from config files."""

from pathlib import Path

import pytest

from ship_det.experiments.few_shot.config import read_config

CONFIGS = sorted((Path(__file__).resolve().parents[3] / 'configs' / 'few_shot').glob('*.py'))


@pytest.mark.parametrize('path', CONFIGS, ids=lambda path: path.stem)
def test_shipped_configs(path):
    config = read_config(path)
    assert config.first_order == path.stem.startswith('fomaml')
    assert f'_{config.image_size}_' in path.stem
    # MAML's settings for MiniImageNet.
    assert (config.inner_lr, config.inner_steps, config.test_steps) == (0.01, 5, 10)
    assert (config.meta_batch, config.meta_lr, config.meta_clip, config.test_tasks) == (4, 1e-3, 10, 600)


def test_paper_config_has_all_runs():
    config = read_config(CONFIGS[-1])
    assert config.iterations == 60000
    assert len(config.splits) == 30
    assert config.losses == ('ce', 'ci')


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / 'c.py'
    path.write_text(text)
    return path


def test_overrides(tmp_path):
    path = write(tmp_path, "data_root = 'a'\niterations = 5\nsplits = [[1, 2]]\n")
    config = read_config(path, splits=['2,2', '1,3'], iterations=None, data_root='b')
    assert config.splits == ((2, 2), (1, 3))
    assert config.iterations == 5
    assert config.data_root == 'b'
    assert len(read_config(path, splits='all').splits) == 30


def test_no_config(tmp_path):
    with pytest.raises(ValueError, match=r'c\.py: found .*expected a config'):
        read_config(write(tmp_path, 'a = ['))
    with pytest.raises(ValueError, match=r'none\.py: no such config file; expected one'):
        read_config(tmp_path / 'none.py')
    with pytest.raises(ValueError, match=r'c\.py: found no data_root'):
        read_config(write(tmp_path, 'filters = 3'))


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('lr = 1', "found the setting 'lr', expected one of .*inner_lr"),
        ("inner_lr = '0.1'", "inner_lr: found '0.1', expected a value of type float"),
        ('iterations = 0', 'iterations: found 0, expected at least 1'),
        ('meta_lr = 0', 'meta_lr: found 0.0, expected a number above 0'),
        ('image_size = 8', 'image_size: found 8, expected at least 16'),
        ('first_order = 1', 'first_order: found 1, expected a value of type bool'),
        ("losses = ['ce', 'mse']", "losses: found 'mse', expected some of ce"),
        ("losses = 'ce'", "losses: found 'ce', expected a list"),
        ('seeds = [-1]', 'seeds: found -1, expected whole numbers'),
        ('splits = [[1, 0]]', "split: found '1,0'"),
        ('splits = [5]', "split: found '5'"),
        ("loss_scale = 'sum'", "loss_scale: found 'sum', expected classes or mean"),
    ],
)
def test_wrong_settings(tmp_path, text, message):
    with pytest.raises(ValueError, match=rf'c\.py: {message}'):
        read_config(write(tmp_path, f"data_root = 'data'\n{text}\n"))
