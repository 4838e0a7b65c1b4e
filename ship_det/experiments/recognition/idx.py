"""Reading idx files, the format of MNIST, plain or compressed with gzip."""

import gzip
import os
import zlib
from math import prod
from pathlib import Path

import numpy as np

_GZIP_START = b'\x1f\x8b'
#: Type code of unsigned bytes, the only one in MNIST and its relatives.
_UNSIGNED_BYTE = 0x08


def read_idx(path: str | os.PathLike, dimensions: int) -> np.ndarray:
    """Read an idx file of unsigned bytes.

    Args:
        path: file, compressed or not, whatever its name ends in.
        dimensions: axes that the array must have.

    Raises:
        ValueError: if the file is not an idx file of that kind, or longer or shorter than its header says.
    """
    content = _content(Path(path))
    if len(content) < 4 or content[:2] != b'\0\0':
        raise ValueError(f'{path}: found a start of {content[:4].hex(" ")}, expected 00 00, the start of an idx file')
    if content[2] != _UNSIGNED_BYTE:
        raise ValueError(f'{path}: found type code 0x{content[2]:02x}, expected 0x08 (unsigned bytes)')
    if content[3] != dimensions:
        raise ValueError(f'{path}: found {content[3]} dimensions, expected {dimensions}')
    start = 4 + 4 * dimensions
    if len(content) < start:
        raise ValueError(f'{path}: found {len(content)} bytes, expected a header of {start} bytes')
    shape = [int(size) for size in np.frombuffer(content[4:start], '>u4')]
    if len(content) - start != prod(shape):
        sizes = ' x '.join(map(str, shape))
        raise ValueError(f'{path}: found {len(content) - start} bytes of data, expected {prod(shape)} for {sizes}')
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)


def _content(path: Path) -> bytes:
    content = path.read_bytes()
    if not content.startswith(_GZIP_START):
        return content
    try:
        return gzip.decompress(content)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise ValueError(f'{path}: found damaged gzip data ({error}), expected a whole file') from error
