"""Where the ships lie: at berths, nested side by side or one behind the other, at anchor, or under way."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

import numpy as np
import shapely
from shapely.geometry import Polygon
from shapely.geometry.base import BaseGeometry

from ship_det.simulation.plan import Berth, FloatArray
from ship_det.simulation.ships import Ship, ship_quad

# Of one ship, or (N,).
Speed = TypeVar('Speed', float, FloatArray)

#: Least water between two hulls and between a hull and a wall, m.
CLEARANCE = 0.8

# The trades whose berths a class, or a type of ship within it, takes, the best first.
_TRADES = {
    **dict.fromkeys(
        ('perry-frigate', 'ticonderoga-cruiser', 'burke-destroyer', 'independence', 'freedom'),
        ('navy', 'submarine', 'cargo'),
    ),
    **dict.fromkeys(
        ('aircraft-carrier', 'amphibious-assault-ship', 'amphibious-transport-ship'), ('navy', 'container', 'cargo')
    ),
    'tanker': ('tanker', 'cargo'),
    'container-ship': ('container',),
    'cargo-ship': ('cargo', 'container'),
    'small-military-warship': ('small', 'navy', 'submarine'),
    'supply-ship': ('navy', 'cargo'),
    'submarine': ('submarine', 'navy'),
    'others': ('small', 'cargo', 'container'),
    'tug': ('small', 'navy', 'submarine', 'cargo'),
    'barge': ('small', 'cargo', 'navy', 'submarine', 'container'),
}
_NESTED = {
    'perry-frigate', 'ticonderoga-cruiser', 'burke-destroyer', 'freedom', 'small-military-warship', 'submarine',
    'others',
}  # fmt: skip
# How many places on open water are tried for a ship.
_TRIES = 80
# How many of a class are at anchor or under way rather than moored; the rest of the classes are warships.
_AFLOAT = {'tanker': 0.45, 'container-ship': 0.3, 'cargo-ship': 0.45, 'others': 0.3, 'supply-ship': 0.2}
_WARSHIPS_AFLOAT = 0.08


class Roadstead:
    """The water of a scene and the ships placed on it so far; no ship overlaps another or the land.

    Args:
        extent: side of the scene, m.
        solid: land, piers and whatever else no ship may touch.
        fairway: direction along which ships under way pass, rad.
        wind: where it blows to, rad; ships at anchor lie with their bows into it.
        rng: chance.
    """

    def __init__(self, extent: float, solid: BaseGeometry, fairway: float, wind: float, rng: np.random.Generator):
        self.extent = extent
        self.solid = solid
        shapely.prepare(self.solid)
        self.rng = rng
        self.fairway = fairway
        self.wind = wind
        self.ships: list[Ship] = []
        self._rooms: list[Polygon] = []
        self._centres = np.zeros((0, 2))
        self._reaches: FloatArray = np.zeros(0)

    def moor_or_anchor(self, ship: Ship, berths: Sequence[Berth]) -> bool:
        """Place a ship at a berth of its trade or on open water, whichever its class prefers and then the other."""
        afloat = self.rng.random() < _AFLOAT.get(ship.name, _WARSHIPS_AFLOAT)
        if afloat:
            return self._set_afloat(ship) or self._moor(ship, berths)
        return self._moor(ship, berths) or self._set_afloat(ship)

    def _moor(self, ship: Ship, berths: Sequence[Berth]) -> bool:
        for trade in _TRADES.get(ship.kind, _TRADES[ship.name]):
            fitting = [berth for berth in berths if berth.trade == trade]
            for index in self.rng.permutation(len(fitting)):
                if self._moor_at(ship, fitting[index]):
                    return True
        return False

    def _moor_at(self, ship: Ship, berth: Berth) -> bool:
        gap = self.rng.uniform(1.0, 2.6)
        for stack in berth.stacks:
            start, end, reach = stack
            similar = 0.6 * (end - start) < ship.length < 1.35 * (end - start)
            if ship.name in _NESTED and similar and reach + gap + ship.beam < berth.depth and self.rng.random() < 0.75:
                along = start + (end - start - ship.length) * self.rng.uniform(0.2, 0.8)
                if self._lay(ship, berth, along, reach + gap):
                    stack[2] = reach + gap + ship.beam
                    return True
        along = berth.cursor + self.rng.uniform(6, 22)
        while along + ship.length < berth.length + 0.12 * ship.length:
            if self._lay(ship, berth, along, gap):
                # Nothing is nested on merchant ships, carriers and supply ships.
                if ship.name in _NESTED:
                    berth.stacks.append([along, along + ship.length, gap + ship.beam])
                berth.cursor = along + ship.length
                return True
            along += 30
        return False

    def _lay(self, ship: Ship, berth: Berth, along: float, off_wall: float) -> bool:
        x, y = berth.frame.place([along + ship.length / 2, off_wall + ship.beam / 2])
        direction = berth.frame.along * self.rng.choice([-1.0, 1.0])
        heading = np.arctan2(direction[1], direction[0]) + self.rng.normal(0, 0.003)
        return self._place(replace(ship, x=float(x), y=float(y), heading=float(heading)), CLEARANCE)

    def _set_afloat(self, ship: Ship) -> bool:
        margin = min(ship.length / 2, self.extent / 2)
        under_way = self.rng.random() < 0.3
        # Large ships go dead slow between piers.
        fastest = 1.0 if ship.length < 160 else 0.4
        places = self.rng.uniform(margin, self.extent - margin, (_TRIES, 2))
        headings = self.wind + np.pi + self.rng.normal(0, 0.2, _TRIES)
        speeds = np.zeros(_TRIES)
        if under_way:
            sailing = slice(0, _TRIES // 3)
            headings[sailing] = self.fairway + np.pi * self.rng.integers(0, 2, _TRIES // 3)
            headings[sailing] += self.rng.normal(0, 0.5, _TRIES // 3)
            speeds[sailing] = self.rng.uniform(0.15, fastest, _TRIES // 3)
        clearance = 18 + 0.12 * ship.length
        rooms = _rooms(ship, places, headings, speeds)
        for index in np.flatnonzero(~shapely.dwithin(self.solid, shapely.polygons(rooms), clearance)).tolist():
            x, y = places[index].tolist()
            heading, speed = float(headings[index] % (2 * np.pi)), float(speeds[index])
            if self._place(replace(ship, x=x, y=y, heading=heading, speed=speed), clearance):
                return True
        return False

    def _place(self, ship: Ship, clearance: float) -> bool:
        """Keep the ship where it is unless it leaves the scene or comes too near to something."""
        quad = ship_quad(ship)
        if quad.min() < 0.5 or quad.max() > self.extent - 0.5:
            return False
        room = Polygon(room_of(ship))
        if shapely.dwithin(self.solid, room, clearance):
            return False
        centre = np.array([room.centroid.x, room.centroid.y])
        reach = float(np.hypot(*(np.asarray(room.exterior.coords) - centre).T).max())
        near = np.flatnonzero(np.hypot(*(self._centres - centre).T) < self._reaches + reach + clearance)
        if any(self._rooms[index].distance(room) < clearance for index in near):
            return False
        self.ships.append(ship)
        self._rooms.append(room)
        self._centres = np.concatenate([self._centres, centre[None]])
        self._reaches = np.append(self._reaches, reach)
        return True


def room_of(ship: Ship) -> FloatArray:
    """Corners of the water a ship takes, (4, 2) m: its rectangle, and behind a ship under way its wake too."""
    return _rooms(ship, np.array([[ship.x, ship.y]]), np.array([ship.heading]), np.array([ship.speed]))[0]


def _rooms(ship: Ship, places: FloatArray, headings: FloatArray, speeds: FloatArray) -> FloatArray:
    """The water that a ship would take at places (N, 2) m, with headings (N,) rad and speeds (N,); (N, 4, 2) m."""
    stern = -ship.length / 2 - wake_length(ship.length, speeds)
    bow = np.full(len(places), ship.length / 2)
    forward = np.stack([bow, bow, stern, stern], axis=1)
    starboard = np.array([-0.5, 0.5, 0.5, -0.5]) * ship.beam
    cos, sin = np.cos(headings)[:, None], np.sin(headings)[:, None]
    corners = np.stack([forward * cos - starboard * sin, forward * sin + starboard * cos], axis=-1)
    return places[:, None] + corners


def wake_length(length: float, speed: Speed) -> Speed:
    """How far the foam behind a ship of a length (m) reaches, m."""
    return speed * (80 + 1.6 * length)
