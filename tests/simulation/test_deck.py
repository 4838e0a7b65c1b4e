from dataclasses import replace

import cv2
import numpy as np
import pytest

from ship_det.annotations import AOSR15_CLASSES
from ship_det.simulation.canvas import Canvas
from ship_det.simulation.deck import Deck
from ship_det.simulation.merchant_decks import MERCHANT_DECKS
from ship_det.simulation.navy_decks import NAVY_DECKS
from ship_det.simulation.ships import SHIP_TYPES, VARIANTS, Ship

WATER = (0, 120, 140)


def draw(ship: Ship) -> np.ndarray:
    canvas = Canvas(np.full((140, 420, 3), WATER, np.uint8), (0, 0), 1.0, (0.6, 0.4))
    {**NAVY_DECKS, **MERCHANT_DECKS}[ship.name](Deck(canvas, ship))
    return canvas.finish()


def kinds() -> list[Ship]:
    return [Ship(name, kind.name, kind.length[0], kind.beam[0], x=210.0, y=70.0) for name in AOSR15_CLASSES
            for kind in SHIP_TYPES[name]]  # fmt: skip


@pytest.mark.parametrize('ship', kinds(), ids=lambda ship: f'{ship.name} {ship.kind}')
def test_variants_of_a_class_look_different(ship):
    # Colours differ by chance too: what counts is where the edges are, over several ships of each variant.
    edges = np.zeros((VARIANTS, 140, 420))
    for variant in range(VARIANTS):
        for seed in range(4):
            grey = cv2.cvtColor(draw(replace(ship, variant=variant, seed=seed)), cv2.COLOR_RGB2GRAY).astype(float)
            edges[variant] += np.hypot(*np.gradient(grey)) > 12
    for first, second in ((0, 1), (0, 2), (1, 2)):
        # Pixels that are an edge on most ships of a variant and on hardly any of the other.
        apart = ((edges[first] >= 3) & (edges[second] <= 1)) | ((edges[second] >= 3) & (edges[first] <= 1))
        assert apart.sum() > 0.015 * ship.length * ship.beam, (first, second, apart.sum())


def test_a_house_on_a_house_stands_on_its_roof():
    ship = Ship('freedom', 'Freedom', length=100, beam=20, x=210.0, y=70.0)
    deck = Deck(Canvas(np.zeros((140, 420, 3), np.uint8), (0, 0), 1.0, (0, 0)), ship)
    deck.hull((90, 90, 90), (100, 100, 100), 0.5, 6)
    deck.rect((0.3, 0.6, -0.8, 0.8), (120, 120, 120), 10)
    deck.rect((0.4, 0.5, -0.4, 0.4), (140, 140, 140), 4)
    assert [deck.level([point]) for point in ((0.1, 0.0), (0.35, 0.7), (0.45, 0.0))] == [6, 16, 20]
