"""Results on disk: each once, whoever adds it, whatever a killed process left behind."""

import json
import multiprocessing
from pathlib import Path

import pytest

from ship_det.experiments.results import ResultsFile, is_a, is_number, locked


def results_at(path: Path) -> ResultsFile:
    return ResultsFile(path, ('name', 'options'), {'name': is_a(str), 'score': is_number}, 'a result')


def result(name: str, score: float = 0.5, **options: float) -> dict:
    return {'name': name, 'options': options, 'score': score}


def test_finds_what_was_added(tmp_path):
    results = results_at(tmp_path / 'new/results.jsonl')
    assert results.read() == []
    results.add([result('a'), result('b', gamma=2.0)])
    results.add([result('c')])
    again = results_at(results.path)
    assert again.read() == [result('a'), result('b', gamma=2.0), result('c')]
    found = again.by_key()
    # The order of keys and the type of a number tell nothing apart.
    assert found[again.key({'options': {'gamma': 2}, 'name': 'b'})] == result('b', gamma=2.0)
    assert again.key(result('b', gamma=1.0)) not in found


def test_each_result_once(tmp_path):
    results = results_at(tmp_path / 'results.jsonl')
    results.add([result('a', 0.5)])
    results.add([result('a', 0.7), result('b')])
    assert results.read() == [result('a', 0.5), result('b')]


def test_a_later_line_replaces_an_earlier_one(tmp_path):
    results = results_at(tmp_path / 'results.jsonl')
    results.path.write_text(''.join(json.dumps(result('a', score)) + '\n' for score in (0.1, 0.2)))
    assert [found['score'] for found in results.by_key().values()] == [0.2]


@pytest.mark.parametrize('end', [-1, -9, -30])
def test_a_line_that_was_cut_off_is_replaced(tmp_path, end):
    """Only that without its line end is whole."""
    results = results_at(tmp_path / 'results.jsonl')
    # Cut at -9 within the two bytes of the letter.
    results.add([result('a'), {**result('b'), 'note': 'caf\N{LATIN SMALL LETTER E WITH ACUTE}abc'}])
    whole = results.path.read_bytes()
    results.path.write_bytes(whole[:end])
    assert [found['name'] for found in results.read()] == (['a', 'b'] if end == -1 else ['a'])
    results.add([{**result('b'), 'note': 'caf\N{LATIN SMALL LETTER E WITH ACUTE}abc'}])
    assert results.path.read_bytes() == whole


def test_names_may_hold_what_unicode_calls_a_line_end(tmp_path):
    results = results_at(tmp_path / 'results.jsonl')
    results.add([result('a\N{LINE SEPARATOR}b'), result('c')])
    assert [found['name'] for found in results.read()] == ['a\N{LINE SEPARATOR}b', 'c']


def _add(path: Path, numbers: range) -> None:
    for number in numbers:
        results_at(path).add([result(str(number))])


def test_processes_that_add_at_once_lose_nothing(tmp_path):
    path = tmp_path / 'results.jsonl'
    context = multiprocessing.get_context('fork')
    processes = [context.Process(target=_add, args=(path, range(start, 30, 3))) for start in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert sorted(int(found['name']) for found in results_at(path).read()) == list(range(30))


@pytest.mark.parametrize(
    ('line', 'message'),
    [
        ('{"name": 1', r"line 2: found '{\"name\": 1', expected JSON"),
        ('[1]', 'line 2: found no name, expected a result'),
        ('{"name": "b", "options": {}}', 'line 2: found no score, expected a result'),
        ('{"name": 3, "score": 1}', 'line 2: name: found 3, expected'),
        ('{"name": "b", "score": true}', 'line 2: score: found True, expected'),
    ],
)
def test_names_a_bad_line(tmp_path, line, message):
    results = results_at(tmp_path / 'results.jsonl')
    results.add([result('a')])
    results.path.write_text(results.path.read_text() + line + '\n')
    with pytest.raises(ValueError, match=message):
        results.read()


def test_a_lock_is_had_once(tmp_path):
    with locked(tmp_path / 'lock', wait=False) as first, locked(tmp_path / 'lock', wait=False) as second:
        assert first is not None
        assert second is None
    with locked(tmp_path / 'lock', wait=False) as again:
        assert again is not None
