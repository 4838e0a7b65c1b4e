"""Tables of finished trainings: means, intervals and paired tests by hand."""

import math

import numpy as np
import pytest
from scipy import stats

from ship_det.experiments.detection.charts import save_charts
from ship_det.experiments.detection.tables import all_tables, bands_of, by_band, by_class, make_rows, overview

COUNTS = {'submarine': 900, 'cargo-ship': 100, 'tanker': 10}


def line(method: str, seed: int, ap: float, fold: int | None = None, **changes) -> dict:
    """A line whose AP at 0.6 is ``ap`` for submarines, half of it for cargo ships, none for tankers."""

    def figures(value: float) -> dict:
        return {'ap': value, 'ground_truths': 40, 'precision': 0.5, 'recall': value, 'f1': 0.4, 'gmean': 0.3}

    aps = {'submarine': ap, 'cargo-ship': ap / 2, 'tanker': 0.0}
    results = [
        {
            'iou': iou,
            'map': scale * float(np.mean(list(aps.values()))),
            'classes': {name: figures(scale * value) for name, value in aps.items()},
        }
        for iou, scale in ((0.5, 1.0), (0.6, 0.9))
    ]
    return {
        **dict(method=method, seed=seed, fold=fold, rate=1.0, options={}, counts=COUNTS, minutes=3.0, results=results),
        **changes,
    }


CE, CI = [0.2, 0.24, 0.19], [0.3, 0.36, 0.33]
LINES = [line('ci', seed, ap) for seed, ap in enumerate(CI)] + [line('ce', seed, ap) for seed, ap in enumerate(CE)]


def cells(row: str) -> list[str]:
    return [cell.strip() for cell in row.split('|')[1:-1]]


def test_overview_by_hand():
    *_, ce, ci = map(cells, overview(make_rows(LINES), [0.5, 0.6]))
    assert ce[:2] == ['CE', '3']
    maps = 0.9 / 2 * np.array(CI)
    margin = stats.t.ppf(0.975, 2) * stats.sem(maps)
    assert ci[3] == f'{maps.mean():.3f} ± {margin:.3f}'
    differences = 0.45 * (np.array(CI) - np.array(CE))
    assert ci[4].startswith(f'+{differences.mean():.3f} ± ')
    p = stats.ttest_rel(CI, CE).pvalue
    assert ci[5:] == [f'{p:.2g}', f'{p:.2g}']


def test_holm_counts_the_methods():
    lines = LINES + [line('pf', seed, ap + 0.001 * seed) for seed, ap in enumerate(CE)]
    rows = [cells(row) for row in overview(make_rows(lines), [0.6])][3:]
    (p_ci, holm_ci), (p_pf, holm_pf) = ([float(value) for value in row[-2:]] for row in rows)
    assert p_ci < p_pf
    assert holm_ci == pytest.approx(2 * p_ci, rel=0.05)
    assert holm_pf == p_pf


def test_pairs_are_of_a_seed():
    lines = [line('ce', 0, 0.2), line('ce', 1, 0.4), line('ci', 1, 0.5)]
    ci = cells(list(overview(make_rows(lines), [0.6]))[-1])
    assert ci[1:] == ['1', '0.225', '+0.045', '', '']


def test_folds_share_their_training_data():
    lines = [line(method, 0, ap, fold) for method, aps in (('ce', CE), ('ci', CI)) for fold, ap in enumerate(aps)]
    independent = cells(list(overview(make_rows(LINES), [0.6]))[-1])
    folded = cells(list(overview(make_rows(lines, folds=3), [0.6]))[-1])
    # Nadeau and Bengio: the variance of a mean of 3 folds is 1/3 + 1/2 of that of one, not 1/3.
    margins = [float(row[3].split(' ± ')[1]) for row in (independent, folded)]
    assert margins[1] / margins[0] == pytest.approx(math.sqrt(1 + 3 / 2), rel=0.02)
    assert float(folded[4]) > float(independent[4])


def test_bands_are_thirds_of_the_classes_by_training_instances():
    counts = {'a': 5, 'b': 50, 'c': 7, 'd': 0, 'e': 60, 'f': 9, 'g': 8}
    assert bands_of(counts) == {'rare': ['a', 'c'], 'common': ['g', 'f'], 'frequent': ['b', 'e']}


def test_by_band_and_by_class():
    head, _, ce, _ = map(cells, by_band(make_rows(LINES), 0.6))
    assert head[1:4] == ['rare (10)', 'common (100)', 'frequent (900)']
    assert [cell.partition(' ')[0] for cell in ce[1:4]] == [
        '0.000',
        f'{0.45 * np.mean(CE):.3f}',
        f'{0.9 * np.mean(CE):.3f}',
    ]
    rows = [cells(row) for row in by_class(make_rows(LINES), 0.6)][2:]
    assert [row[:3] for row in rows] == [
        ['submarine', '900', '40'],
        ['cargo-ship', '100', '40'],
        ['tanker', '10', '40'],
    ]


def test_a_class_that_is_not_in_the_test():
    changed = line('ce', 0, 0.2)
    for result in changed['results']:
        # As older trainings have it: a precision where there is none.
        result['classes']['tanker'] |= {'ap': None, 'ground_truths': 0, 'precision': 0.0}
    row = cells(list(by_class(make_rows([changed]), 0.6))[-1])
    assert row == ['tanker', '10', '0', '']
    assert cells(list(by_band(make_rows([changed]), 0.6))[-1])[4] == '0.500'


def test_a_tuned_method_says_how():
    lines = [line('fl', 0, 0.2, rate=0.5, options={'gamma': 1.0})]
    assert make_rows(lines)[0].title == 'focal (rate x 0.5, gamma 1)'


def test_all_tables_and_charts(tmp_path):
    text = '\n'.join(all_tables(make_rows(LINES), [0.5, 0.6]))
    assert text.count('|---|') == 3
    paths = save_charts(make_rows(LINES), 0.6, tmp_path / 'charts')
    assert [path.name for path in paths] == ['ap_by_count.png', 'gains.png']
    assert all(path.stat().st_size > 5000 for path in paths)
