"""The command line of the recognition experiments."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

CONFIG = """
data = dict(type='{type}', root='{root}')
network = 'lenet'
training = dict(epochs=1, batch_size=8, lr=0.05)
settings = dict(few=dict(type='cut', classes=['T62'], images={images}), full=dict(type='full'))
losses = dict(ce=dict(type='ce'), ci=dict(type='ci'))
trials = 2
"""


@pytest.fixture
def folder(tmp_path) -> Path:
    """Two classes of 28 x 28 px noise, and a config beside them."""
    generator = np.random.default_rng(0)
    for part in ('train', 'test'):
        for name in ('BMP2', 'T62'):
            (tmp_path / 'data' / part / name).mkdir(parents=True)
            for index in range(8):
                pixels = generator.integers(0, 255, (28, 28), dtype=np.uint8)
                Image.fromarray(pixels).save(tmp_path / 'data' / part / name / f'{index}.png')
    write_config(tmp_path)
    return tmp_path


def write_config(folder: Path, images: int = 2, type: str = 'class_folders') -> None:
    text = CONFIG.format(type=type, root=folder / 'data', images=images)
    (folder / 'mine.py').write_text(text)


def test_runs_resumes_and_shows(folder, run_tool):
    config, out = folder / 'mine.py', ('--out', folder / 'out')
    code, text = run_tool('recognition.py', config, *out, '--settings', 'few', '--trials', 1)
    assert code == 0, text
    first = (folder / 'out/trials.jsonl').read_text()
    records = [json.loads(line) for line in first.splitlines()]
    assert [(record['setting'], record['loss'], record['seed']) for record in records] == [
        ('few', 'ce', 0),
        ('few', 'ci', 0),
    ]
    assert records[0]['counts'] == [8, 2] and 'torch' in records[0]['software']
    assert '| few | ce | one training |' in text and 'full' not in text

    code, text = run_tool('recognition.py', config, *out)
    assert code == 0, text
    everything = (folder / 'out/trials.jsonl').read_text()
    assert everything.startswith(first) and len(everything.splitlines()) == 8
    assert '2 of 8 trials are finished' in text
    assert '| full | ci | 2 |' in text

    code, text = run_tool('recognition.py', config, *out, '--table', '--plot', '--losses', 'ce')
    assert code == 0, text
    assert '| few | ce | 2 |' in text and '| ci |' not in text
    assert (folder / 'out/accuracy.png').is_file() and (folder / 'out/recalls.png').is_file()
    assert (folder / 'out/trials.jsonl').read_text() == everything

    # Lines that lie elsewhere, such as those in docs/results/data.
    (folder / 'published.jsonl').write_text(first)
    code, text = run_tool('recognition.py', config, *out, '--table', '--from', folder / 'published.jsonl')
    assert code == 0, text
    assert '| few | ce | one training |' in text and 'full' not in text


@pytest.mark.parametrize(
    ('change', 'arguments', 'message'),
    [
        (lambda root: write_config(root, images=9), [], 'setting few: images: found 9 for class 1, expected at most'),
        (lambda root: write_config(root, type='mnist'), [], 'data: found no train-images-idx3-ubyte, expected it'),
        (lambda root: None, ['--losses', 'fl'], '--losses: found fl, expected among ce, ci, which'),
        (lambda root: None, ['--settings', 'odd'], '--settings: found odd, expected among few, full'),
        (lambda root: None, ['--trials', '0'], '--trials: found 0, expected a whole number from 1'),
        (lambda root: None, ['--device', 'abacus'], '--device: found abacus'),
        (lambda root: None, ['--table'], 'trials.jsonl: found no finished trial'),
        (lambda root: None, ['--from', 'mine.jsonl'], '--from: found mine.jsonl, expected --table or --plot with it'),
        (lambda root: None, ['--table', '--from', 'mine.jsonl'], '--from: found no file mine.jsonl, expected finished'),
        (lambda root: (root / 'mine.py').unlink(), [], 'mine.py'),
    ],
)
def test_bad_input_is_one_message(folder, run_tool, change, arguments, message):
    change(folder)
    code, text = run_tool('recognition.py', folder / 'mine.py', '--out', folder / 'out', *arguments)
    assert code == 2, text
    # Help may wrap, messages do not.
    assert message in text and 'Traceback' not in text
