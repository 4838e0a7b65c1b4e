"""A whole harbor: shore, terminals, land, breakwater and ships, from a seed."""

from dataclasses import dataclass

import numpy as np
import shapely
from shapely.geometry import LineString, Point, box
from shapely.geometry.base import BaseGeometry

from ship_det.simulation.berthing import Roadstead
from ship_det.simulation.fleet import SHIPS_PER_KM, class_counts, class_shares, draw_fleet
from ship_det.simulation.land import lay_out_land, polygons_of
from ship_det.simulation.plan import FloatArray, Frame, Shapes
from ship_det.simulation.ships import Ship
from ship_det.simulation.shore import Bank, draw_bank, draw_island
from ship_det.simulation.site import RUBBLE, Site
from ship_det.simulation.terminals import TERMINALS, add_tug_pontoons

_TRADES = ('navy', 'submarine', 'container', 'navy', 'cargo', 'submarine', 'tanker')


# Beyond these a scene takes days to draw, and a seed is no longer the first 64 bits of a stream of its own.
_LARGEST = {'size': 100_000, 'ships': 100_000, 'min_per_class': 10_000, 'seed': 2**64 - 1}
# The window of a scene smaller than this is cut out of a harbor of this side, m.
_SMALLEST_HARBOR = 1600.0

#: The number of the scene that stands alone, apart from all numbered ones of its seed; see ``crop``.
CROP = 2**32 - 1
# What chance is used for: each has a stream of its own, so that more of one does not change the others.
PLAN, LOOK, PLACE, SCALE, ROUNDING = range(5)


