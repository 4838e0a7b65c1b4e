"""The page in a headless Chromium: no complaint, no request, and its filters and pictures do what they say."""

import numpy as np
import pytest
from PIL import Image

from ship_det.annotations import AOSR15_CLASSES, LabeledObject, write_dota
from ship_det.evaluation import write_predictions
from ship_det.geometry import rbox_to_quad
from ship_det.report import ReportOptions, RunFiles, write_report
from ship_det.tiling import TilingOptions, tile_scenes

SHOWN = '.filter(item => item.offsetParent !== null)'


def cards(browser, kind: str) -> list[str]:
    """Names of the cards of a kind that are shown."""
    return browser.run(f"[...document.querySelectorAll('.card.{kind}')]{SHOWN}.map(card => card.dataset.name)")


def boxes(browser, root: str) -> int:
    """Detections shown in an element."""
    return browser.run(
        f"[...document.querySelectorAll('{root} polygon.found')]"
        ".filter(box => getComputedStyle(box).display !== 'none').length"
    )


def choose_class(browser, name: str) -> None:
    browser.run(
        "{const filter = document.querySelector('#class-filter');"
        f'filter.value = [...filter.options].find(option => option.textContent === {name!r}).value;'
        "filter.dispatchEvent(new Event('change'));}"
    )


@pytest.fixture(scope='module')
def page(sample, tmp_path_factory):
    out = tmp_path_factory.mktemp('page')
    options = ReportOptions(train_list='train.txt')
    write_report([RunFiles('ci', sample.predictions, sample.log)], sample.data, out, options)
    return out / 'index.html'


@pytest.fixture
def opened(browser, page):
    browser.open(page)
    yield browser
    assert browser.complaints == []
    assert browser.requests == [page.as_uri()]


def test_pictures_are_there(opened):
    opened.run("document.querySelectorAll('img').forEach(image => { image.loading = 'eager'; })")
    opened.run("Promise.all([...document.querySelectorAll('img')].map(image => image.decode()))")
    sizes = opened.run("[...document.querySelectorAll('img')].map(image => image.naturalWidth)")
    assert len(sizes) > 10 and min(sizes) > 50


def test_no_overflow_on_a_narrow_screen(opened):
    opened.call('Emulation.setDeviceMetricsOverride', width=480, height=900, deviceScaleFactor=1, mobile=False)
    try:
        assert opened.run('document.documentElement.scrollWidth') <= 480
    finally:
        opened.call('Emulation.clearDeviceMetricsOverride')


@pytest.mark.parametrize(
    ('name', 'chips', 'mistakes'),
    [
        # The confusion of a submarine with a tanker belongs to both; c.png is empty.
        # The tanker of b.png is difficult, so neither it nor what was detected there counts.
        ('tanker', ['a.png'], ['a.png', 'a.png']),
        ('submarine', ['a.png', 'b.png'], ['a.png', 'a.png']),
        ('ferry <&"', ['b.png'], ['b.png']),
        ('all classes', ['a.png', 'b.png', 'c.png'], ['a.png', 'a.png', 'a.png', 'b.png']),
    ],
)
def test_class_filter(opened, name, chips, mistakes):
    choose_class(opened, name)
    assert cards(opened, 'chip') == chips
    assert sorted(cards(opened, 'mistake')) == mistakes


def test_chips_of_a_class_follow_the_score(opened):
    choose_class(opened, 'ferry <&"')
    opened.run("{score.value = 0.65; score.dispatchEvent(new Event('input'));}")
    assert cards(opened, 'chip') == []


def test_class_filter_dims_other_boxes(opened):
    choose_class(opened, 'tanker')
    opacity = opened.run(
        '[...document.querySelectorAll(\'.chip[data-name="a.png"] polygon\')]'
        '.map(box => [box.dataset.class, getComputedStyle(box).opacity])'
    )
    assert {(label, value) for label, value in opacity} == {('0', '1'), ('1', '0.25')}


