"""How many ships of each class a scene holds: a long tail with submarines at its head and tankers at its end."""

import numpy as np

from ship_det.annotations import AOSR15_CLASSES
from ship_det.simulation.ships import Ship, draw_ship

#: The classes from the most to the least frequent. That submarines come first and tankers last is the paper's
#: (CI loss paper, Sec. IV-C); the order between them is ours.
CLASSES_BY_FREQUENCY = (
    'submarine',
    'burke-destroyer',
    'others',
    'cargo-ship',
    'container-ship',
    'small-military-warship',
    'perry-frigate',
    'ticonderoga-cruiser',
    'supply-ship',
    'amphibious-transport-ship',
    'amphibious-assault-ship',
    'freedom',
    'independence',
    'aircraft-carrier',
    'tanker',
)

#: Ships for each kilometre of a scene's side where the user names no number: they lie along the shore. On the 7.5 km of
#: the paper's scenes that is 97 ships, of which 23.5 are submarines at a tail of 45: 2306 in its 98 scenes.
SHIPS_PER_KM = 12.9
# Steps of the golden ratio fill the span from 0 to 1 more evenly than any other multiples.
_GOLDEN = (5**0.5 - 1) / 2


def class_shares(tail: float) -> dict[str, float]:
    """Share of each class in all ships, falling geometrically from the first to the last.

    Args:
        tail: how many times the first class outnumbers the last; 1 gives equal shares.

    Raises:
        ValueError: the tail is below 1 or not finite.
    """
    if not 1 <= tail < np.inf:
        raise ValueError(f'tail: expected a finite ratio of at least 1, found {tail}')
    weights = tail ** -np.linspace(0, 1, len(CLASSES_BY_FREQUENCY))
    return dict(zip(CLASSES_BY_FREQUENCY, (weights / weights.sum()).tolist(), strict=True))


def class_counts(ships: int, tail: float, min_per_class: int, start: float, number: int = 0) -> dict[str, int]:
    """Number of ships of each class in a scene, in the order of AOSR15_CLASSES.

    Classes whose share is below the minimum get the minimum, the others share the rest. Shares are rounded up or down
    so that they hold on average over all starts, and for each start over the scenes 0 to n of a set, to within a few
    ships of each class. The sum is ``ships``, or more where the minimum asks for more.

    Args:
        ships: how many a scene has.
        tail: how many times the first class outnumbers the last.
        min_per_class: least number of each class.
        start: what the set's rounding starts with, drawn between 0 and 1.
        number: which scene of the set it is.
    """
    shares = np.array([class_shares(tail)[name] for name in AOSR15_CLASSES])
    expected = shares * ships
    raised = np.zeros(len(shares), bool)
    while (expected[~raised] < min_per_class).any():
        raised |= expected < min_per_class
        rest = max(ships - min_per_class * int(raised.sum()), 0)
        expected[~raised] = shares[~raised] * rest / max(shares[~raised].sum(), 1e-12)
    expected[raised] = min_per_class
    # Systematic rounding: each count is its expectation rounded up or down, their sum is exact.
    offset = (start + number * _GOLDEN) % 1 * (1 - 1e-9)
    edges = np.floor(np.cumsum(expected) + offset + 1e-9)
    counts = np.diff(edges, prepend=0.0).astype(int)
    return dict(zip(AOSR15_CLASSES, np.where(raised, min_per_class, counts).tolist(), strict=True))


def draw_fleet(counts: dict[str, int], rng: np.random.Generator) -> list[Ship]:
    """The ships of a scene, not placed yet, the longest first (roughly, so that a quay is not sorted by size)."""
    fleet = [draw_ship(name, rng) for name, count in counts.items() for _ in range(count)]
    order = np.argsort([-ship.length * rng.uniform(0.8, 1.25) for ship in fleet], kind='stable')
    return [fleet[index] for index in order]
