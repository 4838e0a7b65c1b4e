"""The country behind the harbor: districts with their own street grid, built up, farmed or wooded."""

import numpy as np
import shapely
from shapely.geometry import MultiPoint, Point, Polygon, box
from shapely.geometry.base import BaseGeometry

from .plan import Frame
from .site import ASPHALT, CONCRETE, Site

_FIELDS = ((116, 124, 74), (142, 134, 88), (96, 112, 62), (160, 146, 104), (128, 108, 78), (104, 122, 80))
_GRASS = (104, 116, 76)
_WOOD = (64, 80, 50)
_TOWN_ROOFS = ((160, 96, 74), (146, 82, 66), (172, 164, 154), (124, 120, 116), (196, 192, 184), (108, 98, 92))
_CHARACTERS = {'industry': 0.36, 'town': 0.28, 'fields': 0.22, 'wood': 0.14}


def lay_out_land(site: Site, land: BaseGeometry, angle: float) -> None:
    """Fill the land outside the terminals with districts.

    Args:
        site: where to build.
        land: all land.
        angle: direction of the shore, rad; streets near it follow it more or less.
    """
    scene = box(0, 0, site.extent, site.extent)
    used = shapely.union_all(site.zones) if site.zones else Polygon()
    free = land.intersection(scene.buffer(60)).difference(used.buffer(6)).buffer(-16)
    if free.is_empty:
        return
    for district in _districts(site, scene):
        part = free.intersection(district)
        if part.area > 2000:
            character = site.rng.choice(list(_CHARACTERS), p=list(_CHARACTERS.values()))
            _fill_district(site, part, str(character), angle)


def _districts(site: Site, scene: Polygon) -> list[BaseGeometry]:
    count = max(4, int((site.extent / 1000) ** 2 * 1.4))
    seeds = MultiPoint(site.rng.uniform(0, site.extent, (count, 2)))
    cells = shapely.voronoi_polygons(seeds, extend_to=scene.buffer(100))
    # The order of the cells is the library's own; by place it is always the same.
    return sorted(cells.geoms, key=lambda cell: (cell.centroid.x, cell.centroid.y))


def _fill_district(site: Site, part: BaseGeometry, character: str, angle: float) -> None:
    rng = site.rng
    built = character in ('industry', 'town')
    turn = angle + (rng.normal(0, 0.25) if built else rng.uniform(0, np.pi))
    along = np.array([np.cos(turn), np.sin(turn)])
    frame = Frame(np.array([part.centroid.x, part.centroid.y]), along, np.array([-along[1], along[0]]))
    for piece in getattr(part, 'geoms', [part]):
        if isinstance(piece, Polygon):
            site.pave(np.asarray(piece.exterior.coords)[:-1], ASPHALT if built else _GRASS, 8)
    low, high = {'industry': (90, 160), 'town': (70, 110), 'fields': (140, 260), 'wood': (120, 200)}[character]
    width, depth = rng.uniform(low, high, 2)
    street = 9.0 if built else 4.0
    shapely.prepare(part)
    radius = float(np.hypot(*(np.array(part.bounds[2:]) - part.bounds[:2])))
    for start in np.arange(-radius, radius, width):
        for near in np.arange(-radius, radius, depth):
            _fill_cell(site, part, frame, (start, start + width - street, near, near + depth - street), character)


def _fill_cell(
    site: Site, part: BaseGeometry, frame: Frame, area: tuple[float, float, float, float], character: str
) -> None:
    outline = frame.rect(*area)
    cell = Polygon(outline)
    if not part.intersects(cell):
        return
    if not part.contains(cell):
        for piece in getattr(part.intersection(cell), 'geoms', [part.intersection(cell)]):
            if isinstance(piece, Polygon) and piece.area > 60:
                site.pave(np.asarray(piece.exterior.coords)[:-1], _GRASS, 12)
        return
    {'industry': _industry, 'town': _town, 'fields': _field, 'wood': _wood}[character](site, frame, area)


