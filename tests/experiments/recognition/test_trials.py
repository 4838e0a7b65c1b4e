"""Which trials are finished."""

from pathlib import Path

import pytest

from ship_det.experiments.recognition.trials import is_finished, trials_file


def record(seed: int, loss: str = 'ce', lr: float = 0.1) -> dict:
    return {
        'setting': 'odd',
        'loss': loss,
        'seed': seed,
        'config': {'training': {'lr': lr}},
        'accuracy': 0.5,
        'recalls': [0.5],
        'gmean': 0.5,
        'auc': 0.5,
        'train_loss': None,
        'seconds': 1.0,
    }


def wanted(seed: int, lr: float) -> dict:
    return {'setting': 'odd', 'loss': 'ce', 'seed': seed, 'config': {'training': {'lr': lr}}}


def test_knows_what_is_finished(tmp_path):
    trials = trials_file(tmp_path / 'trials.jsonl')
    trials.add([record(0)])
    found = trials.by_key()
    assert is_finished(trials, found, wanted(0, 0.1))
    assert not is_finished(trials, found, wanted(1, 0.1))
    with pytest.raises(ValueError, match=r"trials\.jsonl: found .* training {'lr': 0.1}, expected {'lr': 0.2}"):
        is_finished(trials, found, wanted(0, 0.2))


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        ({'accuracy': True}, 'line 2: accuracy: found True, expected'),
        ({'recalls': []}, r'line 2: recalls: found \[\], expected'),
        ({'train_loss': 'nan'}, 'line 2: train_loss: found nan, expected'),
    ],
)
def test_names_a_bad_line(tmp_path, change, message):
    trials = trials_file(tmp_path / 'trials.jsonl')
    trials.add([record(0), record(1) | change])
    with pytest.raises(ValueError, match=message):
        trials.read()


def test_published_trials_stay_readable():
    path = Path(__file__).resolve().parents[3] / 'docs/results/data/mnist_pf_ratio200.jsonl'
    assert len(trials_file(path).by_key()) == 110
