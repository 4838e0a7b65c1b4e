"""The file of finished trials."""

import pytest

from ship_det.experiments.recognition.trials import TrialFile


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


def test_finds_what_was_added(tmp_path):
    path = tmp_path / 'new/trials.jsonl'
    TrialFile(path).add([record(0), record(1)])
    again = TrialFile(path)
    again.add([record(2)])
    assert set(TrialFile(path).records) == {('odd', 'ce', seed) for seed in range(3)} == set(again.records)
    assert TrialFile(path).records['odd', 'ce', 1] == record(1)


def test_cuts_off_the_line_of_a_killed_run(tmp_path):
    path = tmp_path / 'trials.jsonl'
    TrialFile(path).add([record(0), record(1)])
    whole = path.read_bytes()
    path.write_bytes(whole[:-20])
    cut = TrialFile(path)
    assert set(cut.records) == {('odd', 'ce', 0)}
    cut.add([record(1)])
    assert path.read_bytes() == whole


def test_knows_what_is_finished(tmp_path):
    trials = TrialFile(tmp_path / 'trials.jsonl')
    trials.add([record(0)])
    assert trials.check(('odd', 'ce', 0), {'training': {'lr': 0.1}})
    assert not trials.check(('odd', 'ce', 1), {'training': {'lr': 0.1}})
    with pytest.raises(ValueError, match=r"trials\.jsonl: found .* training {'lr': 0.1}, expected {'lr': 0.2}"):
        trials.check(('odd', 'ce', 0), {'training': {'lr': 0.2}})


@pytest.mark.parametrize(
    ('line', 'message'),
    [('{"setting"\n', 'line 2: found .*, expected JSON'), ('{"setting": "odd"}\n', 'line 2: found no accuracy')],
)
def test_names_a_bad_line(tmp_path, line, message):
    path = tmp_path / 'trials.jsonl'
    TrialFile(path).add([record(0)])
    with path.open('a') as file:
        file.write(line)
    with pytest.raises(ValueError, match=message):
        TrialFile(path)