def test_nothing_of_a_class_says_so(opened):
    opened.run("document.querySelector('[data-choose-kind=confusion]').click()")
    choose_class(opened, 'ferry <&"')
    assert cards(opened, 'mistake') == []
    shown = opened.run(f"[...document.querySelectorAll('.empty')]{SHOWN}.map(text => text.textContent)")
    assert shown == ['No such mistake.']


def test_class_in_the_table_filters_too(opened):
    opened.run("[...document.querySelectorAll('.class-name')].find(item => item.textContent === 'ferry <&\"').click()")
    assert cards(opened, 'chip') == ['b.png']
    assert opened.run('location.hash') == '#class=ferry+%3C%26%22'


@pytest.mark.parametrize(
    ('kind', 'expected'),
    [
        # 80 px at -0.4 rad from the x axis, and 50 px at 0.5.
        ('miss', 'no detection there, 80 px, heading 67°'),
        ('confusion', 'submarine taken for tanker, score 0.90, IoU 0.88, 50 px, heading 119°'),
    ],
)
def test_kinds_of_mistakes(opened, kind, expected):
    opened.run(f"document.querySelector('[data-choose-kind={kind}]').click()")
    texts = opened.run(
        f"[...document.querySelectorAll('.card.mistake')]{SHOWN}.map(card => card.querySelector('span').textContent)"
    )
    assert texts == [expected]


def test_score_slider_hides_detections(opened):
    chip = '.chip[data-name="a.png"]'
    assert boxes(opened, chip) == 3
    for score, count in (('0.1', 4), ('0.92', 1)):
        opened.run(
            f"{{const slider = document.querySelector('#score'); slider.value = {score};"
            "slider.dispatchEvent(new Event('input'));}"
        )
        assert boxes(opened, chip) == count


def test_missed_ships_follow_the_score(opened):
    missed = 'document.querySelectorAll(\'.chip[data-name="a.png"] polygon.missed\').length'
    assert opened.run(missed) == 2
    for score, count in (('0.1', 1), ('0.97', 3)):
        opened.run(
            f"{{const slider = document.querySelector('#score'); slider.value = {score};"
            "slider.dispatchEvent(new Event('input'));}"
        )
        assert opened.run(missed) == count


def test_viewer_shows_the_chip_that_was_clicked(opened):
    for name in ('b.png', 'a.png'):
        opened.run(f'document.querySelector(\'.chip[data-name="{name}"]\').click()')
        assert opened.run("document.querySelector('#viewer-name').textContent") == name
        assert opened.run(
            "document.querySelector('#viewer img').src"
            f' === document.querySelector(\'.chip[data-name="{name}"] img\').src'
        )
        assert opened.run('location.hash') == f'#chip={name}'
        opened.run("document.querySelector('#close').click()")
    assert opened.run("document.querySelector('#viewer').open") is False


def test_viewer_names_boxes_and_hides_layers(opened):
    opened.run('document.querySelector(\'.chip[data-name="a.png"]\').click()')
    names = (
        "[...document.querySelectorAll('#viewer text')].filter(text => getComputedStyle(text).display !== 'none')"
        '.map(text => text.textContent)'
    )
    assert sorted(opened.run(names)) == [
        *('submarine', 'submarine', 'tanker', 'tanker 0.70', 'tanker 0.90', 'tanker 0.95'),
    ]
    opened.run("document.querySelector('#show-found').click()")
    assert sorted(opened.run(names)) == ['submarine', 'submarine', 'tanker']
    assert boxes(opened, '#viewer') == 0


def test_viewer_steps_through_the_shown_chips(opened):
    choose_class(opened, 'submarine')
    opened.run('document.querySelector(\'.chip[data-name="b.png"]\').click()')
    opened.run("document.querySelector('#next').click()")
    assert opened.run("document.querySelector('#viewer-name').textContent") == 'a.png'


def test_table_sorts(opened):
    def first_column() -> list[str]:
        return opened.run("[...document.querySelectorAll('#classes tbody tr')].map(row => row.cells[0].textContent)")[
            :3
        ]

    head = "[...document.querySelectorAll('#classes th')].find(head => head.textContent === {!r}).click()"
    opened.run(head.format('AP@0.6'))
    assert first_column() == ['tanker', 'submarine', 'ferry <&"']
    opened.run(head.format('class'))
    assert first_column() == ['ferry <&"', 'submarine', 'tanker']


