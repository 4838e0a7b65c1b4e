"""Runs notebooks from top to bottom and keeps what they show: python docs/notebooks/execute.py [NOTEBOOK ...]"""

import os
import re
import sys
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient

FOLDER = Path(__file__).resolve().parent
ROOT = FOLDER.parents[1]
# What a terminal does beside showing text: move up, erase a line, colours and others.
_CONTROL = re.compile(r'\x1b\[(?P<number>\d*)[0-9;?]*(?P<what>[A-Za-z])|(?P<move>[\r\n])|(?P<text>[^\x1b\r\n]+)')


def execute(notebook: nbformat.NotebookNode, folder: str) -> nbformat.NotebookNode:
    """Run all cells in a folder."""
    # Commands in cells are those of the Python that runs this.
    os.environ['PATH'] = f'{Path(sys.executable).parent}{os.pathsep}{os.environ["PATH"]}'
    NotebookClient(notebook, timeout=600, kernel_name='python3', resources={'metadata': {'path': folder}}).execute()
    return notebook


def tidy(notebook: nbformat.NotebookNode, folder: str) -> nbformat.NotebookNode:
    """Leave out what differs from run to run, where it ran, and what a reader of the page does not see."""
    notebook.metadata = {'language_info': {'name': 'python'}}
    for cell in notebook.cells:
        cell.metadata = {}
        cell.pop('id', None)
        cell.pop('execution_count', None)
        if cell.cell_type == 'code':
            cell.execution_count = None
            cell.outputs = tidy_outputs(cell.outputs, folder)
    notebook.nbformat_minor = 4
    return notebook


def tidy_outputs(outputs: list[nbformat.NotebookNode], folder: str) -> list[nbformat.NotebookNode]:
    """What was printed as one text, then what was shown."""
    printed = ''.join(output.text for output in outputs if output.get('name') == 'stdout')
    shown = [
        nbformat.v4.new_output('display_data', data=output.data) for output in outputs if output.output_type != 'stream'
    ]
    text = on_screen(printed).replace(f'{folder}/', '').replace(f'{ROOT}/', '')
    return [*([nbformat.v4.new_output('stream', name='stdout', text=text)] if text else []), *shown]


def on_screen(printed: str) -> str:
    """What a terminal shows at the end: of a progress bar the last state alone."""
    lines, row, column = [''], 0, 0
    for token in _CONTROL.finditer(printed):
        if token['move'] == '\n':
            row, column = row + 1, 0
            lines += [''] * (row + 1 - len(lines))
        elif token['move'] == '\r':
            column = 0
        elif token['what'] == 'A':
            row = max(row - int(token['number'] or 1), 0)
        elif token['what'] == 'K':
            lines[row] = ''
        elif token['text']:
            line = lines[row].ljust(column)
            lines[row] = line[:column] + token['text'] + line[column + len(token['text']) :]
            column += len(token['text'])
    return '\n'.join(line.rstrip() for line in lines).strip('\n')


def main() -> None:
    for path in map(Path, sys.argv[1:] or sorted(map(str, FOLDER.glob('*.ipynb')))):
        with tempfile.TemporaryDirectory() as folder:
            notebook = tidy(execute(nbformat.read(path, as_version=4), folder), folder)
        path.write_text(nbformat.writes(notebook, indent=1) + '\n', encoding='utf-8')
        print(f'{path}: {path.stat().st_size / 1000:.0f} kB')


if __name__ == '__main__':
    main()
