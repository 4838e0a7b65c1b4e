"""Reading MMEngine's scalars."""

import json

import pytest

from ship_det.report.training_log import read_training_log


def write(path, rows) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(''.join(json.dumps(row) + '\n' for row in rows))


def test_losses_rate_and_validation(tmp_path):
    rows = [
        {'lr': 0.1, 'loss_rpn_cls': 0.5, 'loss': 3.0, 'loss_cls': 2.5, 'acc': 90.0, 'epoch': 1, 'step': 10},
        {'lr': 0.1, 'loss': 2.0, 'loss_cls': 1.5, 'loss_rpn_cls': 0.5, 'epoch': 1, 'step': 20},
        {'voc/mAP': 0.4, 'voc/AP/tanker': 0.1, 'step': 1},
        {'lr': 0.01, 'loss': 1.0, 'loss_cls': 0.5, 'loss_rpn_cls': 0.5, 'epoch': 2, 'step': 40},
        {'voc/mAP': 0.6, 'voc/mAP@0.5': 0.7, 'step': 2},
    ]
    write(tmp_path / 'scalars.json', rows)
    log = read_training_log(tmp_path / 'scalars.json')
    assert list(log.losses) == ['loss', 'loss_rpn_cls', 'loss_cls']
    steps, values = log.losses['loss']
    assert steps.tolist() == [10, 20, 40] and values.tolist() == [3, 2, 1]
    assert log.learning_rate[1].tolist() == [0.1, 0.1, 0.01]
    # Validation is logged against the epoch, whose last iterations are 20 and 40.
    assert {name: [part.tolist() for part in series] for name, series in log.validation.items()} == {
        'voc/mAP': [[20, 40], [0.4, 0.6]],
        'voc/mAP@0.5': [[40], [0.7]],
    }


def test_training_by_iterations_validates_at_iterations(tmp_path):
    write(tmp_path / 's.json', [{'loss': 1.0, 'iter': 50, 'step': 50}, {'voc/mAP': 0.4, 'step': 50}])
    assert read_training_log(tmp_path / 's.json').validation['voc/mAP'][0].tolist() == [50]


def test_training_by_iterations_that_logs_validation_against_epoch_zero(tmp_path):
    rows = []
    for iteration, score in ((10, 0.1), (20, 0.4)):
        rows += [{'loss': 1.0, 'iter': iteration, 'step': iteration}, {'voc/mAP': score, 'step': 0}]
    write(tmp_path / 's.json', rows)
    steps, values = read_training_log(tmp_path / 's.json').validation['voc/mAP']
    assert steps.tolist() == [10, 20]
    assert values.tolist() == [0.1, 0.4]


def test_newest_log_of_a_work_dir(tmp_path):
    for run, loss in (('20260101_000000', 1.0), ('20260102_000000', 2.0)):
        write(tmp_path / run / 'vis_data' / 'scalars.json', [{'loss': loss, 'step': 1}])
    assert read_training_log(tmp_path).losses['loss'][1].tolist() == [2.0]


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('{"loss": 1.0, "step": 1}\n{"loss"\n', r's\.json:2: not JSON'),
        ('[1]\n', r's\.json:1: expected a JSON object'),
        ('{"voc/mAP": 1.0, "step": 1}\n', "no line holds 'loss'"),
    ],
)
def test_bad_log(tmp_path, text, message):
    (tmp_path / 's.json').write_text(text)
    with pytest.raises(ValueError, match=message):
        read_training_log(tmp_path / 's.json')


def test_no_log(tmp_path):
    with pytest.raises(ValueError, match=r'nothing\.json: no such training log'):
        read_training_log(tmp_path / 'nothing.json')
    with pytest.raises(ValueError, match='no training log in this folder'):
        read_training_log(tmp_path)
