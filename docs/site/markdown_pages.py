"""What a page of Markdown is made of: sentences, fenced blocks, links and anchors."""

import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
#: Columns of a line, but for rows of tables and addresses.
MAX_COLUMNS = 120

_FENCE = re.compile(
    r'(?P<before>(?:^[ ]*<!--(?:(?!-->).)*-->\s*)*)^(?P<indent> *)```(?P<language>[a-z]*)[^\n]*\n(?P<text>.*?)^ *```',
    re.MULTILINE | re.DOTALL,
)
_COMMENT = re.compile(r'<!--(.*?)-->', re.DOTALL)
_LINK = re.compile(r'(?<!`)\[(?:[^\[\]]|\[[^\]]*\])*\]\(([^()\s]+(?:\([^()]*\))?[^()\s]*)\)')
_HEADING = re.compile(r'^#{1,6} +(.+?) *#*$', re.MULTILINE)
_ROW = re.compile(r'^\s*\|')
# A mark that begins a block of its own: of a list, a quote, a heading.
_ITEM = re.compile(r'^\s*(?:[-*+]|\d+\.|>|#{1,6}) +')
_END = re.compile(r'(?<=[.!?])[*_)"\']* +(?=[*_("\'\[`]*[A-Z0-9`])')


@dataclass(frozen=True)
class Block:
    """A fenced block.

    Attributes:
        language: after the fence; '' for none.
        text: without the fence, and without what all lines are indented by.
        not_run: why no test runs it; None where one does. From a comment before it, ``<!-- not run: why -->``.
        given: code in the block's language that a reader does not see: ``<!-- given: code -->``.
        line: number of the line of the fence, from 1.
    """

    language: str
    text: str
    not_run: str | None
    given: str
    line: int


def blocks(page: str) -> Iterator[Block]:
    """All fenced blocks of a page."""
    for fence in _FENCE.finditer(page):
        comments = [comment.strip().partition(':') for comment in _COMMENT.findall(fence['before'])]
        why = [text.strip() for name, _, text in comments if name == 'not run']
        given = [text.strip() for name, _, text in comments if name == 'given']
        line = page.count('\n', 0, fence.start('indent')) + 1
        text = textwrap.dedent(fence['text'])
        yield Block(fence['language'], text, why[0] if why else None, '\n'.join(given), line)


def prose(page: str) -> str:
    """A page without fenced blocks, comments and rows of tables."""
    page = _COMMENT.sub('', _FENCE.sub('\n', page))
    return '\n'.join(line for line in page.splitlines() if not _ROW.match(line))


def sentences(page: str) -> list[str]:
    """Sentences of a page as they are read. Items of lists and headings end where the next begins."""
    paragraphs: list[str] = ['']
    for line in prose(page).splitlines():
        if _ITEM.match(line) or not line.strip():
            paragraphs.append('')
        if not line.lstrip().startswith('#'):
            paragraphs[-1] += ' ' + _ITEM.sub('', line)
    read = [_LINK.sub(lambda link: link[0].split('](')[0].lstrip('!['), text) for text in paragraphs]
    found = [sentence for text in read for sentence in _END.split(' '.join(text.split()))]
    return [sentence for sentence in found if words(sentence)]


def words(sentence: str) -> int:
    """Number of words; code counts as one word for each part between spaces."""
    return sum(any(letter.isalnum() for letter in word) for word in sentence.split())


def mean_words(page: str) -> float:
    """Mean number of words a sentence; 0 where there is none."""
    found = sentences(page)
    return sum(map(words, found)) / len(found) if found else 0.0


def long_lines(page: str) -> list[int]:
    """Numbers of the lines that are too long, from 1. Rows of tables and lines with an address may be."""
    return [
        number
        for number, line in enumerate(page.splitlines(), start=1)
        if len(line) >= MAX_COLUMNS and not _ROW.match(line) and '://' not in line
    ]


def links(page: str) -> list[str]:
    """Targets of all links and pictures."""
    return _LINK.findall(_COMMENT.sub('', _FENCE.sub('\n', page)))


def anchors(page: str) -> set[str]:
    """Names of all headings by which a link finds them, in the site and on GitHub alike."""
    headings = [
        _LINK.sub(lambda link: link[0].split('](')[0][1:], text) for text in _HEADING.findall(_FENCE.sub('', page))
    ]
    found: dict[str, int] = {}
    for text in headings:
        text = re.sub(r'[`*]', '', text).strip().lower()
        # GitHub leaves each space, the site joins several.
        github = re.sub(r'[^\w\- ]', '', text).replace(' ', '-')
        site = re.sub(r'[-\s]+', '-', re.sub(r'[^\w\s-]', '', text)).strip('-')
        if github == site:
            found[site] = found.get(site, 0) + 1
    # Of a name that is there twice, the first is meant.
    return set(found)


def pages() -> list[Path]:
    """README and all pages of docs/, and the texts beside them."""
    texts = [ROOT / name for name in ('README.md', 'CHANGELOG.md', 'CONTRIBUTING.md') if (ROOT / name).exists()]
    return [*texts, *sorted((ROOT / 'docs').rglob('*.md'))]


def guides() -> list[Path]:
    """Pages that people follow: their sentences are short, and their blocks run."""
    return [
        ROOT / 'README.md',
        *sorted((ROOT / 'docs/start').glob('*.md')),
        *sorted((ROOT / 'docs/guides').glob('*.md')),
    ]
