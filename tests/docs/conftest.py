"""Pages of the site as tests see them: their parts, and a shell that runs their blocks."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# Tests are imported by their paths; these folders have what they share with each other and with the site.
sys.path[:0] = [str(ROOT / 'docs/site'), str(Path(__file__).parent)]


@pytest.fixture(scope='session')
def page_data(tmp_path_factory, run_tool):
    """Makes what the names on pages stand for."""
    from page_data import PageData
    from page_shell import PageShell

    shell = PageShell(tmp_path_factory.mktemp('page_data') / 'shell', run_tool, ())

    def run(folder: Path, *arguments: object) -> None:
        code, output = shell.ship_det(*arguments, folder=folder)
        assert code == 0, f'{arguments}: {output[-3000:]}'

    return PageData(shell.folder.parent, run)


@pytest.fixture
def run_page(tmp_path, run_tool, page_data) -> Callable[[str], list[str]]:
    """A function that runs the blocks of a page; what went wrong, block by block."""
    from markdown_pages import blocks
    from page_data import classes_of, inputs
    from page_shell import PageShell

    def run(page: str) -> list[str]:
        code = [block for block in blocks(page) if block.language in ('bash', 'python') and block.not_run is None]
        text = '\n'.join(block.text for block in code)
        classes = classes_of(text)
        shell = PageShell(tmp_path / 'page', run_tool, classes)
        page_data.provide(inputs(text), shell.folder, classes)
        failed = []
        for block in code:
            run_block = shell.bash if block.language == 'bash' else shell.python
            status, output = run_block(f'{block.given}\n{block.text}')
            if status:
                failed.append(f'line {block.line}, exit code {status}:\n{block.text}\n{output[-3000:]}')
        return failed

    return run
