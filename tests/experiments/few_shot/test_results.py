"""Files of results and what they say."""

import math

import numpy as np
import pytest

from ship_det.experiments.few_shot import read_results, tabulate
from ship_det.experiments.few_shot.results import Estimate, append_result, estimate, paired_p_value


def result(loss: str, correct: list[int], seed: int = 0, split=(1, 3), **other) -> dict:
    degree = math.log10(split[1] / split[0]) / 2
    content = dict(split=list(split), imbalance_degree=degree, loss=loss, seed=seed, iterations=5, query=10)
    return content | dict(correct=correct, settings={}) | other


def test_estimate():
    # Standard deviation of 0, 1 is sqrt(1/2), its standard error 1/2.
    assert estimate([0, 1]) == pytest.approx(Estimate(0.5, 0.98))
    assert estimate([0.25]) == Estimate(0.25, math.inf)


def test_interval_covers_the_mean_in_95_of_100_cases():
    rng = np.random.default_rng(0)
    found = [estimate(rng.binomial(75, 0.5, 600) / 75) for _ in range(1000)]
    assert 0.93 < np.mean([abs(mean - 0.5) < half_width for mean, half_width in found]) < 0.97


@pytest.mark.parametrize(('difference', 'p'), [((0.0, 1.0), 1.0), ((1.96, 1.96), 0.05), ((-2.5758, 1.96), 0.01)])
def test_paired_p_value(difference, p):
    assert paired_p_value(Estimate(*difference)) == pytest.approx(p, abs=1e-4)


def test_p_value_without_spread():
    assert paired_p_value(Estimate(0.0, 0.0)) == 1
    assert paired_p_value(Estimate(0.1, 0.0)) == 0


def test_file_comes_back(tmp_path):
    path = tmp_path / 'a' / 'results.jsonl'
    assert read_results(path) == []
    for loss in ('ce', 'ci'):
        append_result(path, result(loss, [1, 2]))
    assert [one['loss'] for one in read_results(path)] == ['ce', 'ci']


def test_a_line_that_was_cut_off_is_replaced(tmp_path):
    path = tmp_path / 'results.jsonl'
    append_result(path, result('ce', [1]))
    with open(path, 'a') as file:
        file.write('{"split": [1')
    assert len(read_results(path)) == 1
    append_result(path, result('ci', [1]))
    assert [one['loss'] for one in read_results(path)] == ['ce', 'ci']


def test_wrong_lines(tmp_path):
    path = tmp_path / 'results.jsonl'
    append_result(path, result('ce', [1]))
    path.write_text(path.read_text() + 'x\n')
    with pytest.raises(ValueError, match=r'results\.jsonl:2: found no JSON'):
        read_results(path)
    path.write_text('{"split": [1]}\n')
    with pytest.raises(ValueError, match=r'results\.jsonl:1: found no imbalance_degree, loss.*expected a result'):
        read_results(path)


def test_rows_pair_the_tasks():
    rows = tabulate(
        [
            result('ci', [5, 6, 7]),
            result('ce', [4, 4, 4]),
            result('ce', [9, 9, 9], split=(2, 2)),
        ]
    )
    assert [row.split for row in rows] == [(2, 2), (1, 3)]
    assert rows[0].differences == {}
    assert rows[1].accuracies['ce'] == pytest.approx(Estimate(0.4, 0.0))
    # Differences .1, .2, .3: standard error .1 / sqrt 3.
    assert rows[1].differences['ci'] == pytest.approx(Estimate(0.2, 1.96 * 0.1 / math.sqrt(3)))


def test_seeds_are_averaged_on_each_task():
    rows = tabulate([result('ce', [2, 6]), result('ce', [6, 2], seed=1), result('ci', [5, 5], seed=1)])
    assert rows[0].seeds == {'ce': 2, 'ci': 1}
    assert rows[0].accuracies['ce'] == pytest.approx(Estimate(0.4, 0.0))
    # Only seed 1 is in both: differences -.1, .3.
    assert rows[0].differences['ci'].mean == pytest.approx(0.1)


def test_a_later_result_replaces_an_earlier_one():
    rows = tabulate([result('ce', [2, 2]), result('ce', [6, 6]), result('ce', [1, 1], iterations=9)])
    assert {row.iterations: row.accuracies['ce'].mean for row in rows} == pytest.approx({5: 0.6, 9: 0.1})
