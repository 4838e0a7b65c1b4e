"""Text files of labels: decoding on the way in, replacing whole files on the way out."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def read_text(path: str | os.PathLike) -> str:
    """Read a UTF-8 file, with or without byte order mark, line ends normalised to ``\\n``.

    Raises:
        ValueError: naming the file, where it is not text.
    """
    try:
        text = Path(path).read_text(encoding='utf-8-sig')
    except UnicodeDecodeError as error:
        raise ValueError(f'{path}: byte {error.start} is not UTF-8, expected a text file') from error
    if '\0' in text:
        raise ValueError(f'{path}: holds zero bytes, expected a text file')
    return text


def write_text(path: str | os.PathLike, text: str) -> None:
    """Write a UTF-8 file under a temporary name, then rename it, so that no reader ever sees half a file."""
    path = Path(path)
    temporary = path.with_name(f'.{path.name}.{os.getpid()}.tmp')
    with naming(path):
        try:
            temporary.write_text(text, encoding='utf-8', newline='\n')
            os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)


@contextmanager
def naming(path: str | os.PathLike) -> Iterator[None]:
    """Make an OSError within the block name the file: that of a full disk names none."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error
