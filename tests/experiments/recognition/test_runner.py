"""Which trials run, and what is written of them."""

import numpy as np
import pytest

from ship_det.experiments.recognition.experiment import Experiment
from ship_det.experiments.recognition.runner import Selection, Stack, pending_stacks, run_stack
from ship_det.experiments.recognition.training import Training
from ship_det.experiments.recognition.trials import trials_file

EXPERIMENT = Experiment(
    'mine',
    {'type': 'mnist', 'root': 'data'},
    'lenet',
    Training(epochs=1, batch_size=16, lr=0.05),
    {'odd': {'type': 'parity', 'cut': 'odd', 'share': 0.25}, 'full': {'type': 'full'}},
    {'ce': {'type': 'ce'}, 'ci': {'type': 'ci'}, 'fl': {'type': 'focal', 'gamma': 2.0}},
)
ALL = Selection(['odd', 'full'], ['ce', 'ci', 'fl'], range(4))


@pytest.mark.parametrize(
    ('together', 'sizes'), [(1, [1] * 24), (2, [2, 1] * 8), (3, [3] * 8), (7, [6] * 4), (100, [12, 12])]
)
def test_every_trial_is_in_one_stack(tmp_path, together, sizes):
    stacks = list(pending_stacks(EXPERIMENT, ALL, trials_file(tmp_path / 'none.jsonl'), together))
    assert [stack.trials for stack in stacks] == sizes
    trials = [(stack.setting, loss, seed) for stack in stacks for loss in stack.losses for seed in stack.seeds]
    assert len(set(trials)) == len(trials) == 24


def test_finished_trials_are_left_out(tmp_path, bars):
    path = tmp_path / 'trials.jsonl'
    done = trials_file(path)
    done.add(run_stack(EXPERIMENT, bars, Stack('odd', ('ce', 'fl'), (0,)), 'cpu', software={'torch': '2'}))
    stacks = list(pending_stacks(EXPERIMENT, Selection(['odd'], ['ce', 'ci', 'fl'], range(2)), trials_file(path), 6))
    assert stacks == [Stack('odd', ('ci',), (0,)), Stack('odd', ('ce', 'ci', 'fl'), (1,))]


def test_a_line_has_what_made_it(bars):
    first, second = run_stack(EXPERIMENT, bars, Stack('odd', ('ci',), (4, 9)), 'cpu', software={'torch': '2'})
    assert (first['experiment'], first['setting'], first['loss'], first['seed'], second['seed']) == (
        'mine',
        'odd',
        'ci',
        4,
        9,
    )
    assert first['counts'] == [20, 5, 20, 5] and first['classes'] == ['0', '1', '2', '3']
    # Half of the classes are cut to a quarter.
    assert first['imbalance_degree'] == pytest.approx(np.log10(4) / 2, abs=1e-4)
    assert {key: first[key] for key in ('setting', 'loss', 'seed', 'config')} == EXPERIMENT.trial('odd', 'ci', 4)
    assert (first['device'], first['together'], first['software']) == ('cpu', 2, {'torch': '2'})
    assert first['accuracy'] == pytest.approx(np.mean(first['recalls']))
