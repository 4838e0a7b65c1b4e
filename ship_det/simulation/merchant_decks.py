"""Deck layouts of tankers, container, cargo and supply ships, tugs, ferries and barges, seen from above."""

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np

from ship_det.simulation.canvas import Colour
from ship_det.simulation.deck import Deck, lighter
from ship_det.simulation.plan import Pair
from ship_det.simulation.site import CONTAINERS as BOX_COLOURS

_WHITE = (222, 222, 216)
_HULLS = ((40, 42, 48), (46, 52, 74), (110, 44, 38), (38, 58, 84), (30, 32, 34), (36, 70, 58))
_PIPES = (176, 168, 152)


def draw_tanker(deck: Deck) -> None:
    """Painted deck with pipes and a manifold, bridge and funnel right aft; or a rack of pipes; or gas domes."""
    paints = ((132, 62, 48), (150, 74, 58), (82, 104, 84), (116, 66, 56), (94, 96, 92), (126, 128, 124))
    paint = deck.colour(deck.pick(paints), 12)
    deck.hull(deck.pick(_HULLS), paint, 0.7, 9)
    _bridge(deck, (0.075, 0.135), 0.95)
    (_draw_oil_deck, _draw_pipe_rack, _draw_gas_domes)[deck.variant](deck, paint)
    _forecastle(deck)


def _draw_oil_deck(deck: Deck, paint: Colour) -> None:
    for across in (-0.1, -0.03, 0.04, 0.11):
        deck.line((0.15, across), (0.93, across), 0.8, _PIPES)
    for along in np.linspace(0.2, 0.88, 9).tolist():
        deck.line((along, -0.88), (along, 0.88), 0.5, lighter(paint, -22))
    _manifold(deck)
    for along in np.linspace(0.18, 0.88, 12).tolist():
        for across in (-0.5, 0.5):
            deck.disc((along, across), 0.9, (170, 160, 148))
    if deck.rng.random() < 0.5:
        deck.landing_circle((0.68, 0.5), min(7.0, deck.ship.beam * 0.2), (206, 196, 92))


def _draw_pipe_rack(deck: Deck, paint: Colour) -> None:
    deck.rect((0.16, 0.93, -0.2, 0.02), lighter(paint, 34), 3)
    for across in (-0.15, -0.09, -0.03):
        deck.line((0.16, across), (0.93, across), 0.6, _PIPES)
    _manifold(deck)
    for along in np.linspace(0.2, 0.9, 6).tolist():
        deck.rect((along - 0.012, along + 0.012, 0.3, 0.5), lighter(paint, 40), 2)
        deck.rect((along - 0.012, along + 0.012, -0.6, -0.4), lighter(paint, 40), 2)
    deck.rect((0.14, 0.17, -0.7, 0.7), lighter(paint, 22), 4)


def _draw_gas_domes(deck: Deck, paint: Colour) -> None:
    dome = deck.pick(((224, 222, 214), (206, 186, 150), (190, 206, 210)))
    tanks = 4
    step = 0.76 / tanks
    radius = min(0.46 * step * deck.ship.length, 0.42 * deck.ship.beam)
    for along in 0.17 + step * (np.arange(tanks) + 0.5):
        deck.disc((along, 0), radius, lighter(dome, -26), 8)
        deck.disc((along, 0), 0.78 * radius, lighter(dome, -8), 4)
        deck.disc((along, 0), 0.4 * radius, dome, 2)
    deck.line((0.16, 0), (0.94, 0), 1.6, lighter(paint, 44), 2)


def _manifold(deck: Deck) -> None:
    for along in (0.5, 0.515, 0.53, 0.545):
        deck.line((along, -0.86), (along, 0.86), 0.8, _PIPES)
    for side in (-1, 1):
        deck.rect((0.495, 0.55, side * 0.9 - 0.06, side * 0.9 + 0.06), (96, 90, 84))
    deck.line((0.52, 0.2), (0.6, 0.36), 1.2, _WHITE, 6)


