"""Kinds of mistakes and the confusion matrix, against the mistakes that the sample was made with."""

import numpy as np
import pytest

from ship_det.annotations import LabeledObject, write_dota
from ship_det.evaluation import read_predictions, write_predictions
from ship_det.evaluation.labeled_set import read_labeled_set
from ship_det.geometry import rbox_to_quad
from ship_det.report.errors import analyze
from ship_det.report.runs import ReportOptions, RunFiles, evaluate_run, read_all_predictions

TANKER, SUBMARINE, FERRY, BACKGROUND = range(4)


def analysis_of(sample, predictions=None, score=0.5):
    files = RunFiles('ci', predictions or sample.predictions)
    labeled = read_labeled_set(sample.data, sample.classes)
    run = evaluate_run(files, read_all_predictions([files])[0], labeled, ReportOptions(score_threshold=score))
    return analyze(run)


def test_confusion_matrix(sample):
    expected = np.zeros((4, 4), dtype=int)
    expected[TANKER, TANKER] = 1
    expected[SUBMARINE] = [1, 1, 0, 1]
    # The tanker found twice, and the ferry that is not there; what lies on the difficult tanker does not count.
    expected[BACKGROUND] = [1, 0, 1, 0]
    assert analysis_of(sample).confusion.tolist() == expected.tolist()


def test_mistakes(sample):
    mistakes = {one.kind: [] for one in analysis_of(sample).mistakes}
    for one in analysis_of(sample).mistakes:
        mistakes[one.kind].append((one.label, one.detection, one.truth, one.reason))
    assert mistakes == {
        'confusion': [(SUBMARINE, 1, 1, 'submarine taken for tanker')],
        'false alarm': [(TANKER, 2, 0, 'object found already'), (FERRY, 6, -1, 'no object there')],
        # Its detection has too small a score to count.
        'miss': [(SUBMARINE, -1, 2, 'no detection there')],
    }


def test_iou_of_a_confusion(sample):
    confusion = next(one for one in analysis_of(sample).mistakes if one.kind == 'confusion')
    # 50 x 10 px at 0.5 rad, moved by 1 px in x.
    common = (50 - np.cos(0.5)) * (10 - np.sin(0.5))
    assert confusion.iou == pytest.approx(common / (1000 - common))


def test_lower_score_finds_more(sample):
    assert analysis_of(sample, score=0.2).confusion[SUBMARINE].tolist() == [1, 2, 0, 0]


@pytest.mark.parametrize(
    ('box', 'reason', 'miss'),
    [
        # 60 x 12 px moved by 5 px in y: IoU 7 / 17.
        ((50, 55, 60, 12, 0.0, 0, 0.9), 'box badly placed', 'box badly placed'),
        ((50, 55, 60, 12, 0.0, 1, 0.9), 'overlaps tanker', 'only overlapped by submarine'),
        ((50, 65, 60, 12, 0.0, 0, 0.9), 'no object there', 'no detection there'),
    ],
)
def test_reasons(sample, tmp_path, box, reason, miss):
    none = {'boxes': np.zeros((0, 5)), 'scores': [], 'labels': []}
    found = {'boxes': [box[:5]], 'labels': [box[5]], 'scores': [box[6]]}
    images = [{'file': 'a.png', **found}, {'file': 'b.png', **none}, {'file': 'c.png', **none}]
    write_predictions(tmp_path / 'p.jsonl', sample.classes, images)
    mistakes = analysis_of(sample, tmp_path / 'p.jsonl').mistakes
    assert [one.reason for one in mistakes if one.kind == 'false alarm'] == [reason]
    assert [one.reason for one in mistakes if one.kind == 'miss' and one.label == TANKER] == [miss]


