"""The file that figures are saved in."""

import json

import numpy as np

from ship_det.evaluation import evaluate_thresholds, write_results

BOX = [[50.0, 40.0, 60.0, 12.0, 0.3]]


def test_says_what_was_found_how_and_with_what(tmp_path):
    found = [{'boxes': BOX, 'scores': [0.9], 'labels': [0]}]
    truths = [{'boxes': BOX, 'labels': [0]}]
    results = evaluate_thresholds(found, truths, ['tanker', 'ferry'], [0.5, 0.6], 'area', score_threshold=0.25)
    path = tmp_path / 'new' / 'r.json'
    write_results(path, results.values(), {'checkpoint': 'ü.pth'})
    content = json.loads(path.read_text(encoding='utf-8'))
    assert (content['format'], content['version']) == ('ship-det-results', 1)
    assert content['configuration'] == {'checkpoint': 'ü.pth'}
    assert content['software']['numpy'] == np.__version__
    assert {'python', 'ship-det', 'torch', 'onedl-mmrotate'} <= content['software'].keys()
    assert 'scene_results' not in content
    assert [one['iou_threshold'] for one in content['results']] == [0.5, 0.6]
    last = content['results'][-1]
    assert (last['ap_mode'], last['min_iou'], last['score_threshold'], last['num_images']) == ('area', '>', 0.25, 1)
    assert last['mean_ap'] == last['classes']['tanker']['ap'] == 1
    assert last['classes']['ferry']['ap'] is None
    assert last['classes']['tanker']['at_score'] == {
        'score': 0.25,
        'true_positives': 1,
        'false_positives': 0,
        'precision': 1.0,
        'recall': 1.0,
        'f1': 1.0,
        'gmean': 1.0,
    }
    write_results(path, results.values(), None, list(results.values())[:1])
    assert [one['iou_threshold'] for one in json.loads(path.read_text())['scene_results']] == [0.5]
