"""The file of finished trainings: each training once, whoever adds it; other content is refused by file and line."""

import multiprocessing

import pytest

from ship_det.experiments.detection.lines import add_line, locked, read_lines

LINE = {
    **dict(config='c', settings='s', data='d', start=None, amp=False, method='ce', seed=0, rate=1.0, options={}),
    **dict(fold=None, part='test', counts={'ship': 3}, results=[{'iou': 0.6, 'map': 0.5, 'classes': {}}]),
}


def test_each_training_once(tmp_path):
    path = tmp_path / 'deep/lines.jsonl'
    add_line(path, LINE)
    add_line(path, {**LINE, 'minutes': 9})
    add_line(path, {**LINE, 'seed': 1})
    assert read_lines(path) == [LINE, {**LINE, 'seed': 1}]


def _add(path, seeds):
    for seed in seeds:
        add_line(path, {**LINE, 'seed': seed})


def test_processes_that_add_at_once_lose_nothing(tmp_path):
    path = tmp_path / 'lines.jsonl'
    context = multiprocessing.get_context('fork')
    processes = [context.Process(target=_add, args=(path, range(start, 30, 3))) for start in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert sorted(line['seed'] for line in read_lines(path)) == list(range(30))


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('{"a": 1', r"line 2: found '{\"a\": 1', expected JSON"),
        ('[1]', 'line 2: found no config, expected a finished training'),
        ('{"config": 3}', "line 2: config: found '3'"),
    ],
)
def test_other_content(tmp_path, text, message):
    path = tmp_path / 'lines.jsonl'
    add_line(path, LINE)
    path.write_text(path.read_text() + text + '\n')
    with pytest.raises(ValueError, match=message):
        read_lines(path)


def test_a_lock_is_had_once(tmp_path):
    with locked(tmp_path / 'lock', wait=False) as first, locked(tmp_path / 'lock', wait=False) as second:
        assert first is not None
        assert second is None
    with locked(tmp_path / 'lock', wait=False) as again:
        assert again is not None
