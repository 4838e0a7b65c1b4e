"""The notebooks run from top to bottom, and what they show is kept, small and without traces of one machine."""

import json
import runpy

import nbformat
import pytest
from markdown_pages import ROOT

NOTEBOOKS = sorted((ROOT / 'docs/notebooks').glob('*.ipynb'))
LARGEST = 300_000
SCRIPT = runpy.run_path(str(ROOT / 'docs/notebooks/execute.py'), run_name='script')


@pytest.mark.slow
@pytest.mark.parametrize('path', NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs(path, tmp_path, monkeypatch):
    monkeypatch.setenv('PYTHONPATH', str(ROOT))
    monkeypatch.setenv('OMP_NUM_THREADS', '1')
    notebook = SCRIPT['execute'](nbformat.read(path, as_version=4), str(tmp_path))
    # A command that fails prints so, and its cell does not.
    printed = ''.join(
        output.get('text', '') for cell in notebook.cells for output in cell.get('outputs', ()) if cell.source[0] == '!'
    )
    assert 'error:' not in printed, printed[-2000:]
    assert list(tmp_path.rglob('index.html'))


@pytest.mark.parametrize('path', NOTEBOOKS, ids=lambda path: path.stem)
def test_what_a_notebook_shows_is_kept(path):
    text = path.read_text(encoding='utf-8')
    assert len(text) < LARGEST
    assert str(ROOT) not in text
    cells = [cell for cell in json.loads(text)['cells'] if cell['cell_type'] == 'code']
    assert all(cell['execution_count'] is None for cell in cells)
    kinds = {kind for cell in cells for output in cell['outputs'] for kind in output.get('data', {'text': 0})}
    assert {'text', 'text/plain', 'image/jpeg'} <= kinds


def test_a_progress_bar_is_kept_as_it_ends():
    on_screen = SCRIPT['on_screen']
    assert on_screen('loading\r\n  0 %\r 50 %\r100 %\ndone\n') == 'loading\n100 %\ndone'
    assert on_screen('\x1b[32mone\x1b[0m\nbar 1\n\x1b[1A\x1b[2Kbar 2\n') == 'one\nbar 2'
    assert on_screen('long line\r\x1b[Kshort') == 'short'
