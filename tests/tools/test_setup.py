"""`make setup` says what is wrong before it downloads anything."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def checkout(tmp_path):
    """The files that a set-up reads, and no virtual environment."""
    (tmp_path / 'tools').mkdir()
    for name in ('Makefile', 'constraints.txt', 'setup.cfg', 'tools/setup.sh', 'tools/doctor.py'):
        shutil.copy2(ROOT / name, tmp_path / name)
    return tmp_path


def make(checkout: Path, *arguments: str) -> subprocess.CompletedProcess:
    environment = {key: value for key, value in os.environ.items() if key not in ('MAKEFLAGS', 'MAKELEVEL')}
    return subprocess.run(['make', *arguments], cwd=checkout, capture_output=True, text=True, env=environment)


@pytest.mark.parametrize('version', ['2.7', '3.9', '3.13', '3.14'])
def test_other_pythons_are_refused(checkout, version):
    python = checkout / 'python'
    python.write_text(f'#!/bin/sh\necho {version}\n')
    python.chmod(0o755)
    result = make(checkout, 'setup', f'PYTHON={python}')
    assert result.returncode != 0
    assert f'is Python {version}; needed is 3.10, 3.11 or 3.12' in result.stderr
    assert not (checkout / '.venv').exists()


def test_python_that_does_not_exist(checkout):
    result = make(checkout, 'setup', 'PYTHON=/nowhere/python3')
    assert result.returncode != 0
    assert 'no such Python: /nowhere/python3' in result.stderr


def test_a_set_up_that_is_done_is_not_repeated(checkout):
    (checkout / '.venv').mkdir()
    (checkout / '.venv' / '.ready').touch()
    again = make(checkout, 'setup', 'PYTHON=/nowhere/python3')
    assert again.returncode == 0

    pins = checkout / 'constraints.txt'
    os.utime(pins, (pins.stat().st_atime, (checkout / '.venv' / '.ready').stat().st_mtime + 10))
    changed = make(checkout, 'setup', 'PYTHON=/nowhere/python3')
    assert 'no such Python' in changed.stderr


def test_make_alone_prints_the_targets(checkout):
    result = make(checkout)
    assert result.returncode == 0
    named = [line.split()[0] for line in result.stdout.splitlines()]
    assert named == ['help', 'setup', 'demo', 'test', 'doctor', 'lint', 'clean', 'clean-venv']


def test_doctor_runs_before_any_set_up(checkout):
    result = make(checkout, 'doctor')
    assert 'Python' in result.stdout
    assert 'disk' in result.stdout
