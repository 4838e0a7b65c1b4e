"""Image files through rasterio: opened, their size, and whether all of them can be decoded."""

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import rasterio
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.windows import Window

from ship_det.raster.orientation import find_orientation

_GDAL_OPTIONS = {
    # Block cache, MB: a row of 1000 px windows over a 12544 px scene is 38 MB.
    'GDAL_CACHEMAX': 96,
    # Without these two a truncated JPEG or PNG is read as far as it goes, and garbage after that.
    'GDAL_ERROR_ON_LIBJPEG_WARNING': True,
    'GDAL_PNG_WHOLE_IMAGE_OPTIM': False,
    # No .aux.xml files beside the images.
    'GDAL_PAM_ENABLED': False,
}

# Rows decoded at a time when an image is only looked through, and bytes they may take where they are long.
_STRIP, _STRIP_BYTES = 512, 32 << 20


@contextmanager
def open_image(path: str | os.PathLike) -> Iterator[rasterio.DatasetReader]:
    """Open an image; every failure to decode it, within the block too, becomes a ValueError that names the file."""
    path = Path(path)
    try:
        with rasterio.Env(**_GDAL_OPTIONS), _not_georeferenced(), rasterio.open(path) as image:
            yield image
    except RasterioError as error:
        if not path.exists():
            raise ValueError(f'{path}: no such file, expected an image') from error
        reason = _reason(error)
        if 'GDAL_ALLOW_LARGE_LIBJPEG_MEM_ALLOC' in reason:
            raise ValueError(
                f'{path}: a progressive JPEG, which is decoded as a whole, too large to be so here, expected a '
                'baseline JPEG or a TIFF (or a limit of memory: JPEGMEM=4000M in the environment)'
            ) from error
        raise ValueError(f'{path}: not an image or a truncated one ({reason})') from error


def image_size(path: str | os.PathLike) -> tuple[int, int]:
    """Width and height in px, from the image's header, as it is shown: turned by its EXIF orientation."""
    with open_image(path) as image:
        return find_orientation(image).size((image.width, image.height))


def verify_image(path: str | os.PathLike) -> None:
    """Decode all bands of an image, a strip at a time.

    Raises:
        ValueError: naming the file, where a part of it cannot be decoded.
    """
    with open_image(path) as image:
        bytes_a_row = sum(image.width * np.dtype(dtype).itemsize for dtype in image.dtypes)
        strip = max(min(_STRIP, _STRIP_BYTES // bytes_a_row), 1)
        for top in range(0, image.height, strip):
            image.read(window=Window(0, top, image.width, min(strip, image.height - top)))


@contextmanager
def _not_georeferenced() -> Iterator[None]:
    """An image need not know where on Earth it is."""
    with warnings.catch_warnings():
        warnings.simplefilter('ignore', NotGeoreferencedWarning)
        yield


def _reason(error: BaseException) -> str:
    """The innermost message: rasterio's own says no more than 'see previous exception'."""
    while error.__cause__ is not None:
        error = error.__cause__
    return str(error).strip()
