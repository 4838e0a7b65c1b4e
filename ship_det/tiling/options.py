"""How scenes are cut into chips."""

import math
from dataclasses import dataclass

from ship_det.raster import PixelChoices

#: Formats that chips can be written in.
CHIP_FORMATS = ('png', 'jpg', 'tif')
#: What an image file of any of them can hold, px.
LARGEST_CHIP = 65_500
# No scene has a longer side, px.
_LARGEST_WINDOW = 10**7


@dataclass(frozen=True)
class TilingOptions(PixelChoices):
    """How scenes are cut, and how their values are read.

    Attributes:
        chip: side of a chip, px.
        overlap: px shared by neighbouring chips.
        scales: sizes of the chips' pixels: at 0.5 a chip shows twice the side of the scene; each scale is cut anew.
        min_visible: an object cut by the border stays an object where at least this share of its area is visible.
        keep_empty: share of the chips without an object that is kept; 1 keeps the whole grid.
        format: png, jpg or tif.
        whole: add windows so that every object that fits in a chip is whole in at least one, at every scale.
        unlabeled: a scene without a label file has no objects, instead of being an error.
        stretch: percentiles of the scene that become 0 and 255; None leaves 8-bit scenes as they are and takes the
            default ones for all others.
    """

    chip: int = 1000
    overlap: int = 200
    scales: tuple[float, ...] = (1.0,)
    min_visible: float = 0.7
    keep_empty: float = 1.0
    format: str = 'png'
    whole: bool = True
    unlabeled: bool = False
    stretch: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ('min_visible', 'keep_empty'):
            value = getattr(self, name)
            if not 0 <= value <= 1:
                raise ValueError(f'{name}: expected a share between 0 and 1, found {value}')
        if not 1 <= self.chip <= LARGEST_CHIP:
            raise ValueError(f'chip: expected 1 to {LARGEST_CHIP} px, found {self.chip}')
        if not 0 <= self.overlap < self.chip:
            raise ValueError(f'overlap: expected 0 <= overlap < chip ({self.chip} px), found {self.overlap}')
        if self.format not in CHIP_FORMATS:
            raise ValueError(f'format: expected one of {", ".join(CHIP_FORMATS)}, found {self.format!r}')
        self._check_scales()
        if self.stretch is not None and not 0 <= self.stretch[0] < self.stretch[1] <= 100:
            raise ValueError(f'stretch: expected percentiles 0 <= low < high <= 100, found {_listed(self.stretch)}')

    def _check_scales(self) -> None:
        if not self.scales or not all(math.isfinite(scale) and scale > 0 for scale in self.scales):
            raise ValueError(f'scales: expected numbers above 0, found {_listed(self.scales) or "none"}')
        # The window that a chip shows has a side of chip / scale.
        least = self.chip / _LARGEST_WINDOW
        if not all(least <= scale <= self.chip for scale in self.scales):
            raise ValueError(f'scales: expected {least:g} to {self.chip}, the chip, found {_listed(self.scales)}')
        if len({f'{scale:g}' for scale in self.scales}) < len(self.scales):
            raise ValueError(f'scales: expected each once, found {_listed(self.scales)}')

    def window_at(self, scale: float) -> tuple[int, int]:
        """Side of the window that a chip shows and what neighbours share of it, px of the scene."""
        side = max(1, round(self.chip / scale))
        return side, min(round(self.overlap / scale), side - 1)


def _listed(values: tuple[float, ...]) -> str:
    return ' '.join(f'{value:g}' for value in values)
