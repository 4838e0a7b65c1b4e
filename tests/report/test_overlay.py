"""Which boxes a picture holds, and what they say."""

import numpy as np
import pytest

from ship_det.evaluation import write_predictions
from ship_det.evaluation.labeled_set import read_labeled_set
from ship_det.report.overlay import View, detection_boxes, outcome_boxes, truth_boxes
from ship_det.report.runs import ReportOptions, RunFiles, evaluate_run, read_all_predictions
from ship_det.scenes.scene import Scene

PLACE = Scene('a', 'a.png', (200, 200))
WHOLE, CORNER = (0, 0, 200, 200), (0, 0, 90, 90)


@pytest.fixture
def run(sample):
    return evaluated(sample, sample.predictions)


def evaluated(sample, predictions, other_classes='error'):
    files = RunFiles('ci', predictions)
    (read,) = read_all_predictions([files])
    labeled = read_labeled_set(sample.data, read.classes, other_classes=other_classes)
    return evaluate_run(files, read, labeled, ReportOptions())


def truths_of(run, image, window=WHOLE, marked=-1):
    return truth_boxes([run], View(image, window, PLACE), marked)


def found_of(run, image, window=WHOLE, marked=None):
    return detection_boxes(run, 0, View(image, window, PLACE), marked)


def test_boxes_say_what_they_are(run):
    assert [(box.kind, box.title) for box in truths_of(run, 1)] == [
        # 0.3 rad below the x axis, which is 90 degrees from the upper edge.
        ('truth', 'submarine, 70 px, heading 107°'),
        ('truth difficult', 'tanker, difficult, 40 px, heading 90°'),
    ]
    # Lowest score first, so that the best lie above.
    found = found_of(run, 1)
    assert [box.kind for box in found] == ['found wrong', 'found right', 'found ignored']
    assert found[0].title == 'ferry <&" 0.60, wrong, IoU 0.00, 30 px, heading 147°'
    assert (found[0].label, found[0].run, found[0].score) == (2, 0, 0.6)


def test_ignore_regions_look_like_difficult_objects(sample, tmp_path):
    """They have no class, so no choice of a class hides them."""
    empty = {'boxes': [], 'scores': [], 'labels': []}
    images = [{'file': f'{name}.png', **empty} for name in 'abc']
    write_predictions(tmp_path / 'p.jsonl', ['tanker'], images)
    run = evaluated(sample, tmp_path / 'p.jsonl', 'ignore')
    boxes = truths_of(run, 0)
    assert [(box.kind, box.label) for box in boxes] == [('truth difficult', None)] * 2 + [('truth missed', 0)]
    assert boxes[0].title == 'ignore region'
    assert len(truths_of(run, 0, CORNER)) == 1


def test_labels_know_which_score_finds_them(run):
    """The second submarine is found below the score that counts, the first is taken for a tanker."""
    boxes = truths_of(run, 0)
    assert [box.kind for box in boxes] == ['truth', 'truth missed', 'truth missed']
    np.testing.assert_equal([box.found for box in boxes], [(0.95,), (np.nan,), (0.3,)])


def test_only_what_is_in_the_piece(run):
    assert len(truths_of(run, 0, CORNER)) == 1
    assert len(found_of(run, 0, CORNER)) == 2


def test_marked_boxes(run):
    assert sum('marked' in box.kind for box in truths_of(run, 0, marked=1)) == 1
    (marked,) = [box for box in found_of(run, 0, marked=1) if 'marked' in box.kind]
    assert marked.title.startswith('tanker 0.90')
    # Around a mistake only what counts.
    assert len(found_of(run, 0, marked=1)) == 3


def test_all_that_count_are_there_and_few_of_the_others(sample, tmp_path):
    scores = np.concatenate([np.full(300, 0.8), np.full(300, 0.2), np.full(300, 0.01)])
    boxes = np.tile([50.0, 50, 60, 12, 0], (900, 1))
    empty = {'boxes': [], 'scores': [], 'labels': []}
    images = [{'file': 'a.png', 'boxes': boxes, 'scores': scores, 'labels': [0] * 900}]
    images += [{'file': file, **empty} for file in ('b.png', 'c.png')]
    write_predictions(tmp_path / 'p.jsonl', sample.classes, images)
    shown = [box.score for box in found_of(evaluated(sample, tmp_path / 'p.jsonl'), 0)]
    assert shown.count(0.8) == 300
    assert 0 < shown.count(0.2) < 150
    assert 0.01 not in shown


def test_outcomes_of_an_image(run):
    """Of a.png: the tanker is found twice, a submarine taken for one, the other missed at this score."""
    boxes = outcome_boxes(run, 0, 0, lambda quads: quads / 2)
    assert [(box.kind, box.title) for box in boxes] == [
        ('truth missed', 'submarine, missed'),
        ('truth missed', 'submarine, missed'),
        ('found right', 'tanker 0.95, right'),
        ('found wrong', 'tanker 0.90, wrong'),
        ('found wrong', 'tanker 0.70, wrong'),
    ]
    # 60 x 12 px around (50, 50), moved to half of that.
    assert boxes[2].quad.tolist() == [[10, 22], [40, 22], [40, 28], [10, 28]]
