"""Deck layouts of the warships, seen from above."""

from collections.abc import Callable

import numpy as np

from ship_det.simulation.canvas import Colour
from ship_det.simulation.deck import Deck, Extent, lighter
from ship_det.simulation.plan import Pair
from ship_det.simulation.ships import ASSAULT_LIFTS

_WHITE = (214, 214, 208)
_YELLOW = (198, 178, 82)
_BLACK = (34, 36, 38)
_AIRCRAFT = (172, 178, 182)


def draw_carrier(deck: Deck) -> None:
    """Angled runway to port, bow catapults, aircraft; the island abaft the lifts, or far aft; or in the yard."""
    surface = deck.colour((84, 86, 89), 8)
    deck.hull((60, 62, 66), surface, 0.8, 18)
    runway = [(0.012, -0.36), (0.012, 0.2), (0.69, -0.66), (0.665, -0.98)]
    deck.area(runway, tuple(value - 10 for value in surface))
    for start, end in (((0.012, -0.36), (0.655, -0.96)), ((0.012, 0.2), (0.685, -0.66))):
        deck.line(start, end, 0.9, _WHITE)
    for way in np.linspace(0.06, 0.9, 14).tolist():
        start = (0.012 + 0.665 * way, -0.08 - 0.74 * way)
        deck.line(start, (start[0] + 0.02, start[1] - 0.022), 0.9, _YELLOW)
    for across in (-0.2, 0.12):
        deck.line((0.7, across - 0.08), (0.985, across), 1.2, _WHITE)
    for along, across in ((0.62, 0.84), (0.53, 0.84), (0.25, 0.84), (0.26, -0.78)):
        deck.rect((along - 0.035, along + 0.035, across - 0.15, across + 0.15), (70, 72, 75))
        deck.frame((along - 0.035, along + 0.035, across - 0.15, across + 0.15), 0.6, (150, 150, 146))
    island = (0.36, 0.24, 0.36)[deck.variant]
    deck.rect((island, island + 0.085, 0.66, 0.9), (142, 146, 150), 16)
    deck.rect((island + 0.04, island + 0.08, 0.7, 0.86), (176, 180, 182), 8)
    deck.disc((island + 0.02, 0.78), 3.5, (110, 114, 118), 9)
    if deck.variant == 2:
        # In the yard: no aircraft, but tents, vans and crates.
        for along in np.arange(0.08, 0.92, 0.045).tolist():
            _deck_load(deck, (along, along + 0.03, -0.25, 0.55), 3, 4)
        return
    spots = [(along, 0.3 - 0.02 * row) for row, along in enumerate(np.arange(0.74, 0.98, 0.05).tolist())]
    if deck.variant == 0:
        spots += [(along, 0.72) for along in np.arange(0.18, 0.34, 0.048).tolist()]
        spots += [(along, 0.5) for along in np.arange(0.46, 0.72, 0.05).tolist()]
        spots += [(along, -0.36) for along in np.arange(0.78, 0.95, 0.055).tolist()]
    else:
        spots += [(along, 0.62) for along in np.arange(0.36, 0.72, 0.042).tolist()]
        spots += [(along, -0.05) for along in np.arange(0.03, 0.2, 0.05).tolist()]
    for spot in spots:
        if deck.rng.random() < 0.7:
            _jet(deck, spot, deck.rng.uniform(-0.5, 0.5) + deck.rng.choice([0.0, np.pi / 2, np.pi]))


def draw_perry(deck: Deck) -> None:
    """One long low superstructure to amidships and aft, missile launcher alone on the foredeck, hangar and pad aft."""
    grey = deck.colour((150, 154, 158), 8)
    _warship_hull(deck, grey)
    deck.rect((0.235, 0.7, -0.78, 0.78), grey, 6)
    deck.rect((0.56, 0.7, -0.86, 0.86), lighter(grey, 14), 4)
    deck.rect((0.24, 0.34, -0.72, 0.72), lighter(grey, 22), 3)
    deck.rect((0.43, 0.47, -0.3, 0.3), (58, 60, 62), 4)
    deck.disc((0.515, 0), 2.6, lighter(grey, 30), 4)
    _mast(deck, 0.6, grey)
    if deck.variant == 0:
        deck.disc((0.8, 0), 2.6, lighter(grey, 26), 3)
        deck.line((0.8, 0), (0.825, 0), 0.9, (70, 72, 74), 1)
    elif deck.variant == 1:
        # Without its launcher: a plate, and a house in its place amidships.
        deck.disc((0.8, 0), 3.4, lighter(grey, -8))
        deck.rect((0.36, 0.42, -0.6, 0.6), lighter(grey, 40), 4)
    else:
        _launch_cells(deck, (0.77, 0.81, -0.4, 0.4))
        _gun(deck, 0.86, 0.0)
        deck.rect((0.24, 0.32, -0.7, -0.05), lighter(grey, -40), 1)
        deck.rect((0.24, 0.32, 0.05, 0.7), lighter(grey, -40), 1)
    _flight_deck(deck, (0.02, 0.225), 0.76)


