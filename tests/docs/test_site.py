"""The site: it builds without a warning, needs no network, and says of the code what the code says."""

import os
import re
import subprocess
import sys

import pytest
import yaml
from generated import fill_in
from markdown_pages import ROOT
from mmengine.config import Config

import ship_det
from ship_det.commands.main import SUBCOMMANDS


@pytest.fixture(scope='module')
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp('site')
    command = [sys.executable, '-m', 'mkdocs', 'build', '--strict', '--site-dir', str(folder)]
    environment = {**os.environ, 'NO_MKDOCS_2_WARNING': '1'}
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=environment)
    assert result.returncode == 0, result.stderr[-3000:]
    assert 'WARNING' not in result.stderr
    return folder


def test_every_page_is_in_the_navigation_of_the_site(site):
    made = {path.relative_to(site).with_suffix('').as_posix() for path in site.rglob('*.html')}
    written = {path.relative_to(ROOT / 'docs').with_suffix('').as_posix() for path in (ROOT / 'docs').rglob('*.md')}
    notebooks = {f'notebooks/{path.stem}' for path in (ROOT / 'docs/notebooks').glob('*.ipynb')}
    assert made - {'404'} == written | notebooks
    home = (site / 'index.html').read_text()
    assert 'reference/api/losses.html' in home
    assert 'results/speed.html' in home


def test_pages_load_nothing_from_a_network(site):
    loading = re.compile(r'<(?:script|link|img|iframe|source)\b[^>]*?(?:src|href)="?((?:https?:)?//[^" >]+)')
    found = {address for path in site.rglob('*.html') for address in loading.findall(path.read_text())}
    assert found == set()


def test_a_page_opened_as_a_file_asks_for_files_alone_and_finds_words(site, browser):
    browser.open(site / 'guides/train.html')
    assert browser.complaints == []
    assert [address for address in browser.requests if not address.startswith('file:')] == []
    search = """new Promise(done => {
        const field = document.querySelector('.md-search__input');
        field.focus(); field.value = 'imbalance'; field.dispatchEvent(new Event('input', {bubbles: true}));
        field.dispatchEvent(new KeyboardEvent('keyup', {bubbles: true}));
        const watch = setInterval(() => {
            const found = document.querySelectorAll('.md-search-result__link').length;
            if (found) { clearInterval(watch); done(found); }
        }, 50);
    })"""
    assert browser.run(search) > 3
    assert [address for address in browser.requests if not address.startswith('file:')] == []


def test_commands_have_all_their_arguments(site):
    page = (site / 'reference/commands.html').read_text()
    for name in SUBCOMMANDS:
        assert f'id="ship-det-{name}"' in page
    for option in ('--min-visible', '--cfg-options', '--class-field', '--tune', '--log-base', '--angle-unit'):
        assert (option in page) == (option != '--log-base'), option
    assert 'default: 1000' in page


def test_class_lists_are_those_of_the_configs():
    table = fill_in((ROOT / 'docs/reference/classes.md').read_text())
    rows = {row.split('`')[1]: row for row in table.splitlines() if row.startswith('| `')}
    for name in ('hrsc2016', 'dota15', 'dota20', 'fair1m', 'shiprsimagenet'):
        classes = Config.fromfile(ROOT / f'configs/_base_/datasets/{name}.py', import_custom_modules=False).classes
        row = rows[f'{name}.py'].replace('\\', '')
        assert f'| {len(classes)} | {", ".join(classes)} |' in row
    assert '| 15 | aircraft-carrier, ' in rows['ship_chips.py'].replace('\\', '')


def test_configs_are_all_named():
    page = fill_in((ROOT / 'docs/reference/configs.md').read_text())
    for folder in ('r2cnn', 'skew_cascade', 'quickstart', 'zoo', 'compare_losses'):
        for path in (ROOT / 'configs' / folder).glob('*.py'):
            assert f'| `{path.name}` |' in page
    # As code: as plain text, Markdown takes the underscores for emphasis.
    assert re.findall(r'^### (.*_base_.*)$', page, re.MULTILINE)[0] == '`configs/_base_/models`'


def test_the_citation_has_the_version_of_the_package():
    citation = yaml.safe_load((ROOT / 'CITATION.cff').read_text())
    assert citation['version'] == ship_det.__version__
    assert {'cff-version', 'message', 'title', 'authors'} <= citation.keys()
    assert [len(reference['authors']) for reference in citation['references']] == [6, 5]


@pytest.mark.parametrize('name', ['bug', 'feature'])
def test_issue_forms_have_what_github_needs(name):
    form = yaml.safe_load((ROOT / f'.github/ISSUE_TEMPLATE/{name}.yml').read_text())
    assert {'name', 'description', 'body'} <= form.keys()
    identifiers = [field['id'] for field in form['body']]
    assert len(set(identifiers)) == len(identifiers)
    assert all(field['type'] in ('textarea', 'input', 'dropdown', 'checkboxes') for field in form['body'])
