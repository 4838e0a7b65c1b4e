"""Which trainings a comparison has, and how the settings of its methods are chosen."""

from pathlib import Path
from types import SimpleNamespace

import pytest
from mmengine.config import Config

from ship_det.experiments.detection import plan
from ship_det.experiments.detection.plan import TUNING_SEED, describe_choice, plan_trainings, read_folds, tune
from ship_det.experiments.detection.trainings import Training


def test_all_methods_have_a_seed_before_the_next_begins():
    trainings = plan_trainings(SimpleNamespace(folds=[]), ['ce', 'ci'], [3, 4])
    assert trainings == [Training(name, seed) for seed in (3, 4) for name in ('ce', 'ci')]


def test_a_seed_is_trained_on_each_fold():
    trainings = plan_trainings(SimpleNamespace(folds=['first', 'second']), ['ce', 'ci'], [0])
    assert trainings == [Training(name, 0, fold=fold) for fold in (0, 1) for name in ('ce', 'ci')]


def test_what_was_chosen_is_trained_and_tested():
    chosen = {'fl': Training('fl', TUNING_SEED, 0.5, {'gamma': 1.0}, part='val')}
    trainings = plan_trainings(SimpleNamespace(folds=[]), ['ce', 'fl'], [0, 1], chosen)
    tuned = [Training('fl', seed, 0.5, {'gamma': 1.0}) for seed in (0, 1)]
    assert trainings == [Training('ce', 0), tuned[0], Training('ce', 1), tuned[1]]


class Done:
    """A comparison whose trainings have a mAP, at 0.6, of their own."""

    def __init__(self, maps, test: str = 'test.txt') -> None:
        self.cfg = Config({'val_dataloader': {'dataset': 'val.txt'}, 'test_dataloader': {'dataset': test}})
        self.maps = maps

    def finished(self, trainings):
        lines = [(training, self.maps(training)) for training in trainings]
        return [
            {'results': [{'iou': 0.6, 'map': score}, {'iou': 0.5, 'map': 1 - score}]} for _, score in lines if score
        ]


def test_the_rate_then_the_setting_with_the_best_map_at_the_highest_iou():
    def score(training: Training) -> float:
        return 0.5 - abs(training.rate - 0.5) / 10 - abs(training.options.get('gamma', 2.0) - 5.0) / 100

    chosen = tune(Done(score), ['ce', 'fl'], [0.25, 0.5, 1.0], train=False)
    assert chosen == {
        'ce': Training('ce', TUNING_SEED, 0.5, part='val'),
        'fl': Training('fl', TUNING_SEED, 0.5, {'gamma': 5.0}, part='val'),
    }


def test_a_method_that_is_not_done_is_not_chosen():
    chosen = tune(Done(lambda training: 0.1 * (training.method == 'ce')), ['ce', 'ci'], [0.5, 1.0], train=False)
    # Of equal rates the first.
    assert chosen == {'ce': Training('ce', TUNING_SEED, 0.5, part='val')}


def test_what_is_not_done_is_trained(monkeypatch):
    trained = []
    monkeypatch.setattr(plan, 'run_all', lambda comparison, trainings: trained.extend(trainings))
    tune(Done(lambda training: training.rate), ['ce'], [0.5, 1.0], train=True)
    assert trained[:2] == [Training('ce', TUNING_SEED, rate, part='val') for rate in (0.5, 1.0)]


def test_tuning_needs_validation_data_of_its_own():
    with pytest.raises(ValueError, match='val_dataloader: found the test data or none, expected validation data'):
        tune(Done(lambda training: 0.1, test='val.txt'), ['ce'], [1.0], train=False)


def test_folds(tmp_path: Path):
    with pytest.raises(ValueError, match=r'found no folders 0, 1, ... with train.txt and test.txt'):
        read_folds(tmp_path)
    for fold in (0, 1):
        (tmp_path / str(fold)).mkdir()
        for part in ('train', 'test'):
            (tmp_path / str(fold) / f'{part}.txt').touch()
    assert read_folds(tmp_path) == [(tmp_path / f'{fold}/train.txt', tmp_path / f'{fold}/test.txt') for fold in (0, 1)]
    (tmp_path / '1/test.txt').unlink()
    with pytest.raises(ValueError, match=r'1/test\.txt: no such list'):
        read_folds(tmp_path)


def test_the_choice_says_where_it_is_at_the_edge_of_what_was_tried():
    chosen = {'ce': Training('ce', 7, 2.0), 'fl': Training('fl', 7, 1.0, {'gamma': 5.0}), 'ci': Training('ci', 7, 0.5)}
    assert describe_choice(chosen, [0.5, 1, 2]) == (
        'chosen on the validation data: ce rate x 2 (the largest that was tried; others may be better); '
        'fl rate x 1, gamma 5; ci rate x 0.5 (the least that was tried; others may be better)'
    )
