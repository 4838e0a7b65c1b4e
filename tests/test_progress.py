"""What a long-running command says: lines, progress that replaces itself on a terminal, and never silence."""

import io
import logging
import re
import threading

import pytest

from ship_det.progress import FOR_CONSOLE, Console, ConsoleHandler, format_seconds


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_lines_of_a_file():
    stream = io.StringIO()
    with Console(stream) as console:
        console.say('a', replaceable=True)
        console.say('b')
    assert stream.getvalue() == 'a\nb\n'


def test_progress_on_a_terminal_gives_way():
    stream = Terminal()
    with Console(stream) as console:
        console.say('1 of 2', replaceable=True)
        console.say('2 of 2', replaceable=True)
        console.say('done')
        console.say('3', replaceable=True)
    erase = '\r\x1b[2K'
    assert stream.getvalue() == f'1 of 2{erase}2 of 2{erase}done\n3\n'


def test_silence_is_broken_with_what_is_being_done():
    spoken = threading.Event()

    class Listening(io.StringIO):
        def write(self, text: str) -> int:
            spoken.set()
            return super().write(text)

    stream = Listening()
    with Console(stream, patience=0.0) as console:
        console.begin('reading labels')
        assert spoken.wait(30)
    assert re.match(r'reading labels: \d+ s so far\n', stream.getvalue())


def test_console_shows_marked_records_and_errors():
    stream = io.StringIO()
    logger = logging.Logger('any')
    logger.addHandler(ConsoleHandler(Console(stream)))
    logger.info('for the file')
    logger.info('\n%s of %d', 'table', 2, extra=FOR_CONSOLE)
    logger.warning('of a library')
    logger.error('broken')
    assert stream.getvalue() == 'table of 2\nbroken\n'


def test_other_processes_show_errors_only():
    stream = io.StringIO()
    logger = logging.Logger('any')
    logger.addHandler(ConsoleHandler(Console(stream), is_main=False))
    logger.info('table', extra=FOR_CONSOLE)
    logger.error('broken')
    assert stream.getvalue() == 'broken\n'


@pytest.mark.parametrize(
    ('seconds', 'text'), [(0.4, '0 s'), (59.4, '59 s'), (60, '1 min 0 s'), (3599, '59 min 59 s'), (7500, '2 h 5 min')]
)
def test_durations(seconds, text):
    assert format_seconds(seconds) == text
