"""Pages of the site that are made from what they describe, and the folders of its navigation. MkDocs calls these."""

from pathlib import Path
from typing import Any

from generated import fill_in
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page
from notebook_pages import to_markdown

NOTEBOOKS = 'notebooks'


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Put the pages of a folder where the navigation names the folder."""
    config.nav = [expand(entry, Path(config.docs_dir)) for entry in config.nav or []]
    return config


def expand(entry: Any, docs: Path) -> Any:
    """An entry of the navigation in which folders are lists of their pages."""
    if isinstance(entry, dict):
        return {title: expand(value, docs) for title, value in entry.items()}
    if isinstance(entry, list):
        return [expand(value, docs) for value in entry]
    if entry.endswith('/'):
        pages = sorted((docs / entry).glob('*.md'), key=lambda path: (path.stem != 'index', path))
        return [path.relative_to(docs).as_posix() for path in pages]
    return entry


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add a page for each notebook."""
    for path in sorted(Path(config.docs_dir, NOTEBOOKS).glob('*.ipynb')):
        files.append(File.generated(config, f'{NOTEBOOKS}/{path.stem}.md', content=to_markdown(path)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Fill in what is made from the code, and lead to the pages of notebooks, not to their files."""
    if page.file.src_uri.startswith(f'{NOTEBOOKS}/'):
        return markdown
    return fill_in(markdown).replace('.ipynb)', '.md)')
