"""Do the tests notice? Each change of benchmarks/mutations.yaml is made to a copy of the code, and its tests must fail.

python benchmarks/mutations.py                    # all; about a quarter of an hour
python benchmarks/mutations.py --only merging     # those whose file or description has the word

An entry of the list:

- file: ship_det/scenes/merging.py
  old: '>='                      # found exactly once in the file
  new: '>'
  means: equal pieces both go    # what a user would see
  tests: tests/scenes/test_merging.py    # arguments of pytest

A change that no test notices is called a survivor, and the exit code is 1. Before anything is changed all these tests
have to pass in the copy: one that fails there always notices nothing.
"""

import argparse
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml

from ship_det.cli import run
from ship_det.progress import progress_bar

ROOT = Path(__file__).resolve().parents[1]
LIST = Path(__file__).with_suffix('.yaml')
#: What a copy of the checkout has; the rest is linked. Of linked tests pytest would take the wrong folder for its root.
COPIED = 'ship_det', 'data_tools', 'tools', 'configs', 'tests'


@dataclass(frozen=True)
class Mutation:
    """A change that makes the code wrong; see the module."""

    file: str
    old: str
    new: str
    means: str
    tests: str


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--only', default='', metavar='WORD', help='part of a file name or a description')
    parser.add_argument('--table', action='store_true', help='print a Markdown table')
    args = parser.parse_args()
    mutations = [found for found in read_mutations() if args.only in found.file or args.only in found.means]
    if not mutations:
        raise ValueError(f'--only: found no mutation with {args.only!r} in {LIST}')
    survivors = 0
    rows = ['| file | change | noticed by |', '|---|---|---|']
    with copied() as copy, progress_bar('changing the code', len(mutations)) as advance:
        if failed := first_failure(copy, sorted({file for mutation in mutations for file in test_files(mutation)})):
            raise RuntimeError(f'tests/{failed} fails before anything is changed')
        for done, mutation in enumerate(mutations, start=1):
            killer = killed_by(copy, mutation)
            survivors += killer is None
            rows.append(f'| {mutation.file.removeprefix("ship_det/")} | {mutation.means} | {killer or "**nothing**"} |')
            if not args.table:
                print(f'{mutation.file}: {mutation.means}: {killer or "SURVIVES"}', flush=True)
            advance(done)
    if args.table:
        print('\n'.join(rows))
    print(f'{survivors} of {len(mutations)} changes survive')
    return int(survivors > 0)


def read_mutations() -> list[Mutation]:
    """The list; raise a ValueError for an entry whose text is not found exactly once."""
    mutations = [Mutation(**entry) for entry in yaml.safe_load(LIST.read_text())]
    for mutation in mutations:
        number = (ROOT / mutation.file).read_text().count(mutation.old)
        if number != 1:
            raise ValueError(f'{LIST}: {mutation.file}: found {number} times, expected once: {mutation.old!r}')
    return mutations


@contextmanager
def copied() -> Iterator[Path]:
    """A folder with a copy of the code, and links to everything else of the checkout."""
    with tempfile.TemporaryDirectory() as folder:
        for path in ROOT.iterdir():
            if path.name in COPIED:
                shutil.copytree(path, Path(folder, path.name), ignore=shutil.ignore_patterns('__pycache__'))
            else:
                Path(folder, path.name).symlink_to(path)
        yield Path(folder)


def killed_by(copy: Path, mutation: Mutation) -> str | None:
    """The first test that fails with the change; None where all pass."""
    path = copy / mutation.file
    before = path.read_text()
    path.write_text(before.replace(mutation.old, mutation.new))
    try:
        return first_failure(copy, shlex.split(mutation.tests))
    finally:
        path.write_text(before)


def test_files(mutation: Mutation) -> list[str]:
    """Its tests without the options that choose among them."""
    return [argument for argument in shlex.split(mutation.tests) if argument.startswith('tests/')]


def first_failure(copy: Path, tests: Iterable[str]) -> str | None:
    """The first test that fails; None where all pass. Raise a RuntimeError where they could not be run."""
    command = [sys.executable, '-m', 'pytest', '-q', '-x', '-p', 'no:cacheprovider', *tests]
    environment = {**os.environ, 'PYTHONPATH': str(copy), 'PYTHONDONTWRITEBYTECODE': '1'}
    found = subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True)
    if found.returncode == 0:
        return None
    for line in found.stdout.splitlines():
        # Not where a module cannot be imported: that says nothing of what a test notices.
        if found.returncode == 1 and line.startswith(('FAILED ', 'ERROR ')):
            return line.split()[1].removeprefix('tests/').split('[')[0]
    raise RuntimeError(f'pytest ended with {found.returncode}:\n{found.stdout[-2000:]}{found.stderr[-2000:]}')


if __name__ == '__main__':
    run(main)
