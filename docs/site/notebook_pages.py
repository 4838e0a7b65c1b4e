"""A notebook as a page: its text, its code and what the code gave."""

import json
from collections.abc import Iterator
from pathlib import Path


def to_markdown(path: Path) -> str:
    """The page of a notebook; pictures are in it."""
    cells = json.loads(path.read_text(encoding='utf-8'))['cells']
    parts = [part for cell in cells for part in cell_parts(cell)]
    title, *rest = parts
    return '\n\n'.join([title, f'[Download this notebook]({path.name}){{ .md-button }}', *rest]) + '\n'


def cell_parts(cell: dict) -> Iterator[str]:
    source = ''.join(cell['source'])
    if cell['cell_type'] == 'markdown':
        yield source
        return
    yield f'```bash\n{source.removeprefix("!")}\n```' if source.startswith('!') else f'```python\n{source}\n```'
    for output in cell['outputs']:
        yield f'<div class="output" markdown>\n\n{output_text(output)}\n\n</div>'


def output_text(output: dict) -> str:
    data = output.get('data', {})
    for kind in ('image/jpeg', 'image/png'):
        if kind in data:
            return f'![What the code drew](data:{kind};base64,{"".join(data[kind]).replace(chr(10), "")})'
    text = ''.join(output.get('text') or data.get('text/plain', ''))
    return f'```text\n{text.rstrip()}\n```'
