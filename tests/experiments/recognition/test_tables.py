"""Tables and charts of finished trials."""

import math
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from ship_det.experiments.recognition.charts import draw_recalls, draw_scores, save_charts
from ship_det.experiments.recognition.experiment import Experiment, read_experiment
from ship_det.experiments.recognition.tables import make_rows, make_table
from ship_det.experiments.recognition.training import Training
from ship_det.experiments.recognition.trials import trials_file
from ship_det.experiments.results import ResultsFile

EXPERIMENT = Experiment(
    'mine',
    {'type': 'mnist', 'root': 'data'},
    'lenet',
    Training(epochs=1, batch_size=16, lr=0.05),
    {'odd': {'type': 'full'}, 'even': {'type': 'full'}},
    {'ce': {'type': 'ce'}, 'ci': {'type': 'ci'}, 'fl': {'type': 'focal'}},
    tuned={'best': ['ci', 'fl']},
)
ACCURACIES = {'ce': [0.5, 0.6, 0.7], 'ci': [0.51, 0.62, 0.73], 'fl': [0.4, 0.5, 0.6, 0.9]}


@pytest.fixture
def finished(tmp_path) -> ResultsFile:
    """Three seeds of each loss in one setting; the focal loss has a fourth one and diverged in it."""
    trials = trials_file(tmp_path / 'trials.jsonl')
    trials.add(
        [
            {
                'setting': 'odd',
                'loss': loss,
                'seed': seed,
                'config': {},
                'accuracy': accuracy,
                'recalls': [accuracy, accuracy],
                'gmean': accuracy,
                'auc': 0.9,
                'train_loss': None if seed == 3 else 0.1,
                'seconds': 2.0,
                'classes': ['a', 'b'],
                'counts': [10, 1],
            }
            for loss, accuracies in ACCURACIES.items()
            for seed, accuracy in enumerate(accuracies)
        ]
    )
    return trials


def test_rows_by_hand(finished):
    ce, ci, fl, best = make_rows(EXPERIMENT, finished.read(), EXPERIMENT.settings, list(EXPERIMENT.losses))
    assert ce.gain('accuracy') is None
    # Differences of 1, 2 and 3 points: t = 2 sqrt 3, p = 1 - sqrt(12 / 14); the interval is 4.3027 standard errors.
    gain, p_value = ci.gain('accuracy')
    assert gain.center == pytest.approx(0.02)
    assert gain.margin == pytest.approx(0.01 * 4.3027 / math.sqrt(3), rel=1e-4)
    assert p_value == pytest.approx(1 - math.sqrt(12 / 14))
    # The fourth seed has no partner.
    gain, _ = fl.gain('accuracy')
    assert gain.center == pytest.approx(-0.1) and gain.trials == 3 and len(fl.trials) == 4
    assert best.label == 'best: ci' and best.trials == ci.trials
    assert (ce.seconds, fl.seconds, best.seconds) == (6, 8, 14)


def test_table(finished):
    rows = make_rows(EXPERIMENT, finished.read(), EXPERIMENT.settings, ['ce', 'ci', 'fl'])
    lines = list(make_table(EXPERIMENT, rows))
    assert lines[0] == '| setting | loss | trials | accuracy | accuracy over ce | p | G-mean | AUC | time, s |'
    assert lines[2].startswith('| odd | ce | 3 | 60.00 ± 24.84 |  |  | 60.00 ± 24.84 | 90.00 ± 0.00 |')
    assert '| +2.00 ± 2.48 | 0.074 |' in lines[3]
    assert '| 4 (1 diverged) |' in lines[4]


GMEANS = replace(EXPERIMENT, metric='gmean')
# CE misses a class in its last two trials; CI and FL never. Six trials.
CE, CI, FL = [0.5, 0.6, 0.7, 0.4, 0.0, 0.0], [0.8, 0.82, 0.81, 0.83, 0.85, 0.84], [0.6, 0.5, 0.61, 0.62, 0.65, 0.64]


