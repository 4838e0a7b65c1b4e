"""Image files through rasterio: opened, their size, and whether all of them can be decoded."""

import os
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import rasterio
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.windows import Window

from ship_det.raster.georeference import find_georeference
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

# A virtual file system, a URL, or the name of a driver before what it opens.
_GDAL_PATH = re.compile(r'/vsi[a-z0-9]+[/?]|[A-Za-z][A-Za-z0-9_+.-]+:')

# Rows decoded at a time when an image is only looked through, and bytes they may take where they are long.
_STRIP, _STRIP_BYTES = 512, 32 << 20


@contextmanager
def open_image(path: str | os.PathLike) -> Iterator[rasterio.DatasetReader]:
    """Open an image; every failure to decode it, within the block too, becomes a ValueError that names the file.

    Args:
        path: file, or any other name that GDAL opens: ``/vsizip/...``, ``/vsicurl/...``, ``NETCDF:...``, ``s3://...``.

    Raises:
        ValueError: naming the file, where it is no image, a truncated one, or holds several, as a TIFF of many pages.
    """
    source: str | Path = os.fspath(path) if is_gdal_path(path) else Path(path)
    if isinstance(source, Path) and _GDAL_PATH.match(str(source)):
        # A file here whose name looks like GDAL's: from the root on, it does not.
        source = source.absolute()
    try:
        with rasterio.Env(**_GDAL_OPTIONS), _not_georeferenced(), rasterio.open(source) as image:
            if len(image.subdatasets) > 1:
                raise ValueError(
                    f'{path}: found {len(image.subdatasets)} images in one file, expected one; name it instead, such '
                    f'as {image.subdatasets[0]}'
                )
            yield image
    except RasterioError as error:
        if isinstance(source, Path) and not source.exists():
            raise ValueError(f'{path}: no such file, expected an image') from error
        reason = _reason(error)
        if 'GDAL_ALLOW_LARGE_LIBJPEG_MEM_ALLOC' in reason:
            raise ValueError(
                f'{path}: a progressive JPEG, which is decoded as a whole, too large to be so here, expected a '
                'baseline JPEG or a TIFF (or a limit of memory: JPEGMEM=4000M in the environment)'
            ) from error
        raise ValueError(f'{path}: not an image or a truncated one ({reason})') from error


def is_gdal_path(path: str | os.PathLike) -> bool:
    """Whether a path is one of GDAL's, such as ``/vsizip/scenes.zip/a.tif``, and not that of a file or folder here."""
    return _GDAL_PATH.match(os.fspath(path)) is not None and not os.path.lexists(path)


def image_size(path: str | os.PathLike) -> tuple[int, int]:
    """Width and height in px, from the image's header, as it is shown: turned by its EXIF orientation."""
    with open_image(path) as image:
        return find_orientation(image).size((image.width, image.height))


def pixel_area(path: str | os.PathLike) -> float | None:
    """Area of the pixel in the middle of a georeferenced image, m2; None of one that is not georeferenced.

    Raises:
        ValueError: naming the file, where it cannot be opened.
    """
    with open_image(path) as image:
        georeference = find_georeference(image)
        return georeference.pixel_area((image.width, image.height)) if georeference else None


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