def test_worst_misses_first(sample, tmp_path):
    """The largest ships that nothing lies on, then those that something nearly finds."""
    none = {'boxes': np.zeros((0, 5)), 'scores': [], 'labels': []}
    # On the largest submarine, moved along it by 48 of 80 px: IoU 1 / 4.
    near = {'boxes': [[100 + 48 * np.cos(-0.4), 150 + 48 * np.sin(-0.4), 80, 16, -0.4]], 'scores': [0.9], 'labels': [1]}
    for found, order in ((none, [2, 3, 1]), (near, [3, 1, 2])):
        images = [{'file': 'a.png', **found}, {'file': 'b.png', **none}, {'file': 'c.png', **none}]
        write_predictions(tmp_path / 'p.jsonl', sample.classes, images)
        mistakes = analysis_of(sample, tmp_path / 'p.jsonl').mistakes
        # Submarines of 500, 1280 and 980 px^2.
        misses = [mistake.truth for mistake in mistakes if mistake.kind == 'miss' and mistake.label == SUBMARINE]
        assert misses == order


def test_tally(sample):
    analysis = analysis_of(sample)
    # Of the submarines one is found, one taken for a tanker, one not found.
    assert analysis.tally(SUBMARINE) == (3, 1, 1, 0)
    # The tanker is found, and once more.
    assert analysis.tally(TANKER) == (1, 0, 0, 1)


def test_confusion_matrix_agrees_with_the_table(sample):
    files = RunFiles('ci', sample.predictions)
    labeled = read_labeled_set(sample.data, sample.classes)
    run = evaluate_run(files, read_all_predictions([files])[0], labeled, ReportOptions())
    confusion = analyze(run).confusion
    for label, one in enumerate(run.main.classes.values()):
        assert confusion[label, label] == one.at_score.true_positives
        assert confusion[:, label].sum() == one.at_score.true_positives + one.at_score.false_positives
        assert confusion[label].sum() == one.num_ground_truths


def test_what_lies_in_an_ignore_region_is_no_mistake(sample, tmp_path):
    """Seen by a detector that knows two of the three classes: submarines are ignore regions then."""
    records = [
        {**record, 'labels': np.minimum(record['labels'], 1)} for record in read_predictions(sample.predictions).images
    ]
    write_predictions(tmp_path / 'p.jsonl', ['tanker', 'ferry'], records)
    files = RunFiles('two', tmp_path / 'p.jsonl')
    for other_classes, alarms in (('background', {'tanker': 2, 'ferry': 2}), ('ignore', {'tanker': 1, 'ferry': 1})):
        labeled = read_labeled_set(sample.data, ['tanker', 'ferry'], other_classes=other_classes)
        run = evaluate_run(files, read_all_predictions([files])[0], labeled, ReportOptions())
        analysis = analyze(run)
        assert dict(zip(('tanker', 'ferry'), analysis.confusion[-1].tolist(), strict=False)) == alarms
        assert [one.kind for one in analysis.mistakes] == ['false alarm'] * sum(alarms.values())


def test_overlaps_are_those_with_the_quads_as_labelled(tmp_path):
    """A ship labelled by 0.55 of the box that finds it, which is its rectangle."""
    for folder in ('images', 'labelTxt'):
        (tmp_path / folder).mkdir()
    (tmp_path / 'images/a.png').touch()
    box = np.array([[50.0, 50, 60, 12, 0.4]])
    trapezium = rbox_to_quad(box)[0]
    trapezium[3] += 0.9 * (trapezium[2] - trapezium[3])
    write_dota(tmp_path / 'labelTxt/a.txt', [LabeledObject(trapezium, 'tanker')])
    found = {'file': 'a.png', 'boxes': box, 'labels': [0], 'scores': [0.9]}
    write_predictions(tmp_path / 'p.jsonl', ['tanker'], [found])
    files = RunFiles('ci', tmp_path / 'p.jsonl')
    for form, kinds in (('quads', ['false alarm', 'miss']), ('rectangles', [])):
        labeled = read_labeled_set(tmp_path, ['tanker'])
        run = evaluate_run(files, read_all_predictions([files])[0], labeled, ReportOptions(ground_truth=form))
        mistakes = analyze(run).mistakes
        assert run.main.ground_truth == form
        assert [mistake.kind for mistake in mistakes] == kinds
        np.testing.assert_allclose([mistake.iou for mistake in mistakes], 0.55, rtol=1e-9)