def draw_ticonderoga(deck: Deck) -> None:
    """Two tall square deckhouses well apart, each with stacks, and a gun at either end of the ship."""
    grey = deck.colour((158, 162, 164), 8)
    _warship_hull(deck, grey)
    deck.rect((0.21, 0.7, -0.72, 0.72), lighter(grey, -16), 3)
    deck.rect((0.555, 0.7, -0.92, 0.92), lighter(grey, 20), 13)
    deck.rect((0.63, 0.69, -0.66, 0.66), lighter(grey, 34), 5)
    deck.rect((0.26, 0.385, -0.92, 0.92), lighter(grey, 20), 11)
    deck.rect((0.29, 0.36, -0.6, 0.6), lighter(grey, 34), 4)
    for along in (0.52, 0.415):
        deck.rect((along - 0.022, along + 0.022, -0.52, 0.52), _BLACK, 8)
        deck.rect((along - 0.012, along + 0.012, -0.34, 0.34), (92, 94, 96))
    _mast(deck, 0.59, grey)
    _mast(deck, 0.46, grey)
    if deck.variant == 1:
        # The first of the class: launchers with two arms in place of cells.
        for along in (0.77, 0.1):
            deck.disc((along, 0), 2.8, lighter(grey, 16), 3)
            deck.line((along - 0.014, 0.22), (along + 0.014, 0.22), 0.9, (70, 72, 74), 1)
            deck.line((along - 0.014, -0.22), (along + 0.014, -0.22), 0.9, (70, 72, 74), 1)
    else:
        _launch_cells(deck, (0.745, 0.79, -0.46, 0.46))
        _launch_cells(deck, (0.075, 0.12, -0.46, 0.46))
    if deck.variant == 2:
        _under_repair(deck, (0.55, 0.7, -0.94, 0.94), (0.08, 0.3))
    _gun(deck, 0.855, 0.0)
    _gun(deck, 0.045, np.pi)
    _flight_deck(deck, (0.13, 0.205), 0.8)


def draw_burke(deck: Deck) -> None:
    """Broad hull, octagonal bridge block forward, two stacks, second block aft, one gun, launch cells, pad astern."""
    grey = deck.colour((146, 151, 156), 8)
    _warship_hull(deck, grey)
    deck.rect((0.22, 0.62, -0.56, 0.56), lighter(grey, -10), 4)
    octagon = [(0.545, -0.7), (0.575, -0.96), (0.65, -0.96), (0.695, -0.46)]
    deck.area(octagon + [(along, -across) for along, across in reversed(octagon)], lighter(grey, 12), 10)
    deck.rect((0.6, 0.66, -0.5, 0.5), lighter(grey, 28), 6)
    for along in (0.51, 0.385):
        deck.rect((along - 0.035, along + 0.035, -0.46, 0.46), lighter(grey, 6), 6)
        deck.rect((along - 0.022, along + 0.022, -0.3, 0.3), (50, 52, 54))
    if deck.variant == 1:
        # Flight I: no hangar, the aft cells in a low house and a longer pad.
        deck.rect((0.25, 0.325, -0.6, 0.6), lighter(grey, 4), 3)
        _launch_cells(deck, (0.262, 0.312, -0.46, 0.46))
    else:
        deck.rect((0.2, 0.325, -0.8, 0.8), lighter(grey, 10), 7)
        _launch_cells(deck, (0.285, 0.32, -0.42, 0.42))
    deck.disc((0.35, 0), 2.4, lighter(grey, 32), 3)
    _mast(deck, 0.56, grey)
    _launch_cells(deck, (0.735, 0.775, -0.32, 0.32))
    _gun(deck, 0.835, 0.0)
    _flight_deck(deck, (0.025, 0.235 if deck.variant == 1 else 0.185), 0.74)
    if deck.variant == 2:
        _under_repair(deck, (0.56, 0.69, -0.8, 0.8), (0.04, 0.18))


