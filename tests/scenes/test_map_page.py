"""The map page: what is written, and in a headless Chromium what a person sees and does."""

import base64
import io
import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import rasterio
from PIL import Image, ImageDraw

from ship_det.geometry import rbox_to_quad
from ship_det.scenes.detector import Detections
from ship_det.scenes.map_page import write_map
from ship_det.scenes.scene import describe_scene

CLASSES = ('tanker', 'ferry <b>&"', 'barge</script>')
SIZE = 2600, 2200
# (cx, cy, w, h, theta) px, label, score, colour of its pixels.
SHIPS = [
    (900, 700, 300, 60, 0.5, 0, 0.9, (255, 0, 255)),
    (1900, 1500, 150, 40, -0.3, 1, 0.6, (0, 255, 0)),
    (1500, 400, 80, 20, 0.0, 0, 0.4, (200, 200, 200)),
]
NAMES = 'harbor <b>north', "quay 'south' #1%"


def detections(rows, **fields) -> Detections:
    table = np.array([row[:7] for row in rows], dtype=float).reshape(-1, 7)
    return Detections(table[:, :5], table[:, 6], table[:, 5].astype(int), CLASSES, **fields)


@pytest.fixture(scope='module')
def images(tmp_path_factory) -> Path:
    """Scenes of dark water with a bright ship each: one with 2 m/px at 60 degrees north, one without a place."""
    folder = tmp_path_factory.mktemp('images')
    image = Image.new('RGB', SIZE, (30, 40, 60))
    for *box, _, _, color in SHIPS:
        corners = rbox_to_quad(np.array([box], dtype=float))[0]
        ImageDraw.Draw(image).polygon([tuple(corner) for corner in corners], fill=color)
    place = {'crs': 'EPSG:32633', 'transform': rasterio.Affine(2, 0, 500000, 0, -2, 6650000)}
    profile = {'driver': 'GTiff', 'width': SIZE[0], 'height': SIZE[1], 'count': 3, 'dtype': 'uint8'}
    with rasterio.open(folder / 'north.tif', 'w', **profile, **place) as file:
        file.write(np.moveaxis(np.asarray(image), 2, 0))
        file.update_tags(TIFFTAG_DATETIME='2026:05:04 10:31:00')
    image.crop((0, 0, 800, 600)).save(folder / 'south.png')
    return folder


@pytest.fixture(scope='module')
def scenes(images) -> list[Detections]:
    north = describe_scene(images / 'north.tif', NAMES[0])
    south = describe_scene(images / 'south.png', NAMES[1])
    return [detections(SHIPS, scene=north), detections([], scene=south)]


