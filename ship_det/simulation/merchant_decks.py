"""Deck layouts of tankers, container, cargo and supply ships, tugs, ferries and barges, seen from above."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np

from ship_det.simulation.deck import Deck

_WHITE = (222, 222, 216)
_HULLS = ((40, 42, 48), (46, 52, 74), (110, 44, 38), (38, 58, 84), (30, 32, 34), (36, 70, 58))
_BOXES = (
    (150, 58, 46), (168, 92, 48), (52, 86, 132), (70, 118, 150), (60, 104, 76), (190, 188, 180), (120, 118, 114),
    (196, 166, 70), (98, 48, 44), (40, 58, 92),
)  # fmt: skip


def draw_tanker(deck: Deck) -> None:
    """Open painted deck with pipes along the middle and a manifold across it, bridge and funnel right aft."""
    paint = deck.colour(_pick(deck, ((132, 62, 48), (150, 74, 58), (82, 104, 84), (116, 66, 56), (94, 96, 92))), 10)
    deck.hull(_pick(deck, _HULLS), paint, 0.7, 9)
    _bridge(deck, (0.075, 0.135), 0.95)
    pipes = (176, 168, 152)
    for across in (-0.1, -0.03, 0.04, 0.11):
        deck.line((0.15, across), (0.93, across), 0.8, pipes)
    for along in np.linspace(0.2, 0.88, 9):
        deck.line((along, -0.88), (along, 0.88), 0.5, tuple(value - 22 for value in paint))
    for along in (0.5, 0.515, 0.53, 0.545):
        deck.line((along, -0.86), (along, 0.86), 0.8, pipes)
    for side in (-1, 1):
        deck.rect((0.495, 0.55, side * 0.9 - 0.06, side * 0.9 + 0.06), (96, 90, 84))
    deck.line((0.52, 0.2), (0.6, 0.36), 1.2, _WHITE)
    for along in np.linspace(0.18, 0.88, 12):
        for across in (-0.5, 0.5):
            deck.disc((along, across), 0.9, (170, 160, 148))
    if deck.rng.random() < 0.5:
        deck.landing_circle((0.68, 0.5), min(7.0, deck.ship.beam * 0.2), (206, 196, 92))
    _forecastle(deck)


def draw_container_ship(deck: Deck) -> None:
    """Bays of coloured boxes over the full beam; bridge aft, on the largest ships a second island forward of it."""
    deck.hull(_pick(deck, _HULLS), deck.colour((112, 88, 78), 14), 0.6, 10)
    large = deck.ship.length > 340
    islands = [(0.26, 0.3), (0.64, 0.675)] if large else [(0.15, 0.2)]
    bay = 14.6 / deck.ship.length
    along = 0.045
    load = deck.rng.uniform(0.55, 1.0)
    while along + bay < 0.93:
        clear = all(along + bay < low - 0.004 or along > high + 0.004 for low, high in islands)
        if clear and deck.rng.random() < 0.94:
            width = 0.94 * min(1.0, 1.6 - 1.1 * max(along + bay - 0.55, 0) / 0.45, 0.62 + 5 * along)
            _bay_of_boxes(deck, (along, along + 12.2 / deck.ship.length), width, load)
        along += bay
    for low, high in islands:
        _bridge(deck, (low, high), 0.97, funnel=(low, high) == islands[0])
    _forecastle(deck)


def draw_cargo_ship(deck: Deck) -> None:
    """A row of hatch covers with deck cranes between them, bridge right aft."""
    deck.hull(_pick(deck, _HULLS), deck.colour((122, 92, 80), 22), 0.6, 7)
    _bridge(deck, (0.06, 0.14), 0.92)
    holds = 4 + int(deck.ship.length > 150) + int(deck.rng.integers(2))
    edges = np.linspace(0.17, 0.9, holds + 1)
    cover = deck.colour(_pick(deck, ((150, 146, 138), (92, 112, 96), (138, 84, 64), (104, 116, 128))), 12)
    open_hold = int(deck.rng.integers(holds)) if deck.rng.random() < 0.3 else -1
    for hold, (stern, bow) in enumerate(pairwise(edges)):
        extent = (stern + 0.014, bow - 0.014, -0.58, 0.58)
        deck.rect(extent, (58, 50, 44) if hold == open_hold else cover, 0.0 if hold == open_hold else 2)
        middle = (extent[0] + extent[1]) / 2
        deck.line((middle, -0.58), (middle, 0.58), 0.5, tuple(value - 30 for value in cover))
        deck.frame(extent, 0.5, tuple(value - 24 for value in cover))
    crane = _pick(deck, ((206, 178, 80), (214, 210, 200), (188, 104, 60)))
    for along in edges[1:-1]:
        deck.disc((along, 0), 1.9, crane, 14)
        way = deck.rng.choice([-1, 1])
        deck.line((along, 0), (along + way * 20 / deck.ship.length, deck.rng.uniform(-0.3, 0.3)), 1.3, crane)
    _forecastle(deck)


def draw_supply_ship(deck: Deck) -> None:
    """Kingposts across a crowded cargo deck, between the bridge block forward and the block with hangar and pad aft."""
    grey = deck.colour((146, 150, 152), 8)
    light = tuple(value + 34 for value in grey)
    deck.hull(tuple(value - 52 for value in grey), tuple(value - 36 for value in grey), 0.6, 10)
    deck.rect((0.72, 0.8, -0.86, 0.86), tuple(value + 12 for value in grey), 12)
    deck.rect((0.74, 0.78, -0.5, 0.5), light, 5)
    deck.rect((0.16, 0.28, -0.94, 0.94), tuple(value + 12 for value in grey), 12)
    deck.rect((0.19, 0.24, -0.3, 0.3), (54, 56, 58), 6)
    deck.rect((0.015, 0.14, -0.72, 0.72), (74, 77, 80))
    deck.landing_circle((0.08, 0), min(6.5, deck.ship.beam * 0.25), _WHITE)
    for along in np.linspace(0.33, 0.69, 7):
        for _ in range(5):
            across = deck.rng.uniform(-0.7, 0.7)
            deck.rect((along - 0.012, along + 0.012, across - 0.1, across + 0.1), deck.colour((128, 122, 112), 34), 2)
    for along in np.linspace(0.35, 0.67, 5):
        deck.rect((along - 0.006, along + 0.006, -0.82, 0.82), light, 16)
        for side in (-1, 1):
            deck.disc((along, side * 0.72), 1.6, light, 18)
            deck.line((along, side * 0.72), (along + 0.03, side * 0.96), 0.7, light)
    deck.disc((0.86, 0), 1.5, light, 8)


def draw_other(deck: Deck) -> None:
    """A tug, a ferry or a barge."""
    {'tug': _tug, 'ferry': _ferry, 'barge': _barge}[deck.ship.kind](deck)


def _tug(deck: Deck) -> None:
    deck.hull((30, 30, 32), deck.colour(_pick(deck, ((150, 66, 48), (120, 124, 122), (70, 104, 120))), 12), 0.9, 2.5)
    deck.rect((0.42, 0.78, -0.6, 0.6), _WHITE, 4)
    deck.rect((0.58, 0.72, -0.42, 0.42), (236, 236, 232), 3)
    for side in (-1, 1):
        deck.disc((0.45, side * 0.34), 0.9, _pick(deck, ((30, 30, 32), (186, 60, 44))), 4)
    deck.disc((0.3, 0), 0.9, (60, 60, 60), 1)


def _ferry(deck: Deck) -> None:
    deck.hull(_pick(deck, ((52, 72, 112), (216, 216, 210), (206, 128, 56))), deck.colour((196, 196, 188), 10), 0.8, 7)
    deck.rect((0.14, 0.86, -0.84, 0.84), (228, 228, 222), 5)
    deck.rect((0.3, 0.7, -0.5, 0.5), deck.colour((176, 180, 182), 20), 3)
    for along in (0.24, 0.78):
        deck.rect((along - 0.03, along + 0.03, -0.56, 0.56), (240, 240, 236), 3)
    deck.rect((0.46, 0.54, -0.18, 0.18), _pick(deck, ((186, 62, 48), (44, 60, 98), (212, 152, 62))), 6)
    for side in (-1, 1):
        for along in np.linspace(0.32, 0.68, 5):
            deck.rect((along - 0.02, along + 0.02, side * 0.7 - 0.06, side * 0.7 + 0.06), (212, 106, 52))


def _barge(deck: Deck) -> None:
    rust = deck.colour((124, 96, 78), 18)
    deck.hull((60, 50, 44), rust, 0.7, 3)
    cargo = _pick(deck, ((58, 54, 50), (168, 148, 112), (120, 108, 96)))
    if deck.rng.random() < 0.6:
        deck.rect((0.08, 0.92, -0.76, 0.76), (84, 72, 62))
        for along in np.arange(0.16, 0.9, 0.15):
            deck.disc((along, deck.rng.uniform(-0.15, 0.15)), deck.ship.beam * 0.27, deck.colour(cargo, 8), 2)
    else:
        for along in np.arange(0.1, 0.86, 0.16):
            if deck.rng.random() < 0.7:
                deck.rect((along, along + 0.13, -0.6, 0.6), deck.colour(_pick(deck, _BOXES), 10), 2.5)


def _bay_of_boxes(deck: Deck, span: tuple[float, float], width: float, load: float) -> None:
    """One bay: boxes of 2.44 m side by side, stacked to different heights."""
    rows = max(int(width * deck.ship.beam / 2.5), 1)
    step = 2 * 2.5 / deck.ship.beam
    tiers = int(deck.rng.integers(3, 7))
    extents, heights, colours = [], [], []
    for row in range(rows):
        if deck.rng.random() > load + 0.2:
            continue
        across = (row - rows / 2) * step
        extents.append((*span, across, across + step * 0.97))
        heights.append(2.6 * max(tiers - int(deck.rng.random() > load), 1))
        colours.append(deck.colour(_pick(deck, _BOXES), 14))
    if extents:
        deck.rects(extents, heights, colours)


def _bridge(deck: Deck, span: tuple[float, float], width: float, funnel: bool = True) -> None:
    stern, bow = span
    deck.rect((stern, bow, -width * 0.8, width * 0.8), (206, 206, 200), 16)
    deck.rect((bow - (bow - stern) * 0.35, bow, -width, width), _WHITE, 6)
    if funnel:
        paint = _pick(deck, ((52, 60, 88), (150, 58, 48), (206, 172, 74), (54, 54, 56)))
        deck.rect((stern - 0.028, stern - 0.002, -0.2, 0.2), paint, 16)


def _forecastle(deck: Deck) -> None:
    deck.area([(0.935, -0.6), (0.985, 0), (0.935, 0.6)], deck.colour((128, 108, 96), 8))
    for side in (-1, 1):
        deck.disc((0.945, side * 0.22), 1.2, (78, 74, 70))
    deck.disc((0.93, 0), 0.7, _WHITE, 10)


def _pick(deck: Deck, choices: tuple) -> tuple:
    return choices[int(deck.rng.integers(len(choices)))]


MERCHANT_DECKS: dict[str, Callable[[Deck], None]] = {
    'tanker': draw_tanker,
    'container-ship': draw_container_ship,
    'cargo-ship': draw_cargo_ship,
    'supply-ship': draw_supply_ship,
    'others': draw_other,
}