def draw_independence(deck: Deck) -> None:
    """Trimaran: a needle bow in front of a broad stern that is nearly all flight deck."""
    grey = deck.colour((152, 156, 158), 8)
    deck.hull(lighter(grey, -50), lighter(grey, -24), 0.5, 8)
    deck.area([(0.36, -0.84), (0.44, -0.84), (0.62, -0.2), (0.62, 0.2), (0.44, 0.84), (0.36, 0.84)], grey, 9)
    deck.area(
        [(0.4, -0.4), (0.52, -0.36), (0.585, -0.12), (0.585, 0.12), (0.52, 0.36), (0.4, 0.4)], lighter(grey, 26), 5
    )
    _mast(deck, 0.47, grey)
    for side in (-1, 1):
        deck.rect((0.37, 0.41, side * 0.62 - 0.1, side * 0.62 + 0.1), (62, 64, 66), 2)
    if deck.variant == 1:
        deck.rect((0.24, 0.36, -0.5, 0.5), lighter(grey, 6), 6)
        deck.rect((0.26, 0.34, -0.06, 0.06), lighter(grey, 34), 1)
    _flight_deck(
        deck, (0.02, 0.235 if deck.variant == 1 else 0.345), 0.92, spots=(0.12,) if deck.variant else (0.12, 0.25)
    )
    if deck.variant == 2:
        _deck_load(deck, (0.17, 0.33, -0.7, 0.7), 12, 3)
        _launch_cells(deck, (0.64, 0.69, -0.16, 0.16))
    _gun(deck, 0.78, 0.0)


def draw_freedom(deck: Deck) -> None:
    """Planing hull with a square stern, high smooth superstructure amidships, large flight deck aft."""
    grey = deck.colour((132, 138, 144), 8)
    _warship_hull(deck, grey)
    house = [(0.3, -0.9), (0.6, -0.9), (0.72, -0.42)]
    deck.area(house + [(along, -across) for along, across in reversed(house)], lighter(grey, 16), 10)
    deck.area([(0.5, -0.6), (0.6, -0.6), (0.66, 0), (0.6, 0.6), (0.5, 0.6)], lighter(grey, 36), 5)
    deck.rect((0.41, 0.48, -0.7, -0.2), (48, 50, 52), 3)
    deck.rect((0.41, 0.48, 0.2, 0.7), (48, 50, 52), 3)
    deck.rect((0.31, 0.37, -0.3, 0.3), lighter(grey, 30), 3)
    _mast(deck, 0.55, grey)
    _gun(deck, 0.82, 0.0)
    if deck.variant == 1:
        deck.rect((0.2, 0.3, -0.62, 0.62), lighter(grey, 8), 6)
        _launch_cells(deck, (0.72, 0.76, -0.3, 0.3))
    _flight_deck(deck, (0.02, 0.195 if deck.variant == 1 else 0.285), 0.92)
    if deck.variant == 2:
        _under_repair(deck, (0.34, 0.58, -0.8, 0.8), (0.05, 0.26))


def draw_assault_ship(deck: Deck) -> None:
    """Straight flight deck, island to starboard, lifts over the sides; helicopters, or jets, or vehicles on it."""
    surface = deck.colour((78, 81, 84), 8)
    deck.hull((58, 60, 64), surface, 0.6, 17)
    deck.rect((0.42, 0.68, 0.38, 0.78), (148, 152, 156), 15)
    deck.rect((0.46, 0.51, 0.44, 0.72), (70, 72, 74), 6)
    deck.rect((0.6, 0.645, 0.44, 0.72), (70, 72, 74), 6)
    deck.rect((0.53, 0.58, 0.42, 0.74), (182, 186, 188), 8)
    deck.line((0.02, -0.3), (0.95, -0.3), 0.7, _YELLOW)
    deck.line((0.02, 0.28), (0.95, 0.28), 0.6, _WHITE)
    inner = 32.4 / deck.ship.beam
    port, starboard = ASSAULT_LIFTS
    for extent in ((*port, -0.98, -inner), (*starboard, inner, 0.98)):
        deck.rect(extent, lighter(surface, -14))
        deck.frame(extent, 0.6, (150, 150, 146))
    for along in np.linspace(0.1, 0.9, 8).tolist():
        deck.landing_circle((along, -0.32), 3.6, _WHITE)
        if deck.variant == 0 and deck.rng.random() < 0.6:
            _helicopter(deck, (along, -0.32))
    if deck.variant == 2:
        _deck_load(deck, (0.05, 0.38, 0.1, 0.7), 26, 3)
        _deck_load(deck, (0.7, 0.92, 0.1, 0.5), 12, 3)
        return
    for along in np.arange(0.06, 0.4, 0.05).tolist():
        if deck.rng.random() < 0.8:
            _jet(deck, (along, 0.5), deck.rng.uniform(1.2, 2.0), 0.8)
    for along in np.arange(0.72, 0.9, 0.055).tolist():
        if deck.rng.random() < 0.75:
            if deck.variant == 0:
                _helicopter(deck, (along, 0.42))
            else:
                _jet(deck, (along, 0.42), deck.rng.uniform(0.6, 1.4), 0.8)


