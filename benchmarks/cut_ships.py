"""How well detections of overlapping windows merge into ships: a Monte Carlo of ships that window borders cut.

Ships of the AOSR15 classes lie at random places and headings over a grid of windows. Each window that sees a part of a
ship has one detection of it: the rectangle that tiling would label, with errors of its ends, sides and angle, a random
score, and for pieces under half a ship sometimes another class. Ships that no border cuts are not counted.

A ship is lost where no box that is kept has an IoU above 0.5 with it; a kept box that is not the match of a ship is a
false alarm, in % of the ships. Of the ships found, a few may have the class of a piece: the last column.

Situations: single ships; those of them that no window shows whole; dense moorings, two rows of three ships of one size
with 5 m between sides and ends; tugs and patrol craft alongside large ships, 5 m off.
"""

import argparse
from collections import Counter
from dataclasses import replace

import numpy as np
import shapely

from ship_det.annotations import AOSR15_CLASSES
from ship_det.geometry import pairwise_iou, quad_to_rbox, sliding_windows
from ship_det.geometry.boxes import FloatArray
from ship_det.scenes import WindowDetections, Windows, merge_windows
from ship_det.simulation.ships import Ship, draw_ship, ship_quad

GSD = 0.6
GAP = 5.0
# Standard deviation of the angle at ends that are off by 5 % of the length; it is in proportion to the error.
ANGLE = np.radians(2.0)
# A detector sees parts from this width on, px.
LEAST_PART = 2.0
CONFUSED = 0.3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--ships', type=int, default=1000, help='cut ships of each situation (%(default)s)')
    parser.add_argument('--window', type=int, default=1000, help='side of a window, px (%(default)s)')
    parser.add_argument('--overlap', type=int, default=200, help='px that windows share (%(default)s)')
    parser.add_argument('--noise', type=float, nargs='+', default=[1, 3, 5], help='error of an end, %% of the length')
    parser.add_argument('--seed', type=int, default=0)
    args = parser.parse_args()
    print('| situation | error of an end, % | ships | lost % | false alarms % | wrong class % |')
    print('|---|---|---|---|---|---|')
    for name, draw in SITUATIONS.items():
        for noise in args.noise:
            counts = simulate(draw, noise / 100, args.ships, args.window, args.overlap, args.seed)
            ships = counts['ships']
            shares = ' | '.join(f'{100 * counts[key] / ships:.2f}' for key in ('lost', 'false', 'confused'))
            print(f'| {name} | {noise:g} | {ships} | {shares} |', flush=True)


def simulate(draw, noise: float, ships: int, window: int, overlap: int, seed: int) -> Counter[str]:
    """Counts over scenes until so many cut ships are seen."""
    rng = np.random.default_rng(seed)
    step = window - overlap
    side = window + 4 * step
    grid = sliding_windows(side, side, window, overlap)
    windows = Windows(grid, grid[:, 2:], (side, side))
    counts: Counter[str] = Counter()
    while counts['ships'] < ships:
        fleet = draw(rng)
        place = (2 * step + overlap / 2 + rng.random(2) * step) * GSD
        quads = np.stack([ship_quad(ship) for ship in turn(fleet, rng.uniform(0, 2 * np.pi), place)]) / GSD
        labels = np.array([AOSR15_CLASSES.index(ship.name) for ship in fleet])
        shares = visible_shares(quads, grid)
        cut = ((shares > 0) & (shares < 1)).any(axis=1)
        if draw is long_ship:
            cut &= (shares < 1).all(axis=1)
        if not cut.any():
            continue
        merged = merge_windows(detect(quads, labels, grid, noise, rng), windows)
        counts += compare(merged.boxes, merged.scores, merged.labels, quads, labels, cut)
    return counts


def single_ship(rng: np.random.Generator) -> list[Ship]:
    return [draw_ship(str(rng.choice(AOSR15_CLASSES)), rng)]


def long_ship(rng: np.random.Generator) -> list[Ship]:
    """Whether a window shows it whole is seen when it is placed."""
    return single_ship(rng)


def mooring(rng: np.random.Generator) -> list[Ship]:
    """Two rows of three ships of one size."""
    ship = draw_ship(str(rng.choice(AOSR15_CLASSES)), rng)
    along, across = ship.length + GAP, ship.beam + GAP
    return [replace(ship, x=(i - 0.5) * along, y=(k - 1) * across) for i in (0, 1) for k in (0, 1, 2)]


