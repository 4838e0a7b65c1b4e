"""HTML pages that need no other file: templates with autoescape, and data put into them as it is."""

import base64
from importlib.resources import files
from typing import Any


def render_page(package: str, template: str, filters: dict[str, Any] | None = None, **values: Any) -> str:
    """Render a template of a package, with further filters and the values that it names.

    Every value is escaped; ``asset(NAME)`` in the template is another file of the package, put in as it is.
    """
    # Only who writes a page needs them.
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=PackageLoader(package, ''),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(filters or {})
    environment.globals['asset'] = lambda name: Markup(files(package).joinpath(name).read_text(encoding='utf-8'))
    return environment.get_template(template).render(values)


def data_uri(kind: str, content: bytes) -> str:
    """Bytes of a media type such as ``image/jpeg`` as an address that holds them."""
    return f'data:{kind};base64,{base64.b64encode(content).decode("ascii")}'