def draw_amphibious_transport(deck: Deck) -> None:
    """Two enclosed masts, flight deck over the well dock aft, bare or loaded; or all houses forward."""
    grey = deck.colour((146, 150, 154), 8)
    if deck.variant == 1:
        _draw_dock_ship(deck, grey)
        return
    _warship_hull(deck, grey, 12)
    deck.rect((0.35, 0.74, -0.9, 0.9), grey, 10)
    deck.rect((0.6, 0.72, -0.96, 0.96), lighter(grey, 22), 7)
    deck.rect((0.35, 0.41, -0.82, 0.82), lighter(grey, 18), 5)
    for along in (0.64, 0.46):
        octagon = [(along + 0.022 * np.cos(angle), 0.36 * np.sin(angle)) for angle in np.arange(8) * (np.pi / 4)]
        deck.area(octagon, lighter(grey, 44), 16)
    for side in (-1, 1):
        deck.rect((0.49, 0.58, side * 0.55 - 0.18, side * 0.55 + 0.18), (96, 98, 100))
        deck.rect((0.42, 0.45, side * 0.6 - 0.16, side * 0.6 + 0.16), (60, 62, 64), 5)
    deck.rect((0.78, 0.84, -0.4, 0.4), lighter(grey, -26))
    _flight_deck(deck, (0.015, 0.34), 0.92, spots=(0.09, 0.24))
    deck.line((0.015, 0), (0.34, 0), 0.6, _WHITE)
    if deck.variant == 2:
        _deck_load(deck, (0.03, 0.33, -0.7, 0.7), 24, 3)


def _draw_dock_ship(deck: Deck, grey: Colour) -> None:
    """All houses forward, two cranes amidships, a short pad over the open well dock."""
    _warship_hull(deck, grey, 12)
    deck.rect((0.56, 0.78, -0.84, 0.84), grey, 9)
    deck.rect((0.66, 0.75, -0.92, 0.92), lighter(grey, 20), 7)
    _mast(deck, 0.68, grey)
    for side in (-1, 1):
        deck.rect((0.58, 0.62, side * 0.6 - 0.14, side * 0.6 + 0.14), (60, 62, 64), 6)
        deck.disc((0.5, side * 0.8), 2.0, lighter(grey, 30), 8)
        deck.line((0.5, side * 0.8), (0.38, side * 0.74), 1.4, lighter(grey, 30), 2)
    deck.rect((0.36, 0.54, -0.66, 0.66), lighter(grey, -52))
    _deck_load(deck, (0.38, 0.53, -0.5, 0.5), 10, 3)
    _flight_deck(deck, (0.1, 0.35), 0.92, spots=(0.16, 0.28))
    deck.rect((0.005, 0.09, -0.7, 0.7), (52, 56, 60))


