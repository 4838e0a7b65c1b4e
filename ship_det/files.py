"""Files: text and JSON on the way in, whole files or none on the way out."""

import codecs
import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

# What a file begins with, and the encoding that this says.
_MARKS = {codecs.BOM_UTF8: 'utf-8', codecs.BOM_UTF16_LE: 'utf-16-le', codecs.BOM_UTF16_BE: 'utf-16-be'}


def read_text(path: str | os.PathLike) -> str:
    """Read a file of UTF-8, or of UTF-16 with a byte order mark, as :func:`decode_text`.

    Raises:
        ValueError: naming the file, where it is not text.
    """
    return decode_text(path, Path(path).read_bytes())


def decode_text(path: str | os.PathLike, content: bytes, encoding: str = 'utf-8') -> str:
    """The text of a file's bytes, line ends normalised to line feeds.

    A byte order mark tells the encoding and is dropped; so is one at the start of a later line, where files were put
    together.

    Args:
        path: file, for messages.
        content: its bytes.
        encoding: of a file without a byte order mark.

    Raises:
        ValueError: naming the file, where it is not text of that encoding.
    """
    mark = next((mark for mark in _MARKS if content.startswith(mark)), b'')
    encoding = _MARKS.get(mark, encoding)
    try:
        text = content[len(mark) :].decode(encoding)
    except UnicodeDecodeError as error:
        expected = 'a text file' if encoding != 'utf-8' else 'a text file of UTF-8'
        byte = error.start + len(mark)
        raise ValueError(f'{path}: byte {byte} is not {encoding.upper()}, expected {expected}') from error
    if '\0' in text:
        raise ValueError(f'{path}: holds zero bytes, expected a text file')
    return text.replace('\r\n', '\n').replace('\r', '\n').replace('\n\ufeff', '\n')


def parse_json(text: str) -> Any:
    """Parse JSON of any origin.

    Raises:
        ValueError: saying why, where it is not JSON, nests too deeply or holds half a surrogate pair, which can be
            neither printed nor written.
    """
    try:
        content = json.loads(text)
    except RecursionError:
        raise ValueError('nested too deeply') from None
    if re.search(r'\\u[dD][89a-fA-F]', text):
        json.dumps(content, ensure_ascii=False).encode()
    return content


def digest(path: str | os.PathLike) -> str:
    """The SHA-256 of a file, in hexadecimal digits."""
    found = hashlib.sha256()
    with open(path, 'rb') as file:
        while block := file.read(1 << 20):
            found.update(block)
    return found.hexdigest()


def write_text(path: str | os.PathLike, text: str) -> None:
    """Write a UTF-8 file under a temporary name, then rename it, so that no reader ever sees half a file."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding='utf-8', newline='\n')


@contextmanager
def replacing(path: str | os.PathLike, owner: str | None = None) -> Iterator[Path]:
    """A path to write a file to, which takes the place of ``path`` where the block ends well.

    No reader ever sees half a file, and a failed block leaves ``path`` as it was and nothing beside it.

    Args:
        path: file to replace, or one that is not there yet. Its folder must exist.
        owner: what tells writers of one file apart; None for the process. What a killed writer leaves behind is
            overwritten by the next one of its name.

    Raises:
        OSError: naming ``path``, where the file cannot be written; that of a full disk names none.
    """
    if os.path.abspath(path).startswith(('/dev/', '/proc/')) or Path(path).is_fifo():
        # Not a file to replace: /dev/stdout, a pipe.
        yield Path(path)
        return
    # A link stays one.
    path = Path(os.path.realpath(path)) if Path(path).is_symlink() else Path(path)
    temporary = path.with_name(f'.{path.name}.{owner or os.getpid()}.tmp')
    try:
        yield temporary
        os.replace(temporary, path)
    except OSError as error:
        # A file that is read within the block keeps its own name.
        if error.filename not in (None, str(temporary), temporary):
            raise
        raise OSError(error.errno, error.strerror or str(error), str(path)) from error
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def staged_folder(out: str | os.PathLike) -> Iterator[Path]:
    """A folder whose files become those of ``out`` where the block ends well; else ``out`` is left as it was.

    Files of the same name are replaced, others stay.
    """
    out = Path(out)
    made = [path for path in (out, *out.parents) if not path.exists()]
    out.mkdir(parents=True, exist_ok=True)
    stage = out / f'.{os.getpid()}.tmp'
    try:
        stage.mkdir()
        yield stage
        paths = sorted(path.relative_to(stage) for path in stage.rglob('*'))
        for path in paths:
            expected, found = (stage / path).is_dir(), (out / path).is_dir()
            if (out / path).exists() and expected != found:
                kinds = ('file', 'folder')
                raise ValueError(f'{out / path}: a {kinds[found]} is in the way, expected a {kinds[expected]}')
        for path in paths:
            if (stage / path).is_dir():
                (out / path).mkdir(exist_ok=True)
            else:
                os.replace(stage / path, out / path)
    except BaseException:
        shutil.rmtree(stage, ignore_errors=True)
        for path in made:
            with suppress(OSError):
                path.rmdir()
        raise
    shutil.rmtree(stage)