def test_link_leads_to_a_chip(browser, page):
    browser.open(page, '#class=submarine&score=0.2&chip=b.png')
    assert browser.run("document.querySelector('#viewer-name').textContent") == 'b.png'
    assert cards(browser, 'chip') == ['a.png', 'b.png']
    assert browser.run("document.querySelector('#score-text').textContent") == '0.20'
    assert browser.complaints == []


def test_runs_side_by_side(browser, sample, tmp_path):
    none = {'boxes': [[50, 50, 60, 12, 0.0]], 'scores': [0.7], 'labels': [1]}
    empty = {'boxes': [], 'scores': [], 'labels': []}
    images = [{'file': 'a.png', **none}, {'file': 'b.png', **empty}, {'file': 'c.png', **empty}]
    write_predictions(tmp_path / 'ce.jsonl', sample.classes, images)
    runs = [RunFiles('CE', tmp_path / 'ce.jsonl'), RunFiles('CI', sample.predictions, sample.log)]
    write_report(runs, sample.data, tmp_path / 'out', ReportOptions(train_list='train.txt'))
    assert (tmp_path / 'out' / 'confusion_CI.png').exists() and (tmp_path / 'out' / 'chips' / 'CE' / 'a.png').exists()
    browser.open(tmp_path / 'out' / 'index.html')
    chip = '.chip[data-name="a.png"]'
    headline = f"[...document.querySelectorAll('.figure.main b')]{SHOWN}.map(item => item.textContent)"
    assert browser.run(headline) == ['0.000'] and boxes(browser, chip) == 1
    missed = 'document.querySelectorAll(\'.chip[data-name="a.png"] polygon.missed\').length'
    assert browser.run(missed) == 3
    browser.open(tmp_path / 'out' / 'index.html', '#run=CI')
    assert browser.run(missed) == 2
    assert browser.run(headline) == ['0.818'] and boxes(browser, chip) == 3
    row = browser.run("[...document.querySelectorAll('#comparison tfoot td')].map(cell => cell.textContent)")
    assert row == ['mean of classes with ground truth', '3', '4', '0.000', '0.818', '+0.818']
    assert browser.complaints == []


def test_tables_of_fifteen_classes_fit(browser, tmp_path):
    scenes, chips = tmp_path / 'scenes', tmp_path / 'chips'
    for folder in ('images', 'labelTxt'):
        (scenes / folder).mkdir(parents=True)
    Image.new('RGB', (400, 400)).save(scenes / 'images/s.png')
    boxes = [[20 + 25 * label, 200, 60, 12, 1.5] for label in range(len(AOSR15_CLASSES))]
    ships = [LabeledObject(*ship, False) for ship in zip(rbox_to_quad(np.array(boxes)), AOSR15_CLASSES, strict=True)]
    write_dota(scenes / 'labelTxt/s.txt', ships)
    tile_scenes(scenes, chips, TilingOptions(chip=400))
    (chip,) = (chips / 'images').iterdir()
    (chips / 'train.txt').write_text(chip.name)
    found = {'boxes': boxes, 'scores': [0.9] * len(boxes), 'labels': list(range(len(boxes)))}
    write_predictions(tmp_path / 'ci.jsonl', AOSR15_CLASSES, [{'file': chip.name, **found}])
    options = ReportOptions(train_list='train.txt', scenes=scenes, gsd=1.0)
    write_report([RunFiles('ci', tmp_path / 'ci.jsonl')], chips, tmp_path / 'out', options)
    browser.open(tmp_path / 'out/index.html')
    # Those of pictures scroll in their cards.
    tables = "[...document.querySelectorAll('.table:not(.card .table)')]"
    widths = browser.run(f'{tables}.map(item => [item.scrollWidth, item.clientWidth])')
    assert len(widths) > 1
    assert all(needed <= there for needed, there in widths), widths
