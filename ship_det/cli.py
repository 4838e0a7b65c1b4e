"""What every command line shares: bad input ends in one message and exit code 2, not in a traceback."""

import os
import sys
from collections.abc import Callable
from typing import NoReturn


def run(main: Callable[[], int | None]) -> NoReturn:
    """Call ``main`` and leave the process with its exit code.

    ValueError and OSError mean bad input: their message goes to stderr and the exit code is 2.
    With the environment variable SHIP_DET_TRACEBACK set they are raised as they are, for debugging.
    """
    try:
        code = main() or 0
    except (ValueError, OSError) as error:
        if os.environ.get('SHIP_DET_TRACEBACK'):
            raise
        print(f'error: {_message(error)}', file=sys.stderr)
        code = 2
    except KeyboardInterrupt:
        print('interrupted', file=sys.stderr)
        code = 130
    sys.exit(code)


def _message(error: Exception) -> str:
    """The error's own words; torch wraps those of a data loading process into the text of their traceback."""
    message = str(error)
    if message.startswith('Caught ') and 'Original Traceback' in message:
        last = message.strip().splitlines()[-1]
        return last.partition(': ')[2] or last
    return message
