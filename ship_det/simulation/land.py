"""The country behind the harbor: districts with their own street grid, built up, farmed or wooded."""

from collections.abc import Callable
from functools import partial

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import MultiPoint, Polygon, box
from shapely.geometry.base import BaseGeometry

from ship_det.simulation.plan import Frame
from ship_det.simulation.site import ASPHALT, CONCRETE, Area, Site

_FIELDS = ((116, 124, 74), (142, 134, 88), (96, 112, 62), (160, 146, 104), (128, 108, 78), (104, 122, 80))
_GRASS = (106, 118, 80)
_WOOD = (60, 76, 48)
_TOWN_ROOFS = np.array([(160, 96, 74), (146, 82, 66), (172, 164, 154), (124, 120, 116), (196, 192, 184), (108, 98, 92)])
_CHARACTERS = {'industry': 0.34, 'town': 0.34, 'fields': 0.2, 'wood': 0.12}
# Sides of a cell of the street grid and width of the strip between cells, m.
_CELLS = {'industry': (90, 160, 9), 'town': (70, 110, 9), 'fields': (140, 260, 4), 'wood': (120, 200, 0)}
_MAIN_ROAD = 14.0


def lay_out_land(site: Site, angle: float) -> None:
    """Fill the land outside the terminals with districts between main roads; streets follow the shore's angle (rad)."""
    scene = box(0, 0, site.extent, site.extent)
    used = shapely.union_all(site.zones) if site.zones else Polygon()
    free = site.land.intersection(scene.buffer(60)).buffer(-14).difference(used.buffer(2))
    if free.is_empty:
        return
    parts = [free.intersection(district) for district in _districts(site, scene)]
    for part in parts:
        _pave_parts(site, part, ASPHALT, 4)
    for part in parts:
        character = str(site.rng.choice(list(_CHARACTERS), p=list(_CHARACTERS.values())))
        for piece in polygons_of(part.buffer(-_MAIN_ROAD / 2)):
            if piece.area > 400:
                _fill_district(site, piece, character, angle)


def _districts(site: Site, scene: Polygon) -> list[BaseGeometry]:
    count = max(4, int((site.extent / 1000) ** 2 * 1.4))
    seeds = MultiPoint(site.rng.uniform(0, site.extent, (count, 2)))
    cells = shapely.voronoi_polygons(seeds, extend_to=scene.buffer(100))
    # The order of the cells is the library's own; by place it is always the same.
    return sorted(cells.geoms, key=lambda cell: (cell.centroid.x, cell.centroid.y))


def _fill_district(site: Site, part: Polygon, character: str, angle: float) -> None:
    rng = site.rng
    built = character in ('industry', 'town')
    turn = angle + (rng.normal(0, 0.25) if built else rng.uniform(0, np.pi))
    frame = Frame.facing((part.centroid.x, part.centroid.y), turn)
    base = {'industry': ASPHALT, 'town': ASPHALT, 'fields': site.green((132, 126, 94)), 'wood': site.green(_WOOD)}
    _pave_parts(site, part, base[character], 6)
    low, high, street = _CELLS[character]
    width, depth = rng.uniform(low, high, 2)
    shapely.prepare(part)
    radius = float(np.hypot(*(np.array(part.bounds[2:]) - part.bounds[:2])))
    start, near = (
        grid.ravel() for grid in np.meshgrid(np.arange(-radius, radius, width), np.arange(-radius, radius, depth))
    )
    areas = np.column_stack([start, start + width - street, near, near + depth - street])
    _fill_cells(site, part, frame, areas, character)


def _fill_cells(site: Site, part: Polygon, frame: Frame, areas: NDArray, character: str,
                quartered: bool = False) -> None:  # fmt: skip
    """Build on cells of the grid, (N, 4) of (start, end, near, far); where one is cut off, on whole quarters of it."""
    corners = frame.place(areas[:, [[0, 2], [1, 2], [1, 3], [0, 3]]])
    shown = site.are_in_scene(corners)
    areas, cells = areas[shown], shapely.polygons(corners[shown])
    whole = shapely.contains(part, cells)
    cut = ~whole & shapely.intersects(part, cells)
    for area in areas[whole].tolist():
        _CONTENTS[character](site, frame, tuple(area))
    if character != 'wood' and not quartered:
        for piece in shapely.intersection(part, cells[cut]):
            _pave_parts(site, piece, site.green(_GRASS), 9)
    start, end, near, far = areas[cut & (np.ptp(areas.reshape(-1, 2, 2), axis=2).min(axis=1) > 34)].T
    if len(start):
        halfway, middle = (start + end) / 2, (near + far) / 2
        quarters = np.hstack([(start, halfway, near, middle), (start, halfway, middle, far),
                              (halfway, end, near, middle), (halfway, end, middle, far)])  # fmt: skip
        _fill_cells(site, part, frame, quarters.T, character, True)


