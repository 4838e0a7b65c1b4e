"""Where results go: a folder here or on object storage. A file is there as a whole or not at all."""

import os
import shutil
import socket
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol

from ship_det.files import replacing


class ResultError(OSError):
    """A result that cannot be read or written: the end of a run, where a scene that cannot be read is not."""


class ResultFolder(Protocol):
    """A folder of results; names are those of its files, with slashes. It can be sent to other machines."""

    def sizes(self, folder: str) -> dict[str, int]:
        """Bytes of each file in a folder within, by its name there; none where there is no such folder."""
        ...

    def read(self, name: str) -> bytes | None:
        """What a file holds; None where there is none."""
        ...

    def write(self, name: str, content: bytes) -> None:
        """Write a file, or replace it; nobody ever sees half of it.

        Raises:
            ResultError: naming it, where it cannot be written.
        """
        ...

    def remove(self, names: Iterable[str]) -> None:
        """Remove files; those that have gone already are no matter."""
        ...


def open_results(out: str | os.PathLike) -> ResultFolder:
    """The folder of a path or of a URL such as ``s3://bucket/folder``."""
    return ObjectFolder(str(out).rstrip('/')) if is_url(out) else LocalFolder(Path(os.path.abspath(out)))


def is_url(path: str | os.PathLike) -> bool:
    """Whether a path is that of an object storage: ``s3://...``, ``gs://...``."""
    return '://' in os.fspath(path)


def read_source(path: str | os.PathLike) -> bytes:
    """What a file here or on object storage holds.

    Raises:
        OSError: naming it, where it is not there.
    """
    if not is_url(path):
        return Path(path).read_bytes()
    folder, _, name = os.fspath(path).rpartition('/')
    content = ObjectFolder(folder).read(name)
    if content is None:
        raise FileNotFoundError(f'{path}: no such file')
    return content


@contextmanager
def results_on_disk(out: str | os.PathLike) -> Iterator[Path]:
    """A folder here whose files become those of ``out`` where the block ends well: ``out`` itself where it is here."""
    if not is_url(out):
        yield Path(out)
        return
    with TemporaryDirectory(prefix='ship-det-') as folder:
        yield Path(folder)
        results = open_results(out)
        # Pages last: what they link to is there then.
        paths = [path for path in Path(folder).rglob('*') if path.is_file()]
        for path in sorted(paths, key=lambda path: (path.suffix == '.html', path)):
            results.write(path.relative_to(folder).as_posix(), path.read_bytes())


@dataclass(frozen=True)
class LocalFolder:
    """A folder here, or one that all machines share.

    Attributes:
        path: the folder.
    """

    path: Path

    def __str__(self) -> str:
        return str(self.path)

    def sizes(self, folder: str) -> dict[str, int]:
        """As of :class:`ResultFolder`."""
        try:
            with os.scandir(self.path / folder) as entries:
                return {entry.name: entry.stat().st_size for entry in entries if entry.is_file()}
        except (FileNotFoundError, NotADirectoryError):
            return {}

    def read(self, name: str) -> bytes | None:
        """As of :class:`ResultFolder`."""
        try:
            with open(self.path / name, 'rb') as file:
                return file.read()
        except (FileNotFoundError, NotADirectoryError):
            return None

    def write(self, name: str, content: bytes) -> None:
        """As of :class:`ResultFolder`."""
        path = self.path / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            # Processes of several machines may have one number.
            with replacing(path, f'{socket.gethostname()}.{os.getpid()}') as temporary:
                temporary.write_bytes(content)
        except OSError as error:
            raise ResultError(error.errno, error.strerror or str(error), error.filename or str(path)) from error

    def remove(self, names: Iterable[str]) -> None:
        """As of :class:`ResultFolder`."""
        for name in names:
            (self.path / name).unlink(missing_ok=True)

    def remove_folder(self, name: str) -> None:
        """Remove a folder within, and all that it holds."""
        shutil.rmtree(self.path / name, ignore_errors=True)


@dataclass(frozen=True)
class ObjectFolder:
    """A prefix on object storage, by fsspec: an object appears when all of it was sent.

    Attributes:
        url: such as ``s3://bucket/folder``.
    """

    url: str

    def __str__(self) -> str:
        return self.url

    def sizes(self, folder: str) -> dict[str, int]:
        """As of :class:`ResultFolder`."""
        storage = self._storage
        try:
            with self._naming(folder):
                entries = storage.ls(self._path(folder), detail=True)
        except FileNotFoundError:
            return {}
        return {entry['name'].rpartition('/')[2]: entry['size'] for entry in entries if entry['type'] == 'file'}

    def read(self, name: str) -> bytes | None:
        """As of :class:`ResultFolder`."""
        storage = self._storage
        try:
            with self._naming(name):
                return storage.cat_file(self._path(name))
        except FileNotFoundError:
            return None

    def write(self, name: str, content: bytes) -> None:
        """As of :class:`ResultFolder`."""
        storage = self._storage
        with self._naming(name):
            storage.pipe_file(self._path(name), content)

    def remove(self, names: Iterable[str]) -> None:
        """As of :class:`ResultFolder`."""
        for name in names:
            try:
                with self._naming(name):
                    self._storage.rm_file(self._path(name))
            except FileNotFoundError:
                pass

    @property
    def _storage(self) -> Any:
        return _storage(self.url.partition('://')[0])

    def _path(self, name: str) -> str:
        return f'{self.url.partition("://")[2]}/{name}'.rstrip('/')

    @contextmanager
    def _naming(self, name: str) -> Iterator[None]:
        """Turn a storage's errors into one that names the object; a missing one stays what it is."""
        try:
            yield
        except (FileNotFoundError, ResultError):
            raise
        except Exception as error:
            # Each storage has errors of its own.
            reason = ' '.join(str(error).split())
            raise ResultError(f'{self.url}/{name}: {reason}; expected a bucket that can be read and written') from error


@cache
def _storage(protocol: str) -> Any:
    """The file system of a protocol, as fsspec has it; S3 by Arrow's client, which GeoParquet brings along."""
    try:
        import fsspec

        if protocol != 's3':
            return fsspec.filesystem(protocol)
        from fsspec.implementations.arrow import ArrowFSWrapper
        from pyarrow.fs import S3FileSystem
    except ImportError as error:
        raise ValueError(
            f"{protocol}://: {error}; pip install '.[cluster]' installs what s3:// needs, other storages need the "
            'package of fsspec for them (gcsfs, adlfs)'
        ) from error
    except ValueError as error:
        raise ValueError(f'{protocol}://: {error}, expected s3:// or a storage that fsspec knows') from error
    return ArrowFSWrapper(S3FileSystem(endpoint_override=os.environ.get('AWS_ENDPOINT_URL'), allow_delayed_open=True))
