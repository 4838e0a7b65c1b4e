"""Where detection runs: workers ask for tasks, and results come out as they are ready.

An engine is ``run(job, next_task) -> results as they come``. It asks for the next task when a worker has room for one,
so there are never more results on their way than workers can hold. It ends when there is no task and nothing at work.
"""

from collections import Counter, deque
from collections.abc import Callable, Generator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor
from concurrent.futures import wait as wait_for
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing
from typing import Any, Protocol

from ship_det.processes import check_workers, pool_of_one
from ship_det.scenes.detector import Detector
from ship_det.scenes.worker import Job, LoadDetector, SceneTask, Task, TaskResult, WindowsTask, Worker

#: The next task for a worker, by its number; None where there is none now, but maybe after the next result.
NextTask = Callable[[int], Task | None]
Engine = Callable[[Job, NextTask], Generator[TaskResult, None, None]]

# Tasks that a worker has at hand: one is worked on, the next one waits.
_AT_HAND = 2
# Times that a task is tried whose worker dies, and that a worker is started that does not come up.
_MOST_TRIES = 3


class Crew(Protocol):
    """Some workers of one kind, each with a detector of its own. They can die, and be replaced."""

    def __len__(self) -> int: ...

    def start(self, index: int) -> Future:
        """Start a worker, or one in the place of a dead one; done when its detector is loaded."""
        ...

    def submit(self, index: int, task: Task) -> Future:
        """Hand a task to a worker."""
        ...

    def is_death(self, error: BaseException) -> bool:
        """Whether an error says that a worker has died, and not what went wrong in it."""
        ...

    def unwrap(self, error: BaseException) -> BaseException:
        """What was raised in a worker, as it was there."""
        ...

    def explain(self) -> str:
        """What the workers need, for when none starts."""
        ...


def process_engine(load: LoadDetector, workers: int, detector: Detector | None = None) -> Engine:
    """An engine of some processes, or of this one where there is one worker. They start when there is a task.

    A process that dies is replaced, and its tasks are done again.

    Args:
        load: loads the detector in each process.
        workers: processes.
        detector: one that this process has loaded already.

    Raises:
        ValueError: for no workers.
        OSError: if processes cannot be started, when it runs.
    """
    check_workers(workers)

    def run(job: Job, next_task: NextTask) -> Generator[TaskResult, None, None]:
        first = next_task(0)
        if first is None:
            return
        if workers == 1:
            with closing(Worker(job, detector or load())) as worker:
                yield from _run_here(worker, first, next_task)
            return
        with closing(_ProcessCrew(job, load, workers)) as crew:
            yield from run_crew(crew, first, next_task)

    return run


def _run_here(worker: Worker, first: Task, next_task: NextTask) -> Generator[TaskResult, None, None]:
    """Carry out tasks in this process; neighbouring windows of a scene together."""
    task: Task | None = first
    while task is not None:
        tasks, following = [task], None
        while isinstance(task, WindowsTask):
            following = next_task(0)
            if not isinstance(following, WindowsTask) or following.scene != task.scene:
                break
            tasks.append(following)
            following = None
        yield from worker.run(tasks)
        task = following or next_task(0)