def draw_small_warship(deck: Deck) -> None:
    """Corvette: deckhouse with a mast, gun forward, missiles aft; or a minehunter's working deck; or a pad astern."""
    grey = deck.colour((158, 162, 165), 14)
    deck.hull(lighter(grey, -46), lighter(grey, -34), 0.5, 3)
    if deck.variant == 1:
        # Minehunter: house forward, reels and a crane on a broad deck aft.
        deck.rect((0.4, 0.78, -0.7, 0.7), grey, 5)
        deck.rect((0.58, 0.72, -0.6, 0.6), lighter(grey, 30), 4)
        deck.rect((0.43, 0.5, -0.24, 0.24), (62, 64, 66), 4)
        _mast(deck, 0.56, grey)
        deck.rect((0.03, 0.37, -0.7, 0.7), deck.colour((132, 122, 108), 10))
        for along, across in ((0.12, -0.3), (0.12, 0.34), (0.26, 0.0)):
            deck.disc((along, across), 1.5, deck.pick(((208, 112, 52), (196, 178, 70), (90, 92, 94))), 2)
        deck.line((0.34, 0.5), (0.16, 0.2), 0.8, lighter(grey, 40), 3)
        return
    house = (0.36, 0.66) if deck.variant == 0 else (0.42, 0.74)
    deck.rect((*house, -0.64, 0.64), grey, 4)
    deck.rect((house[1] - 0.16, house[1] - 0.02, -0.5, 0.5), lighter(grey, 30), 3)
    _mast(deck, house[1] - 0.18, grey)
    deck.disc((0.82, 0), 1.3, lighter(grey, 26), 2)
    deck.line((0.82, 0), (0.89, 0), 0.6, (66, 68, 70), 1)
    if deck.variant == 2:
        _flight_deck(deck, (0.02, 0.3), 0.8)
        deck.rect((0.31, 0.42, -0.56, 0.56), lighter(grey, 12), 4)
        return
    for side in (-1, 1):
        deck.rect((0.16, 0.28, side * 0.45 - 0.17, side * 0.45 + 0.17), lighter(grey, 8), 2)
    deck.disc((0.08, 0), 1.0, lighter(grey, 22), 1.5)


def draw_submarine(deck: Deck) -> None:
    """Dark hull washed over at its ends, sail and rudder; planes on the sail, or a shelter abaft it, or none."""
    dark = deck.colour((38, 41, 45), 9)
    deck.hull(dark, dark, 0.4, 1.5)
    deck.rect((0.16, 0.9, -0.62, 0.62), lighter(dark, 9))
    deck.rect((0.17, 0.88, -0.34, 0.34), lighter(dark, 17))
    stern = (0.645, 0.62, 0.55)[deck.variant]
    bow = stern + (0.075, 0.07, 0.1)[deck.variant]
    sail = [(stern, 0), (stern + 0.02, -0.3), (bow - 0.01, -0.3), (bow, 0), (bow - 0.01, 0.3), (stern + 0.02, 0.3)]
    deck.area(sail, lighter(dark, 26), 6)
    if deck.variant == 0:
        deck.line((bow - 0.03, -0.85), (bow - 0.03, 0.85), 1.6, lighter(dark, 22), -2)
    if deck.variant == 1:
        # A dry deck shelter, and a brow with a tent.
        deck.rect((stern - 0.11, stern - 0.015, -0.26, 0.26), lighter(dark, 44), 2.5)
        deck.rect((0.36, 0.4, -0.4, 0.4), (176, 172, 160), 2)
    if deck.variant == 2:
        for at in (0.04, 0.075):
            deck.line((at, -0.5), (at, 0.5), 0.9, lighter(dark, 18))
        deck.rect((0.2, 0.5, 0.3, 0.44), lighter(dark, 30))
    deck.line((0.015, 0), (0.06, 0), 1.0, lighter(dark, 16))
    if deck.ship.length > 150:
        for along in np.arange(0.3, stern - 0.02, 0.025).tolist():
            deck.line((along, -0.42), (along, 0.42), 0.5, dark)
    for along in (0.25, 0.5, 0.82):
        deck.disc((along, 0), 0.8, lighter(dark, 34))


def _warship_hull(deck: Deck, grey: Colour, freeboard: float = 7) -> None:
    deck.hull(lighter(grey, -52), lighter(grey, -40), 0.6, freeboard)


def _mast(deck: Deck, along: float, grey: Colour) -> None:
    deck.disc((along, 0), 0.9, lighter(grey, 48), 14)
    deck.line((along, -0.35), (along, 0.35), 0.6, lighter(grey, 40))


def _gun(deck: Deck, along: float, direction: float) -> None:
    deck.disc((along, 0), 2.1, (176, 180, 183), 3)
    reach = 7 / deck.ship.length * np.cos(direction)
    deck.line((along, 0), (along + reach, 0), 0.7, (80, 82, 84))


