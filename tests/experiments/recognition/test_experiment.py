"""Reading configs."""

from pathlib import Path

import pytest

from ship_det.experiments.recognition.experiment import read_experiment

CONFIGS = Path(__file__).resolve().parents[3] / 'configs' / 'recognition'
CONFIG = """
data = dict(type='mnist', root='data')
network = 'lenet'
training = dict(epochs=1, batch_size=8, lr=0.1)
settings = dict(odd=dict(type='parity', cut='odd', share=0.25), few=dict(type='cut', classes=['3', '0'], images=2))
losses = dict(ce=dict(type='ce'), fl=dict(type='focal', gamma=2.0))
"""


@pytest.mark.parametrize('path', sorted(CONFIGS.glob('*.py')), ids=lambda path: path.stem)
def test_own_configs(path):
    experiment = read_experiment(path)
    assert experiment.name == path.stem
    assert {'ce', 'ci'} <= set(experiment.losses)


def test_reads(tmp_path, bars):
    (tmp_path / 'mine.py').write_text(CONFIG)
    experiment = read_experiment(tmp_path / 'mine.py')
    assert (experiment.name, experiment.trials, experiment.baseline, experiment.metric) == ('mine', 5, 'ce', 'accuracy')
    assert experiment.counts('odd', bars).tolist() == [20, 5, 20, 5]
    assert experiment.counts('few', bars).tolist() == [2, 20, 20, 2]
    config = experiment.trial('odd', 'fl', 3)['config']
    assert config['loss'] == {'type': 'focal', 'gamma': 2.0} and config['training']['lr'] == 0.1
    assert 'root' not in str(config)


@pytest.mark.parametrize(
    ('old', 'new', 'message'),
    [
        ("network = 'lenet'", '', r'mine\.py: found no network, expected data, network'),
        ("'lenet'", "'resnet'", "network: found 'resnet', expected one of lenet, aconvnet"),
        ("type='mnist'", "type='cifar'", r'data: found .*cifar.*, expected a root and a type of mnist, class_folders'),
        ('lr=0.1', 'lr=-1', 'lr: found -1, expected a number above 0'),
        ('lr=0.1', 'rate=0.1', "unexpected keyword argument 'rate'"),
        ("type='parity'", "type='pareto'", "settings, odd, type: found 'pareto', expected one of full, parity"),
        ('share=0.25', 'part=0.25', 'settings, odd: found part, expected cut, share'),
        (', share=0.25', '', 'settings, odd: found no share'),
        ('gamma=2.0', 'alpha=2.0', 'losses, fl: alpha: found for loss focal, expected gamma'),
        ("ce=dict(type='ce'), ", '', "baseline: found 'ce', expected one of the losses fl"),
        ("network = 'lenet'", "network = 'lenet'\nmetric = 'f1'", "metric: found 'f1', expected one of accuracy"),
        ("network = 'lenet'", "network = 'lenet'\ntrials = 0", 'trials: found 0'),
        ("network = 'lenet'", "network = 'lenet'\nspeed = 1", 'found speed, expected only data'),
        ("network = 'lenet'", "network = 'lenet'\ntuned = dict(best=['fl_3'])", "tuned, best: found 'fl_3'"),
        ('settings = dict(', 'settings = dict((', r'mine\.py: found no readable config'),
    ],
)
def test_says_what_is_wrong(tmp_path, old, new, message):
    assert old in CONFIG
    (tmp_path / 'mine.py').write_text(CONFIG.replace(old, new))
    with pytest.raises(ValueError, match=message):
        read_experiment(tmp_path / 'mine.py')


@pytest.mark.parametrize(
    ('old', 'new', 'message'),
    [
        ("['3', '0']", "['3', 'T62']", 'setting few: found class T62, expected among'),
        ('images=2', 'images=21', 'setting few: images: found 21 for class 3, expected at most the 20 it has'),
    ],
)
def test_says_what_the_data_lacks(tmp_path, bars, old, new, message):
    (tmp_path / 'mine.py').write_text(CONFIG.replace(old, new))
    with pytest.raises(ValueError, match=message):
        read_experiment(tmp_path / 'mine.py').counts('few', bars)


def test_a_missing_config_is_named(tmp_path):
    with pytest.raises(ValueError, match=r'none\.py: no such config file; expected one such as'):
        read_experiment(tmp_path / 'none.py')
