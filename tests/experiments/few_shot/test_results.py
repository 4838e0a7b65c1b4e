"""Files of results and what they say."""

import math

import numpy as np
import pytest

from ship_det.experiments.few_shot.results import compare_accuracy, estimate_accuracy, results_file, tabulate


def result(loss: str, correct: list[int], seed: int = 0, split=(1, 3), **other) -> dict:
    degree = math.log10(split[1] / split[0]) / 2
    content = dict(split=list(split), imbalance_degree=degree, loss=loss, seed=seed, iterations=5, query=10)
    return content | dict(correct=correct, settings={}) | other


# Half the width of a 95 % interval in standard errors, by a printed table of Student's t, for two and three values.
T_OF_2, T_OF_3 = 12.706, 4.3027


def summary(found) -> tuple[float, float, int]:
    return found.center, found.margin, found.trials


def test_one_training_has_an_interval_over_its_test_tasks_and_no_p():
    # Deviation .1 over three tasks.
    accuracy = estimate_accuracy([np.array([0.1, 0.2, 0.3])])
    assert summary(accuracy) == pytest.approx((0.2, T_OF_3 * 0.1 / math.sqrt(3), 1), rel=1e-4)
    gain = compare_accuracy({0: np.array([0.5, 0.6, 0.7])}, {0: np.array([0.4, 0.4, 0.4])})
    assert summary(gain.estimate) == pytest.approx((0.2, T_OF_3 * 0.1 / math.sqrt(3), 1), rel=1e-4)
    assert math.isnan(gain.p_value)


def test_interval_of_one_training_covers_the_mean_in_95_of_100_cases():
    rng = np.random.default_rng(0)
    found = [estimate_accuracy([rng.binomial(75, 0.5, 600) / 75]) for _ in range(1000)]
    assert 0.93 < np.mean([accuracy.low < 0.5 < accuracy.high for accuracy in found]) < 0.97


def test_several_trainings_have_an_interval_over_trainings():
    # Means .2, .3, .4, whatever the spread over the tasks.
    trainings = [np.array([0.0, 0.4]), np.array([0.3, 0.3]), np.array([0.1, 0.7])]
    assert summary(estimate_accuracy(trainings)) == pytest.approx((0.3, T_OF_3 * 0.1 / math.sqrt(3), 3), rel=1e-4)


def test_several_trainings_are_compared_in_pairs_of_a_seed():
    ours = {5: np.array([0.5, 0.7]), 0: np.array([0.3, 0.5]), 1: np.array([0.7, 0.9]), 7: np.array([0.0, 0.0])}
    theirs = {0: np.array([0.2, 0.4]), 1: np.array([0.5, 0.7]), 5: np.array([0.2, 0.4])}
    # Differences .1, .2, .3: t = 2 sqrt 3 with two degrees, so p = 1 - sqrt(12 / 14).
    gain = compare_accuracy(ours, theirs)
    assert summary(gain.estimate) == pytest.approx((0.2, T_OF_3 * 0.1 / math.sqrt(3), 3), rel=1e-4)
    assert gain.p_value == pytest.approx(1 - math.sqrt(12 / 14))
    assert compare_accuracy(ours, {}) is None


def test_a_single_test_task_has_no_interval():
    assert math.isnan(estimate_accuracy([np.array([0.25])]).margin)


def test_wrong_lines(tmp_path):
    results = results_file(tmp_path / 'results.jsonl')
    results.add([result('ce', [1])])
    results.path.write_text(results.path.read_text() + 'x\n')
    with pytest.raises(ValueError, match=r"results\.jsonl:2: found 'x', expected JSON"):
        results.read()
    results.path.write_text('{"split": [1]}\n')
    with pytest.raises(ValueError, match=r'results\.jsonl:1: found no imbalance_degree, expected a few-shot result'):
        results.read()


def test_a_result_is_told_by_run_settings_and_meta_updates(tmp_path):
    results = results_file(tmp_path / 'results.jsonl')
    results.add([result('ce', [1])])
    results.add([result('ce', [2]), result('ce', [3], settings={'inner_lr': 0.1})])
    results.add([result('ce', [4], iterations=9), result('ce', [5], split=(1, 4))])
    assert [found['correct'] for found in results.read()] == [[1], [3], [4], [5]]


def test_rows_pair_the_tasks():
    rows = tabulate(
        [
            result('ci', [5, 6, 7]),
            result('ce', [4, 4, 4]),
            result('ce', [9, 9, 9], split=(2, 2)),
        ]
    )
    assert [row.split for row in rows] == [(2, 2), (1, 3)]
    assert rows[0].gains == {}
    assert summary(rows[1].accuracies['ce']) == pytest.approx((0.4, 0.0, 1))
    # Differences .1, .2, .3: standard error .1 / sqrt 3.
    assert summary(rows[1].gains['ci'].estimate) == pytest.approx((0.2, T_OF_3 * 0.1 / math.sqrt(3), 1), rel=1e-4)


def test_rows_are_over_trainings_where_there_are_several():
    rows = tabulate([result('ce', [2, 6]), result('ce', [4, 2], seed=1), result('ci', [5, 5], seed=1)])
    # Means .4 and .3: deviation .1 / sqrt 2, standard error .05.
    assert summary(rows[0].accuracies['ce']) == pytest.approx((0.35, T_OF_2 * 0.05, 2), rel=1e-4)
    assert rows[0].accuracies['ci'].trials == 1
    # Only seed 1 is in both: differences .1, .3 of its two tasks.
    assert summary(rows[0].gains['ci'].estimate) == pytest.approx((0.2, T_OF_2 * 0.1, 1), rel=1e-4)
    assert math.isnan(rows[0].gains['ci'].p_value)


def test_a_later_result_replaces_an_earlier_one():
    rows = tabulate([result('ce', [2, 2]), result('ce', [6, 6]), result('ce', [1, 1], iterations=9)])
    assert {row.iterations: row.accuracies['ce'].center for row in rows} == pytest.approx({5: 0.6, 9: 0.1})
