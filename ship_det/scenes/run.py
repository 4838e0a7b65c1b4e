"""Detection in many scenes: what is finished is on disk or object storage and is not done again.

Scenes are begun one after the other while workers have room. Neither memory nor the time until the first one begins
grows with their number: what is known of all of them is their names.
"""

import math
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field

from ship_det.progress import count_noun
from ship_det.scenes.detection import DetectionOptions, FoundInWindows
from ship_det.scenes.detector import Detector
from ship_det.scenes.engines import Engine
from ship_det.scenes.run_folder import FinishedScenes, RunFolder, SceneRecord, full_path
from ship_det.scenes.worker import Job, MergeTask, PlannedScene, SceneTask, Task, TaskResult, WindowsTask

# Windows of a task, for each image that a detector looks at together: what a kill may lose.
_TASK_BATCHES = 4
#: Pixels that are so many times as large as those that a detector knows show it hardly any ship.
COARSE = 3.0

#: Called with how many scenes are done, parts of them too, how many there are, and what is going on.
OnProgress = Callable[[float, int, str], None]


@dataclass(frozen=True)
class ScenesRun:
    """What became of scenes.

    Attributes:
        found: ships of each scene that could be read, in the order given; they are read when they are asked for.
        failed: why each of the others could not be, by name.
        resumed: number of scenes that were finished already.
        ships: number of ships.
        names: names of the scenes that could be read.
        unseen: names of the scenes of which nothing was looked at: no data, nothing but land, or outside the area.
        unmeasured: names of the scenes whose m a px nobody knows.
        coarse: names of the scenes whose pixels are over ``COARSE`` times as large as the detector's.
    """

    found: FinishedScenes
    failed: dict[str, str]
    resumed: int
    ships: int = 0
    names: tuple[str, ...] = ()
    unseen: tuple[str, ...] = ()
    unmeasured: tuple[str, ...] = ()
    coarse: tuple[str, ...] = ()


def detect_scenes(
    detector: Detector,
    paths: Mapping[str, str],
    folder: RunFolder,
    engine: Engine,
    options: DetectionOptions,
    gsd: float | None = None,
    on_progress: OnProgress = lambda done, total, title: None,
) -> ScenesRun:
    """Find the ships in some scenes; one that cannot be read does not stop the others.

    Args:
        detector: detector; only its classes, gsd, longest_ship, batch_size and size_divisor are asked for here.
        paths: file or GDAL path of each scene by its name.
        folder: what is finished already, and where what will be is noted.
        engine: where detection runs.
        options: how the detector looks at each scene.
        gsd: m a px of scenes that do not know where on Earth they are; None takes their pixels as they are.
        on_progress: told how far it is.

    Raises:
        OSError: naming a file that cannot be written, or if workers cannot be started.
    """
    step = _TASK_BATCHES * getattr(detector, 'batch_size', 1)
    job = Job(folder.notes, options.settle(detector), tuple(detector.classes), detector.gsd, gsd, step)
    finished, failed = folder.finished(paths)
    resumed, parts = len(finished), folder.parts()
    schedule = _Schedule(
        (
            SceneTask(name, full_path(path), tuple(parts.get(name, ())))
            for name, path in paths.items()
            if name not in finished and name not in failed
        ),
        step,
    )
    with closing(engine(job, schedule.next_task)) as results:
        for result in results:
            name = result.task.name
            if isinstance(result.value, SceneRecord):
                finished[name] = result.value
                folder.note(result.value)
            elif result.value is None and name not in failed:
                failed[name] = result.error
            schedule.enter(result)
            done = len(finished) + len(failed)
            on_progress(done + schedule.share_done(), len(paths), f'{done} of {count_noun(len(paths), "scene")}')
    records = [finished[name] for name in paths if name in finished]
    names = tuple(record.name for record in records)
    coarse = math.inf if detector.gsd is None else COARSE * detector.gsd
    folder.close(names)
    return ScenesRun(
        FinishedScenes(folder.notes, names),
        failed,
        resumed,
        sum(record.ships for record in records),
        names,
        tuple(record.name for record in records if record.is_unseen),
        tuple(record.name for record in records if record.gsd is None),
        tuple(record.name for record in records if record.gsd is not None and record.gsd > coarse),
    )


@dataclass
class _OpenScene:
    """A scene that is begun: its tasks that nobody has, and what is found by the first window of the others."""

    planned: PlannedScene
    worker: int
    left: deque[WindowsTask]
    firsts: list[int]
    parts: dict[int, FoundInWindows] = field(default_factory=dict)

    @property
    def share_done(self) -> float:
        """How much of it is done, from 0 to 1."""
        return len(self.parts) / len(self.firsts)


class _Schedule:
    """What is to be done next.

    A worker goes on with the scene that it has begun, then begins the next one; when none is left, it takes the last
    windows of the scene with most of them.

    Args:
        scenes: scenes to begin, read as they are needed.
        step: windows of a task.
    """

    def __init__(self, scenes: Iterable[SceneTask], step: int) -> None:
        self._scenes: Iterator[SceneTask] = iter(scenes)
        self._step = step
        self._begun: dict[str, int] = {}
        self._open: dict[str, _OpenScene] = {}
        self._merges: deque[MergeTask] = deque()
        self._merging: set[str] = set()

    def next_task(self, worker: int) -> Task | None:
        """The next task for a worker; None where there is none now."""
        if self._merges:
            return self._merges.popleft()
        for scene in self._open.values():
            if scene.worker == worker and scene.left:
                return scene.left.popleft()
        task = next(self._scenes, None)
        if task is not None:
            self._begun[task.name] = worker
            return task
        longest = max(self._open.values(), key=lambda scene: len(scene.left), default=None)
        return longest.left.pop() if longest is not None and longest.left else None

    def share_done(self) -> float:
        """How much of the scenes that are open is done, in scenes."""
        return len(self._merging) + sum(scene.share_done for scene in self._open.values())

    def enter(self, result: TaskResult) -> None:
        """Take note of what became of a task."""
        name, value = result.task.name, result.value
        worker = self._begun.pop(name, 0)
        if isinstance(value, PlannedScene):
            self._plan(value, worker)
        elif isinstance(value, FoundInWindows) and isinstance(result.task, WindowsTask):
            # A scene that has failed is open no more.
            if name in self._open:
                self._open[name].parts[result.task.first] = value
                self._merge_where_done(name)
        else:
            self._open.pop(name, None)
            self._merging.discard(name)

    def _plan(self, planned: PlannedScene, worker: int) -> None:
        windows, step = planned.windows, self._step
        firsts = list(range(0, len(windows.windows), step))
        left = (
            WindowsTask(planned.scene, planned.identity, first, windows[first : first + step])
            for first in firsts
            if first not in planned.parts
        )
        self._open[planned.name] = _OpenScene(planned, worker, deque(left), firsts, dict(planned.parts))
        self._merge_where_done(planned.name)

    def _merge_where_done(self, name: str) -> None:
        scene = self._open[name]
        if len(scene.parts) == len(scene.firsts):
            del self._open[name]
            self._merging.add(name)
            self._merges.append(MergeTask(scene.planned.scene, scene.planned.identity, scene.parts))
