"""The ships of the simulator: real sizes of the 15 classes, hull outlines seen from above, label quads."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ship_det.annotations import LabeledObject
from ship_det.simulation.plan import FloatArray


@dataclass(frozen=True)
class ShipType:
    """A type of ship within a class: length and beam overall in metres, from the smallest to the largest built."""

    name: str
    length: tuple[float, float]
    beam: tuple[float, float]


#: How many deck layouts each class has.
VARIANTS = 3

#: Length overall and largest beam in metres, as seen from above: of carriers and assault ships that of the flight deck
#: with its deck-edge lifts lowered outboard. As the navies' fact files and the usual size groups of merchant shipping
#: give them. float examples, length x beam:
#:
#: - aircraft-carrier: Nimitz 332.8 x 76.8, Gerald R. Ford 337 x 78
#: - perry-frigate: FFG 7 (short hull) 135.6 x 13.7, FFG 8 (long hull) 138.1 x 13.7
#: - ticonderoga-cruiser: CG 47 172.8 x 16.8
#: - burke-destroyer: DDG 51 153.8 x 20.1, DDG 79 155.3 x 20.1
#: - independence: LCS 2 127.6 x 31.6
#: - freedom: LCS 1 115.3 x 17.5, LCS 3 118.1 x 17.6
#: - amphibious-assault-ship: Wasp 257.3 x 32.3 for the hull, 42.7 with both lifts out; America 257.3 x 36
#: - tanker: medium range 183 x 32.2, Aframax 244 x 42, Suezmax 274 x 48, VLCC 333 x 60
#: - container-ship: feeder 172 x 27, Panamax 294 x 32.2, post-Panamax 335 x 42.8, ultra large 400 x 59 to 61.5
#: - cargo-ship: coaster 110 x 16, Handysize 180 x 29, Supramax 200 x 32.2
#: - amphibious-transport-ship: San Antonio 208.5 x 31.9, Whidbey Island 185.8 x 25.6
#: - small-military-warship: Avenger 68.3 x 11.9, Karakurt 67 x 11, Baynunah 71.3 x 11, Buyan-M 74.1 x 11
#: - supply-ship: Henry J. Kaiser 206.5 x 29.7, Lewis and Clark 210 x 32.2, Supply 229.9 x 32.6
#: - submarine: Los Angeles 110.3 x 10.1, Virginia 114.9 x 10.4, Ohio 170.7 x 12.8, Soryu 84 x 9.1
#: - others: tug 32 x 11, ferry 100 x 18, barge 76 x 18
SHIP_TYPES: dict[str, tuple[ShipType, ...]] = {
    'aircraft-carrier': (ShipType('Nimitz, Ford', (331.0, 337.0), (76.0, 78.0)),),
    'perry-frigate': (ShipType('Oliver Hazard Perry', (135.6, 138.1), (13.7, 14.3)),),
    'ticonderoga-cruiser': (ShipType('Ticonderoga', (172.5, 173.2), (16.8, 17.0)),),
    'burke-destroyer': (
        ShipType('Arleigh Burke Flight I, II', (153.8, 154.2), (20.0, 20.3)),
        ShipType('Arleigh Burke Flight IIA', (155.2, 155.5), (20.0, 20.3)),
    ),
    'independence': (ShipType('Independence', (127.1, 128.5), (30.4, 31.6)),),
    'freedom': (ShipType('Freedom', (115.3, 118.1), (17.4, 17.6)),),
    'amphibious-assault-ship': (ShipType('Wasp, America', (253.2, 257.3), (36.0, 42.0)),),
    'tanker': (
        ShipType('handy, medium range', (176.0, 189.0), (29.0, 32.3)),
        ShipType('Panamax', (221.0, 230.0), (32.0, 32.3)),
        ShipType('Aframax', (240.0, 252.0), (42.0, 44.0)),
        ShipType('Suezmax', (270.0, 277.0), (46.0, 50.0)),
        ShipType('VLCC', (325.0, 336.0), (58.0, 60.0)),
    ),
    'container-ship': (
        ShipType('feeder', (168.0, 212.0), (26.0, 30.8)),
        ShipType('Panamax', (260.0, 294.0), (32.2, 32.3)),
        ShipType('post-Panamax', (300.0, 335.0), (40.0, 45.6)),
        ShipType('ultra large', (366.0, 400.0), (48.2, 61.5)),
    ),
    'cargo-ship': (
        ShipType('coaster, general cargo', (98.0, 138.0), (15.5, 21.0)),
        ShipType('Handysize, Supramax', (160.0, 200.0), (25.0, 32.2)),
    ),
    'amphibious-transport-ship': (
        ShipType('San Antonio', (208.0, 208.8), (31.6, 31.9)),
        ShipType('Whidbey Island, Harpers Ferry', (185.6, 186.0), (25.4, 25.7)),
    ),
    'small-military-warship': (
        ShipType('Avenger', (67.8, 68.8), (11.7, 12.0)),
        ShipType('corvette', (65.0, 75.0), (11.0, 12.0)),
    ),
    'supply-ship': (
        ShipType('Henry J. Kaiser', (206.2, 206.7), (29.6, 29.9)),
        ShipType('Lewis and Clark', (209.8, 210.2), (32.2, 32.3)),
        ShipType('Supply', (229.0, 230.0), (32.5, 32.8)),
    ),
    'submarine': (
        ShipType('Los Angeles, Virginia', (109.7, 115.0), (10.0, 10.4)),
        ShipType('Ohio', (170.0, 170.7), (12.8, 12.9)),
        ShipType('Soryu, Oyashio', (81.7, 84.0), (8.9, 9.1)),
    ),
    'others': (
        ShipType('tug', (28.0, 36.0), (10.0, 12.2)),
        ShipType('ferry', (70.0, 130.0), (16.0, 21.5)),
        ShipType('barge', (60.0, 91.0), (16.5, 22.0)),
    ),
}

#: Where along an assault ship its lifts stand out to port and to starboard.
ASSAULT_LIFTS = ((0.39, 0.45), (0.36, 0.42))
# Half-beam of its flight deck, m.
_ASSAULT_HALF_DECK = 16.2
# Outlines as (way from stern 0 to bow 1, half-beams to starboard); a symmetric hull gives its starboard side only.
_WARSHIP = [(0, 0.78), (0.06, 0.85), (0.28, 1), (0.56, 1), (0.72, 0.84), (0.84, 0.58), (0.93, 0.31), (1, 0)]
_SLENDER_WARSHIP = [(0, 0.7), (0.08, 0.84), (0.3, 1), (0.55, 1), (0.7, 0.82), (0.83, 0.56), (0.93, 0.3), (1, 0)]
_BROAD_WARSHIP = [(0, 0.94), (0.04, 1), (0.52, 1), (0.7, 0.86), (0.84, 0.56), (0.94, 0.22), (1, 0)]
_MERCHANT = [
    (0, 0.55),
    (0.02, 0.76),
    (0.1, 0.98),
    (0.14, 1),
    (0.84, 1),
    (0.9, 0.88),
    (0.95, 0.62),
    (0.985, 0.3),
    (1, 0),
]
_SUBMARINE = [
    (0, 0.07), (0.05, 0.22), (0.12, 0.55), (0.2, 0.85), (0.28, 1), (0.86, 1), (0.93, 0.84), (0.975, 0.5), (1, 0.12),
]  # fmt: skip
_CARRIER = [
    (0, 0.5), (0.03, 0.56), (0.1, 0.62), (0.17, 0.92), (0.21, 1), (0.68, 1), (0.72, 0.66), (0.86, 0.42), (1, 0.34),
    (1, -0.4), (0.86, -0.5), (0.74, -0.62), (0.67, -1), (0.34, -1), (0.2, -0.86), (0.1, -0.6), (0, -0.56),
]  # fmt: skip

# By class, or by type of ship within it.
_STARBOARD_SIDES = {
    'perry-frigate': _SLENDER_WARSHIP,
    'ticonderoga-cruiser': _SLENDER_WARSHIP,
    'burke-destroyer': _WARSHIP,
    'independence': [(0, 0.9), (0.02, 1), (0.44, 1), (0.5, 0.86), (0.56, 0.44), (0.8, 0.3), (0.92, 0.16), (1, 0)],
    'freedom': _BROAD_WARSHIP,
    'tanker': _MERCHANT,
    'container-ship': _MERCHANT,
    'cargo-ship': _MERCHANT,
    'amphibious-transport-ship': [(0, 0.95), (0.02, 1), (0.66, 1), (0.82, 0.82), (0.92, 0.48), (1, 0)],
    'small-military-warship': _BROAD_WARSHIP,
    'supply-ship': [(0, 0.62), (0.03, 0.82), (0.16, 1), (0.7, 1), (0.84, 0.8), (0.93, 0.44), (1, 0)],
    'submarine': _SUBMARINE,
    'tug': [(0, 0.72), (0.05, 0.9), (0.3, 1), (0.62, 1), (0.82, 0.84), (0.94, 0.5), (1, 0.16)],
    'ferry': [(0, 0.5), (0.05, 0.78), (0.16, 1), (0.84, 1), (0.95, 0.78), (1, 0.5)],
    'barge': [(0, 0.96), (0.01, 1), (0.99, 1), (1, 0.96)],
}


@dataclass(frozen=True)
class Ship:
    """One ship of a scene.

    Attributes:
        name: class name.
        kind: name of its ShipType.
        length, beam: m.
        x, y: centre in metres from the scene's top left corner.
        heading: where the bow points, radians from x to y, so clockwise on screen.
        seed: of everything drawn by chance on its deck.
        speed: 0 where moored or at anchor, up to 1 at full speed; sets the length of the wake.
        variant: which of the deck layouts of its class it has, 0 to VARIANTS - 1.
    """

    name: str
    kind: str
    length: float
    beam: float
    x: float = 0.0
    y: float = 0.0
    heading: float = 0.0
    seed: int = 0
    speed: float = 0.0
    variant: int = 0

    def to_scene(self, points: NDArray) -> FloatArray:
        """From metres (forward, to starboard) of the ship's middle to metres of the scene; (..., 2)."""
        points = np.asarray(points, dtype=np.float64)
        cos, sin = np.cos(self.heading), np.sin(self.heading)
        return points @ np.array([[cos, sin], [-sin, cos]]) + (self.x, self.y)