def draw_container_ship(deck: Deck) -> None:
    """Bays of boxes, most in the colours of two lines; bridge aft, or forward, or a feeder with its own cranes."""
    deck.hull(deck.pick(_HULLS), deck.colour((112, 88, 78), 14), 0.6, 10)
    large = deck.ship.length > 340
    islands = [[(0.15, 0.2)], [(0.1, 0.14), (0.7, 0.74)], [(0.05, 0.1)]][deck.variant]
    if large:
        islands = [[(0.26, 0.3), (0.64, 0.675)], [(0.18, 0.22), (0.74, 0.775)], [(0.34, 0.38), (0.56, 0.595)]][
            deck.variant
        ]
    cranes = (0.36, 0.64) if deck.variant == 2 and not large else ()
    bay = 14.6 / deck.ship.length
    along = 0.045
    load = deck.rng.uniform(0.25, 0.55) if deck.variant == 1 and not large else deck.rng.uniform(0.6, 1.0)
    line = [deck.pick(BOX_COLOURS) for _ in range(2)]
    colours = [*line, *line, *line, *BOX_COLOURS]
    while along + bay < 0.93:
        clear = all(along + bay < low - 0.004 or along > high + 0.004 for low, high in islands)
        clear = clear and all(not along - 0.01 < crane < along + bay for crane in cranes)
        width = 0.94 * min(1.0, 1.6 - 1.1 * max(along + bay - 0.55, 0) / 0.45, 0.62 + 5 * along)
        span = (along, along + 12.2 / deck.ship.length)
        if clear and deck.rng.random() < 0.3 + 0.7 * load:
            _bay_of_boxes(deck, span, width, load, colours)
        elif clear:
            deck.rect((*span, -width * 0.96, width * 0.96), deck.colour((126, 112, 102), 10), 1.5)
        along += bay
    for low, high in islands:
        _bridge(deck, (low, high), 0.97, funnel=(low, high) == islands[0])
    for along in cranes:
        _deck_crane(deck, (along, -0.86), 30, (214, 210, 200))
    _forecastle(deck)


def draw_cargo_ship(deck: Deck) -> None:
    """Hatches with cranes between them, bridge aft; or broad ones without cranes; or bridge forward and loads."""
    deck.hull(deck.pick(_HULLS), deck.colour((122, 92, 80), 22), 0.6, 7)
    cover = deck.colour(deck.pick(((150, 146, 138), (92, 112, 96), (138, 84, 64), (104, 116, 128))), 12)
    crane = deck.pick(((206, 178, 80), (214, 210, 200), (188, 104, 60)))
    if deck.variant == 2:
        _bridge(deck, (0.82, 0.885), 0.9, funnel=False)
        deck.rect((0.04, 0.075, -0.5, -0.2), (54, 54, 56), 9)
        deck.rect((0.04, 0.075, 0.2, 0.5), (54, 54, 56), 9)
        deck.rect((0.1, 0.79, -0.7, 0.76), cover, 3)
        for along in np.arange(0.14, 0.76, 0.07).tolist():
            deck.line((along, -0.7), (along, 0.76), 0.4, lighter(cover, -24))
            if deck.rng.random() < 0.55:
                half = deck.rng.uniform(0.012, 0.03), deck.rng.uniform(0.1, 0.4)
                across = deck.rng.uniform(-0.25, 0.25)
                load = deck.colour(deck.pick(((206, 204, 196), (152, 128, 92), (96, 110, 130), (170, 70, 52))), 10)
                deck.rect((along - half[0], along + half[0], across - half[1], across + half[1]), load, 4)
        for along in (0.26, 0.6):
            _deck_crane(deck, (along, -0.84), 32, crane)
        _forecastle(deck)
        return
    _bridge(deck, (0.06, 0.14), 0.92)
    broad = 0.84 if deck.variant == 1 else 0.58
    holds = 4 + int(deck.ship.length > 150) + int(deck.rng.integers(2)) + 2 * deck.variant
    edges = np.linspace(0.17, 0.9, holds + 1)
    open_hold = int(deck.rng.integers(holds)) if deck.rng.random() < 0.3 else -1
    for hold, (stern, bow) in enumerate(pairwise(edges)):
        extent = (stern + 0.014, bow - 0.014, -broad, broad)
        deck.rect(extent, (58, 50, 44) if hold == open_hold else cover, 0.0 if hold == open_hold else 2)
        middle = (extent[0] + extent[1]) / 2
        if deck.variant == 0:
            deck.line((middle, -broad), (middle, broad), 0.5, lighter(cover, -30))
        else:
            deck.line((extent[0], 0), (extent[1], 0), 0.6, lighter(cover, -30))
        deck.frame(extent, 0.5, lighter(cover, -24))
    if deck.variant == 0:
        for along in edges[1:-1]:
            _deck_crane(deck, (along, 0), 20, crane)
    else:
        deck.landing_circle(((edges[2] + edges[3]) / 2, 0), 0.2 * deck.ship.beam, (214, 206, 150))
    _forecastle(deck)


