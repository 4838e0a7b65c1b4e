"""Every block of bash and Python on README, start pages and guides runs as it stands, or says why not."""

import pytest
from markdown_pages import ROOT, blocks, guides

# Pages that train and test, for half a minute or so each: `make test-pages`.
TRAINING = {'choose_a_loss', 'deploy', 'evaluate', 'fine_tune', 'from_mmrotate', 'train'}
# The fewer the better: a machine that nobody has at hand, a file that is not public, hours.
MOST_NOT_RUN = 12


def marked(path):
    return pytest.param(path, id=path.stem, marks=[pytest.mark.pages] if path.stem in TRAINING else [])


@pytest.mark.parametrize('path', [*map(marked, guides())])
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