def draw_ship(name: str, rng: np.random.Generator) -> Ship:
    """A ship of a class, of a type and size drawn by chance, not placed yet."""
    types = SHIP_TYPES[name]
    # The first types are the common ones.
    weights = np.arange(len(types), 0, -1, dtype=np.float64)
    ship_type = types[rng.choice(len(types), p=weights / weights.sum())]
    size = rng.random()
    length, beam = (low + (high - low) * size for low, high in (ship_type.length, ship_type.beam))
    seed, variant = int(rng.integers(2**31)), int(rng.integers(VARIANTS))
    return Ship(name, ship_type.name, length, beam, seed=seed, variant=variant)


def hull_outline(ship: Ship) -> FloatArray:
    """Outline of the hull seen from above, (N, 2) metres (forward, to starboard) from the ship's middle."""
    if ship.name == 'aircraft-carrier':
        outline = np.array(_CARRIER)
    elif ship.name == 'amphibious-assault-ship':
        outline = _assault_outline(2 * _ASSAULT_HALF_DECK / ship.beam)
    else:
        starboard = _rounded(_STARBOARD_SIDES[ship.kind if ship.name == 'others' else ship.name])
        outline = np.concatenate([starboard, starboard[::-1] * (1, -1)])
    return (outline - (0.5, 0)) * (ship.length, ship.beam / 2)


