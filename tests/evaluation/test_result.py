import json
import math
from dataclasses import replace

import numpy as np
import pytest

from ship_det.evaluation import evaluate
from ship_det.evaluation.result import SearchedArea, format_rate

CLASSES = ('a-class-with-a-rather-long-name', 'submarine', 'tanker')


@pytest.fixture
def result():
    boxes = np.array([[0, 0, 40, 10, 0.1], [90, 0, 40, 10, 0.2], [0, 90, 40, 10, 0.3]])
    truths = [{'boxes': boxes, 'labels': [0, 0, 1], 'difficult': [False, True, False]}]
    predictions = [{'boxes': boxes, 'scores': [0.9, 0.8, 0.4], 'labels': [0, 0, 2]}]
    return evaluate(predictions, truths, CLASSES, 0.6, score_threshold=0.3)


def test_mean_leaves_out_classes_without_ground_truth(result):
    assert result.mean_ap == 0.5
    assert result.mean(lambda one: one.best_f1.gmean) == 0.5
    assert result.mean(lambda one: one.num_detections) == 1


def test_json_has_no_nan(result):
    content = json.loads(json.dumps(result.to_dict(), allow_nan=False))
    assert content['mean_ap'] == 0.5
    assert content['classes']['tanker']['ap'] is None
    assert content['classes']['tanker']['at_score']['false_positives'] == 1
    assert content['classes']['tanker']['best_f1']['score'] is None
    assert content['mean']['at_score'] == {'precision': 0.5, 'recall': 0.5, 'f1': 0.5, 'gmean': 0.5}
    choices = {'iou_threshold': 0.6, 'min_iou': '>', 'ap_mode': '11points', 'score_threshold': 0.3, 'num_images': 1}
    choices['ground_truth'] = 'rectangles'
    assert choices.items() <= content.items()


def test_table_says_everything(result):
    lines = result.table().splitlines()
    assert lines[0].strip() == 'AP (11points) with IoU > 0.6, 1 image'
    rows = {
        cells[1].strip(): [cell.strip() for cell in cells[2:-1]] for line in lines if (cells := line.split('|'))[1:]
    }
    # Class: objects, detections, AP, then P, R, F1, Gmean at the score and at best F1, and that score.
    assert rows['a-class-with-a-rather-long-name'] == ['1', '2', *['1.0000'] * 9, '0.9000']
    assert rows['submarine'] == ['1', '0', *['0.0000'] * 9, 'nan']
    assert rows['tanker'] == ['0', '1', 'nan', '0.0000', *['nan'] * 8]
    assert rows['mean'] == ['2', '3', *['0.5000'] * 9, '']
    text = '\n'.join(lines)
    assert 'No ground truth, so AP nan and out of the mean: tanker.' in text
    assert '1 difficult object' in text
    assert '@0.3: detections of this score or more.' in text
    assert 'False alarms @0.3, detections that are not right: 1, 1 an image.' in text
    assert 'Ground truth: rectangles.' in text


@pytest.mark.parametrize(
    ('searched', 'unit', 'rate'), [(SearchedArea(8.0), 'Mpx', '0.125'), (SearchedArea(8.0, 0.5), 'km2', '2')]
)
def test_false_alarms_of_the_searched_area(result, searched, unit, rate):
    """Of three detections from score 0.3 on one is on a difficult object and one wrong."""
    result = replace(result, searched=searched)
    table = result.table().splitlines()
    rows = {cells[1].strip(): cells[-2].strip() for line in table if (cells := line.split('|'))[1:]}
    assert (rows[''], rows['class']) == ('false alarms', f'/{unit} @0.3')
    assert [rows[name] for name in (*CLASSES, 'mean')] == ['0', '0', rate, rate]
    content = result.to_dict()
    assert (content['num_false_alarms'], content['searched']['megapixels']) == (1, 8)
    assert content['false_alarms_per_km2'] == (2 if unit == 'km2' else None)


@pytest.mark.parametrize(
    ('rate', 'text'), [(0, '0'), (0.01234, '0.0123'), (12.34, '12.3'), (2692.4, '2692'), (123456.7, '123457')]
)
def test_a_rate_has_three_digits_and_no_power_of_ten(rate, text):
    assert format_rate(rate) == text


def test_curve(result):
    curve = result.classes['tanker'].curve
    assert curve.scores.tolist() == [0.4]
    assert math.isnan(curve.recall[0])
    assert result.classes[CLASSES[0]].curve.precision.tolist() == [1.0]


def test_form_of_the_ground_truth_is_said():
    truths = [{'quads': [[[0, 0], [40, 0], [30, 10], [0, 10]]], 'labels': [0]}]
    predictions = [{'boxes': [[20, 5, 40, 10, 0]], 'scores': [0.9], 'labels': [0]}]
    # The box has 400 px^2, the quad 350.
    for form, note, ap in (('quads', 'quads as labelled', 0), ('rectangles', 'rectangles', 1)):
        result = evaluate(predictions, truths, ['ship'], 0.9, ground_truth=form)
        assert (result.to_dict()['ground_truth'], result.mean_ap) == (form, ap)
        assert f'Ground truth: {note}.' in result.table()