def _industry(site: Site, frame: Frame, area: Area) -> None:
    start, end, near, far = area
    rng = site.rng
    chance = rng.random()
    site.pave(frame.rect(*area), np.asarray(CONCRETE) - rng.uniform(0, 26))
    width, depth = end - start, far - near
    if chance < 0.5 or depth < 40:
        halls = int(rng.integers(1, 4))
        for hall in range(halls):
            middle = start + width * (hall + 0.5) / halls
            site.shed(frame, (middle, near + depth * 0.42), (width / halls - 8, depth * rng.uniform(0.5, 0.7)), 10)
        site.cars(frame, (start + 4, end - 4, far - depth * 0.16, far - 2), 0.5)
    elif chance < 0.66:
        site.cars(frame, (start + 5, end - 5, near + 5, far - 5), rng.uniform(0.2, 0.8))
    elif chance < 0.76:
        palette = site.container_palette()
        for row in np.arange(near + 8, far - 20, 24).tolist():
            site.containers(frame, (start + 8, end - 8, row, row + rng.uniform(6, 16)), palette)
    elif chance < 0.84:
        step = rng.uniform(26, 44)
        for along in np.arange(start + step / 2, end - step / 2 + 1, step).tolist():
            for away in np.arange(near + step / 2, far - step / 2 + 1, step).tolist():
                site.tank(frame, (along, away), step * 0.36)
    elif chance < 0.92:
        site.pave(frame.rect(start + 3, end - 3, near + 3, far - 3), (150, 138, 116), 16)
    else:
        _park(site, frame, area)
    site.traffic(frame, start, end, far + 4.5)


def _town(site: Site, frame: Frame, area: Area) -> None:
    start, end, near, far = area
    rng = site.rng
    if rng.random() < 0.12:
        _park(site, frame, area)
        return
    site.pave(frame.rect(*area), site.green((134, 134, 112)), 12)
    lot = rng.uniform(17, 32)
    tall = rng.uniform(6, 20)
    grid = np.meshgrid(
        np.arange(start + lot / 2, end - lot / 2 + 1, lot), np.arange(near + lot / 2, far - lot / 2 + 1, lot)
    )
    places = np.stack(grid, axis=-1).reshape(-1, 2)
    built = places[rng.random(len(places)) < 0.82]
    sizes = lot * rng.uniform(0.5, 0.86, (len(built), 2))
    roofs = _TOWN_ROOFS[rng.integers(len(_TOWN_ROOFS), size=len(built))]
    site.boxes(frame, built, sizes, tall * rng.uniform(0.6, 1.3, len(built)), roofs, 16)
    planted = places[rng.random(len(places)) < 0.4]
    site.trees(frame.place(planted + np.column_stack([np.full(len(planted), lot / 2),
                                                      rng.uniform(-lot / 2, lot / 2, len(planted))])))  # fmt: skip
    site.traffic(frame, start, end, far + 4.5)


def _park(site: Site, frame: Frame, area: Area) -> None:
    site.pave(frame.rect(*area), site.green(_GRASS), 12)
    _plant(site, frame, area, 1 / 260)


def _field(site: Site, frame: Frame, area: Area) -> None:
    start, end, near, far = area
    rng = site.rng
    colour = site.green(_FIELDS[rng.integers(len(_FIELDS))])
    site.pave(frame.rect(*area), colour, 12)
    step = rng.uniform(7, 14)
    shade = rng.uniform(-8, 7)
    for away in np.arange(near, far - step, 2 * step).tolist():
        site.pave(frame.rect(start, end, away, away + step), colour + shade, 3)
    if rng.random() < 0.15 and min(end - start, far - near) > 60:
        site.shed(frame, (start + 25, near + 20), (32, 16), 7)
    places = np.arange(start, end, 11)
    hedge = places[rng.random(len(places)) < 0.3]
    site.trees(frame.place(np.column_stack([hedge, np.full(len(hedge), far)])))


def _plant(site: Site, frame: Frame, area: Area, density: float) -> None:
    """Trees over an area, so many a square metre."""
    start, end, near, far = area
    count = site.rng.poisson((end - start) * (far - near) * density)
    site.trees(frame.place(site.rng.uniform((start, near), (end, far), (count, 2))))


def _pave_parts(site: Site, geometry: BaseGeometry, colour, spread: float) -> None:
    for piece in polygons_of(geometry):
        site.pave(np.asarray(piece.exterior.coords)[:-1], colour, spread)


def polygons_of(geometry: BaseGeometry) -> list[Polygon]:
    """The polygons within a geometry that are not empty."""
    return [part for part in getattr(geometry, 'geoms', [geometry]) if isinstance(part, Polygon) and not part.is_empty]


_CONTENTS: dict[str, Callable[[Site, Frame, Area], None]] = {
    'industry': _industry,
    'town': _town,
    'fields': _field,
    'wood': partial(_plant, density=1 / 80),
}