def run_crew(
    crew: Crew, first: Task, next_task: NextTask, patience: float | None = None
) -> Generator[TaskResult, None, None]:
    """Let workers carry out tasks; those that a worker leaves undone when it dies are done again.

    Args:
        crew: the workers.
        first: the first task.
        next_task: gives the tasks after it.
        patience: seconds to wait for the first worker; None for as long as it takes.

    Raises:
        OSError: no worker starts.
    """
    starting = {crew.start(index): index for index in range(len(crew))}
    ready: dict[int, int] = {}
    again: deque[Task] = deque([first])
    at_work: dict[Future, tuple[int, Task]] = {}
    tries: Counter[tuple] = Counter()
    failed_starts = 0

    def feed() -> None:
        """Give each worker what it has room for, one task at a time."""
        hungry = deque(index for index, number in ready.items() for _ in range(number, _AT_HAND))
        while hungry:
            index = hungry.popleft()
            task = again.popleft() if again else next_task(index)
            if task is not None:
                ready[index] += 1
                at_work[crew.submit(index, task)] = index, task

    def bury(index: int) -> Generator[TaskResult, None, None]:
        """Replace a worker; what it had at hand is done again, but for a task that has killed too many."""
        del ready[index]
        left = [(future, task) for future, (worker, task) in at_work.items() if worker == index]
        culprit = None
        for future, task in left:
            del at_work[future]
            if future.done() and future.exception() is None:
                # Done before it died.
                yield future.result()
                continue
            # The first one was worked on.
            culprit = culprit or _key(task)
            tries[_key(task)] += _key(task) == culprit
            if tries[_key(task)] < _MOST_TRIES:
                again.append(task)
            else:
                reason = f'{_MOST_TRIES} workers died of it, one after the other: killed, or out of memory'
                yield TaskResult(task, None, f'{_path(task)}: {reason}')
        starting[crew.start(index)] = index

    while True:
        feed()
        if ready and not at_work:
            return
        done = wait_for([*at_work, *starting], None if at_work else patience, FIRST_COMPLETED).done
        if not done:
            raise OSError(f'no worker has started within {patience:g} s: {crew.explain()}')
        for future in done:
            if future in starting:
                index = starting.pop(future)
                error = future.exception()
                if error is None:
                    ready[index] = failed_starts = 0
                elif crew.is_death(error) and failed_starts < _MOST_TRIES * len(crew):
                    failed_starts += 1
                    starting[crew.start(index)] = index
                elif crew.is_death(error):
                    raise OSError(f'workers end before they have a detector: {crew.explain()}') from error
                else:
                    raise crew.unwrap(error)
            elif future in at_work:
                index, _ = at_work[future]
                error = future.exception()
                if error is not None and crew.is_death(error):
                    yield from bury(index)
                    continue
                del at_work[future]
                if index in ready:
                    ready[index] -= 1
                if error is not None:
                    raise crew.unwrap(error)
                yield future.result()


def _key(task: Task) -> tuple:
    """What tells a task from others."""
    return type(task), task.name, task.first if isinstance(task, WindowsTask) else 0


def _path(task: Task) -> str:
    return task.path if isinstance(task, SceneTask) else task.scene.path


class _ProcessCrew:
    """Processes of this machine."""

    def __init__(self, job: Job, load: LoadDetector, workers: int) -> None:
        self._arguments = job, load
        self._pools: list[ProcessPoolExecutor | None] = [None] * workers

    def __len__(self) -> int:
        return len(self._pools)

    def start(self, index: int) -> Future:
        dead = self._pools[index]
        if dead is not None:
            dead.shutdown(cancel_futures=True)
        pool = self._pools[index] = pool_of_one(__name__)
        return pool.submit(start_worker, *self._arguments)

    def submit(self, index: int, task: Task) -> Future:
        pool = self._pools[index]
        assert pool is not None
        try:
            return pool.submit(run_task, task)
        except BrokenProcessPool as error:
            failed: Future = Future()
            failed.set_exception(error)
            return failed

    def is_death(self, error: BaseException) -> bool:
        return isinstance(error, BrokenProcessPool)

    def unwrap(self, error: BaseException) -> BaseException:
        return error

    def explain(self) -> str:
        return 'killed, out of memory or unable to start'

    def close(self) -> None:
        for pool in self._pools:
            if pool is not None:
                pool.shutdown(cancel_futures=True)


_here: Worker | None = None


def start_worker(job: Job, load: LoadDetector) -> None:
    """Load the detector of a process of its own, which keeps it."""
    global _here
    _here = Worker(job, load())


def run_task(task: Task) -> Any:
    """Carry out a task in a process of its own."""
    assert _here is not None
    (result,) = _here.run([task])
    return result
