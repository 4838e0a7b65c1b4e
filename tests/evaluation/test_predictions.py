import json
import os

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ship_det.annotations import LabeledObject, read_dota, write_dota
from ship_det.evaluation import evaluate, read_predictions, write_predictions
from ship_det.evaluation.instances import ground_truth_record
from ship_det.geometry import rbox_to_quad

CLASSES = ('tanker', 'submarine', 'others')
HEADER = {'format': 'ship-det-predictions', 'version': 1, 'classes': ['tanker', 'submarine']}
IMAGE = {'file': 'a.png', 'boxes': [[5, 5, 4, 2, 0.5]], 'scores': [0.5], 'labels': [1]}

box = st.tuples(*[st.floats(-1e6, 1e6)] * 2, *[st.floats(0, 1e6)] * 2, st.floats(-4, 4))


def write_lines(path, *rows):
    path.write_text(''.join(row if isinstance(row, str) else json.dumps(row) + '\n' for row in rows))
    return path


@given(st.lists(st.tuples(box, st.floats(0, 1), st.integers(0, 2)), max_size=6))
def test_reads_back_to_the_bit(tmp_path_factory, detections):
    path = tmp_path_factory.mktemp('predictions') / 'predictions.jsonl'
    boxes, scores, labels = zip(*detections, strict=True) if detections else ([], [], [])
    write_predictions(path, CLASSES, [{'file': 'ü.png', 'boxes': boxes, 'scores': scores, 'labels': labels}])
    predictions = read_predictions(path)
    (image,) = predictions.images
    assert predictions.classes == CLASSES
    assert image['file'] == 'ü.png'
    assert image['scores'].tolist() == list(scores)
    assert image['labels'].tolist() == list(labels)
    assert image['boxes'].shape == (len(boxes), 5)
    assert (image['boxes'][:, 2] >= image['boxes'][:, 3]).all()
    write_predictions(path, CLASSES, [image])
    np.testing.assert_array_equal(read_predictions(path).images[0]['boxes'], image['boxes'])


def test_format_is_as_documented(tmp_path):
    path = tmp_path / 'new' / 'predictions.jsonl'
    write_predictions(path, HEADER['classes'], [IMAGE])
    lines = [json.loads(line) for line in path.read_text(encoding='utf-8').splitlines()]
    assert lines == [HEADER, IMAGE]
    assert os.listdir(path.parent) == ['predictions.jsonl']


def test_evaluation_from_the_file_is_the_same(tmp_path, random_case):
    for seed in range(5):
        predictions, truths = random_case(seed)
        path = tmp_path / f'{seed}.jsonl'
        write_predictions(path, CLASSES, predictions)
        read = read_predictions(path)
        result = evaluate(read.images, truths, read.classes, 0.5, 'area')
        assert result.to_dict() == evaluate(predictions, truths, CLASSES, 0.5, 'area').to_dict()


def test_evaluation_against_label_files(tmp_path):
    boxes = np.array([[50, 50, 40, 10, 0.3], [150, 50, 40, 10, -0.8]])
    quads = rbox_to_quad(boxes)
    write_dota(tmp_path / 'a.txt', [LabeledObject(quads[0], 'tanker'), LabeledObject(quads[1], 'tanker', True)])
    write_predictions(
        tmp_path / 'p.jsonl', CLASSES, [{'file': 'a.png', 'boxes': boxes, 'scores': [1, 1], 'labels': [0, 0]}]
    )
    truth = ground_truth_record(read_dota(tmp_path / 'a.txt', CLASSES), CLASSES)
    tanker = evaluate(read_predictions(tmp_path / 'p.jsonl').images, [truth], CLASSES).classes['tanker']
    assert (tanker.ap, tanker.num_ground_truths, tanker.num_difficult) == (1, 1, 1)


@pytest.mark.parametrize(
    ('rows', 'message'),
    [
        ([], ':1: expected a header'),
        ([IMAGE], ':1: expected a header with "format": "ship-det-predictions"'),
        ([{**HEADER, 'version': 2}], ':1: expected version 1, found 2'),
        ([{**HEADER, 'classes': 'tanker'}], ':1: expected "classes" as a list of names, found "tanker"'),
        ([HEADER, IMAGE, '{"file": \n'], ':3: not JSON'),
        ([HEADER, '[1, 2]\n'], r':2: expected a JSON object, found \[1, 2\]'),
        ([HEADER, {'file': 'a.png'}], ":2: no 'boxes'"),
        ([HEADER, {**IMAGE, 'file': 3}], ':2: file: expected a name, found 3'),
        ([HEADER, {**IMAGE, 'boxes': [[1, 2, 3]]}], r':2: boxes: expected five numbers a box, found \[\[1, 2, 3\]\]'),
        ([HEADER, {**IMAGE, 'boxes': [[1, 2, 3, 4, 'x']]}], ':2: boxes: expected five numbers'),
        ([HEADER, {**IMAGE, 'scores': 0.5}], ':2: scores: expected a number a box'),
        ([HEADER, {**IMAGE, 'labels': [0.5]}], ':2: labels: expected a class index a box'),
        ([HEADER, {**IMAGE, 'labels': ['tanker']}], ':2: labels: expected a class index a box'),
        ([HEADER, {**IMAGE, 'labels': [2]}], r'a\.png: label 0 is 2, expected an index of the 2 classes'),
        ([HEADER, {**IMAGE, 'scores': [float('nan')]}], r'a\.png: score 0 is nan'),
        ([HEADER, {**IMAGE, 'scores': [1.5]}], r'a\.png: score 0 is 1\.5'),
        ([HEADER, {**IMAGE, 'boxes': [[0, 0, float('nan'), 1, 0]]}], r'a\.png: box 0'),
        ([HEADER, {**IMAGE, 'scores': []}], r'a\.png: 1 boxes but scores'),
        ([HEADER, IMAGE, {**IMAGE, 'scores': [0.1]}], r'two records for image a\.png'),
    ],
)
def test_bad_files_are_named(tmp_path, rows, message):
    path = write_lines(tmp_path / 'p.jsonl', *rows)
    with pytest.raises(ValueError, match=rf'p\.jsonl.*{message}'):
        read_predictions(path)


def test_bad_predictions_are_not_written(tmp_path):
    for bad, message in (({**IMAGE, 'scores': [2]}, 'score 0 is 2'), ({'boxes': []}, 'image 0: no file name')):
        with pytest.raises(ValueError, match=message):
            write_predictions(tmp_path / 'p.jsonl', HEADER['classes'], [bad])
    assert not os.listdir(tmp_path)
