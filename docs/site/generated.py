"""Parts of the reference that are made from the code: commands from their parsers, class lists and configs from files.

A page names such a part in a comment. What follows up to the end is for readers of the page in a checkout::

    <!-- made: commands -->
    Made by `make docs`.
    <!-- end -->
"""

import argparse
import ast
import re
from collections.abc import Callable, Iterator
from importlib import import_module
from itertools import takewhile
from pathlib import Path
from typing import Any

from mmengine.config import Config

from ship_det.annotations import AOSR15_CLASSES
from ship_det.commands.main import SUBCOMMANDS

ROOT = Path(__file__).resolve().parents[2]
CONFIGS = ROOT / 'configs'
# Columns that the theme has room for.
USAGE_WIDTH = 78
MARK = re.compile(r'<!-- made: ([a-z ]+) -->\n.*?<!-- end -->', re.DOTALL)


def fill_in(markdown: str) -> str:
    """A page with all parts in it."""
    return MARK.sub(lambda mark: '\n'.join(PARTS[mark[1]]()), markdown)


def commands() -> Iterator[str]:
    """A section for each command."""
    for name, purpose in SUBCOMMANDS.items():
        parser = import_module(f'ship_det.commands.{name.replace("-", "_")}').make_parser()
        parser.prog = f'ship-det {name}'
        yield from command(parser, purpose)


def command(parser: argparse.ArgumentParser, purpose: str) -> Iterator[str]:
    """Heading, usage, description and a table of the arguments."""
    formatter: Any = parser.formatter_class(parser.prog, width=USAGE_WIDTH)
    formatter.add_usage(parser.usage, parser._actions, parser._mutually_exclusive_groups)
    usage = formatter.format_help().strip()
    yield f'\n## {parser.prog}\n\n{purpose[0].upper()}{purpose[1:]}.\n'
    yield f'```text\n{usage}\n```\n'
    yield f'{description(parser.description or "")}\n'
    yield '| argument | meaning |\n|---|---|'
    for action in parser._actions:
        if '--help' in action.option_strings:
            continue
        text = formatter._expand_help(action) if action.help else ''
        yield f'| `{invocation(action)}` | {escape(text)} |'


def invocation(action: argparse.Action) -> str:
    """An argument as it is written."""
    if not action.option_strings:
        return str(action.metavar or action.dest)
    names = [name for name in action.option_strings if not name.startswith('--no-')]
    value = ''
    if action.nargs != 0:
        value = ' ' + (' '.join(action.metavar) if isinstance(action.metavar, tuple) else value_name(action))
    return names[-1] + value


def value_name(action: argparse.Action) -> str:
    return str(action.metavar or ('CHOICE' if action.choices else action.dest.upper()))


def description(text: str) -> str:
    """A module's docstring as Markdown: its indented parts are commands."""
    return re.sub(r'(?m)(?:^    .*\n?)+', lambda block: f'```bash\n{block[0]}```\n', text.strip())


def escape(text: str) -> str:
    """A text for a cell of a table."""
    return ' '.join(text.split()).replace('|', '\\|')


def plain(name: str) -> str:
    """A name as it is, whatever Markdown would make of it."""
    return re.sub(r'([\\`*_{}\[\]()#+.!|<-])', r'\\\1', name)


def class_lists() -> Iterator[str]:
    """A row for each data set that has a config."""
    yield '| config | data set | number | classes |\n|---|---|--:|---|'
    for path in sorted((CONFIGS / '_base_/datasets').glob('*.py')):
        config = Config.fromfile(path, import_custom_modules=False)
        # A config without names has those of its data set's type.
        names = config.get('classes', AOSR15_CLASSES)
        if 'ship_chips.py' in (path.name, config.get('_base_', '')) or 'classes' in config:
            yield f'| `{path.name}` | {purpose(path)} | {len(names)} | {", ".join(map(plain, names))} |'


def config_files() -> Iterator[str]:
    """A table for each folder of detector configs and of their bases."""
    for folder in ('r2cnn', 'skew_cascade', 'quickstart', 'zoo', 'compare_losses'):
        yield from config_table(folder)
    for folder in ('models', 'datasets', 'recipes', 'schedules'):
        yield from config_table(f'_base_/{folder}')


def config_table(folder: str) -> Iterator[str]:
    yield f'\n### `configs/{folder}`\n\n| file | what it is | made of |\n|---|---|---|'
    for path in sorted((CONFIGS / folder).glob('*.py')):
        bases = ', '.join(f'`{name.removeprefix("../")}`' for name in base_files(path))
        yield f'| `{path.name}` | {purpose(path)} | {bases} |'


def base_files(path: Path) -> list[str]:
    """What a config names as its ``_base_``, as it is written."""
    for node in ast.parse(path.read_text(encoding='utf-8')).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == '_base_':
            bases = ast.literal_eval(node.value)
            return [bases] if isinstance(bases, str) else list(bases)
    return []


def purpose(path: Path) -> str:
    """The first sentence of the comment at the top of a config; nothing where there is none."""
    lines = takewhile(lambda line: line.startswith('#'), path.read_text(encoding='utf-8').splitlines())
    text = ' '.join(line.lstrip('# ') for line in lines)
    return escape(re.split(r'(?<=[a-z)\d`])\. (?=[A-Z])', text)[0].rstrip('.'))


PARTS: dict[str, Callable[[], Iterator[str]]] = {
    'commands': commands,
    'class lists': class_lists,
    'config files': config_files,
}
