"""Decoded pieces of scenes, kept for the next window."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# Bytes of tiles that a process keeps. Two block rows of a 12544 px scene are 38 MB.
_LIMIT = 80 << 20


@dataclass(frozen=True, slots=True)
class Tile:
    """A decoded piece of a scene.

    Attributes:
        pixels: (h, w, 1 or 3) 8 bit, 0 where there is no data.
        valid: (h, w) where there is data; None where everywhere.
    """

    pixels: NDArray[np.uint8]
    valid: NDArray[np.bool_] | None

    @property
    def nbytes(self) -> int:
        """Bytes of both arrays."""
        return self.pixels.nbytes + (0 if self.valid is None else self.valid.nbytes)


class TileCache:
    """The tiles used last, of all scenes that a process reads; those of the window at hand are never given up.

    Args:
        limit: bytes.
    """

    def __init__(self, limit: int = _LIMIT):
        self.limit = limit
        self._tiles: OrderedDict[Hashable, Tile] = OrderedDict()
        self._bytes = 0

    def get(self, key: Hashable, load: Callable[[], Tile]) -> Tile:
        """The tile of a key, loaded where it is not there."""
        if key in self._tiles:
            self._tiles.move_to_end(key)
        else:
            self._tiles[key] = load()
            self._bytes += self._tiles[key].nbytes
        return self._tiles[key]

    def clear(self) -> None:
        """Give up all tiles."""
        self._tiles.clear()
        self._bytes = 0

    def trim(self, keep: int) -> None:
        """Give up the tiles not used for longest until the limit is kept, but not the ``keep`` used last."""
        while self._bytes > self.limit and len(self._tiles) > keep:
            self._bytes -= self._tiles.popitem(last=False)[1].nbytes
