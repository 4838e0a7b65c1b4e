"""Other processes: a command, or several that work through neighbours, so that what each has read serves it again."""

import multiprocessing
import os
import signal
import subprocess
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor
from concurrent.futures import wait as wait_for
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from importlib import import_module
from itertools import pairwise
from multiprocessing.connection import wait

from ship_det.memory import keep_freed_memory

#: Calls a function on each of a list, maybe in other processes; (argument, result) as they come.
RunAll = Callable[[Callable, list], Iterator[tuple]]

# Arguments that a process has at hand: one is worked on, the next one waits.
_AT_HAND = 2
# Beyond it a machine runs out of open files before it runs out of work.
_MOST = 256
_PASSED_ON = (signal.SIGINT, signal.SIGTERM)


def usable_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count() or 1


def run_command(command: Sequence[str], pass_fds: Sequence[int] = ()) -> int:
    """Run a command to its end, and give its exit code, 128 and the number of the signal where one ended it.

    Ctrl-C and SIGTERM are passed on to it once, then it is waited for: a training saves a checkpoint before it ends.

    Args:
        command: program and arguments.
        pass_fds: file descriptors that it inherits.
    """
    # In a session of its own, or the terminal would send Ctrl-C a second time.
    process = subprocess.Popen(command, pass_fds=pass_fds, start_new_session=True)
    handled = [number for number in _PASSED_ON if signal.getsignal(number) != signal.SIG_IGN]
    previous = {number: signal.signal(number, lambda number, _: process.send_signal(number)) for number in handled}
    try:
        code = process.wait()
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
    return code if code >= 0 else 128 - code


@contextmanager
def processes(workers: int, module: str) -> Iterator[RunAll]:
    """A function that calls another one on each of a list, and gives back (argument, result) as they come.

    Each process takes a run of neighbours from the list, and when it is through, the last ones of the longest run left.

    Args:
        workers: processes; 1 calls in this one.
        module: what the functions need, imported while a process starts and the caller finds out what there is to do.

    Raises:
        ValueError: for no processes.
        OSError: if a process ends before its work is done.
    """
    if workers == 1:
        yield lambda function, arguments: ((argument, function(argument)) for argument in arguments)
        return
    with pools_of_one(workers, module) as pools:
        yield lambda function, arguments: _run_all(pools, function, arguments)


@contextmanager
def pools_of_one(number: int, module: str) -> Iterator[list[ProcessPoolExecutor]]:
    """Pools of one process each: nobody can say which process of a larger one gets what.

    They start at once and import the module that their tasks need, end when this process does, and leave Ctrl-C to it.

    Raises:
        ValueError: for no processes.
        OSError: if a process ends before its work is done.
    """
    check_workers(number)
    pools = [pool_of_one(module) for _ in range(number)]
    try:
        yield pools
    except BrokenProcessPool as error:
        raise OSError('a process ended before its work was done: killed, out of memory or unable to start') from error
    finally:
        for pool in pools:
            pool.shutdown(cancel_futures=True)


def check_workers(number: int) -> None:
    """Raise ValueError for fewer processes than one, or more than a machine can hold."""
    if number < 1:
        raise ValueError(f'workers: expected at least 1, found {number}')
    if number > _MOST:
        raise ValueError(f'workers: expected at most {_MOST}, found {number}')


def pool_of_one(module: str) -> ProcessPoolExecutor:
    """A pool of one process, as of :func:`pools_of_one`, which its caller shuts down."""
    context = multiprocessing.get_context('spawn')
    pool = ProcessPoolExecutor(1, context, initializer=_prepare, initargs=(module,))
    with _ctrl_c_is_not_inherited():
        # The first task is what starts a process.
        pool.submit(os.getpid)
    return pool


@contextmanager
def _ctrl_c_is_not_inherited() -> Iterator[None]:
    """Processes started within do not see Ctrl-C: the one that the terminal belongs to answers it, and ends them."""
    if not hasattr(signal, 'pthread_sigmask'):
        yield
        return
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def _run_all(pools: list[ProcessPoolExecutor], function: Callable, arguments: list) -> Iterator[tuple]:
    # Neighbours in runs of nearly the same length.
    ends = [len(arguments) * index // len(pools) for index in range(len(pools) + 1)]
    runs = [deque(arguments[start:end]) for start, end in pairwise(ends)]
    at_work: dict[Future, tuple[int, object]] = {}

    def feed(index: int) -> None:
        own, longest = runs[index], max(runs, key=len)
        if own or longest:
            argument = own.popleft() if own else longest.pop()
            at_work[pools[index].submit(function, argument)] = index, argument

    for _ in range(_AT_HAND):
        for index in range(len(pools)):
            feed(index)
    while at_work:
        for future in wait_for(at_work, return_when=FIRST_COMPLETED).done:
            index, argument = at_work.pop(future)
            feed(index)
            yield argument, future.result()


def _prepare(module: str) -> None:
    threading.Thread(target=_end_with_parent, daemon=True).start()
    keep_freed_memory()
    import_module(module)


def _end_with_parent() -> None:
    """Leave the process when its parent dies, however that happens; a worker of a pool would wait for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
