"""What a user knows better than a scene's file: which bands to show, what is no data."""

import math
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class PixelChoices:
    """How the values of a scene are read, where that is not left to its file.

    Attributes:
        bands: numbers, from 1, of the bands that become red, green and blue, or of the one that becomes grey.
        nodata: value of pixels that show nothing, nan for no value; None for the one that the file names.
        alpha: whether an alpha band says where there is data. Without, it is a band like any other.
    """

    bands: tuple[int, ...] | None = None
    nodata: float | None = None
    alpha: bool = True

    @property
    def choices(self) -> 'PixelChoices':
        """These alone, of options that say more."""
        return PixelChoices(bands=self.bands, nodata=self.nodata, alpha=self.alpha)

    def __post_init__(self) -> None:
        if self.bands is not None and (len(self.bands) not in (1, 3) or min(self.bands) < 1):
            found = ' '.join(map(str, self.bands))
            raise ValueError(f'bands: expected 1 or 3 numbers from 1 on, found {found}')
        if self.nodata is not None and math.isinf(self.nodata):
            raise ValueError(f'nodata: expected a finite number or none, found {self.nodata}')


#: All as the file has it.
AS_FILED = PixelChoices()
