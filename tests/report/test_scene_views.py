"""Chips put back where they were cut, and the outcome of their ships."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from ship_det.evaluation.labeled_set import read_labeled_set
from ship_det.report import scene_views
from ship_det.report.runs import ReportOptions, RunFiles, evaluate_run, read_all_predictions
from ship_det.report.scene_views import draw_scenes
from ship_det.tiling import Chip

# a.png at a quarter of the scene's px; b.png right of it; c.png in another scene, without ships.
CHIPS = {
    'a.png': Chip('a.png', 's.png', (1000, 2000, 400, 400), {}, size=(200, 200)),
    'b.png': Chip('b.png', 's.png', (1400, 2200, 200, 200), {}),
    'c.png': Chip('c.png', 't.png', (0, 0, 200, 200), {}),
}


@pytest.fixture
def evaluated(sample):
    files = RunFiles('ci', sample.predictions)
    labeled = read_labeled_set(sample.data, sample.classes)
    return evaluate_run(files, read_all_predictions([files])[0], labeled, ReportOptions()), labeled


def decoded(card):
    data = card.uri.removeprefix('data:image/jpeg;base64,')
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(data)))).astype(int)


def test_scenes_with_most_ships_first(evaluated):
    run, labeled = evaluated
    assert [card.name for card in draw_scenes([run], labeled, CHIPS, 5)] == ['s.png', 't.png']
    assert [card.name for card in draw_scenes([run], labeled, CHIPS, 1)] == ['s.png']
    assert draw_scenes([run], labeled, CHIPS, 0) == draw_scenes([run], labeled, {}, 5) == []


@pytest.mark.parametrize('side', [1600, 300])
def test_chips_lie_where_they_were_cut(evaluated, monkeypatch, side):
    monkeypatch.setattr(scene_views, '_SIDE', side)
    run, labeled = evaluated
    card, _ = draw_scenes([run], labeled, CHIPS, 2)
    assert card.window == (1000, 2000, 600, 400)
    pixels, scale = decoded(card), min(side / 600, 1)
    assert pixels.shape == (round(400 * scale), round(600 * scale), 3)

    def at(x, y):
        return pixels[int((y - 2000) * scale), int((x - 1000) * scale)]

    # The tanker of a.png at (50, 50), the submarine of b.png at (60, 60), water, and no chip above b.png.
    for point, color in (
        ((1100, 2100), (190, 190, 180)),
        ((1460, 2260), (190, 190, 180)),
        ((1040, 2360), (40, 60, 80)),
        ((1500, 2100), (226, 230, 235)),
    ):
        np.testing.assert_allclose(at(*point), color, atol=12)


def test_boxes_in_px_of_the_scene(evaluated):
    run, labeled = evaluated
    card = draw_scenes([run, run], labeled, CHIPS, 1)[0]
    kinds = [box.kind for box in card.boxes if box.run == 1]
    # What b.png has on its difficult tanker does not count.
    assert [kinds.count(kind) for kind in ('found right', 'truth missed', 'found wrong')] == [2, 2, 3]
    tanker = next(box for box in card.boxes if box.title == 'tanker 0.95, right')
    np.testing.assert_allclose(tanker.quad, [[1040, 2088], [1160, 2088], [1160, 2112], [1040, 2112]])
    submarine = next(box for box in card.boxes if box.title == 'submarine 0.80, right')
    np.testing.assert_allclose(submarine.quad.mean(axis=0), [1460, 2260])
