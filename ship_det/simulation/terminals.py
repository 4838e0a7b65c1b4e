"""What stands along a quay: naval and submarine piers, container, cargo and tanker terminals, each with its berths."""

from collections.abc import Callable
from functools import partial

import numpy as np
from shapely.geometry import Polygon

from ship_det.simulation.plan import Berth, Frame
from ship_det.simulation.shore import Quay
from ship_det.simulation.site import ASPHALT, CONCRETE, Area, Site


def build_naval_piers(site: Site, quay: Quay, trade: str, apron: float, **piers: tuple[float, float]) -> None:
    """Finger piers at one angle, ships nested along both sides, workshops behind."""
    depth = _apron(site, quay, apron)
    _piers(site, quay, trade, **piers)
    _workshops(site, quay, depth)


def build_container_terminal(site: Site, quay: Quay) -> None:
    """A quay with gantry cranes, and blocks of containers behind it."""
    depth = _apron(site, quay, site.rng.uniform(220, 340))
    frame, length, _ = quay
    site.berths.append(Berth(frame, length, 66, 'container'))
    for rail in (-4, -30):
        site.pave(frame.rect(4, length - 4, rail - 0.6, rail + 0.6), (86, 84, 80))
    for along in np.arange(40, length - 30, site.rng.uniform(75, 130)).tolist():
        _gantry_crane(site, frame, along + site.rng.uniform(-15, 15))
    palette = site.container_palette()
    for near in np.arange(-depth + 14, -66, 26.0).tolist():
        for start in np.arange(14, length - 60, 118.0).tolist():
            end = min(start + 104, length - 10)
            site.containers(frame, (start, end, near, near + 18), palette)
            if site.rng.random() < 0.4:
                _yard_crane(site, frame, site.rng.uniform(start, end), near + 9)


def build_cargo_terminal(site: Site, quay: Quay) -> None:
    """A quay with long warehouses, bulk heaps and mobile cranes."""
    depth = _apron(site, quay, 190)
    frame, length, _ = quay
    site.berths.append(Berth(frame, length, 58, 'cargo'))
    along = 20.0
    while along < length - 70 and depth > 90:
        span = min(site.rng.uniform(60, 130), length - along - 10)
        if site.rng.random() < 0.6:
            for middle in range(-60, round(-depth) + 40, -65):
                site.shed(frame, (along + span / 2, middle), (span - 12, 40), 11)
        else:
            _heaps(site, frame, (along, along + span, -depth + 30, -40))
        along += span
    for along in np.arange(30, length - 20, site.rng.uniform(60, 110)).tolist():
        _mobile_crane(site, frame, along)


def build_tanker_terminal(site: Site, quay: Quay) -> None:
    """A trestle to a loading platform with mooring dolphins in the water, a tank farm behind."""
    depth = _apron(site, quay, site.rng.uniform(220, 360))
    frame, length, _ = quay
    start, reach = length / 2, site.rng.uniform(90, 190)
    trestle = frame.rect(start - 4, start + 4, -10, reach)
    platform = frame.rect(start - 24, start + 24, reach, reach + 16)
    if site.free_water(platform, 60):
        for outline in (trestle, platform):
            _build_in_water(site, outline)
        site.pave(frame.rect(start - 2.4, start - 0.8, -10, reach), (190, 186, 176))
        site.pave(frame.rect(start + 0.8, start + 2.4, -10, reach), (176, 130, 92))
        for offset in (-150, -105, -60, 60, 105, 150):
            _build_in_water(site, frame.rect(start + offset - 5, start + offset + 5, reach + 3, reach + 13))
        for offset in (-14, 0, 14):
            site.box(frame, (start + offset, reach + 12), (3, 3), 14, (196, 120, 70))
        outer = Frame(frame.place((start - 190, reach + 16)), frame.along, frame.away)
        site.berths.append(Berth(outer, 380, 70, 'tanker'))
        if reach > 110:
            inner = Frame(frame.place((start - 190, reach)), frame.along, -frame.away)
            site.berths.append(Berth(inner, 380, 60, 'tanker'))
    _tank_farm(site, frame, (0, length, -depth, -60))


def add_tug_pontoons(site: Site, quay: Quay) -> None:
    """Two low pontoons for tugs, barges and patrol craft."""
    depth = _apron(site, quay, 60)
    _piers(site, quay, 'small', width=(6, 8), reach=(90, 170), depth=(26, 34))
    if depth > 50:
        site.cars(quay[0], (12, quay[1] - 12, -depth + 12, -24))


