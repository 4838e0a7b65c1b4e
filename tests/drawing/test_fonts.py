"""Names in any script on charts and pictures: in a font that has their letters, or as code points; never as squares."""

import logging
import warnings
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from matplotlib import font_manager
from matplotlib.figure import Figure
from matplotlib.text import Text
from PIL import ImageFont

from ship_det.drawing import fonts
from ship_det.drawing.boxes import draw_boxes
from ship_det.drawing.chart_style import save_chart, styled, text_columns, written

BUNDLED = Path(matplotlib.get_data_path(), 'fonts/ttf')
USUAL, OTHER = BUNDLED / 'DejaVuSans.ttf', BUNDLED / 'STIXGeneral.ttf'
# Letters that the other font has and the usual one lacks.
CIRCLED = 'Ⓢⓗ'


@pytest.fixture
def installed(monkeypatch):
    """Let some files be all of the machine's fonts."""

    def install(*paths: Path) -> None:
        monkeypatch.setattr(font_manager, 'findSystemFonts', lambda: list(map(str, paths)))
        monkeypatch.setattr(fonts, '_said', [])
        monkeypatch.setattr(fonts, '_needed', {})
        for function in (fonts.find_font, fonts._other_fonts):
            function.cache_clear()

    yield install
    monkeypatch.undo()
    for function in (fonts.find_font, fonts._other_fonts):
        function.cache_clear()


@pytest.mark.parametrize(
    ('letter', 'path'), [('a', USUAL), ('ж', USUAL), (' ', USUAL), ('Ⓢ', OTHER), ('渔', None), ('🚢', None)]
)
def test_the_first_font_that_has_a_letter(installed, letter, path):
    installed(BUNDLED / 'STIXGeneralBol.ttf', OTHER)
    assert fonts.find_font(letter) == path


def test_files_that_are_no_fonts_are_passed_over(installed, tmp_path):
    (tmp_path / 'sans.ttf').write_bytes(b'no font')
    installed(tmp_path / 'sans.ttf', tmp_path / 'gone.ttf', OTHER)
    assert fonts.find_font('Ⓢ') == OTHER


def test_letters_that_no_font_has_are_code_points_and_said_once(installed, caplog):
    installed()
    with caplog.at_level(logging.WARNING):
        assert fonts.drawable('tanker 3') == 'tanker 3'
        assert fonts.drawable('渔船 a') == '\\u6e14\\u8239 a'
        assert fonts.drawable('货船') == '\\u8d27\\u8239'
    (record,) = caplog.records
    assert "'渔船'" not in record.message and "'渔船 a'" in record.message
    assert 'Noto Sans CJK' in record.message


@pytest.mark.parametrize(
    ('name', 'columns', 'text'),
    [
        ('a' * 40, 40, 'a' * 40),
        ('a' * 41, 40, 'a' * 39 + '…'),
        ('tanker', 4, 'tan…'),
        ('_name', 40, ' _name'),
        ('$x_1^2$', 40, '$x_1^2$'),
        ('a/b\\n"\'<b>', 40, 'a/b\\n"\'<b>'),
    ],
)
def test_names_as_charts_have_them(installed, name, columns, text):
    installed()
    assert written(name, columns) == text


def test_wide_letters_count_twice(monkeypatch):
    assert text_columns('渔船 a') == 6
    monkeypatch.setattr('ship_det.drawing.chart_style.drawable', lambda text: text)
    assert written('渔' * 30, 40) == '渔' * 19 + '…'


@styled
def chart(name: str) -> Figure:
    figure = Figure(layout='constrained')
    axes = figure.subplots()
    axes.bar([0, 1], [1, 2], label=written(name))
    axes.set_xticks([0, 1], [written(name), 'b'])
    axes.set_title(written(name))
    axes.legend()
    return figure


@pytest.mark.parametrize('name', [CIRCLED, 'Ⓢ 渔 ж', '渔船', '$渔$', '_渔', '<Ⓢ>&"x"', 'a' * 200])
def test_charts_of_any_name_warn_of_nothing(installed, tmp_path, name):
    installed(OTHER)
    figure = chart(name)
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        saved = save_chart(figure, tmp_path / 'c.png')
    assert saved.uri.startswith('data:image/svg+xml;base64,') and (tmp_path / 'c.png').stat().st_size > 1000
    if 'Ⓢ' in name:
        families = {tuple(text.get_fontfamily()) for text in figure.findobj(Text) if 'Ⓢ' in text.get_text()}
        assert families == {('DejaVu Sans', 'STIXGeneral')}


def test_a_chart_that_needs_no_other_font_looks_for_none(monkeypatch, tmp_path):
    monkeypatch.setattr(font_manager, 'findSystemFonts', lambda: pytest.fail('looked for fonts'))
    monkeypatch.setattr(fonts, '_needed', {})
    fonts._other_fonts.cache_clear()
    fonts.find_font.cache_clear()
    save_chart(chart('tanker'), tmp_path / 'c.png')


def test_pictures_of_any_name(installed):
    """What a label shows is what Pillow draws with the font that has its letters."""
    installed(OTHER)
    assert fonts.picture_font('é 1', 12)[1] == 'é 1'
    font, text = fonts.picture_font('Ⓢ 渔 ж', 12)
    assert (Path(font.path), text) == (OTHER, 'Ⓢ \\u6e14 ж')
    font, text = fonts.picture_font('渔', 12)
    assert text == '\\u6e14' and font.getmask(text).getbbox() is not None
    water = np.zeros((60, 120, 3), dtype=np.uint8)
    quad = np.array([[[20, 40], [90, 40], [90, 50], [20, 50]]])
    pictures = [draw_boxes(water, quad, [name]).tobytes() for name in ('Ⓢ', 'Ⓣ', '渔', '船')]
    assert len(set(pictures)) == 4


def test_pillows_own_font_lacks_other_scripts():
    """Why another one is looked for."""
    font = ImageFont.load_default(size=12)
    assert bytes(font.getmask('渔')) == bytes(font.getmask('船'))
