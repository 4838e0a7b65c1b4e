"""YAML files that people write: mappings and lists of text, each key once, without tags and references."""

import os
from collections.abc import Hashable
from typing import Any

import yaml

from ship_det.files import read_text


def read_yaml(path: str | os.PathLike, expected: str) -> Any:
    """Read a YAML file; all scalars stay text, since a class may be called "no" or 1.

    A value of ``null``, ``~`` or nothing at all is None, unless it is in quotes.

    Raises:
        ValueError: naming the file and what was expected, where it is not YAML, names a key twice, nests too deeply, or
            has tags or references: a few lines of those stand for gigabytes.
    """
    text = read_text(path)
    try:
        return yaml.load(text, Loader=_PlainLoader)
    except RecursionError:
        raise ValueError(f'{path}: nested too deeply, expected {expected}') from None
    except yaml.YAMLError as error:
        raise ValueError(
            f'{path}: not YAML of plain texts ({" ".join(str(error).split())}), expected {expected}'
        ) from error


# How YAML writes nothing, where it is not in quotes.
_NOTHING = ('', '~', 'null', 'Null', 'NULL')


class _PlainLoader(yaml.BaseLoader):
    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        event = self.peek_event()
        if isinstance(event, yaml.AliasEvent):
            raise yaml.composer.ComposerError(None, None, f'found a reference, *{event.anchor}', event.start_mark)
        if getattr(event, 'tag', None):
            raise yaml.composer.ComposerError(None, None, f'found a tag, {event.tag}', event.start_mark)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode) or key.value in seen:
                found = f'{key.value} twice' if isinstance(key, yaml.ScalarNode) else 'a key that is no text'
                raise yaml.constructor.ConstructorError(None, None, f'found {found}', key.start_mark)
            seen.add(key.value)
        return {key.value: self.construct_object(value, deep=True) for key, value in node.value}

    def construct_scalar(self, node: yaml.ScalarNode) -> Any:
        # Only what has no quotes has no style.
        return None if node.style is None and node.value in _NOTHING else super().construct_scalar(node)