def draw_supply_ship(deck: Deck) -> None:
    """Kingposts on a crowded deck, bridge forward, hangar and pad aft; or all houses aft; or dry cargo amidships."""
    grey = deck.colour((146, 150, 152), 10)
    light = lighter(grey, 34)
    deck.hull(lighter(grey, -52), lighter(grey, -36), 0.6, 10)
    low, high = [(0.33, 0.69), (0.4, 0.86), (0.34, 0.6)][deck.variant]
    if deck.variant == 1:
        deck.rect((0.15, 0.36, -0.92, 0.92), lighter(grey, 12), 12)
        deck.rect((0.3, 0.345, -0.96, 0.96), light, 7)
        for side in (-1, 1):
            deck.rect((0.19, 0.24, side * 0.5 - 0.16, side * 0.5 + 0.16), (54, 56, 58), 6)
    else:
        house = (0.72, 0.8) if deck.variant == 0 else (0.64, 0.78)
        deck.rect((*house, -0.86, 0.86), lighter(grey, 12), 12)
        deck.rect((house[0] + 0.02, house[1] - 0.02, -0.5, 0.5), light, 5)
        deck.rect((0.16, 0.28, -0.94, 0.94), lighter(grey, 12), 12)
        deck.rect((0.19, 0.24, -0.3, 0.3), (54, 56, 58), 6)
    deck.rect((0.015, 0.14, -0.72, 0.72), (74, 77, 80))
    deck.landing_circle((0.08, 0), min(6.5, deck.ship.beam * 0.25), _WHITE)
    if deck.variant == 2:
        deck.rect((0.4, 0.54, -0.6, 0.6), deck.colour((150, 132, 104), 12), 3)
        deck.landing_circle((0.87, 0), 5.0, _WHITE)
    for along in np.linspace(low, high, 7).tolist():
        for _ in range(5):
            across = deck.rng.uniform(-0.7, 0.7) * (1 - max(along - 0.7, 0) / 0.3)
            deck.rect((along - 0.012, along + 0.012, across - 0.1, across + 0.1), deck.colour((128, 122, 112), 34), 2)
    for along in np.linspace(low + 0.02, high - 0.02, 5 - deck.variant).tolist():
        width = 0.82 * (1 - max(along - 0.7, 0) / 0.35)
        deck.rect((along - 0.006, along + 0.006, -width, width), light, 16)
        for side in (-1, 1):
            deck.disc((along, side * width * 0.88), 1.6, light, 2)
            deck.line((along, side * width * 0.88), (along + 0.03, side * width * 1.15), 0.7, light, 10)
    deck.disc((0.9, 0), 1.5, light, 8)


def draw_other(deck: Deck) -> None:
    """A tug, a ferry or a barge."""
    {'tug': _tug, 'ferry': _ferry, 'barge': _barge}[deck.ship.kind](deck)


def _tug(deck: Deck) -> None:
    deck.hull((30, 30, 32), deck.colour(deck.pick(((150, 66, 48), (120, 124, 122), (70, 104, 120))), 12), 0.9, 2.5)
    house = deck.pick((_WHITE, (204, 190, 150), (186, 190, 194)))
    at = (0.0, 0.08, -0.12)[deck.variant]
    deck.rect((0.42 + at, 0.78 + at, -0.6, 0.6), house, 4)
    deck.rect((0.58 + at, 0.72 + at, -0.42, 0.42), lighter(house, 14), 3)
    for side in (-1, 1):
        deck.disc((0.45 + at, side * 0.34), 0.9, deck.pick(((30, 30, 32), (186, 60, 44))), 4)
    deck.disc((0.3 + at, 0), 0.9, (60, 60, 60), 1)
    if deck.variant == 2:
        deck.disc((0.78, 0), 1.6, (84, 80, 76), 1)


def _ferry(deck: Deck) -> None:
    deck.hull(deck.pick(((52, 72, 112), (216, 216, 210), (206, 128, 56))), deck.colour((196, 196, 188), 10), 0.8, 7)
    if deck.variant == 1:
        _open_car_deck(deck)
        return
    deck.rect((0.14, 0.86, -0.84, 0.84), (228, 228, 222), 5)
    roof = deck.colour((176, 180, 182), 20) if deck.variant == 0 else deck.colour((92, 128, 116), 16)
    deck.rect((0.3, 0.7, -0.5, 0.5), roof, 3)
    wheelhouses = (0.24, 0.78) if deck.variant == 0 else (0.78,)
    for along in wheelhouses:
        deck.rect((along - 0.03, along + 0.03, -0.56, 0.56), (240, 240, 236), 3)
    funnel = 0.5 if deck.variant == 0 else 0.24
    deck.rect((funnel - 0.04, funnel + 0.04, -0.18, 0.18), deck.pick(((186, 62, 48), (44, 60, 98), (212, 152, 62))), 6)
    for side in (-1, 1):
        for along in np.linspace(0.32, 0.68, 5).tolist():
            deck.rect((along - 0.02, along + 0.02, side * 0.7 - 0.06, side * 0.7 + 0.06), (212, 106, 52))


