"""Which version of the code made a result."""

import subprocess
from pathlib import Path

#: Result lines: they change while a comparison runs, and decide nothing.
_RESULTS = ':(exclude)docs/results'


def describe_commit(root: Path = Path(__file__).parents[1]) -> str | None:
    """Commit of a checkout, with ``-dirty`` where tracked files other than results differ from it; None outside one."""
    if not (root / '.git').exists():
        return None
    try:
        found = subprocess.run(['git', 'describe', '--always'], capture_output=True, text=True, cwd=root)
        changed = subprocess.run(['git', 'diff', '--quiet', 'HEAD', '--', '.', _RESULTS], cwd=root)
    except FileNotFoundError:
        return None
    name = found.stdout.strip()
    return (f'{name}-dirty' if changed.returncode else name) or None
