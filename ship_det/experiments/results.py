"""Results of an experiment: a file of JSON lines, each result once, which several processes may add to."""

import fcntl
import json
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import UnionType
from typing import IO, Any

from ship_det.files import decode_text, parse_json, write_text

Result = Mapping[str, Any]
#: Whether a value is what it has to be.
Check = Callable[[Any], bool]


@dataclass(frozen=True)
class ResultsFile:
    """Finished results on disk; the file need not exist.

    Attributes:
        path: of the file.
        identity: keys that make a result: lines that agree in all of them are of the same one.
        checks: what the values of the keys that a line must have are checked by.
        expected: what a line is, for messages.
        place: how messages name a line.
    """

    path: Path
    identity: tuple[str, ...]
    checks: Mapping[str, Check]
    expected: str
    place: str = '{path}, line {number}'

    def read(self) -> list[dict[str, Any]]:
        """All results, none where there is no file.

        Raises:
            ValueError: naming the file and the line that is no result.
        """
        return [self._parse(number, line) for number, line in enumerate(self._lines(), 1)]

    def by_key(self) -> dict[Hashable, dict[str, Any]]:
        """All results by their :meth:`key`; a later line replaces an earlier one."""
        return {self.key(result): result for result in self.read()}

    def key(self, result: Result) -> Hashable:
        """What tells a result, or one that is wanted, from others: the values of its identity."""
        return _freeze([result[name] for name in self.identity])

    def add(self, results: Sequence[Result]) -> None:
        """Add those results that are not there yet; no reader sees half a line."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with locked(self.path.with_name(f'.{self.path.name}.lock')):
            found = self.by_key()
            new = {self.key(result): result for result in results if self.key(result) not in found}
            added = [json.dumps(result, ensure_ascii=False) for result in new.values()]
            write_text(self.path, ''.join(f'{line}\n' for line in [*self._lines(), *added]))

    def _lines(self) -> list[str]:
        """Lines of the file; a last one that a killed process left without its end is left out unless it is whole."""
        if not self.path.exists():
            return []
        whole, _, last = self.path.read_bytes().rpartition(b'\n')
        # Not splitlines: a name may hold what Unicode calls a line end.
        lines = decode_text(self.path, whole).split('\n') if whole else []
        with suppress(ValueError):
            parse_json(last.decode())
            lines.append(last.decode())
        return lines

    def _parse(self, number: int, text: str) -> dict[str, Any]:
        place = self.place.format(path=self.path, number=number)
        try:
            result = parse_json(text)
        except ValueError as error:
            raise ValueError(f'{place}: found {text[:40]!r}, expected JSON') from error
        for key, fits in self.checks.items():
            if not isinstance(result, dict) or key not in result:
                raise ValueError(f'{place}: found no {key}, expected {self.expected}')
            if not fits(result[key]):
                raise ValueError(f'{place}: {key}: found {str(result[key])[:40]}, expected what {self.expected} has')
        return result


def _freeze(value: Any) -> Hashable:
    """A value of JSON as one that equals those, and only those, that it did before, and can be a key."""
    if isinstance(value, Mapping):
        return frozenset((name, _freeze(entry)) for name, entry in value.items())
    return tuple(map(_freeze, value)) if isinstance(value, list | tuple) else value


def is_a(kind: type | UnionType) -> Check:
    """A check that a value is of a type; a bool is no number."""
    return lambda value: isinstance(value, kind) and (kind is bool or not isinstance(value, bool))


def is_number(value: Any) -> bool:
    """Whether a value is a number."""
    return type(value) in (int, float)


def are_numbers(value: Any) -> bool:
    """Whether a value is a list of numbers, at least one."""
    return isinstance(value, list) and bool(value) and all(map(is_number, value))


@contextmanager
def locked(path: Path, wait: bool = True) -> Iterator[IO | None]:
    """Have a lock while the block runs; a process that inherits the file it gives has it for as long as it lives.

    Gives None at once, without the lock, where another process has it and not ``wait``.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open('w') as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            yield None
            return
        yield file