def with_gmeans(path, **losses: list[float]) -> ResultsFile:
    """Trials of the setting odd with these G-means."""
    trials = trials_file(path)
    for loss, gmeans in losses.items():
        common = {'setting': 'odd', 'loss': loss, 'config': {}, 'accuracy': 0.9, 'recalls': [0.9, 0.9]}
        common |= {'auc': 0.9, 'train_loss': 0.1, 'seconds': 1.0, 'classes': ['a', 'b'], 'counts': [9, 1]}
        trials.add([{**common, 'seed': seed, 'gmean': gmean} for seed, gmean in enumerate(gmeans)])
    return trials


def cells_of(experiment: Experiment, trials: ResultsFile) -> tuple[list[list[str]], str]:
    """Cells of the rows of the table, and what stands below it."""
    lines = list(make_table(experiment, make_rows(experiment, trials.read(), ['odd'], list(experiment.losses))))
    rows = [line.strip('| ').split(' | ') for line in lines[2:] if line.startswith('|')]
    return rows, lines[-1]


def test_gmeans_of_which_some_are_0_have_medians_and_a_rank_test(tmp_path):
    (ce, ci, *_), note = cells_of(GMEANS, with_gmeans(tmp_path / 't.jsonl', ce=CE, ci=CI, fl=FL))
    # Of six trials the interval goes from the smallest to the largest. The baseline has no difference.
    assert (ce[-3], ce[4:6]) == ('median 45.00 (0.00 to 70.00)', ['', ''])
    # CI's own G-means are not 0, the baseline's are; the paired differences are .3, .22, .11, .43, .85, .84.
    assert ci[-3] == 'median 82.50 (80.00 to 85.00)'
    assert ci[4] == 'median +36.50 (+11.00 to +85.00)'
    # All six are positive: 2 of 64 signs.
    assert ci[5] == '0.031'
    assert note.startswith('median: a G-mean of the loss or of the baseline is 0') and 'signed-rank' in note


def test_gmeans_above_0_have_means(tmp_path):
    trials = with_gmeans(tmp_path / 't.jsonl', ce=CI, ci=FL, fl=CE)
    (ce, ci, fl, _), _ = cells_of(GMEANS, trials)
    assert ce[-3].startswith('82.50 ± ') and ci[-3].startswith('60.33 ± ') and ci[4].startswith('-22.17 ± ')
    # A loss with a 0 has a median, though the baseline has none.
    assert fl[-3].startswith('median 45.00')
    rows = make_rows(GMEANS, with_gmeans(tmp_path / 'u.jsonl', ce=CI, ci=FL).read(), ['odd'], ['ce', 'ci'])
    assert 'median' not in '\n'.join(make_table(GMEANS, rows))


def test_p_of_the_rank_test_stands_in_the_column_of_gmeans_where_the_gain_is_in_accuracy(tmp_path):
    (ce, ci, *_), _ = cells_of(EXPERIMENT, with_gmeans(tmp_path / 't.jsonl', ce=CE, ci=CI))
    assert ce[-3] == 'median 45.00 (0.00 to 70.00)'
    assert ci[-3] == 'median 82.50 (80.00 to 85.00), p 0.031'
    assert ci[3:6] == ['90.00 ± 0.00', '+0.00 ± 0.00', '1']


def test_a_tuned_loss_is_chosen_by_medians_where_a_gmean_is_0(tmp_path):
    # By the mean (53.3 and 60.0) it would be the other.
    trials = with_gmeans(tmp_path / 't.jsonl', ce=CE, ci=[0.8, 0.8, 0.8, 0.8, 0.0, 0.0], fl=[0.6] * 6)
    assert make_rows(GMEANS, trials.read(), ['odd'], ['ce', 'ci', 'fl'])[-1].label == 'best: ci'


def test_one_training_is_called_so(tmp_path):
    (ce, ci, fl, _), _ = cells_of(EXPERIMENT, with_gmeans(tmp_path / 't.jsonl', ce=[0.5], ci=[0.6], fl=FL))
    assert ce[2] == ci[2] == 'one training' and fl[2] == '6'
    assert ci[3:7] == ['90.00', '+0.00 (one pair)', '', '60.00']
    # Six trials, of which the baseline has the first seed.
    assert fl[4] == '+0.00 (one pair)'