@pytest.fixture(scope='module')
def page(scenes, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp('map')
    for name in ('ships.gpkg', 'ships.csv', 'other.csv'):
        (folder / name).write_text('')
    return write_map(folder, scenes)


@pytest.fixture
def opened(browser, page):
    browser.call('Emulation.setDeviceMetricsOverride', width=1280, height=800, deviceScaleFactor=1, mobile=False)
    browser.open(page)
    wait_for(browser, "document.querySelector('.leaflet-overlay-pane canvas')")
    yield browser
    browser.call('Emulation.clearDeviceMetricsOverride')
    assert browser.complaints == []
    assert browser.requests[0] == page.as_uri()
    assert all(request.startswith(page.parent.as_uri()) for request in browser.requests)


def wait_for(browser, condition: str) -> None:
    """Wait until an expression in the page is true, a frame at a time."""
    browser.run(
        'new Promise(done => { const look = () => ('
        + condition
        + ') ? done() : requestAnimationFrame(look); look(); })'
    )


def texts(browser, selector: str) -> list[str]:
    return browser.run(f'[...document.querySelectorAll({selector!r})].map(item => item.textContent.trim())')


def screenshot(browser) -> np.ndarray:
    data = base64.b64decode(browser.call('Page.captureScreenshot')['data'])
    return np.asarray(Image.open(io.BytesIO(data)).convert('RGB')).astype(int)


def like(pixels: np.ndarray, color) -> np.ndarray:
    return np.abs(pixels - color).max(axis=-1) < 90


def click_at(browser, x: float, y: float) -> None:
    for kind in ('mousePressed', 'mouseReleased'):
        browser.call('Input.dispatchMouseEvent', type=kind, x=x, y=y, button='left', clickCount=1)


def move_slider(browser, name: str, place: int, value: float) -> None:
    browser.run(
        f"{{const slider = document.querySelectorAll('#{name} input')[{place}]; slider.value = {value};"
        "slider.dispatchEvent(new Event('input'));}"
    )
    browser.run('new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))')


def facts(browser) -> dict[str, str]:
    names, values = texts(browser, '.ship dt'), texts(browser, '.ship dd')
    return dict(zip(names, values, strict=True))


# What is written


def test_files_of_a_page(page):
    folder = page.parent
    assert page == folder / 'index.html'
    assert sorted(path.name for path in (folder / 'map').iterdir()) == sorted(NAMES)
    tiles = [path.name for path in (folder / 'map' / NAMES[0] / '1').iterdir()]
    assert '1_1.jpg' in tiles and '0_4.jpg' not in tiles
    # A small scene is its own overview.
    assert sorted(path.name for path in (folder / 'map' / NAMES[1]).iterdir()) == [
        'overview.jpg',
        'ships.js',
        'tiles.json',
    ]


def test_columns_of_a_scene(page):
    text = (page.parent / 'map' / NAMES[0] / 'ships.js').read_text()
    name, table = re.fullmatch(r'shipMap\.ships\[(".*")\] = (.*);\n', text).groups()
    assert json.loads(name) == NAMES[0]
    columns = json.loads(table)
    assert columns['label'] == [0, 1, 0]
    assert columns['score'] == [0.9, 0.6, 0.4]
    # 2 m/px, but for the scale of UTM at its middle meridian, .9996.
    assert columns['length'] == pytest.approx([600.2, 300.1, 160.1], abs=0.06)
    assert columns['width'] == pytest.approx([120.0, 80.0, 40.0], abs=0.06)
    # Clockwise from north: the third lies east to west, theta turns clockwise on the picture.
    assert columns['heading'] == pytest.approx([90 + np.degrees(0.5), 90 - np.degrees(0.3), 90], abs=0.1)
    assert columns['corners'][16:] == [1460, 390, 1540, 390, 1540, 410, 1460, 410]


def test_a_scene_without_a_place_has_no_measures(page):
    table = json.loads((page.parent / 'map' / NAMES[1] / 'ships.js').read_text().partition(' = ')[2].rstrip(';\n'))
    assert table['length'] is None and table['latitude'] is None
    assert table['corners'] == [] and table['tiles'] == []


def test_names_break_nothing(page):
    text = page.read_text()
    assert text.count('<script>') == text.count('</script>') == 3
    data = json.loads(re.search(r'const shipMap = (.*);</script>', text)[1])
    assert tuple(data['classes']) == CLASSES
    assert [scene['name'] for scene in data['scenes']] == list(NAMES)


def test_only_files_that_are_there_are_linked(page):
    text = page.read_text()
    assert re.findall(r'href="(ships\.\w+)"', text) == ['ships.gpkg', 'ships.csv']


def test_the_licence_goes_along(page):
    assert 'Redistributions in binary form must reproduce the above copyright' in page.read_text()


def test_north_and_scale(scenes, page):
    north, south = json.loads(re.search(r'const shipMap = (.*);</script>', page.read_text())[1])['scenes']
    assert np.abs((north['north'] + 180) % 360 - 180) < 0.5
    assert np.allclose(north['ground'], [[2, 0], [0, -2]], atol=0.05)
    assert south['north'] is None and south['ground'] is None
    assert north['date'].startswith('2026-05-04T10:31:00')


def test_pictures_are_kept_for_the_next_time(scenes, page):
    def unreadable(path, folder):
        raise AssertionError(f'{path} is read again')

    before = page.read_bytes()
    reports = []
    write_map(page.parent, scenes, progress=lambda *done: reports.append(done), open_pixels=unreadable)
    assert page.read_bytes() == before
    assert reports == [(30, 34), (34, 34)]


def test_errors(scenes, tmp_path):
    with pytest.raises(ValueError, match='without a scene'):
        write_map(tmp_path, [detections([])])
    with pytest.raises(ValueError, match="two scenes are called 'harbor <b>north'"):
        write_map(tmp_path, [scenes[0], scenes[0]])
    (tmp_path / 'broken.tif').write_bytes(b'not a picture')
    for name, expected in (('../x', 'a name that a folder can have'), ('..', 'a name that a folder can have')):
        with pytest.raises(ValueError, match=expected):
            write_map(tmp_path, [replace(scenes[0], scene=replace(scenes[0].scene, name=name))])
    broken = replace(scenes[0].scene, path=str(tmp_path / 'broken.tif'))
    with pytest.raises(ValueError, match=r'broken\.tif'):
        write_map(tmp_path, [replace(scenes[0], scene=broken)])
    assert not (tmp_path / 'index.html').exists()


# What a person sees and does


def test_first_view(opened):
    assert texts(opened, '#scenes button span:first-child') == list(NAMES)
    assert texts(opened, '#scenes button span:last-child') == ['3 ships', '0 ships']
    assert texts(opened, '#classes label') == ['tanker2', 'ferry <b>&"1', 'barge</script>0']
    assert opened.run("[...document.querySelectorAll('#classes input')].every(box => box.checked)")
    assert texts(opened, '#shown') == ['3 of 3 ships']
    assert texts(opened, 'tbody td:first-child') == ['tanker', 'ferry <b>&"', 'tanker']
    assert texts(opened, '.leaflet-control-scale-line') == ['1 km']
    assert opened.run("document.querySelector('.north').title") == 'North is up'


def test_ships_lie_on_their_pixels(opened):
    """A click where the picture shows a ship finds that ship, so polygons and picture fit."""
    wait_for(opened, "document.querySelector('.leaflet-overview-pane img')?.complete")
    for place, (name, color) in enumerate([('tanker', (255, 0, 255)), ('ferry <b>&"', (0, 255, 0))]):
        rows, columns = np.nonzero(like(screenshot(opened), color))
        assert len(rows) > 20
        click_at(opened, columns.mean(), rows.mean())
        assert texts(opened, '.ship h2') == [name]
        assert opened.run("document.querySelector('tbody tr.chosen').rowIndex") == place + 1
        opened.run("document.querySelector('.leaflet-popup-close-button').click()")
        assert texts(opened, '.ship h2') == []
        wait_for(opened, "!document.querySelector('.leaflet-pan-anim')")


def test_facts_of_a_ship(opened):
    opened.run("document.querySelectorAll('tbody button')[1].click()")
    shown = facts(opened)
    assert shown['Score'] == '0.60' and shown['Length'] == '300.1 m' and shown['Width'] == '80.0 m'
    assert shown['Heading'] == '73° or 253°'
    assert re.fullmatch(r'59\.\d{5}° N, 15\.\d{5}° E', shown['Position'])
    assert shown['Date'].startswith('2026-05-04 10:31:00')


def test_chip_is_the_ship_at_full_resolution(opened):
    opened.run("document.querySelectorAll('tbody button')[1].click()")
    size = opened.run("(canvas => [canvas.width, canvas.height])(document.querySelector('.ship canvas'))")
    corners = rbox_to_quad(np.array([SHIPS[1][:5]], dtype=float))[0]
    # Its bounds and 40 px around.
    assert np.abs(np.array(size) - (np.ptp(corners, axis=0) + 80)).max() <= 2
    # The map moves to make room.
    wait_for(opened, "!document.querySelector('.leaflet-pan-anim')")
    # Drawn once its tile is loaded.
    for _ in range(200):
        x, y, w, h = opened.run(
            "(box => [box.x, box.y, box.width, box.height])(document.querySelector('.ship canvas')"
            '.getBoundingClientRect())'
        )
        chip = screenshot(opened)[round(y) : round(y + h), round(x) : round(x + w)]
        rows, columns = np.nonzero(like(chip, (0, 255, 0)))
        if len(rows):
            break
    middle = np.array([columns.mean() / w, rows.mean() / h])
    assert np.abs(middle - 0.5).max() < 0.03
    assert len(rows) / (w * h) == pytest.approx(150 * 40 / (size[0] * size[1]), rel=0.12)


def test_filters(opened):
    opened.run("document.querySelectorAll('#classes input')[0].click()")
    assert texts(opened, 'tbody td:first-child') == ['ferry <b>&"']
    assert texts(opened, '#shown') == ['1 of 3 ships']
    opened.run("document.querySelectorAll('#classes button')[0].click()")
    assert texts(opened, '#shown') == ['3 of 3 ships']
    move_slider(opened, 'score', 0, 0.5)
    assert texts(opened, '#classes .number') == ['1 of 2', '1', '0']
    move_slider(opened, 'score', 1, 0.7)
    assert texts(opened, 'tbody td:nth-child(2)') == ['0.60']
    move_slider(opened, 'score', 0, 0)
    move_slider(opened, 'score', 1, 1)
    move_slider(opened, 'length', 1, 290)
    assert texts(opened, 'tbody td:nth-child(3)') == ['160.1']
    move_slider(opened, 'length', 0, 200)
    assert texts(opened, '#notice') == ['No ship passes the filters.']


def test_filtered_ships_leave_the_map(opened):
    def magenta_clicked() -> list[str]:
        wait_for(opened, "document.querySelector('.leaflet-overview-pane img')?.complete")
        rows, columns = np.nonzero(like(screenshot(opened), (255, 0, 255)))
        click_at(opened, columns.mean(), rows.mean())
        return texts(opened, '.ship h2')

    opened.run("document.querySelectorAll('#classes input')[0].click()")
    assert magenta_clicked() == []
    opened.run("document.querySelectorAll('#classes input')[0].click()")
    assert magenta_clicked() == ['tanker']
    # With its description.
    opened.run("document.querySelectorAll('#classes button')[1].click()")
    assert texts(opened, '.ship h2') == []


def test_sorting(opened):
    def sort(title: str) -> list[str]:
        opened.run(
            f"[...document.querySelectorAll('thead button')].find(button => button.textContent === {title!r}).click()"
        )
        return texts(opened, 'tbody td:nth-child(2)')

    assert sort('Length, m') == ['0.90', '0.60', '0.40']
    assert sort('Length, m') == ['0.40', '0.60', '0.90']
    assert sort('Class') == ['0.60', '0.90', '0.40']
    assert opened.run("document.querySelector('th[aria-sort]').getAttribute('aria-sort')") == 'ascending'


def test_a_scene_without_ships(opened):
    opened.run("document.querySelectorAll('#scenes button')[1].click()")
    wait_for(opened, "!document.querySelector('#notice').hidden")
    assert texts(opened, '#notice') == ['No ships were found in this scene.']
    assert texts(opened, 'tbody tr') == []
    assert opened.run("document.querySelector('#length').hidden")
    assert texts(opened, '.leaflet-control-scale-line') == []
    opened.run("document.querySelectorAll('#scenes button')[0].click()")
    assert len(texts(opened, 'tbody tr')) == 3
    assert opened.run("document.querySelectorAll('.leaflet-map-pane').length") == 1


def test_controls_have_names(opened):
    """What a screen reader says of each control is not empty."""
    opened.call('Accessibility.enable')
    nodes = opened.call('Accessibility.getFullAXTree')['nodes']
    roles = ('button', 'checkbox', 'slider', 'link', 'application', 'region', 'img')
    controls = [node for node in nodes if node.get('role', {}).get('value') in roles and not node['ignored']]
    assert len(controls) > 15
    assert [node for node in controls if not node.get('name', {}).get('value')] == []


def test_on_a_phone_the_map_comes_first(opened, page):
    opened.call('Emulation.setDeviceMetricsOverride', width=390, height=844, deviceScaleFactor=2, mobile=True)
    opened.open(page)
    wait_for(opened, "document.querySelector('.leaflet-overlay-pane canvas')")
    assert opened.run('document.documentElement.scrollWidth') == 390
    assert opened.run("[...document.querySelectorAll('details')].some(panel => panel.open)") is False
    view = "document.querySelector('#view').getBoundingClientRect()"
    assert opened.run(f'{view}.top') < 100 and opened.run(f'{view}.height') > 400
    opened.run("document.querySelectorAll('details').forEach(panel => { panel.open = true; })")
    assert opened.run('document.documentElement.scrollWidth') == 390
    opened.run("document.querySelectorAll('tbody button')[2].click()")
    assert opened.run(f'{view}.top') >= 0


def test_ten_thousand_ships(browser, images, tmp_path):
    rng = np.random.default_rng(0)
    count = 10_000
    boxes = np.column_stack(
        [rng.uniform((0, 0), SIZE, (count, 2)), np.full((count, 2), (30, 6)), rng.uniform(-1.5, 1.5, count)]
    )
    scores = np.sort(rng.uniform(0.3, 1, count))[::-1]
    scene = describe_scene(images / 'north.tif', 'many')
    found = Detections(boxes, scores, rng.integers(0, 3, count), CLASSES, scene=scene)
    page = write_map(tmp_path, [found])
    browser.open(page)
    wait_for(browser, "document.querySelector('.leaflet-overlay-pane canvas')")
    assert texts(browser, '#shown') == ['10,000 of 10,000 ships']
    assert len(texts(browser, 'tbody tr')) == 100
    browser.run("document.querySelectorAll('.pages button')[1].click()")
    assert texts(browser, '.pages span') == ['2 of 100']
    move_slider(browser, 'score', 0, 0.9)
    assert texts(browser, '#shown') == [f'{(scores.round(4) >= 0.9).sum():,} of 10,000 ships']
    assert texts(browser, '.pages span')[0].startswith('1 of ')
    assert browser.complaints == []


def test_no_scenes(browser, tmp_path):
    title = 'Ships <i>"today"</i></script>'
    page = write_map(tmp_path, [], title)
    browser.open(page)
    assert texts(browser, '#notice') == ['No scenes were searched.']
    assert texts(browser, 'header p') == ['0 ships in 0 scenes']
    assert texts(browser, 'h1') == [title] and browser.run('document.title') == title
    assert browser.complaints == []
