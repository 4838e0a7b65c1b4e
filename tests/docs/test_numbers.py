"""What pages claim is measured: each number stands in Results too, and there beside the command that made it."""

import re

import pytest
from markdown_pages import ROOT, blocks, guides, prose

RESULTS = sorted((ROOT / 'docs/results').glob('*.md'))
PAGES = [*guides(), ROOT / 'docs/index.md', *sorted((ROOT / 'docs').glob('concepts/*.md'))]
_NUMBER = re.compile(r'(?<![\w.,-])(?:0?(?=\.\d)|\d+)(?:\.\d+)?(?![\d.]*\.?\d)')
# An AP or a p, or a number of a unit that takes measuring.
_MEASURED = re.compile(
    rf'{_NUMBER.pattern}(?:(?<=\.\d\d)|(?<=\.\d\d\d)|'
    r'(?=\s*(?:(?:s|ms|seconds|min|minutes|hours|core-hours|MB|GB|MiB|GiB)\b|%)))(?!\s*(?:m|px|m/px|rad)\b)'
)
# Code, and versions.
_LEFT_OUT = re.compile(r'```.*?```|`[^`\n]*`|Python 3[.\d]*(?:(?:, | to | or )3[.\d]*)*', re.DOTALL)
_COMMAND = re.compile(r'`(?:[A-Z_]+=\S+ )*(?:python|bash|make|pip|ship-det)\b[^`]*`')
_SECTION = re.compile(r'^## +(.+)$', re.MULTILINE)


def name(path) -> str:
    return path.relative_to(ROOT).as_posix()


def numbers(text: str, kind: re.Pattern[str]) -> set[str]:
    """Numbers outside of code, but for versions, without a leading zero."""
    return {number.removeprefix('0') or '0' for number in kind.findall(_LEFT_OUT.sub('', text))}


def with_tables(page: str) -> str:
    return prose(page) + '\n'.join(line for line in page.splitlines() if line.startswith('|'))


@pytest.mark.parametrize('path', PAGES, ids=name)
def test_numbers_stand_in_results(path):
    known = set().union(*(numbers(result.read_text(encoding='utf-8'), _NUMBER) for result in RESULTS))
    assert numbers(with_tables(path.read_text(encoding='utf-8')), _MEASURED) - known == set()


@pytest.mark.parametrize('path', RESULTS, ids=name)
def test_measured_tables_show_their_command(path):
    _, *parts = _SECTION.split(path.read_text(encoding='utf-8'))
    without = [
        title
        for title, text in zip(parts[::2], parts[1::2], strict=True)
        if '--:|' in text and not any(block.language == 'bash' for block in blocks(text)) and not _COMMAND.search(text)
    ]
    assert without == []


def test_what_counts_as_measured():
    text = 'mAP 0.262 ± .037, 4.5 s and 97 %, at 0.25 m/px, IoU 0.6, version 0.26.0, 1024 px, `--tune 0.75`, 12 images'
    assert numbers(text, _MEASURED) == {'.262', '.037', '4.5', '97'}
    assert numbers('81.2 ± 1.5 | 0.5', _NUMBER) == {'81.2', '1.5', '.5'}
