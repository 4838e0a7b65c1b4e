"""Every block of bash and Python on README, start pages and guides runs as it stands, or says why not."""

import pytest
from markdown_pages import ROOT, blocks, guides

# The fewer the better: a machine that nobody has at hand, a file that is not public, hours.
MOST_NOT_RUN = 12


@pytest.mark.slow
@pytest.mark.parametrize('path', guides(), ids=lambda path: path.stem)
def test_blocks_run(path, run_page):
    failed = run_page(path.read_text(encoding='utf-8'))
    assert not failed, '\n\n'.join(failed)


def test_few_blocks_are_not_run_and_say_why():
    left_out = [
        f'{path.relative_to(ROOT)}:{block.line}: {block.not_run}'
        for path in guides()
        for block in blocks(path.read_text(encoding='utf-8'))
        if block.not_run is not None
    ]
    print(*left_out, sep='\n')
    assert all(len(line.split(': ', 1)[1]) > 5 for line in left_out), left_out
    assert len(left_out) <= MOST_NOT_RUN, left_out
