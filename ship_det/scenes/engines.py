"""Where detection runs: tasks go in, results come out as they are ready.

An engine is ``run(tasks) -> results as they come``. A task is some windows of one scene; each worker has a detector,
loaded once, and keeps the scene that it looked at last open, as its next task is likely the windows after those.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from functools import partial
from itertools import groupby

from ship_det.processes import processes
from ship_det.raster import PixelChoices
from ship_det.scenes.detection import FoundInWindows, look_at
from ship_det.scenes.detector import Detector
from ship_det.scenes.merging import Windows
from ship_det.scenes.scene import Scene
from ship_det.scenes.view import SceneView, open_view

#: Loads a detector; it must be possible to send it to another process.
LoadDetector = Callable[[], Detector]


@dataclass(frozen=True)
class Task:
    """Windows of one scene for a detector to look at.

    Attributes:
        scene: scene they lie in.
        first: row of the first window in the scene's.
        windows: the windows, in px of the view.
        gsd: m a px of what the detector sees; None for the scene's own.
        min_score: least score; None for the detector's own threshold.
        choices: how the scene's values are read.
    """

    scene: Scene
    first: int
    windows: Windows
    gsd: float | None
    min_score: float | None
    choices: PixelChoices

    def __len__(self) -> int:
        return len(self.windows.windows)


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


def process_engine(load: LoadDetector, workers: int, detector: Detector | None = None) -> Engine:
    """An engine of some processes, or of this one where there is one worker. They start when there is a task.

    Args:
        load: loads the detector in each process.
        workers: processes.
        detector: one that this process has loaded already.

    Raises:
        ValueError: for no workers, when it runs.
        OSError: if a process ends before its work is done, likewise.
    """

    def run(tasks: Iterable[Task]) -> Iterator[TaskResult]:
        tasks = list(tasks)
        if not tasks:
            return
        if workers == 1:
            with closing(_Worker(detector or load())) as worker:
                yield from worker.run(tasks)
            return
        with processes(workers, __name__) as run_all:
            for _, result in run_all(partial(_run_here, load), tasks):
                yield result

    return run


class _Worker:
    """Carries out tasks, one after the other, with one detector."""

    def __init__(self, detector: Detector) -> None:
        self.detector = detector
        self._view: SceneView | None = None
        self._open = ExitStack()

    def run(self, tasks: Iterable[Task]) -> Iterator[TaskResult]:
        """The results of tasks in their order; those of one scene are read through without a pause."""
        for _, group in groupby(tasks, key=lambda task: task.scene):
            waiting = list(group)
            try:
                for found in self._look_at(waiting):
                    yield TaskResult(waiting.pop(0), found)
            except (ValueError, OSError) as error:
                # What is left of a scene that cannot be read is not tried.
                for task in waiting:
                    yield TaskResult(task, None, str(error))

    def _look_at(self, tasks: list[Task]) -> Iterator[FoundInWindows]:
        """What the detector finds in tasks of one scene, each of which goes on where the last one ended."""
        task = tasks[0]
        try:
            view = self._view_of(task)
            runs = [[task]]
            for task in tasks[1:]:
                if task.first == runs[-1][-1].first + len(runs[-1][-1]):
                    runs[-1].append(task)
                else:
                    runs.append([task])
            for run in runs:
                windows = Windows.join([task.windows for task in run])
                sizes = [len(task) for task in run]
                yield from look_at(self.detector, view, windows, sizes, run[0].min_score, run[0].first)
        except BaseException as error:
            # It passes through the open scene, which names its file.
            self._view = None
            self._open.__exit__(type(error), error, error.__traceback__)
            raise

    def _view_of(self, task: Task) -> SceneView:
        """The view of the scene of a task, which stays open for the next one."""
        if self._view is None or self._view.scene != task.scene:
            self.close()
            self._view = self._open.enter_context(open_view(task.scene, task.gsd, task.choices))
        return self._view

    def close(self) -> None:
        """Close the scene."""
        self._view = None
        self._open.close()


_here: _Worker | None = None


def _run_here(load: LoadDetector, task: Task) -> TaskResult:
    """Carry out a task in a process of its own, which keeps its detector."""
    global _here
    if _here is None:
        _here = _Worker(load())
    (result,) = _here.run([task])
    return result
