"""Commands made of other subcommands, each of which is shown and runs in a process of its own."""

import shlex
import sys
import time
from pathlib import Path

from ship_det.processes import run_command


def step(title: str, subcommand: str, *arguments: object, allowed: tuple[int, ...] = (0,)) -> None:
    """Run a subcommand of ``ship-det``; end with its exit code, unless that is ``allowed``: it has said why."""
    command = [sys.executable, '-m', 'ship_det.commands.main', subcommand, *map(str, arguments)]
    print(f'\n== {title}\n$ {shlex.join(["ship-det", subcommand, *map(str, arguments)])}', flush=True)
    start = time.monotonic()
    code = run_command(command)
    if code not in allowed:
        print(f'ship-det {subcommand} ended with exit code {code}; its message is above', file=sys.stderr)
        sys.exit(code)
    print(f'-- {title}: {time.monotonic() - start:.0f} s', flush=True)


def newest(folder: Path, pattern: str) -> Path:
    """The last written file below ``folder`` that matches ``pattern``."""
    found = sorted(folder.glob(pattern), key=lambda path: path.stat().st_mtime)
    if not found:
        raise ValueError(f'{folder}: expected a file {pattern} there, found none')
    return found[-1]
