"""What the values of a scene's bands stand for: which are red, green and blue, palettes, fewer bits than 8."""

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.enums import ColorInterp

_RGB = (ColorInterp.red, ColorInterp.green, ColorInterp.blue)


def scene_bands(scene: rasterio.DatasetReader, bands: tuple[int, ...] | None = None) -> tuple[int, ...]:
    """Numbers, from 1, of the bands to show.

    Those asked for, else those that the file calls red, green and blue, else the first three, else the first.

    Raises:
        ValueError: naming the file, where it has no such band, or its first are inks that nobody asked for.
    """
    if bands is None:
        kinds = scene.colorinterp
        if ColorInterp.cyan in kinds:
            # GDAL converts 8 bit only.
            raise ValueError(f'{scene.name}: CMYK pixels of {scene.dtypes[0]}, expected RGB, grey, or CMYK of 8 bit')
        if all(kind in kinds for kind in _RGB):
            return tuple(kinds.index(kind) + 1 for kind in _RGB)
        return (1, 2, 3) if scene.count >= 3 else (1,)
    if max(bands) > scene.count:
        raise ValueError(f'{scene.name}: has {scene.count} bands, expected a band {max(bands)}')
    return bands


def colour_table(scene: rasterio.DatasetReader, bands: tuple[int, ...]) -> NDArray[np.uint8] | None:
    """(N, 4) red, green, blue and alpha of each value of a band that holds indices of colours; None for any other."""
    if len(bands) > 1 or scene.colorinterp[bands[0] - 1] != ColorInterp.palette:
        return None
    # Indices beyond the palette are black.
    table = np.zeros((256 ** np.dtype(scene.dtypes[bands[0] - 1]).itemsize, 4), dtype=np.uint8)
    table[:, 3] = 255
    for index, colour in scene.colormap(bands[0]).items():
        table[index] = colour
    return table


def grey_levels(scene: rasterio.DatasetReader, bands: tuple[int, ...]) -> NDArray[np.uint8] | None:
    """(256,) 8-bit level of each value of bands of fewer bits, which GDAL leaves as they are; None where it is one."""
    bits = int(scene.tags(bands[0], ns='IMAGE_STRUCTURE').get('NBITS', 8))
    if bits >= 8 or scene.dtypes[bands[0] - 1] != 'uint8':
        return None
    largest = (1 << bits) - 1
    return np.rint(np.minimum(np.arange(256), largest) * (255 / largest)).astype(np.uint8)


def is_inverted(scene: rasterio.DatasetReader) -> bool:
    """Whether 0 is white (TIFF's PhotometricInterpretation 0)."""
    return scene.tags(ns='IMAGE_STRUCTURE').get('MINISWHITE') == 'YES'
