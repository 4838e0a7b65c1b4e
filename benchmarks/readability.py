"""How readable the pages are: words a sentence, long lines, and blocks that no test runs.

python benchmarks/readability.py
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / 'docs/site'))

from markdown_pages import blocks, guides, long_lines, mean_words, pages, sentences  # noqa: E402


def main() -> None:
    print('| page | sentences | words a sentence | long lines |\n|---|--:|--:|--:|')
    for path in pages():
        text = path.read_text(encoding='utf-8')
        name = path.relative_to(ROOT)
        print(f'| {name} | {len(sentences(text))} | {mean_words(text):.1f} | {len(long_lines(text))} |')
    print('\nBlocks of README, start and guides that no test runs:\n')
    for path in guides():
        for block in blocks(path.read_text(encoding='utf-8')):
            if block.not_run is not None:
                print(f'- {path.relative_to(ROOT)}:{block.line}: {block.not_run}')


if __name__ == '__main__':
    main()
