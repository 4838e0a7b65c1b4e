"""Which boxes a picture holds."""

import re

import numpy as np
import pytest

from ship_det.evaluation import write_predictions
from ship_det.evaluation.labeled_set import read_labeled_set
from ship_det.report.overlay import Marks, detection_boxes, truth_boxes
from ship_det.report.pictures import Piece
from ship_det.report.runs import RunFiles, evaluate_run, read_all_predictions

WHOLE = Piece((0, 0, 200, 200), '')


@pytest.fixture
def loaded(sample):
    def load(predictions=sample.predictions):
        files = RunFiles('ci', predictions)
        labeled = read_labeled_set(sample.data, sample.classes)
        return evaluate_run(files, read_all_predictions([files])[0], labeled, 0.6, 0.5), labeled

    return load


def test_boxes_say_what_they_are(loaded):
    run, labeled = loaded()
    kinds = [re.search('class="([^"]*)"', box)[1] for box in truth_boxes(labeled, 1, WHOLE)]
    assert kinds == ['truth', 'truth difficult']
    # Lowest score first, so that the best lie above.
    found = detection_boxes(run, labeled, 1, WHOLE, 0)
    assert [re.search('class="([^"]*)"', box)[1] for box in found] == ['found wrong', 'found right', 'found ignored']
    assert '<title>ferry &lt;&amp;&quot; 0.60, wrong, IoU 0.00</title>' in found[0]


def test_ignore_regions_look_like_difficult_objects(sample):
    """They have no class, so no choice of a class hides them."""
    labeled = read_labeled_set(sample.data, ['tanker'], other_classes='ignore')
    boxes = truth_boxes(labeled, 0, WHOLE)
    assert [re.search('class="([^"]*)"', box)[1] for box in boxes] == ['truth difficult'] * 2 + ['truth']
    assert ['data-class' in box for box in boxes] == [False, False, True]
    assert boxes[0].endswith('<title>ignore region</title></polygon>')
    assert len(truth_boxes(labeled, 0, Piece((0, 0, 90, 90), ''))) == 1


def test_only_what_is_in_the_piece(loaded):
    run, labeled = loaded()
    corner = Piece((0, 0, 90, 90), '')
    assert len(truth_boxes(labeled, 0, corner)) == 1
    assert len(detection_boxes(run, labeled, 0, corner, 0)) == 2


def test_marked_boxes(loaded):
    run, labeled = loaded()
    marks = Marks(detection=1, truth=1)
    assert sum('marked' in box for box in truth_boxes(labeled, 0, WHOLE, marks)) == 1
    marked = [box for box in detection_boxes(run, labeled, 0, WHOLE, 0, marks) if 'marked' in box]
    assert len(marked) == 1 and 'tanker 0.90' in marked[0]
    # Around a mistake only what counts.
    assert len(detection_boxes(run, labeled, 0, WHOLE, 0, marks)) == 3


def test_all_that_count_are_there_and_few_of_the_others(loaded, sample, tmp_path):
    scores = np.concatenate([np.full(300, 0.8), np.full(300, 0.2), np.full(300, 0.01)])
    boxes = np.tile([50.0, 50, 60, 12, 0], (900, 1))
    empty = {'boxes': [], 'scores': [], 'labels': []}
    images = [{'file': 'a.png', 'boxes': boxes, 'scores': scores, 'labels': [0] * 900}]
    images += [{'file': file, **empty} for file in ('b.png', 'c.png')]
    write_predictions(tmp_path / 'p.jsonl', sample.classes, images)
    run, labeled = loaded(tmp_path / 'p.jsonl')
    found = detection_boxes(run, labeled, 0, WHOLE, 0)
    assert sum('data-score="0.800"' in box for box in found) == 300
    assert 0 < sum('data-score="0.200"' in box for box in found) < 150
    assert not any('data-score="0.010"' in box for box in found)
