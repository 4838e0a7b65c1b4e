"""Where detection runs: tasks go in, results come out as they are ready.

An engine is ``run(tasks) -> results as they come``. A task is some windows of one scene; each worker has a detector,
loaded once, and keeps the scene that it looked at last open, as its next task is likely the windows after those.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial

import numpy as np

from ship_det.processes import processes
from ship_det.scenes.detection import DetectionOptions, FoundInWindows, Search, look_at, plan_search
from ship_det.scenes.detector import Detector
from ship_det.scenes.scene import Scene
from ship_det.scenes.view import open_view

#: Loads a detector; it must be possible to send it to another process.
LoadDetector = Callable[[], Detector]


@dataclass(frozen=True)
class Task:
    """Windows of one scene for a detector to look at.

    Attributes:
        scene: scene they lie in.
        start, stop: rows of the scene's windows, from start up to stop.
        options: how the detector looks at it, with the overlap settled.
    """

    scene: Scene
    start: int
    stop: int
    options: DetectionOptions


@dataclass(frozen=True)
class TaskResult:
    """What became of a task.

    Attributes:
        task: the task.
        found: what the detector found; None where the scene could not be read.
        error: why it could not.
    """

    task: Task
    found: FoundInWindows | None
    error: str = ''


Engine = Callable[[Iterable[Task]], Iterator[TaskResult]]


@contextmanager
def process_engine(load: LoadDetector, workers: int, detector: Detector | None = None) -> Iterator[Engine]:
    """An engine of some processes, or of this one where there is one worker.

    Args:
        load: loads the detector in each process.
        workers: processes.
        detector: one that this process has loaded already.

    Raises:
        ValueError: for no workers.
        OSError: if a process ends before its work is done.
    """
    with processes(workers, __name__) as run_all:
        if workers == 1:
            with _Worker(detector or load()) as worker:
                yield lambda tasks: map(worker, tasks)
            return

        def run(tasks: Iterable[Task]) -> Iterator[TaskResult]:
            for _, result in run_all(partial(_run_here, load), list(tasks)):
                yield result

        yield run


class _Worker:
    """Carries out tasks, one after the other, with one detector."""

    def __init__(self, detector: Detector) -> None:
        self.detector = detector
        self._search: Search | None = None
        self._open = ExitStack()

    def __enter__(self) -> '_Worker':
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def __call__(self, task: Task) -> TaskResult:
        try:
            try:
                search = self._search_of(task)
                rows = np.arange(task.start, task.stop)
                return TaskResult(task, look_at(self.detector, search, rows, task.options.min_score))
            except BaseException as error:
                # It passes through the open scene, which names its file.
                self._search = None
                self._open.__exit__(type(error), error, error.__traceback__)
                raise
        except (ValueError, OSError) as error:
            return TaskResult(task, None, str(error))

    def _search_of(self, task: Task) -> Search:
        """The windows of the scene of a task, which stays open for the next one."""
        if self._search is None or self._search.view.scene != task.scene:
            self._close()
            view = self._open.enter_context(open_view(task.scene, self.detector.gsd, task.options.nodata))
            self._search = plan_search(view, task.options, task.options.overlap_for(self.detector))
        return self._search

    def _close(self) -> None:
        self._search = None
        self._open.close()


_worker: _Worker | None = None


def _run_here(load: LoadDetector, task: Task) -> TaskResult:
    """Carry out a task in a process of its own, which keeps its detector."""
    global _worker
    if _worker is None:
        _worker = _Worker(load())
    return _worker(task)
