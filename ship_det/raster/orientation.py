"""How an image's pixels are turned for the eye: the orientation that EXIF knows (tag 274 of TIFF 6.0, section 8)."""

import io
import os
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import rasterio
from numpy.typing import NDArray

Window = tuple[int, int, int, int]

_TAG = 274
_SHORT = 3


@dataclass(frozen=True, slots=True)
class Orientation:
    """How stored pixels become those that are shown: transposed, then each axis maybe reversed.

    Attributes:
        number: EXIF's, 1 to 8; 1 shows them as they are stored.
    """

    number: int = 1

    @property
    def transposed(self) -> bool:
        """Whether rows are shown as columns."""
        return self.number >= 5

    @property
    def _reversed(self) -> tuple[bool, bool]:
        """Whether the order of columns and that of rows is reversed, after the transposition."""
        return self.number in (2, 3, 6, 7), self.number in (3, 4, 7, 8)

    def size(self, size: tuple[int, int]) -> tuple[int, int]:
        """Width and height as shown of those as stored, or the other way round."""
        return size[::-1] if self.transposed else size

    def show(self, pixels: NDArray) -> NDArray:
        """A view of stored (H, W, ...) as it is shown."""
        columns, rows = self._reversed
        shown = pixels.swapaxes(0, 1) if self.transposed else pixels
        return shown[:: -1 if rows else 1, :: -1 if columns else 1]

    def shown_window(self, window: Window, size: tuple[int, int]) -> Window:
        """Where a window (x, y, w, h) over the stored pixels is shown; ``size`` as stored."""
        x, y, w, h = (window[1], window[0], window[3], window[2]) if self.transposed else window
        return self._mirrored((x, y, w, h), self.size(size))

    def stored_window(self, window: Window, size: tuple[int, int]) -> Window:
        """Where a window (x, y, w, h) over the shown pixels is stored; ``size`` as stored."""
        x, y, w, h = self._mirrored(window, self.size(size))
        return (y, x, h, w) if self.transposed else (x, y, w, h)

    def _mirrored(self, window: Window, shown_size: tuple[int, int]) -> Window:
        x, y, w, h = window
        columns, rows = self._reversed
        return shown_size[0] - x - w if columns else x, shown_size[1] - y - h if rows else y, w, h


def find_orientation(image: rasterio.DatasetReader) -> Orientation:
    """How an image is shown. The pixels of one with a place on Earth are those of its map, and stay as they are.

    Raises:
        ValueError: naming the file, where its colours are converted while it is read and it is turned besides.
    """
    if not image.transform.is_identity or image.gcps[0]:
        return Orientation()
    if image.driver == 'JPEG':
        # Written by GDAL as a number, maybe with others behind it.
        found = image.tags().get('EXIF_Orientation', '1').split()
        number = int(found[0]) if found and found[0].isdigit() else 1
    else:
        number = _from_file(image.name, image.driver)
    if not 1 <= number <= 8:
        number = 1
    structure = image.tags(ns='IMAGE_STRUCTURE')
    space = structure.get('SOURCE_COLOR_SPACE')
    if number > 1 and image.driver == 'GTiff' and space and 'JPEG' not in structure.get('COMPRESSION', ''):
        # libtiff, which converts such colours, turns each of its strips by itself.
        raise ValueError(
            f'{image.name}: {space} pixels with orientation {number}, expected RGB pixels or orientation 1'
        )
    return Orientation(number)


def _from_file(path: str | os.PathLike, driver: str) -> int:
    """The orientation in the header of a PNG, WebP or TIFF file; 1 for any other and where there is none."""
    if driver not in ('PNG', 'WEBP', 'GTiff') or not Path(path).is_file():
        return 1
    with open(path, 'rb') as file:
        if driver == 'GTiff':
            return _from_tiff(file)
        # EXIF data is a TIFF file without pixels.
        return _from_tiff(io.BytesIO(_read_exif(file, is_png=driver == 'PNG').removeprefix(b'Exif\0\0')))


def _read_exif(file: BinaryIO, is_png: bool) -> bytes:
    """Content of the first chunk of EXIF data, which may stand behind the pixels, of PNG or WebP; empty without one."""
    file.seek(8 if is_png else 12)
    while len(head := file.read(8)) == 8:
        if is_png:
            size, kind = struct.unpack('>I4s', head)
        else:
            kind, size = struct.unpack('<4sI', head)
        if kind in (b'eXIf', b'EXIF'):
            return file.read(size)
        # A checksum follows in PNG; WebP fills up to an even size.
        file.seek(size + (4 if is_png else size % 2), os.SEEK_CUR)
    return b''


def _from_tiff(file: BinaryIO) -> int:
    """The orientation in the first directory of a TIFF or BigTIFF file; 1 where there is none."""
    try:
        order = {b'II': '<', b'MM': '>'}[file.read(2)]
        big = struct.unpack(f'{order}H', file.read(2))[0] == 43
        file.seek(8 if big else 4)
        file.seek(struct.unpack(f'{order}{"Q" if big else "I"}', file.read(8 if big else 4))[0])
        number = struct.unpack(f'{order}{"Q" if big else "H"}', file.read(8 if big else 2))[0]
        for _ in range(min(number, 1 << 16)):
            entry = file.read(20 if big else 12)
            tag, kind = struct.unpack(f'{order}HH', entry[:4])
            if tag == _TAG and kind == _SHORT:
                return int(struct.unpack(f'{order}H', entry[12 if big else 8 :][:2])[0])
    except (KeyError, struct.error):
        # Not TIFF, or cut off: whoever decodes the pixels says so.
        pass
    return 1