def _open_car_deck(deck: Deck) -> None:
    """Cars and lorries in lanes between two high sides, wheelhouse on a bridge across them."""
    deck.rect((0.06, 0.94, -0.56, 0.56), (96, 100, 98))
    for side in (-1, 1):
        deck.rect((0.16, 0.84, side * 0.8 - 0.14, side * 0.8 + 0.14), (226, 226, 220), 6)
    length = 1 / deck.ship.length
    for across in np.linspace(-0.42, 0.42, 4).tolist():
        for along in np.arange(0.1, 0.86, 9 * length).tolist():
            if deck.rng.random() < 0.7:
                size = deck.rng.choice([4.4, 4.4, 7.5]) * length
                paint = deck.colour(deck.pick(((222, 222, 220), (60, 62, 66), (150, 48, 44), (120, 124, 130))), 10)
                deck.rect((along, along + size, across - 0.08, across + 0.08), paint, 1.5)
    deck.rect((0.46, 0.54, -0.9, 0.9), (236, 236, 230), 9)


def _barge(deck: Deck) -> None:
    rust = deck.colour((124, 96, 78), 18)
    deck.hull((60, 50, 44), rust, 0.7, 3)
    if deck.variant == 0:
        cargo = deck.pick(((58, 54, 50), (168, 148, 112), (120, 108, 96)))
        deck.rect((0.08, 0.92, -0.76, 0.76), (84, 72, 62))
        for along in np.arange(0.16, 0.9, 0.15).tolist():
            deck.disc((along, deck.rng.uniform(-0.15, 0.15)), deck.ship.beam * 0.27, deck.colour(cargo, 8), 2)
    elif deck.variant == 1:
        for along in np.arange(0.1, 0.86, 0.16).tolist():
            if deck.rng.random() < 0.7:
                deck.rect((along, along + 0.13, -0.6, 0.6), deck.colour(deck.pick(BOX_COLOURS), 10), 2.5)
    else:
        deck.rect((0.06, 0.24, -0.5, 0.5), (206, 202, 190), 5)
        deck.disc((0.62, 0), 3.4, (196, 150, 60), 4)
        deck.line((0.62, 0), (0.95, deck.rng.uniform(-0.6, 0.6)), 1.6, (196, 150, 60), 8)
        deck.rect((0.36, 0.5, -0.7, 0.1), deck.colour((96, 92, 86), 12), 1)


def _bay_of_boxes(deck: Deck, span: Pair, width: float, load: float, palette: Sequence[Colour]) -> None:
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
        colours.append(deck.colour(deck.pick(palette), 14))
    if extents:
        deck.rects(extents, heights, colours)


def _bridge(deck: Deck, span: Pair, width: float, funnel: bool = True) -> None:
    stern, bow = span
    deck.rect((stern, bow, -width * 0.8, width * 0.8), (206, 206, 200), 16)
    deck.rect((bow - (bow - stern) * 0.35, bow, -width, width), _WHITE, 6)
    if funnel:
        paint = deck.pick(((52, 60, 88), (150, 58, 48), (206, 172, 74), (54, 54, 56)))
        deck.rect((stern - 0.028, stern - 0.002, -0.2, 0.2), paint, 16)


def _deck_crane(deck: Deck, at: Pair, reach: float, colour: Colour) -> None:
    """A crane on its post, its jib (m) along the ship one way or the other."""
    along, across = at
    way = deck.rng.choice([-1, 1])
    end = (along + way * reach / deck.ship.length, across * 0.8 + deck.rng.uniform(-0.3, 0.3))
    deck.disc(at, 1.9, colour, 12)
    deck.line(at, end, 1.3, colour, 3)


def _forecastle(deck: Deck) -> None:
    deck.area([(0.935, -0.6), (0.985, 0), (0.935, 0.6)], deck.colour((128, 108, 96), 8))
    for side in (-1, 1):
        deck.disc((0.945, side * 0.22), 1.2, (78, 74, 70))
    deck.disc((0.93, 0), 0.7, _WHITE, 10)


MERCHANT_DECKS: dict[str, Callable[[Deck], None]] = {
    'tanker': draw_tanker,
    'container-ship': draw_container_ship,
    'cargo-ship': draw_cargo_ship,
    'supply-ship': draw_supply_ship,
    'others': draw_other,
}
