"""Docstrings for Markdown: what Sphinx would link, such as :func:`name`, becomes code."""

import re

import griffe

ROLE = re.compile(r':(?:func|class|meth|data|mod|attr|exc):`~?([^`]+)`')


class Roles(griffe.Extension):
    """Rewrites each docstring as it is read."""

    def on_instance(self, *, obj: griffe.Object, **_: object) -> None:
        if obj.docstring:
            obj.docstring.value = ROLE.sub(r'`\1`', obj.docstring.value)
