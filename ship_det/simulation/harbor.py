"""A whole harbor: shore, terminals, land, breakwater and ships, from a seed."""

from dataclasses import dataclass

import numpy as np
import shapely
from shapely.geometry import LineString, Point, Polygon, box
from shapely.geometry.base import BaseGeometry

from ship_det.simulation.berthing import Roadstead
from ship_det.simulation.fleet import SHIPS_PER_KM2, class_counts, draw_fleet
from ship_det.simulation.land import lay_out_land
from ship_det.simulation.plan import FloatArray, Frame, Shapes
from ship_det.simulation.ships import Ship
from ship_det.simulation.shore import Bank, draw_bank, draw_island
from ship_det.simulation.site import RUBBLE, Site
from ship_det.simulation.terminals import TERMINALS, add_tug_pontoons

_TRADES = ('navy', 'submarine', 'container', 'navy', 'cargo', 'submarine', 'tanker')


# Beyond these a scene takes days to draw.
_LARGEST = {'size': 100_000, 'ships': 100_000, 'min_per_class': 10_000}


@dataclass(frozen=True)
class SceneSpec:
    """What a set of scenes is made of; a scene depends on this and on its number alone.

    Attributes:
        size: side of a scene, px.
        gsd: metres a pixel.
        seed: seed of the set.
        ships: ships a scene; None for SHIPS_PER_KM2.
        tail: how many times submarines outnumber tankers.
        min_per_class: least number of ships of each class in a scene.
    """

    size: int = 12544
    gsd: float = 0.6
    seed: int = 0
    ships: int | None = None
    tail: float = 45.0
    min_per_class: int = 1

    def __post_init__(self) -> None:
        if self.size < 64:
            raise ValueError(f'size: expected at least 64 px, found {self.size}')
        for name, most in _LARGEST.items():
            if (getattr(self, name) or 0) > most:
                raise ValueError(f'{name}: expected at most {most}, found {getattr(self, name)}')
        if not 0.05 <= self.gsd <= 10:
            raise ValueError(f'gsd: expected 0.05 to 10 metres a pixel, found {self.gsd}')
        if self.seed < 0:
            raise ValueError(f'seed: expected a number of at least 0, found {self.seed}')
        if self.ships is not None and self.ships < 0:
            raise ValueError(f'ships: expected a number of at least 0, found {self.ships}')
        if self.min_per_class < 0:
            raise ValueError(f'min_per_class: expected a number of at least 0, found {self.min_per_class}')
        if not 1 <= self.tail < np.inf:
            raise ValueError(f'tail: expected a finite ratio of at least 1, found {self.tail}')

    @property
    def extent(self) -> float:
        """Side of a scene, m."""
        return self.size * self.gsd

    @property
    def ships_per_scene(self) -> int:
        if self.ships is not None:
            return self.ships
        return max(round(SHIPS_PER_KM2 * (self.extent / 1000) ** 2), 1)


@dataclass(eq=False)
class Harbor:
    """A planned scene, ready to draw; everything in metres from its top left corner.

    Attributes:
        extent: side of the scene.
        land: land, piers and breakwaters.
        beaches: stretches of natural shore.
        ground, buildings, overhead: see Site.
        ships: the ships placed.
        missing: how many ships of each class found no place.
        seed: of the textures.
    """

    extent: float
    land: BaseGeometry
    beaches: list[FloatArray]
    ground: Shapes
    buildings: Shapes
    overhead: Shapes
    ships: list[Ship]
    missing: dict[str, int]
    seed: tuple[int, int]


def build_harbor(spec: SceneSpec, number: int) -> Harbor:
    """The harbor of scene ``number`` of a set."""
    rng = np.random.default_rng([spec.seed, number])
    angle = rng.uniform(0, 2 * np.pi)
    banks = _banks(spec.extent, angle, rng)
    scene = box(0, 0, spec.extent, spec.extent)
    land = shapely.union_all([bank.land for bank in banks]).intersection(scene.buffer(0.2 * spec.extent + 100))
    site = Site(spec.extent, land, rng)
    _build_terminals(site, banks)
    _breakwater(site, angle)
    _buoys(site)
    lay_out_land(site, angle)

    solid = shapely.union_all([land, *site.solids])
    roadstead = Roadstead(spec.extent, solid, angle, rng)
    counts = class_counts(spec.ships_per_scene, spec.tail, spec.min_per_class, rng)
    missing: dict[str, int] = {}
    for ship in draw_fleet(counts, rng):
        if not roadstead.moor_or_anchor(ship, site.berths):
            missing[ship.name] = missing.get(ship.name, 0) + 1
    for shapes in (site.ground, site.buildings, site.overhead):
        shapes.freeze()
    beaches = [beach for bank in banks for beach in bank.beaches if site.in_scene(beach)]
    return Harbor(spec.extent, solid, beaches, site.ground, site.buildings, site.overhead, roadstead.ships, missing,
                  (spec.seed, number))  # fmt: skip