@dataclass(frozen=True)
class SceneSpec:
    """What a set of scenes is made of; a scene depends on this and on its number alone.

    Attributes:
        size: side of a scene, px.
        gsd: metres a pixel.
        seed: seed of the set.
        ships: ships a scene; None for SHIPS_PER_KM.
        tail: how many times submarines outnumber tankers, over many scenes.
        min_per_class: least number of ships of each class in a scene; above 0 it shortens the tail.
    """

    size: int = 12544
    gsd: float = 0.6
    seed: int = 0
    ships: int | None = None
    tail: float = 45.0
    min_per_class: int = 0

    def __post_init__(self) -> None:
        if self.size < 64:
            raise ValueError(f'size: expected at least 64 px, found {self.size}')
        for name, most in _LARGEST.items():
            number = getattr(self, name) or 0
            if number > most:
                raise ValueError(f'{name}: expected at most {most}, found {number}')
            if number < 0:
                raise ValueError(f'{name}: expected a number of at least 0, found {number}')
        if not 0.05 <= self.gsd <= 10:
            raise ValueError(f'gsd: expected 0.05 to 10 metres a pixel, found {self.gsd}')
        class_shares(self.tail)

    @property
    def extent(self) -> float:
        """Side of a scene, m."""
        return self.size * self.gsd

    @property
    def ships_per_scene(self) -> int:
        """Ships that a scene is to have."""
        if self.ships is not None:
            return self.ships
        return max(round(SHIPS_PER_KM * self.extent / 1000), 1)


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
        shadow: (x, y) metres of shadow for each metre of height.
        wind: where the waves run to, rad; ships at anchor lie with their bows into it.
    """

    extent: float
    land: BaseGeometry
    beaches: list[FloatArray]
    ground: Shapes
    buildings: Shapes
    overhead: Shapes
    ships: list[Ship]
    missing: dict[str, int]
    shadow: tuple[float, float]
    wind: float


def stream(spec: SceneSpec, number: int, use: int) -> np.random.Generator:
    """Chance for one use in one scene; no two of (seed, number, use) share a stream."""
    # The numbers are a key beside the seed: as a list with it, (5 + 7 * 2**32, 0) would be (5, 7).
    return np.random.default_rng(np.random.SeedSequence(spec.seed, spawn_key=(number, use)))


def build_harbor(spec: SceneSpec, number: int) -> Harbor:
    """The harbor of scene ``number`` of a set."""
    rng = stream(spec, number, PLAN)
    angle, wind, azimuth = rng.uniform(0, 2 * np.pi, 3)
    reach = rng.uniform(0.3, 1.3)
    shadow = (reach * np.cos(azimuth), reach * np.sin(azimuth))
    scale = max(spec.extent, _SMALLEST_HARBOR)
    banks = _banks(spec.extent, scale, angle, rng)
    scene = box(0, 0, spec.extent, spec.extent)
    around = scene.buffer(0.2 * spec.extent + 100 + scale - spec.extent)
    land = shapely.union_all([bank.land for bank in banks]).intersection(around)
    site = Site(spec.extent, scale, land, shadow, rng)
    _build_terminals(site, banks)
    _breakwater(site, banks)
    _buoys(site)
    lay_out_land(site, angle)

    solid = shapely.union_all([land, *site.solids])
    roadstead = Roadstead(spec.extent, solid, angle, wind, rng)
    # Scenes of a set share the start of the rounding: together they hold the tail.
    start = stream(spec, CROP, ROUNDING).random()
    counts = class_counts(spec.ships_per_scene, spec.tail, spec.min_per_class, start, number)
    missing: dict[str, int] = {}
    berths = [berth for berth in site.berths if site.in_scene(berth.frame.rect(0, berth.length, 0, berth.depth))]
    for ship in draw_fleet(counts, rng):
        if not roadstead.moor_or_anchor(ship, berths):
            missing[ship.name] = missing.get(ship.name, 0) + 1
    for shapes in (site.ground, site.buildings, site.overhead):
        shapes.freeze()
    beaches = [beach for bank in banks for beach in bank.beaches if site.in_scene(beach)]
    return Harbor(spec.extent, solid, beaches, site.ground, site.buildings, site.overhead, roadstead.ships, missing,
                  shadow, wind)  # fmt: skip


def _banks(extent: float, scale: float, angle: float, rng: np.random.Generator) -> list[Bank]:
    """One shore with open water in front of it, or two with a channel between them, and islands where they fit.

    A shore passes near the middle of the scene at an angle (rad). Extent and scale, m, are those of ``Site``.
    """
    middle = Frame.facing((extent / 2, extent / 2), angle)
    centre, along, away = middle.origin, middle.along, middle.away
    if extent < scale:
        near = Frame(centre + away * (rng.uniform(-0.45, 0.15) * extent), along, away)
        return [draw_bank(near, scale, rng.uniform(0.2, 0.5) * scale, rng)]
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


def _breakwater(site: Site, banks: list[Bank]) -> None:
    """A mole of rubble that runs out from a natural shore and bends, where the water is wide enough for it."""
    rng = site.rng
    beaches = [beach for bank in banks for beach in bank.beaches if site.in_scene(beach)]
    for index in rng.permutation(len(beaches))[:6]:
        beach = beaches[index]
        root = beach[len(beach) // 2]
        along = beach[-1] - beach[0]
        along /= max(np.hypot(*along), 1e-9)
        away = np.array([-along[1], along[0]])
        if site.land.contains(Point(root + 25 * away)):
            away = -away
        length, bend = rng.uniform(0.1, 0.22) * site.scale, rng.uniform(-0.5, 0.5)
        way = np.linspace(0, 1, 13)[:, None]
        line = LineString(root - 8 * away + length * (way * away + bend * way**2 * along))
        clear = LineString(np.asarray(line.coords)[2:])
        far_shore = clear.distance(site.land) > 0.1 * length
        if far_shore and all(clear.distance(solid) > 100 for solid in site.solids):
            mole = line.buffer(rng.uniform(5, 8), quad_segs=3)
            site.solids.append(mole)
            site.pave(np.asarray(mole.exterior.coords)[:-1], RUBBLE)
            site.pave(np.asarray(line.buffer(2.2, quad_segs=2).exterior.coords)[:-1], (158, 150, 140))
            light = Point(line.coords[-1]).buffer(1.8, quad_segs=3)
            site.buildings.add(np.asarray(light.exterior.coords)[:-1], (214, 212, 204), 9)
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
    rings = [ring for polygon in polygons_of(geometry) for ring in (polygon.exterior, *polygon.interiors)]
    return [np.asarray(ring.coords)[:-1] for ring in rings]
