"""Links lead somewhere, sentences are short, and lines are not long."""

import pytest
from generated import fill_in
from markdown_pages import MAX_COLUMNS, ROOT, anchors, blocks, guides, links, long_lines, mean_words, pages, sentences

#: Mean number of words a sentence that a page may have.
MOST_WORDS = 16


def name(path) -> str:
    return path.relative_to(ROOT).as_posix()


def broken(path) -> list[str]:
    """Links of a page that lead to no file or no heading."""
    found = []
    for target in links(path.read_text(encoding='utf-8')):
        if '://' in target or target.startswith('mailto:'):
            continue
        file, _, anchor = target.partition('#')
        page = (path.parent / file).resolve() if file else path
        if not page.exists():
            found.append(f'{target}: no such file')
        elif anchor and page.suffix == '.md' and anchor not in anchors(fill_in(page.read_text(encoding='utf-8'))):
            found.append(f'{target}: no such heading')
    return found


@pytest.mark.parametrize('path', pages(), ids=name)
def test_links_lead_somewhere(path):
    assert broken(path) == []


@pytest.mark.parametrize('path', guides(), ids=name)
def test_sentences_are_short(path):
    text = path.read_text(encoding='utf-8')
    longest = sorted(sentences(text), key=len)[-3:]
    assert mean_words(text) < MOST_WORDS, longest


@pytest.mark.parametrize('path', guides(), ids=name)
def test_lines_are_not_long(path):
    assert long_lines(path.read_text(encoding='utf-8')) == []


PAGE = """# Title of `a page`

One two three. Four five! See [the page](other.md#place) (*six* words here).
A line
goes on.

- Item one
- Item two: it has more. And more.

| a table | is no sentence. |
|---|---|

<!-- not run: needs a GPU -->
```bash
ship-det train [no](link.md)    # no sentence.
```

    # no heading

## A & B

1. Do it:

   <!-- given: x = 1 -->
   ```python
   print(x)
   ```
"""


def test_sentences_of_a_page():
    assert sentences(PAGE) == [
        'One two three.',
        'Four five!',
        'See the page (*six* words here).',
        'A line goes on.',
        'Item one',
        'Item two: it has more.',
        'And more.',
        'Do it:',
    ]
    assert mean_words(PAGE) == pytest.approx((3 + 2 + 6 + 4 + 2 + 5 + 2 + 2) / 8)


def test_blocks_of_a_page():
    bash, python = blocks(PAGE)
    assert (bash.language, bash.not_run, bash.line) == ('bash', 'needs a GPU', 14)
    assert bash.text == 'ship-det train [no](link.md)    # no sentence.\n'
    assert (python.text, python.not_run, python.given) == ('print(x)\n', None, 'x = 1')


def test_links_and_anchors_of_a_page():
    assert links(PAGE) == ['other.md#place']
    # The site calls the second heading a-b, GitHub a--b: no link finds it on both.
    assert anchors(PAGE) == {'title-of-a-page'}


def test_long_lines():
    words = 'word ' * 30
    assert long_lines(f'{words}\n| {words} |\n{words} https://a.b\n{"x" * (MAX_COLUMNS - 1)}\n') == [1]


def test_broken_links_are_found(tmp_path):
    (tmp_path / 'a.md').write_text(
        '# Here\n\n[no](b.md) [yes](a.md) [yes](#here) [no](a.md#there) [far](https://a.b)\n'
    )
    assert broken(tmp_path / 'a.md') == ['b.md: no such file', 'a.md#there: no such heading']
