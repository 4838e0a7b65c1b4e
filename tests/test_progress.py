"""What a long-running command says: lines, progress that replaces itself on a terminal, and never silence."""

import io
import logging
import re
import threading
from pathlib import Path

import pytest

import ship_det
from ship_det.progress import FOR_CONSOLE, Console, ConsoleHandler, count_noun, format_seconds


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


@pytest.mark.parametrize(
    ('count', 'text'),
    [
        (count_noun(1, 'empty chip'), '1 empty chip'),
        (count_noun(0, 'scene'), '0 scenes'),
        (count_noun(2, 'class'), '2 classes'),
        (count_noun(3, 'box'), '3 boxes'),
        (count_noun(1234, 'ship', form=',d'), '1,234 ships'),
        (count_noun(2, 'ox', 'en'), '2 oxen'),
    ],
)
def test_counts_are_in_the_plural_unless_they_are_one(count, text):
    assert count == text


def test_what_commands_print_counts_by_the_one_helper():
    nouns = 'scene|image|class|box|ship|chip|label|object|run|file|detection|training|instance|polygon|quad'
    plural = re.compile(rf'\{{[^{{}}]*\}} (?:{nouns})e?s\b')
    folder = Path(ship_det.__file__).parent / 'commands'
    found = [(path.name, match[0]) for path in folder.glob('*.py') for match in plural.finditer(path.read_text())]
    assert found == []
