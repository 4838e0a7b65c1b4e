"""What the objects of a data set are called: ships where its classes are ships, else objects."""

from collections.abc import Iterable

_SHIP_WORDS = (
    'ship', 'boat', 'vessel', 'carrier', 'frigate', 'destroyer', 'cruiser', 'corvette', 'warcraft', 'submarine',
    'tanker', 'ferry', 'yacht', 'tug', 'barge', 'dredger', 'trawler', 'hovercraft',
)  # fmt: skip


def object_noun(classes: Iterable[str]) -> str:
    """``'ship'`` where half of the class names or more hold a word for a ship, else ``'object'``.

    >>> object_noun(['tanker', 'submarine', 'others']), object_noun(['plane', 'ship', 'harbor'])
    ('ship', 'object')
    """
    names = [name.lower() for name in classes]
    ships = sum(any(word in name for word in _SHIP_WORDS) for name in names)
    return 'ship' if names and 2 * ships >= len(names) else 'object'
