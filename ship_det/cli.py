"""What every command line shares: bad input ends in one message and exit code 2, not in a traceback."""

import argparse
import errno
import io
import math
import os
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from typing import Any, NoReturn

# What `pip install .` leaves out, see setup.cfg.
_TRAINING_PACKAGES = ('torch', 'torchvision', 'mmengine', 'mmcv', 'mmdet', 'mmrotate', 'onnx')


class Interrupted(KeyboardInterrupt):
    """A signal ended the work, in good order: the message says what was saved.

    Args:
        number: number of the signal.
        message: for the user.
    """

    def __init__(self, number: int, message: str) -> None:
        super().__init__(message)
        self.code = 128 + number


class HelpFormatter(argparse.ArgumentDefaultsHelpFormatter):
    """Adds the default to each help text, but where there is none or the text itself says what happens then."""

    def _get_help_string(self, action: argparse.Action) -> str | None:
        if action.default is None or '(default' in (action.help or ''):
            return action.help
        return super()._get_help_string(action)


def run(main: Callable[[], int | None]) -> NoReturn:
    """Call ``main`` and leave the process with its exit code.

    ValueError and OSError mean bad input: their message goes to stderr and the exit code is 2.
    With the environment variable SHIP_DET_TRACEBACK set they are raised as they are, for debugging.
    """
    try:
        code = main() or 0
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read the output has seen enough. Nothing is left to be written when Python ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 141
    except (ValueError, OSError) as error:
        if os.environ.get('SHIP_DET_TRACEBACK'):
            raise
        print(f'error: {" ".join(_message(error).split())}', file=sys.stderr)
        code = 2
    except ModuleNotFoundError as error:
        package = (error.name or '').partition('.')[0]
        if package not in _TRAINING_PACKAGES or os.environ.get('SHIP_DET_TRACEBACK'):
            raise
        print(f'error: found no {error.name}, which detectors need: `make setup` installs it', file=sys.stderr)
        code = 2
    except Interrupted as interruption:
        print(interruption, file=sys.stderr)
        code = interruption.code
    except KeyboardInterrupt:
        print('interrupted', file=sys.stderr)
        code = 130
    sys.exit(code)


def split_names(option: str, text: str) -> list[str]:
    """Names with commas between them, as an option has them; none for an empty text.

    Raises:
        ValueError: naming the option, where a name is missing or there twice.
    """
    names = [name.strip() for name in text.split(',')] if text else []
    for index, name in enumerate(names):
        if not name or name in names[:index]:
            found = f'{name!r} twice' if name else f'no name between commas in {text!r}'
            raise ValueError(f'{option}: found {found}, expected different names such as ship,boat')
    return names


def nodata_value(text: str) -> float:
    """What ``--nodata`` names: a number, or not a number for the word none."""
    value = math.nan if text.strip().lower() == 'none' else float(text)
    if math.isinf(value):
        raise argparse.ArgumentTypeError(f'expected a finite number or none, found {text}')
    return value


def add_pixel_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of how the values of scenes are read, where that is not left to their files."""
    parser.add_argument(
        '--bands',
        type=int,
        nargs='+',
        metavar='N',
        help='that become red, green, blue, or grey; from 1 (default: those that the file calls so, else the first)',
    )
    parser.add_argument(
        '--nodata',
        type=nodata_value,
        metavar='VALUE',
        help='of pixels that show nothing, or none (default: what the file says)',
    )
    parser.add_argument(
        '--alpha',
        action=argparse.BooleanOptionalAction,
        default=True,
        help='an alpha band says where there is data; --no-alpha shows what it hides (default: --alpha)',
    )


def pixel_choices(args: argparse.Namespace) -> dict[str, Any]:
    """What the options of :func:`add_pixel_arguments` say, by the names of ``PixelChoices``."""
    return {'bands': tuple(args.bands) if args.bands else None, 'nodata': args.nodata, 'alpha': args.alpha}


def check_outputs(outputs: Mapping[str, str | None], inputs: Iterable[str]) -> None:
    """Refuse to write over what is read.

    Args:
        outputs: the file of each option, None where it is not given.
        inputs: files that are read.

    Raises:
        ValueError: naming the option.
    """
    read = {os.path.realpath(path) for path in inputs}
    for option, path in outputs.items():
        if path is not None and os.path.realpath(path) in read:
            raise ValueError(f'{option}: {path} is read, expected another file')


def text_option(key: str, text: object) -> str:
    """An argument of ``--cfg-options`` whose value is a text, whatever is in it."""
    return f'{key}="{text}"'


@contextmanager
def quiet_imports() -> Iterator[None]:
    """Keep what libraries print and warn of while they are imported off the console."""
    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter('ignore')
        yield


def _message(error: Exception) -> str:
    """The error's own words; torch wraps those of a data loading process into the text of their traceback."""
    if isinstance(error, OSError) and error.strerror:
        return _os_message(error)
    message = str(error)
    if message.startswith('Caught ') and 'Original Traceback' in message:
        last = message.strip().splitlines()[-1]
        return last.partition(': ')[2] or last
    return message


def _os_message(error: OSError) -> str:
    """The file first, then what is wrong with it and what was expected."""
    reason = {
        errno.EEXIST: 'a file is in the way, expected a folder or nothing',
        errno.ENOTDIR: 'a file is in the way, expected a folder',
        errno.EISDIR: 'a folder is in the way, expected a file',
        errno.ENOENT: 'no such file or folder',
        errno.EACCES: 'no permission',
        errno.EROFS: 'the file system is read-only',
        errno.ENOSPC: 'no space is left on the disk',
        errno.ENAMETOOLONG: 'the name is too long for the file system',
    }.get(error.errno or 0, error.strerror or '')
    # Where two files are involved, the second is what was to be made.
    names = [os.fsdecode(name) for name in (error.filename, error.filename2) if not isinstance(name, int | None)]
    return f'{" to ".join(names)}: {reason}' if names else str(reason)
