"""What the charts over classes draw, read back from their axes."""

import numpy as np
import pytest

from ship_det.evaluation import write_predictions
from ship_det.evaluation.labeled_set import read_labeled_set
from ship_det.report.class_charts import (
    ap_by_count,
    class_histogram,
    confusion_matrix,
    precision_recall,
    score_histograms,
    size_chart,
)
from ship_det.report.runs import ReportOptions, RunFiles, SizeBin, evaluate_run, read_all_predictions


@pytest.fixture
def run(sample):
    files = RunFiles('ci', sample.predictions)
    labeled = read_labeled_set(sample.data, sample.classes)
    return evaluate_run(files, read_all_predictions([files])[0], labeled, ReportOptions())


def test_histogram_has_the_long_tail_beside_ap(run, sample):
    counts, ap = class_histogram([run], sample.classes, np.array([20, 900, 0])).axes
    assert [label.get_text() for label in counts.get_yticklabels()] == ['submarine', 'tanker', 'ferry <&"']
    assert counts.get_xscale() == 'log' and counts.yaxis_inverted()
    assert [text.get_text() for text in counts.texts] == ['900', '20', '0']
    assert [bar.get_width() for bar in ap.patches] == pytest.approx([7 / 11, 1, 0])
    assert [text.get_text() for text in ap.texts] == ['0.636', '1.000', 'no ground truth']


@pytest.mark.parametrize(('counts', 'bounds'), [([36, 410, 0], (25, 36, 410, 3000)), ([5, 5, 5], (3, 5, 5, 60))])
def test_axis_of_counts_holds_what_occurs(run, sample, counts, bounds):
    axes = ap_by_count([run], sample.classes, np.array(counts)).axes[0]
    low, high = axes.get_xlim()
    assert bounds[0] < low < bounds[1] and bounds[2] < high < bounds[3]


def test_precision_recall_curve(run, sample):
    panel = precision_recall([run], sample.classes).axes[0]
    recall, precision = panel.lines[-1].get_data()
    # The tanker is found first; the two wrong detections after it leave recall at 1.
    assert (recall[0], precision[0]) == (0, 1)
    assert (recall[-1], precision[-1]) == (1, pytest.approx(1 / 3))
    assert panel.get_title(loc='right') == 'AP 1.000'


def test_scores_of_right_and_wrong_detections(sample, tmp_path):
    """Fourteen times the tanker, of which the first is right: the tallest bar is on the chart, whole."""
    empty = {'boxes': [], 'scores': [], 'labels': []}
    crowd = {'boxes': [[50, 50, 60, 12, 0]] * 14, 'scores': [0.93] + [0.82] * 13, 'labels': [0] * 14}
    images = [{'file': 'a.png', **crowd}, {'file': 'b.png', **empty}, {'file': 'c.png', **empty}]
    write_predictions(tmp_path / 'p.jsonl', sample.classes, images)
    files = RunFiles('ci', tmp_path / 'p.jsonl')
    labeled = read_labeled_set(sample.data, sample.classes)
    crowded = evaluate_run(files, read_all_predictions([files])[0], labeled, ReportOptions())
    axes = score_histograms(crowded, sample.classes).axes[0]
    wrong, right = (patch.get_data() for patch in axes.patches)
    # Bins of 0.05: from 0.80 on, and from 0.90 on.
    assert (wrong.values[16], wrong.values.sum()) == (13, 13)
    assert (right.values[18], right.values.sum()) == (1, 1)
    assert axes.get_ylim()[1] > 13


def test_confusion_matrix_colors(sample):
    confusion = np.array([[6, 2, 0, 0], [0, 1, 0, 3], [0, 0, 0, 0], [2, 1, 4, 0]])
    axes = confusion_matrix(confusion, sample.classes).axes[0]
    share = axes.images[0].get_array()
    assert share[0].tolist() == [0.75, 0.25, 0, 0]
    # False alarms as a share of all detections of the class.
    assert share[3].tolist() == [0.25, 0.25, 1, 0]
    assert [text.get_text() for text in axes.texts] == ['6', '2', '1', '3', '2', '1', '4']


def test_sizes_are_named():
    sizes = [SizeBin(0.5, 3), SizeBin(np.nan, 0), SizeBin(1.0, 4)]
    axes = size_chart({'ci': sizes}, np.array([0, 20, 45, np.inf]), 'ship').axes[0]
    assert [label.get_text() for label in axes.get_xticklabels()] == [
        'under 20\n3 ships',
        '20 to 45\n0 ships',
        '45 and more\n4 ships',
    ]
    assert [text.get_text() for text in axes.texts] == ['0.50', 'none', '1.00']
