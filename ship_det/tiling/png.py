"""PNG of chips: one filter and the cheapest deflate, since encoding is most of the time that tiling takes."""

import struct
import zlib

import numpy as np
from numpy.typing import NDArray

# The bytes of zlib for the two strategies used here, in half the time.
from zlib_ng import zlib_ng as _deflate

# Filter type 1: each byte as its difference to the same channel of the pixel to the left.
_SUB = 1
# Where fewer bytes than this continue a run of three, looking for runs costs more than it saves.
_WORTHWHILE_RUNS = 0.01
# Runs are counted in every so many-th row.
_SAMPLED_ROWS = 16


def encode_png(pixels: NDArray[np.uint8]) -> bytes:
    """Encode (h, w, 3) RGB losslessly.

    OpenCV at its default takes the same filter and run-length deflate; noise, which has no runs, is only entropy coded
    here.
    """
    height, width, channels = pixels.shape
    rows = np.empty((height, 1 + width * channels), dtype=np.uint8)
    rows[:, 0] = _SUB
    flat = pixels.reshape(height, width * channels)
    rows[:, 1 : 1 + channels] = flat[:, :channels]
    np.subtract(flat[:, channels:], flat[:, :-channels], out=rows[:, 1 + channels :])
    strategy = zlib.Z_RLE if _share_of_runs(rows) >= _WORTHWHILE_RUNS else zlib.Z_HUFFMAN_ONLY
    compressor = _deflate.compressobj(1, zlib.DEFLATED, zlib.MAX_WBITS, 9, strategy)
    header = struct.pack('>IIBBBBB', width, height, 8, 2, 0, 0, 0)
    data = [compressor.compress(rows), compressor.flush()]
    chunks = [*_chunk(b'IHDR', [header]), *_chunk(b'IDAT', data), *_chunk(b'IEND', [])]
    return b''.join([b'\x89PNG\r\n\x1a\n', *chunks])


def _share_of_runs(rows: NDArray[np.uint8]) -> float:
    """Share of bytes that equal the two before them."""
    sample = rows[::_SAMPLED_ROWS]
    same = sample[:, 1:] == sample[:, :-1]
    return float((same[:, 1:] & same[:, :-1]).mean())


def _chunk(kind: bytes, parts: list[bytes]) -> list[bytes]:
    checksum = _deflate.crc32(kind)
    for part in parts:
        checksum = _deflate.crc32(part, checksum)
    return [struct.pack('>I', sum(map(len, parts))), kind, *parts, struct.pack('>I', checksum)]