def _launch_cells(deck: Deck, extent: Extent) -> None:
    deck.rect(extent, (62, 64, 67))
    stern, bow, port, starboard = extent
    for along in np.linspace(stern, bow, 5)[1:-1].tolist():
        deck.line((along, port), (along, starboard), 0.4, (112, 114, 116))


def _flight_deck(deck: Deck, span: Pair, width: float, spots: tuple[float, ...] = ()) -> None:
    stern, bow = span
    deck.rect((stern, bow, -width, width), (74, 77, 80))
    deck.frame((stern + 0.006, bow - 0.006, -width * 0.9, width * 0.9), 0.5, _WHITE)
    radius = min(0.3 * (bow - stern) * deck.ship.length, 0.36 * deck.ship.beam, 5.5)
    for along in spots or ((stern + bow) / 2,):
        deck.landing_circle((along, 0), radius, _WHITE)
        if deck.rng.random() < 0.25:
            _helicopter(deck, (along, 0))


def _under_repair(deck: Deck, house: Extent, pad: Pair) -> None:
    """A house under white sheeting, crates and vans on the pad."""
    deck.rect(house, deck.colour((212, 212, 204), 10), 2)
    _deck_load(deck, (*pad, -0.6, 0.6), 8, 3)


def _deck_load(deck: Deck, extent: Extent, count: int, height: float) -> None:
    """Crates, vans and tents here and there on an area of the deck, up to a height (m)."""
    stern, bow, port, starboard = extent
    for along, across in deck.rng.uniform((stern, port), (bow, starboard), (count, 2)):
        half = deck.rng.uniform(1.2, 3.4) / deck.ship.length, deck.rng.uniform(1.2, 2.2) * 2 / deck.ship.beam
        paint = deck.colour(deck.pick(((206, 206, 200), (120, 122, 110), (164, 148, 116), (96, 102, 108))), 12)
        top = deck.rng.uniform(0.5, 1.0) * height
        deck.rect((along - half[0], along + half[0], across - half[1], across + half[1]), paint, top)


def _jet(deck: Deck, at: Pair, heading: float, size: float = 1.0) -> None:
    """A parked jet of about 17 m by 11 m, heading in radians against the ship's."""
    shape = np.array([(8, 0), (2, 1.4), (-3, 5.6), (-5, 5.6), (-4.5, 1.6), (-8, 3), (-8, -3), (-4.5, -1.6), (-5, -5.6),
                      (-3, -5.6), (2, -1.4)]) * size  # fmt: skip
    _parked(deck, at, heading, shape)


def _helicopter(deck: Deck, at: Pair) -> None:
    """A parked helicopter: fuselage, tail boom and four rotor blades."""
    heading = deck.rng.uniform(-0.2, 0.2)
    body = np.array([(6, 0), (4, 1.4), (-2, 1.4), (-8, 0.5), (-9, 1.6), (-9, -1.6), (-8, -0.5), (-2, -1.4), (4, -1.4)])
    _parked(deck, at, heading, body)
    for angle in heading + np.pi / 4 + np.arange(2) * np.pi / 2:
        blade = np.array([np.cos(angle) / deck.ship.length, 2 * np.sin(angle) / deck.ship.beam]) * 7
        deck.line(tuple(np.array(at) - blade), tuple(np.array(at) + blade), 0.5, (60, 62, 64))


def _parked(deck: Deck, at: Pair, heading: float, shape: np.ndarray) -> None:
    cos, sin = np.cos(heading), np.sin(heading)
    turned = shape @ np.array([[cos, sin], [-sin, cos]])
    points = np.array(at) + turned / (deck.ship.length, deck.ship.beam / 2)
    placed, level = deck.place(points), deck.level([at])
    deck.canvas.shade([placed], [level + 2.5], level)
    deck.canvas.fill(placed, deck.colour(_AIRCRAFT, 14), level)


NAVY_DECKS: dict[str, Callable[[Deck], None]] = {
    'aircraft-carrier': draw_carrier,
    'perry-frigate': draw_perry,
    'ticonderoga-cruiser': draw_ticonderoga,
    'burke-destroyer': draw_burke,
    'independence': draw_independence,
    'freedom': draw_freedom,
    'amphibious-assault-ship': draw_assault_ship,
    'amphibious-transport-ship': draw_amphibious_transport,
    'small-military-warship': draw_small_warship,
    'submarine': draw_submarine,
}
