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
    assert named == [
        'help',
        'setup',
        'cluster',
        'demo',
        'test',
        'docs',
        'doctor',
        'lint',
        'clean',
        'clean-venv',
    ]


def test_doctor_runs_before_any_set_up(checkout):
    result = make(checkout, 'doctor')
    assert 'Python' in result.stdout
    assert 'disk' in result.stdout


@pytest.fixture
def compile_with_header(tmp_path):
    """Run the compiler of tools/setup.sh on a file with a ``torch/types.h`` of its own."""
    if shutil.which('g++') is None:
        pytest.skip('needs g++')
    (tmp_path / 'include/torch').mkdir(parents=True)
    (tmp_path / 'header').mkdir()
    (tmp_path / 'one.cpp').write_text('#include <torch/types.h>\nint one() { return ONE; }\n')

    def call(header: str, *flags: str) -> subprocess.CompletedProcess:
        (tmp_path / 'include/torch/types.h').write_text(header)
        command = [ROOT / 'tools/cxx_with_torch_header.sh', '-MMD', '-MF', tmp_path / 'one.d', *flags]
        command += ['-I', tmp_path / 'include', '-c', tmp_path / 'one.cpp', '-o', tmp_path / 'one.o']
        environment = os.environ | {'REAL_CXX': 'g++', 'TORCH_HEADER': str(tmp_path / 'header')}
        return subprocess.run(command, capture_output=True, text=True, env=environment)

    return call


def test_the_header_is_compiled_once_and_used(compile_with_header, tmp_path):
    result = compile_with_header('#pragma once\n#define ONE 1\n', '-O2', '-Winvalid-pch')
    assert result.returncode == 0
    assert not result.stderr
    made = tmp_path / 'header/torch_types.h.gch'
    assert made.stat().st_size > 1000
    assert (tmp_path / 'one.o').is_file()
    # Without the header at hand the second file can only have it from there.
    time_of_first = made.stat().st_mtime_ns
    again = compile_with_header('#error parsed again\n', '-O2', '-Winvalid-pch', '-H')
    assert f'! {tmp_path}/header/torch_types.h.gch' in again.stderr
    assert made.stat().st_mtime_ns == time_of_first


def test_other_flags_compile_as_without_the_header(compile_with_header, tmp_path):
    assert compile_with_header('#pragma once\n#define ONE 1\n', '-O2').returncode == 0
    result = compile_with_header('#pragma once\n#define ONE 1\n', '-O0', '-fno-exceptions')
    assert result.returncode == 0
    assert (tmp_path / 'one.o').is_file()


def test_a_header_that_cannot_be_compiled_does_no_harm(compile_with_header, tmp_path):
    (tmp_path / 'header/torch_types.h.gch').mkdir()
    assert compile_with_header('#pragma once\n#define ONE 1\n', '-O2').returncode == 0
    assert (tmp_path / 'header/failed').exists()
    assert (tmp_path / 'one.o').is_file()


def test_linking_is_left_to_the_compiler(tmp_path):
    if shutil.which('g++') is None:
        pytest.skip('needs g++')
    environment = os.environ | {'REAL_CXX': 'g++', 'TORCH_HEADER': str(tmp_path)}
    result = subprocess.run(
        [ROOT / 'tools/cxx_with_torch_header.sh', '--version'], capture_output=True, env=environment
    )
    assert result.returncode == 0
    assert not list(tmp_path.iterdir())