def ship_quad(ship: Ship) -> FloatArray:
    """Corners of the rectangle around the hull, (4, 2) metres of the scene.

    Clockwise on screen from the port bow: port bow, starboard bow, starboard stern, port stern. Of all outlines the
    rectangle along the ship is the one of minimum area. It lies at sea level, where the map has the ship: a camera that
    looks askance sees the deck and all above it lean out of the rectangle, by the freeboard times the lean.
    """
    corners = np.array([[0.5, -0.5], [0.5, 0.5], [-0.5, 0.5], [-0.5, -0.5]]) * (ship.length, ship.beam)
    return ship.to_scene(corners)


def label_ships(ships: Sequence[Ship], gsd: float) -> list[LabeledObject]:
    """The labels of ships, px, to the hundredth of a pixel as label files have them."""
    return [LabeledObject(np.round(ship_quad(ship) / gsd, 2), ship.name) for ship in ships]


def _assault_outline(deck: float) -> FloatArray:
    """Flight deck with a lift over the side to port and another to starboard; deck: its share of the beam with them."""
    (port_stern, port_bow), (stern, bow) = ASSAULT_LIFTS
    starboard = [(0, 0.86), (0.02, 1), (stern, 1), (stern, 1 / deck), (bow, 1 / deck), (bow, 1), (0.86, 1)]
    port = [(0.86, -1), (port_bow, -1), (port_bow, -1 / deck), (port_stern, -1 / deck), (port_stern, -1), (0.02, -1)]
    ends = [(0.95, 0.82), (1, 0.62), (1, -0.62), (0.95, -0.82)]
    return np.array([*starboard, *ends, *port, (0, -0.86)]) * (1, deck)


def _rounded(side: list[tuple[float, float]]) -> FloatArray:
    """One side of a hull with its corners cut (Chaikin), but for the two ends; the straight sides keep their line."""
    points = np.array(side, dtype=np.float64)
    for _ in range(2):
        cut = np.stack([0.75 * points[:-1] + 0.25 * points[1:], 0.25 * points[:-1] + 0.75 * points[1:]], axis=1)
        points = np.concatenate([points[:1], cut.reshape(-1, 2)[1:-1], points[-1:]])
    return points