def _apron(site: Site, quay: Quay, wanted: float) -> float:
    """The paved strip behind a wall, its rim and a road at the back; returns its depth (m)."""
    frame, length, _ = quay
    depth = site.reserve(frame, length, wanted)
    outline = frame.rect(0, length, -depth, 0)
    if site.in_scene(outline):
        site.pave(outline, CONCRETE, 10)
        site.pave(frame.rect(0, length, -depth, -depth + 11), ASPHALT)
        site.pave(frame.rect(0, length, -22, -12), (128, 126, 122))
        site.pave(frame.rect(0, length, -2.2, 0), (188, 184, 174))
    return depth


def _piers(site: Site, quay: Quay, trade: str, width: tuple[float, float], reach: tuple[float, float],
           depth: tuple[float, float]) -> None:  # fmt: skip
    """Finger piers side by side, at one angle to the quay, as many as its length holds."""
    frame, length, water = quay
    slant = site.rng.choice([0.0, site.rng.uniform(-0.6, 0.6)])
    longest = min(site.rng.uniform(*reach), 0.5 * water, 0.3 * site.scale)
    room = site.rng.uniform(*depth)
    along = min(room, length / 3)
    while along < length - 0.5 * room:
        breadth = site.rng.uniform(*width)
        axis = frame.turned((along, 0), np.pi / 2 + slant)
        pier_length = longest * site.rng.uniform(0.9, 1.05)
        outline = axis.rect(-30 * abs(np.sin(slant)) - 2, pier_length, -breadth / 2, breadth / 2)
        outer = axis.rect(30, pier_length, -breadth / 2, breadth / 2)
        if site.free_water(outer, min(room, 45)):
            _pier(site, axis, outline, pier_length, breadth)
            for side in (-1.0, 1.0):
                # On the side where the pier leans over the quay the corner is too narrow for a ship.
                start = 12 + max(-side * np.sin(slant), 0) * room
                origin = axis.place((start, side * breadth / 2))
                site.berths.append(Berth(Frame(origin, axis.along, side * axis.away), pier_length - start, room, trade))
        along += (breadth + 2 * room + site.rng.uniform(18, 34)) / np.cos(slant)


def _pier(site: Site, axis: Frame, outline: np.ndarray, length: float, breadth: float) -> None:
    _build_in_water(site, outline)
    site.pave(axis.rect(0, length - 2, -breadth * 0.2, breadth * 0.2), (132, 130, 126))
    if breadth < 16:
        return
    for along in np.arange(15, length - 15, 14.0).tolist():
        chance = site.rng.random()
        away = site.rng.choice([-1, 1]) * breadth * 0.3
        if chance < 0.3:
            site.box(axis, (along, away), (site.rng.uniform(4, 12), 2.6), 3, (150, 146, 138), 40)
        elif chance < 0.42:
            site.box(axis, (along, away), (5, 2.1), 1.6, (190, 190, 188), 40)
        elif chance < 0.46:
            _mobile_crane(site, axis, along, away * 0.6)


def _build_in_water(site: Site, outline: np.ndarray) -> None:
    site.solids.append(Polygon(outline))
    if site.in_scene(outline):
        site.pave(outline, CONCRETE, 10)


def _workshops(site: Site, quay: Quay, ground: float) -> None:
    """Halls, car parks and open ground behind naval piers."""
    if ground < 75:
        return
    frame, length, _ = quay
    low, high = 16 - ground, -36
    along = 12.0
    while along < length - 50:
        width = min(site.rng.uniform(45, 110), length - along - 6)
        chance = site.rng.random()
        if chance < 0.55:
            size = (width - 12, (high - low) * site.rng.uniform(0.45, 0.9))
            site.shed(frame, (along + width / 2, (low + high) / 2), size, 12)
        elif chance < 0.8:
            site.cars(frame, (along + 3, along + width - 3, low, high))
        else:
            site.pave(frame.rect(along + 4, along + width - 4, low, high), site.green((112, 122, 88)), 12)
        along += width


