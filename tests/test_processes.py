"""Processes that work through a list."""

import os
import signal
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import psutil
import pytest

from ship_det.processes import processes, run_command


def squared(number: int) -> tuple[int, int]:
    return number * number, os.getpid()


def ended(number: int) -> None:
    if number == 3:
        os.kill(os.getpid(), signal.SIGKILL)


def blocked_signals(number: int) -> set[int]:
    return set(signal.pthread_sigmask(signal.SIG_BLOCK, []))


def refused(number: int) -> None:
    raise ValueError(f'number {number}')


@pytest.mark.parametrize('workers', [1, 3])
def test_each_argument_once(workers):
    with processes(workers, 'math') as run_all:
        for length in (0, 1, 3, 7, 40):
            found = {argument: result[0] for argument, result in run_all(squared, list(range(length)))}
            assert found == {number: number * number for number in range(length)}


def test_a_process_gets_neighbours():
    with processes(2, 'math') as run_all:
        results = dict(run_all(squared, list(range(100))))
    owners = [results[number][1] for number in range(100)]
    assert owners[0] == owners[1] != owners[50] == owners[51]
    # Each goes on from there; what one takes over from the other comes from the end of its half.
    assert sum(one != other for one, other in pairwise(owners)) <= 3


def test_ctrl_c_reaches_the_caller_alone():
    with processes(2, 'math') as run_all:
        assert all(signal.SIGINT in blocked for _, blocked in run_all(blocked_signals, [0, 1]))
        assert signal.SIGINT not in blocked_signals(0)


def test_an_error_arrives_as_it_is():
    with pytest.raises(ValueError, match='number'), processes(2, 'math') as run_all:
        list(run_all(refused, [1, 2]))


def test_a_killed_process_is_said():
    message = 'a process ended before its work was done: killed, out of memory or unable to start'
    with pytest.raises(OSError, match=message), processes(2, 'math') as run_all:
        list(run_all(ended, list(range(6))))


@pytest.mark.parametrize('workers', [0, -1])
def test_refuses_no_processes(workers):
    with pytest.raises(ValueError, match=f'workers: expected at least 1, found {workers}'), processes(workers, 'math'):
        pass


PROGRAM = """
import sys, time
from ship_det.cli import run
from ship_det.processes import processes, run_command

def main():
    with processes(2, 'decimal') as run_all:
        print('started', flush=True)
        list(run_all(time.sleep, [60, 60]))

if __name__ == '__main__':
    run(main)
"""


@pytest.fixture
def started(tmp_path: Path):
    """A program with two more processes at work, in a session of its own."""
    path = tmp_path / 'program.py'
    path.write_text(PROGRAM)
    pipes = {'stdout': subprocess.PIPE, 'stderr': subprocess.PIPE, 'text': True}
    # Started in the background the tests ignore Ctrl-C themselves, which a program inherits.
    heard = {'preexec_fn': lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)}
    with subprocess.Popen([sys.executable, path], start_new_session=True, **heard, **pipes) as program:
        assert program.stdout.readline() == 'started\n'
        deadline = time.monotonic() + 60
        children: list[psutil.Process] = []
        while len(children) < 2 and time.monotonic() < deadline:
            found = psutil.Process(program.pid).children(recursive=True)
            children = [child for child in found if 'spawn_main' in ' '.join(child.cmdline())]
        yield program, children
        program.kill()


def test_ctrl_c_while_they_start_is_one_line(started):
    program, children = started
    os.killpg(program.pid, signal.SIGINT)
    # The others sleep; the caller waits for them no longer than they are let.
    for child in children:
        child.kill()
    assert program.wait(60) == 130
    assert program.stderr.read() == 'interrupted\n'


def test_they_end_with_their_parent(started):
    program, children = started
    assert len(children) == 2
    program.kill()
    # Sooner than they would be through.
    _, alive = psutil.wait_procs(children, timeout=30)
    assert not alive


# Takes a second to end after a signal, as a training does that saves a checkpoint, and notes how many it got.
SLOW_TO_END = """
import signal, sys, time
from pathlib import Path
got = []
for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, lambda number, _: got.append(number))
Path(sys.argv[1]).touch()
while not got:
    time.sleep(0.05)
time.sleep(1)
Path(sys.argv[1]).write_text(str(got))
sys.exit(7)
"""
# Started in the background, Python would ignore SIGINT.
WAITING = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from ship_det.processes import run_command
sys.exit(run_command([sys.executable, '-c', sys.argv[1], sys.argv[2]]) + 1)
"""


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
def test_a_command_gets_the_signal_once_and_is_waited_for(number, tmp_path):
    note = tmp_path / 'note'
    process = subprocess.Popen([sys.executable, '-c', WAITING, SLOW_TO_END, str(note)], start_new_session=True)
    deadline = time.monotonic() + 30
    while not note.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    # As a terminal does it: to the whole group.
    os.killpg(process.pid, number)
    assert process.wait(30) == 8
    assert note.read_text() == str([number.value])


def test_exit_code_of_a_command_that_a_signal_ended():
    assert run_command([sys.executable, '-c', 'import os; os.kill(os.getpid(), 9)']) == 137
    assert run_command([sys.executable, '-c', 'raise SystemExit(3)']) == 3