def alongside(rng: np.random.Generator) -> list[Ship]:
    """A large ship with small ones at its sides and ends, of its heading or across."""
    large = draw_ship(str(rng.choice(['aircraft-carrier', 'tanker', 'container-ship', 'supply-ship'])), rng)
    small = [draw_ship(name, rng) for name in ('others', 'small-military-warship', 'others', 'others')]
    side = [(large.beam + ship.beam) / 2 + GAP for ship in small]
    end = (large.length + small[3].length) / 2 + GAP
    places = [
        (rng.uniform(-0.4, 0.4) * large.length, side[0]),
        (rng.uniform(-0.4, 0.4) * large.length, -side[1]),
        (rng.choice([-0.5, 0.5]) * (large.length - small[2].length), side[2]),
        (rng.choice([-1, 1]) * end, rng.uniform(-0.3, 0.3) * large.beam),
    ]
    if abs(places[0][0] - places[2][0]) < (small[0].length + small[2].length) / 2 + GAP:
        small, places = small[1:], places[1:]
    return [large, *(replace(ship, x=x, y=y) for ship, (x, y) in zip(small, places, strict=True))]


SITUATIONS = {
    'single ships': single_ship,
    'in no window whole': long_ship,
    'dense moorings': mooring,
    'small alongside large': alongside,
}


def turn(fleet: list[Ship], heading: float, place: FloatArray) -> list[Ship]:
    """The fleet turned about its middle and moved there."""
    whole = Ship('', '', 0, 0, *place, heading)
    centers = whole.to_scene(np.array([(ship.x, ship.y) for ship in fleet]))
    return [replace(ship, x=x, y=y, heading=heading) for ship, (x, y) in zip(fleet, centers, strict=True)]


def visible_shares(quads: FloatArray, grid) -> FloatArray:
    """(N, K) share of each ship that each window shows."""
    x, y, w, h = grid.T
    ships = shapely.polygons(quads)
    parts = shapely.intersection(ships[:, None], shapely.box(x, y, x + w, y + h))
    shares = shapely.area(parts) / shapely.area(ships)[:, None]
    return np.where(shares > 1 - 1e-9, 1.0, shares)


def detect(quads: FloatArray, labels, grid, noise: float, rng: np.random.Generator) -> WindowDetections:
    """What a detector finds of ships in windows."""
    shares = visible_shares(quads, grid)
    ship, window = np.nonzero(shares > 1e-6)
    x, y, w, h = grid[window].T
    parts = shapely.intersection(shapely.polygons(quads[ship]), shapely.box(x, y, x + w, y + h))
    # The rectangle of minimum area, whose part inside the window tiling labels.
    corners = shapely.get_coordinates(shapely.oriented_envelope(parts)).reshape(-1, 5, 2)
    boxes = quad_to_rbox(corners[:, :4])
    whole = shares[ship, window] == 1
    boxes[whole] = quad_to_rbox(quads[ship[whole]])
    seen = boxes[:, 3] >= LEAST_PART
    boxes, ship, window = boxes[seen], ship[seen], window[seen]
    low, high = rng.normal(scale=noise, size=(2, len(boxes), 2)) * boxes[:, 2:4]
    cos, sin = np.cos(boxes[:, 4]), np.sin(boxes[:, 4])
    shift = (low + high) / 2
    boxes[:, 0] += shift[:, 0] * cos - shift[:, 1] * sin
    boxes[:, 1] += shift[:, 0] * sin + shift[:, 1] * cos
    boxes[:, 2:4] = np.maximum(boxes[:, 2:4] + high - low, 1.0)
    boxes[:, 4] += rng.normal(scale=ANGLE * noise / 0.05, size=len(boxes))
    found = labels[ship].copy()
    confused = (shares[ship, window] < 0.5) & (rng.random(len(found)) < CONFUSED)
    found[confused] = rng.integers(len(AOSR15_CLASSES), size=confused.sum())
    return WindowDetections(boxes, rng.uniform(0.3, 1, len(boxes)), found, window)


def compare(boxes, scores, found, quads: FloatArray, labels, cut) -> Counter[str]:
    """Match kept boxes, from the best down, to ships; those of ships that are not counted are not counted either."""
    iou = pairwise_iou(boxes, quad_to_rbox(quads))
    free = np.ones(len(quads), dtype=bool)
    counts: Counter[str] = Counter(ships=int(cut.sum()))
    for row in np.argsort(-scores, kind='stable'):
        open_iou = np.where(free, iou[row], 0)
        best = int(np.argmax(open_iou))
        if open_iou[best] > 0.5:
            free[best] = False
            counts['confused'] += bool(cut[best] and found[row] != labels[best])
        else:
            counts['false'] += 1
    counts['lost'] += int((free & cut).sum())
    return counts


if __name__ == '__main__':
    main()