def _gantry_crane(site: Site, quay: Frame, along: float) -> None:
    """A ship-to-shore crane: legs on the apron, a boom out over the water."""
    colour = site.rng.choice([(70, 108, 160), (186, 72, 58), (214, 214, 208), (206, 166, 66)])
    for side in (-9, 9):
        site.box(quay, (along + side, -17), (1.8, 30), 22, colour)
    for away in (-4, -30):
        site.box(quay, (along, away), (20, 1.8), 22, colour)
    outline = [quay.rect(along + side - 0.8, along + side + 0.8, -48, 38) for side in (-3, 3)]
    outline += [quay.rect(along - 3, along + 3, away - 0.6, away + 0.6) for away in range(-46, 40, 12)]
    outline.append(quay.rect(along - 5, along + 5, -46, -34))
    for part in outline:
        if site.in_scene(part):
            site.overhead.add(part, colour, 34, 31)


def _yard_crane(site: Site, frame: Frame, along: float, away: float) -> None:
    """A crane on wheels astride a block of containers."""
    colour = site.rng.choice([(206, 176, 80), (66, 104, 156), (204, 204, 198)])
    for side in (-11.5, 11.5):
        site.box(frame, (along, away + side), (9, 1.6), 3, colour)
    for side in (-3.5, 3.5):
        part = frame.rect(along + side - 0.8, along + side + 0.8, away - 12, away + 12)
        if site.in_scene(part):
            site.overhead.add(part, colour, 23, 21)


def _mobile_crane(site: Site, frame: Frame, along: float, away: float = -16.0) -> None:
    colour = (206, 170, 62) if site.rng.random() < 0.6 else (178, 84, 62)
    site.box(frame, (along, away), (9, 6), 6, colour)
    turn = frame.turned((along, away), site.rng.uniform(0, 2 * np.pi))
    outline = turn.rect(0, 24, -0.7, 0.7)
    if site.in_scene(outline):
        site.buildings.add(outline, colour, 17, 15)


def _heaps(site: Site, quay: Frame, area: Area) -> None:
    """Heaps of coal, ore or sand."""
    start, end, near, far = area
    colour = site.rng.choice([(52, 50, 50), (124, 82, 62), (190, 168, 122), (146, 140, 130)])
    site.pave(quay.rect(start + 4, end - 4, near, far), np.asarray(CONCRETE) - 24)
    for along in np.arange(start + 18, end - 12, 26.0).tolist():
        for away in np.arange(near + 16, far - 8, 26.0).tolist():
            radius = site.rng.uniform(8, 13)
            angles = np.arange(9) * (2 * np.pi / 9)
            circle = np.column_stack([np.cos(angles), np.sin(angles)]) * site.rng.uniform(0.85, 1.1, (9, 1))
            for share, base, height, lighter in ((1.0, 0, 3, 0), (0.55, 3, 6, 12)):
                outline = quay.place((along, away)) + radius * share * circle
                if site.in_scene(outline):
                    site.buildings.add(outline, np.asarray(colour, dtype=float) + lighter, height, base)


def _tank_farm(site: Site, frame: Frame, area: Area) -> None:
    """Rows of oil tanks in bunds of bare ground over an area (start, end, near, far)."""
    start, end, near, far = area
    outline = frame.rect(start + 2, end - 2, near + 12, far)
    if far - near < 70 or not site.in_scene(outline):
        return
    site.pave(outline, (142, 134, 116), 10)
    step = site.rng.uniform(48, 72)
    for along in np.arange(start + step * 0.6, end - step * 0.5, step).tolist():
        for away in np.arange(near + 12 + step * 0.5, far - step * 0.45, step).tolist():
            bund = frame.rect(along - step * 0.46, along + step * 0.46, away - step * 0.46, away + step * 0.46)
            site.pave(bund, (160, 150, 130), 8)
            if site.rng.random() < 0.88:
                site.tank(frame, (along, away), step * site.rng.uniform(0.2, 0.37))


TERMINALS: dict[str, Callable[[Site, Quay], None]] = {
    # Broad piers for destroyers, narrow ones for submarines.
    'navy': partial(build_naval_piers, trade='navy', apron=150, width=(20, 34), reach=(190, 430), depth=(44, 74)),
    'submarine': partial(
        build_naval_piers, trade='submarine', apron=110, width=(9, 15), reach=(130, 290), depth=(26, 42)
    ),
    'container': build_container_terminal,
    'cargo': build_cargo_terminal,
    'tanker': build_tanker_terminal,
}
