"""What a worker does: it plans a scene's windows, looks at them, merges what they show, and notes it.

A small scene is done in one go. A large one is given back as its windows, which several workers share. Whoever does a
task notes its result as a whole, so a task that is done twice, its worker being lost, leaves what it leaves once.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from ship_det.scenes.detection import (
    DetectionOptions,
    FoundInWindows,
    look_at,
    merge_found,
    plan_search,
    searched_region,
)
from ship_det.scenes.detector import Detector
from ship_det.scenes.merging import Windows
from ship_det.scenes.result_folder import ResultError
from ship_det.scenes.run_folder import FinishedScene, SceneIdentity, SceneNotes, SceneRecord, identify_scene
from ship_det.scenes.scene import Scene, describe_scene
from ship_det.scenes.view import SceneView, open_view

#: Loads a detector; it must be possible to send it to another process.
LoadDetector = Callable[[], Detector]


@dataclass(frozen=True)
class Job:
    """What is the same for all scenes of a run.

    Attributes:
        notes: where results go.
        options: how the detector looks at each scene, settled.
        classes: class names of the detector.
        gsd: m a px of what the detector sees; None for the scene's own.
        stated_gsd: m a px of scenes that do not know where on Earth they are.
        step: windows of a task.
    """

    notes: SceneNotes
    options: DetectionOptions
    classes: tuple[str, ...]
    gsd: float | None
    stated_gsd: float | None
    step: int


@dataclass(frozen=True)
class SceneTask:
    """A scene to begin.

    Attributes:
        name: its name.
        path: its file or GDAL path.
        parts: first windows of the parts that are finished.
    """

    name: str
    path: str
    parts: tuple[int, ...] = ()


@dataclass(frozen=True)
class PlannedScene:
    """A scene whose windows are known.

    Attributes:
        scene: the scene.
        identity: what tells it from another one.
        windows: its windows, in px of the view.
        parts: what is finished of them, by the first window.
    """

    scene: Scene
    identity: SceneIdentity
    windows: Windows
    parts: dict[int, FoundInWindows]

    @property
    def name(self) -> str:
        """The scene's name."""
        return self.scene.name


@dataclass(frozen=True)
class WindowsTask:
    """Windows of one scene to look at.

    Attributes:
        scene: scene they lie in.
        identity: what tells it from another one.
        first: row of the first window in the scene's.
        windows: the windows, in px of the view.
    """

    scene: Scene
    identity: SceneIdentity
    first: int
    windows: Windows

    @property
    def name(self) -> str:
        """The scene's name."""
        return self.scene.name

    def __len__(self) -> int:
        return len(self.windows.windows)


@dataclass(frozen=True)
class MergeTask:
    """A scene of which all windows were looked at.

    Attributes:
        scene: the scene.
        identity: what tells it from another one.
        parts: what was found, by the first window.
    """

    scene: Scene
    identity: SceneIdentity
    parts: dict[int, FoundInWindows]

    @property
    def name(self) -> str:
        """The scene's name."""
        return self.scene.name


Task: TypeAlias = SceneTask | WindowsTask | MergeTask
Value: TypeAlias = PlannedScene | FoundInWindows | SceneRecord


@dataclass(frozen=True)
class TaskResult:
    """What became of a task.

    Attributes:
        task: the task.
        value: a scene's windows, what was found in some, or a finished scene; None where the scene cannot be read.
        error: why it cannot.
    """

    task: Task
    value: Value | None
    error: str = ''


class Worker:
    """Carries out tasks with one detector; the scene that it looked at last stays open for the next windows.

    Args:
        job: what is the same for all tasks.
        detector: the detector.
    """

    def __init__(self, job: Job, detector: Detector) -> None:
        self._job = job
        self._detector = detector
        self._view: SceneView | None = None
        self._open = ExitStack()

    def run(self, tasks: Sequence[Task]) -> Iterator[TaskResult]:
        """The result of a task; or of several, all windows of one scene, which are read through without a pause.

        Raises:
            ResultError: where results cannot be written.
        """
        waiting = list(tasks)
        try:
            for value in self._carry_out(waiting):
                yield TaskResult(waiting.pop(0), value)
        except ResultError:
            raise
        except (ValueError, OSError) as error:
            # What is left of a scene that cannot be read is not tried.
            for task in waiting:
                yield TaskResult(task, None, str(error))

    def close(self) -> None:
        """Close the scene."""
        self._view = None
        self._open.close()

    def _carry_out(self, tasks: list[Task]) -> Iterator[Value]:
        if isinstance(tasks[0], SceneTask):
            yield self._begin(tasks[0])
        elif isinstance(tasks[0], MergeTask):
            yield self._merge(tasks[0])
        else:
            windows_tasks = [task for task in tasks if isinstance(task, WindowsTask)]
            for task, found in zip(windows_tasks, self._look_at(windows_tasks), strict=True):
                self._job.notes.finish_part(task.name, task.identity, task.first, task.windows, found)
                yield found

    def _begin(self, task: SceneTask) -> PlannedScene | SceneRecord:
        """Plan a scene's windows; where they are few, look at them too."""
        job = self._job
        scene = describe_scene(task.path, task.name, job.stated_gsd)
        identity = identify_scene(scene)
        with open_view(scene, job.gsd, job.options.choices, is_read=False) as view:
            windows = plan_search(view, job.options).windows
        parts = {}
        for first in task.parts:
            part = job.notes.part(task.name, identity, first, windows[first : first + job.step])
            if part is not None:
                parts[first] = part
        if parts or len(windows.windows) > job.step:
            return PlannedScene(scene, identity, windows, parts)
        if len(windows.windows):
            (parts[0],) = self._look_at([WindowsTask(scene, identity, 0, windows)])
        return self._merge(MergeTask(scene, identity, parts))

    def _look_at(self, tasks: list[WindowsTask]) -> Iterator[FoundInWindows]:
        """What the detector finds in tasks of one scene."""
        runs = [[tasks[0]]]
        for task in tasks[1:]:
            if task.first == runs[-1][-1].first + len(runs[-1][-1]):
                runs[-1].append(task)
            else:
                runs.append([task])
        try:
            view = self._view_of(tasks[0].scene)
            for run in runs:
                windows = Windows.join([task.windows for task in run])
                sizes = [len(task) for task in run]
                yield from look_at(self._detector, view, windows, sizes, self._job.options.min_score, run[0].first)
        except BaseException as error:
            # It passes through the open scene, which names its file.
            self._view = None
            self._open.__exit__(type(error), error, error.__traceback__)
            raise

    def _view_of(self, scene: Scene) -> SceneView:
        """The view of a scene, which stays open for the next task."""
        if self._view is None or self._view.scene != scene:
            self.close()
            self._view = self._open.enter_context(open_view(scene, self._job.gsd, self._job.options.choices))
        return self._view

    def _merge(self, task: MergeTask) -> SceneRecord:
        """Merge what was found in all windows of a scene, and note its ships."""
        job = self._job
        with open_view(task.scene, job.gsd, job.options.choices, is_read=False) as view:
            search = plan_search(view, job.options)
            parts = [task.parts[first] for first in sorted(task.parts)]
            found = merge_found([part.detections for part in parts], search, job.classes, job.options.iou_threshold)
            looked_at = np.concatenate([np.empty(0, dtype=np.intp), *(part.looked_at for part in parts)])
            finished = FinishedScene(found, searched_region(search, looked_at))
        return job.notes.finish(finished, task.identity, task.parts)