def _banks(extent: float, angle: float, rng: np.random.Generator) -> list[Bank]:
    """One shore with open water in front of it, or two with a channel between them, and islands where they fit."""
    along = np.array([np.cos(angle), np.sin(angle)])
    away = np.array([-along[1], along[0]])
    centre = np.array([extent / 2, extent / 2])
    if rng.random() < 0.4:
        offset = extent * rng.uniform(0.02, 0.18)
        banks = [draw_bank(Frame(centre - away * offset, along, away), extent, 0.5 * extent, rng)]
    else:
        shift = rng.uniform(-0.1, 0.1) * extent
        half = max(rng.uniform(0.13, 0.26) * extent, min(450.0, 0.4 * extent))
        near = Frame(centre + away * (shift - half), along, away)
        far = Frame(centre + away * (shift + half), -along, -away)
        banks = [draw_bank(near, extent, half, rng), draw_bank(far, extent, half, rng)]
    for _ in range(int((extent / 1400) ** 2)):
        island = draw_island(rng.uniform(0, extent, 2), angle + rng.normal(0, 0.5), rng)
        if all(island.land.distance(bank.land) > 420 for bank in banks):
            banks.append(island)
    return banks


def _build_terminals(site: Site, banks: list[Bank]) -> None:
    quays = [quay for bank in banks for quay in bank.quays if site.in_scene(quay[0].rect(0, quay[1], -100, 300))]
    quays = [quays[place] for place in site.rng.permutation(len(quays))]
    # Trades come in turn, first to the quays that are well inside, so that even a small harbor has most of them.
    quays.sort(key=lambda quay: not site.in_scene(quay[0].place([(quay[1] / 2, 0)])))
    first = int(site.rng.integers(2))
    for index, (frame, length, water) in enumerate(quays):
        trade = _TRADES[(first + index) % len(_TRADES)]
        if water < 330 and trade in ('navy', 'tanker'):
            trade = 'container' if trade == 'navy' else 'cargo'
        if length > 420 and trade in ('cargo', 'container', 'navy'):
            corner = Frame(frame.place((length - 130, 0)), frame.along, frame.away)
            add_tug_pontoons(site, (corner, 130, water))
            length -= 135
        TERMINALS[trade](site, (frame, length, water))


def _breakwater(site: Site, angle: float) -> None:
    """A curved mole of rubble, where the water is wide enough for one."""
    rng = site.rng
    for _ in range(12):
        middle = rng.uniform(0.1, 0.9, 2) * site.extent
        length = rng.uniform(0.12, 0.25) * site.extent
        way = np.linspace(-0.5, 0.5, 13)
        turn = angle + rng.normal(0, 0.3)
        along = np.array([np.cos(turn), np.sin(turn)])
        bend = rng.uniform(-0.25, 0.25) * (way**2)[:, None] * np.array([-along[1], along[0]])
        line = LineString(middle + length * (way[:, None] * along + bend))
        if line.distance(site.land) > 220 and all(line.distance(solid) > 120 for solid in site.solids):
            mole = line.buffer(rng.uniform(5, 8), quad_segs=3)
            site.solids.append(mole)
            outline = np.asarray(mole.exterior.coords)[:-1]
            site.pave(outline, RUBBLE)
            site.pave(np.asarray(line.buffer(2.2, quad_segs=2).exterior.coords)[:-1], (158, 150, 140))
            return


def _buoys(site: Site) -> None:
    """Red and green buoys here and there on the water."""
    for at in site.rng.uniform(0, site.extent, (int(3 * (site.extent / 1000) ** 2), 2)):
        buoy = Point(at).buffer(site.rng.uniform(1.2, 2.2), quad_segs=3)
        if buoy.distance(site.land) > 60 and all(buoy.distance(solid) > 60 for solid in site.solids):
            site.solids.append(buoy)
            colour = (176, 52, 44) if site.rng.random() < 0.5 else (46, 112, 74)
            site.buildings.add(np.asarray(buoy.exterior.coords)[:-1], colour, 3)


def solid_outlines(geometry: BaseGeometry) -> list[FloatArray]:
    """All rings of a geometry, outer and inner, each (N, 2)."""
    polygons = [part for part in getattr(geometry, 'geoms', [geometry]) if isinstance(part, Polygon)]
    rings = [ring for polygon in polygons for ring in (polygon.exterior, *polygon.interiors)]
    return [np.asarray(ring.coords)[:-1] for ring in rings]