def _industry(site: Site, frame: Frame, area: tuple[float, float, float, float]) -> None:
    start, end, near, far = area
    rng = site.rng
    chance = rng.random()
    site.pave(frame.rect(*area), np.asarray(CONCRETE) - rng.uniform(0, 26))
    width, depth = end - start, far - near
    if chance < 0.5:
        halls = int(rng.integers(1, 4))
        for hall in range(halls):
            middle = start + width * (hall + 0.5) / halls
            site.shed(frame, (middle, near + depth * 0.42), (width / halls - 8, depth * rng.uniform(0.5, 0.7)), 10)
        site.cars(frame, (start + 4, end - 4, far - depth * 0.16, far - 2), 0.5)
    elif chance < 0.68:
        site.cars(frame, (start + 5, end - 5, near + 5, far - 5), rng.uniform(0.3, 0.85))
    elif chance < 0.78:
        for row in np.arange(near + 8, far - 20, 24):
            site.containers(frame, (start + 8, end - 8, row, row + rng.uniform(6, 16)))
    elif chance < 0.88:
        step = rng.uniform(26, 44)
        for along in np.arange(start + step / 2, end - step / 2 + 1, step):
            for away in np.arange(near + step / 2, far - step / 2 + 1, step):
                site.tank(frame, (along, away), step * 0.36)
    else:
        site.pave(frame.rect(start + 3, end - 3, near + 3, far - 3), (150, 138, 116), 16)


def _town(site: Site, frame: Frame, area: tuple[float, float, float, float]) -> None:
    start, end, near, far = area
    rng = site.rng
    if rng.random() < 0.12:
        _park(site, frame, area)
        return
    site.pave(frame.rect(*area), (138, 136, 122), 12)
    lot = rng.uniform(17, 32)
    tall = rng.uniform(6, 20)
    for along in np.arange(start + lot / 2, end - lot / 2 + 1, lot):
        for away in np.arange(near + lot / 2, far - lot / 2 + 1, lot):
            if rng.random() < 0.82:
                size = tuple(lot * rng.uniform(0.5, 0.86, 2))
                roof = _TOWN_ROOFS[rng.integers(len(_TOWN_ROOFS))]
                site.box(frame, (along, away), size, tall * rng.uniform(0.6, 1.3), roof, 16)
            else:
                for spot in rng.uniform(-lot / 2, lot / 2, (4, 2)):
                    site.tree(frame.place((along + spot[0], away + spot[1])))


def _park(site: Site, frame: Frame, area: tuple[float, float, float, float]) -> None:
    start, end, near, far = area
    site.pave(frame.rect(*area), _GRASS, 12)
    for along, away in site.rng.uniform((start, near), (end, far), (40, 2)):
        site.tree(frame.place((along, away)))


def _field(site: Site, frame: Frame, area: tuple[float, float, float, float]) -> None:
    start, end, near, far = area
    rng = site.rng
    colour = np.array(_FIELDS[rng.integers(len(_FIELDS))], dtype=np.float64)
    site.pave(frame.rect(*area), colour, 12)
    step = rng.uniform(7, 14)
    shade = rng.choice([-9, 8])
    for away in np.arange(near, far - step, 2 * step):
        site.pave(frame.rect(start, end, away, away + step), colour + shade, 4)
    if rng.random() < 0.15:
        site.shed(frame, (start + 25, near + 20), (32, 16), 7)
    for along in np.arange(start, end, 11):
        if rng.random() < 0.3:
            site.tree(frame.place((along, far)))


def _wood(site: Site, frame: Frame, area: tuple[float, float, float, float]) -> None:
    start, end, near, far = area
    site.pave(frame.rect(*area), _WOOD, 10)
    count = int((end - start) * (far - near) / 80)
    for along, away in site.rng.uniform((start, near), (end, far), (count, 2)):
        site.tree(frame.place((along, away)))


def nearest_angle(frames: list[Frame], at: Point) -> float:
    """Direction along the frame nearest to a point, rad."""
    distances = [np.hypot(frame.origin[0] - at.x, frame.origin[1] - at.y) for frame in frames]
    along = frames[int(np.argmin(distances))].along
    return float(np.arctan2(along[1], along[0]))
