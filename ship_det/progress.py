"""What a long-running command says on the console, so that nobody wonders whether it is still at work."""

import logging
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, TextIO

#: ``extra`` of a log record that a person should read, see :class:`ConsoleHandler`.
FOR_CONSOLE = {'for_console': True}


class Console:
    """Prints lines; where none was printed for a while, says what is being done.

    On a terminal a line of progress replaces the one before.

    Args:
        stream: where to print; None for standard output.
        patience: longest silence, s.
    """

    def __init__(self, stream: TextIO | None = None, patience: float = 8.0) -> None:
        self._stream = stream or sys.stdout
        self._patience = patience
        self._is_terminal = self._stream.isatty()
        self._line_is_open = False
        self._step = ''
        self._step_began = self._last_said = time.monotonic()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._break_silence, daemon=True)

    def __enter__(self) -> 'Console':
        # Of processes that train together the first one speaks.
        if os.environ.get('RANK', os.environ.get('SLURM_PROCID', '0')) == '0':
            self._thread.start()
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()
        if self._line_is_open:
            self._write('\n')
            self._line_is_open = False

    def say(self, text: str, replaceable: bool = False) -> None:
        """Print a line; on a terminal a ``replaceable`` one gives way to the next."""
        self._last_said = time.monotonic()
        start = '\r\x1b[2K' if self._line_is_open else ''
        self._line_is_open = replaceable and self._is_terminal
        self._write(f'{start}{text}' if self._line_is_open else f'{start}{text}\n')

    def begin(self, step: str) -> None:
        """Remember what is being done from now on, for silences; '' for nothing worth a word."""
        self._step, self._step_began = step, time.monotonic()

    def seconds_silent(self) -> float:
        """Time since the last line, s."""
        return time.monotonic() - self._last_said

    def _write(self, text: str) -> None:
        try:
            self._stream.write(text)
            self._stream.flush()
        except BrokenPipeError:
            # Whoever read the progress has gone; the work goes on.
            self._stop.set()

    def _break_silence(self) -> None:
        while not self._stop.wait(0.5):
            if self._step and self.seconds_silent() >= self._patience:
                so_far = format_seconds(time.monotonic() - self._step_began)
                self.say(f'{self._step}: {so_far} so far', replaceable=True)


class ConsoleHandler(logging.Handler):
    """Passes log records on to a console: those marked with ``FOR_CONSOLE``, and errors.

    Args:
        console: where they are printed.
        is_main: False in a process that leaves everything but errors to another one.
    """

    def __init__(self, console: Console, is_main: bool = True) -> None:
        super().__init__(logging.INFO if is_main else logging.ERROR)
        self._console = console

    def emit(self, record: logging.LogRecord) -> None:
        """Print the record, if a person should read it."""
        if record.levelno >= logging.ERROR or getattr(record, 'for_console', False):
            self._console.say(self.format(record).strip('\n'))


def count_noun(number: int, noun: str, ending: str | None = None, form: str = 'd') -> str:
    """A number, in a format, and what it counts, in the plural unless it is one.

    ``ending`` is that of the plural; None for the usual one.

    >>> count_noun(1, 'chip'), count_noun(2, 'class'), count_noun(1234, 'box', form=',d')
    ('1 chip', '2 classes', '1,234 boxes')
    """
    if ending is None:
        ending = 'es' if noun.endswith(('s', 'x', 'ch', 'sh')) else 's'
    return f'{number:{form}} {noun}{"" if number == 1 else ending}'


@contextmanager
def progress_bar(title: str, total: float | None = None, counts: bool = True) -> Iterator[Callable[..., None]]:
    """A bar with the time that is left; nothing is shown before there is something to show.

    Args:
        title: what is being done.
        total: how much there is to do; None where that is not known yet.
        counts: show how many of how many are done, not only the share.

    Yields:
        A function ``show(done, total=None, title=None)``: how much is done, and what has changed beside it;
        ``show(advance=more)``: how much more is done.
    """
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TaskProgressColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    amount = MofNCompleteColumn() if counts else TaskProgressColumn()
    columns = TextColumn('{task.description}', markup=False), BarColumn(), amount
    with Progress(*columns, TimeElapsedColumn(), TimeRemainingColumn()) as progress:
        task = progress.add_task(title, total=total, visible=total is not None)

        def show(
            done: float | None = None,
            total: float | None = None,
            title: str | None = None,
            advance: float | None = None,
        ) -> None:
            progress.update(task, completed=done, total=total, description=title, advance=advance, visible=True)

        yield show


def format_seconds(seconds: Any) -> str:
    """A duration as a person says it: 8 s, 3 min 20 s, 2 h 5 min."""
    whole = round(float(seconds))
    if whole < 60:
        return f'{whole} s'
    if whole < 3600:
        return f'{whole // 60} min {whole % 60} s'
    return f'{whole // 3600} h {whole % 3600 // 60} min'