def test_chart_shows_every_trial_and_medians_where_a_gmean_is_0(tmp_path):
    trials = with_gmeans(tmp_path / 't.jsonl', ce=CE, ci=CI, fl=FL)
    figure = draw_scores(GMEANS, make_rows(GMEANS, trials.read(), ['odd'], ['ce', 'ci', 'fl'])[:3])
    (panel,) = figure.axes
    centers = [float(bar[0].get_xdata()[0]) for bar in panel.containers]
    assert centers == pytest.approx([45, 82.5, 61.5])
    (bars,) = panel.containers[0][2]
    assert bars.get_segments()[0][:, 0] == pytest.approx([0, 70])
    drawn = [sorted(line.get_xdata()) for line in panel.lines if len(line.get_xdata()) == len(CE)]
    assert drawn == [pytest.approx(sorted(100 * gmean for gmean in gmeans)) for gmeans in (CE, CI, FL)]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ['median, 95 % interval; small: trials']


def test_charts(finished, tmp_path):
    rows = make_rows(EXPERIMENT, finished.read(), EXPERIMENT.settings, ['ce', 'ci', 'fl'])
    paths = save_charts(EXPERIMENT, rows, tmp_path / 'charts')
    assert [path.name for path in paths] == ['accuracy.png', 'recalls.png']
    for path in paths:
        with Image.open(path) as image:
            assert image.width > 400
    with pytest.raises(ValueError, match='found no finished trial to draw'):
        save_charts(EXPERIMENT, [], tmp_path)


def test_chart_shows_the_means_a_line_a_loss(finished):
    (panel,) = draw_scores(
        EXPERIMENT, make_rows(EXPERIMENT, finished.read(), EXPERIMENT.settings, ['ce', 'ci', 'fl'])[:3]
    ).axes
    assert [label.get_text() for label in panel.get_yticklabels()] == ['ce', 'ci', 'fl']
    assert (panel.get_title(loc='left') or panel.get_title(), panel.get_xlabel()) == ('odd', 'accuracy, %')
    means = {round(float(bar[0].get_ydata()[0])): float(bar[0].get_xdata()[0]) for bar in panel.containers}
    assert means == pytest.approx({0: 60, 1: 62, 2: 60})
    # The dotted line of the baseline.
    assert [line.get_xdata()[0] for line in panel.lines if line.get_linestyle() == ':'] == pytest.approx([60])


def test_recalls_name_every_loss_even_one_that_the_first_setting_lacks(finished):
    ce, ci, fl, _ = make_rows(EXPERIMENT, finished.read(), EXPERIMENT.settings, ['ce', 'ci', 'fl'])
    rows = [ce, replace(ci, setting='even'), replace(fl, setting='even')]
    (legend,) = draw_recalls(rows).legends
    assert [text.get_text() for text in legend.get_texts()] == ['ce', 'ci', 'fl']


@pytest.mark.parametrize(('lowest', 'from_zero'), [(0.45, True), (0.96, False)])
def test_recall_bars_start_at_0_unless_all_are_high(finished, lowest, from_zero):
    ce = make_rows(EXPERIMENT, finished.read(), EXPERIMENT.settings, ['ce'])[0]
    records = [{**record, 'recalls': [0.99] * (len(record['recalls']) - 1) + [lowest]} for record in ce.trials]
    (panel,) = draw_recalls([replace(ce, trials=records)]).axes
    bottom = panel.get_ylim()[0]
    assert bottom == 0 if from_zero else 90 < bottom < 96


def test_the_medians_in_the_docs_are_those_of_the_committed_trials():
    repository = Path(__file__).resolve().parents[3]
    experiment = read_experiment(repository / 'configs/recognition/mnist_pf_ratio200.py')
    finished = trials_file(repository / 'docs/results/data/mnist_pf_ratio200.jsonl')
    text = (repository / 'docs/results/recognition.md').read_text()
    rows = make_rows(experiment, finished.read(), ['step_200'], list(experiment.losses))
    assert len(rows) >= 10 and all(row.by_median('gmean') and len(row.trials) == 10 for row in rows)
    for row in rows:
        gmeans = sorted(100 * record['gmean'] for record in row.trials)
        # Median, second smallest and second largest of ten.
        middle = (gmeans[4] + gmeans[5]) / 2
        assert f'| {middle:.1f} ({gmeans[1]:.1f} to {gmeans[8]:.1f}) | {gmeans.count(0)} |' in text, row.label
