"""The file of finished trainings: each training once, whoever adds it; other content is refused by file and line."""

import json
from pathlib import Path

import pytest

from ship_det.experiments.detection.lines import lines_file

LINE = {
    **dict(config='c', settings='s', data='d', start=None, amp=False, method='ce', seed=0, rate=1.0, options={}),
    **dict(fold=None, part='test', counts={'ship': 3}, results=[{'iou': 0.6, 'map': 0.5, 'classes': {}}]),
}


def test_each_training_once(tmp_path):
    lines = lines_file(tmp_path / 'deep/lines.jsonl')
    lines.add([LINE])
    lines.add([{**LINE, 'minutes': 9}, {**LINE, 'seed': 1}, {**LINE, 'options': {'gamma': 1.0}}])
    assert lines.read() == [LINE, {**LINE, 'seed': 1}, {**LINE, 'options': {'gamma': 1.0}}]


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('{"a": 1', r"line 2: found '{\"a\": 1', expected JSON"),
        ('[1]', 'line 2: found no config, expected a finished training'),
        ('{"config": 3}', 'line 2: config: found 3, expected'),
    ],
)
def test_other_content(tmp_path, text, message):
    lines = lines_file(tmp_path / 'lines.jsonl')
    lines.add([LINE])
    lines.path.write_text(lines.path.read_text() + text + '\n')
    with pytest.raises(ValueError, match=message):
        lines.read()


def test_published_lines_stay_as_they_are(tmp_path):
    path = Path(__file__).resolve().parents[3] / 'docs/results/data/compare_losses.jsonl'
    copy = tmp_path / 'lines.jsonl'
    copy.write_bytes(path.read_bytes())
    lines_file(copy).add([LINE])
    assert copy.read_bytes() == path.read_bytes() + (json.dumps(LINE) + '\n').encode()
    lines_file(copy).add(lines_file(path).read())
    assert len(lines_file(copy).read()) == len(lines_file(path).by_key()) + 1
