"""Detection in many scenes: finished scenes and finished parts of scenes are on disk, and are not done again.

OUT/scenes/NAME.json has the ships of a finished scene, OUT/scenes/.parts/ what is finished of the others, and
OUT/scenes/run.json how they are made: a folder made otherwise is refused.
"""

import json
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ship_det.files import parse_json, read_text, write_text
from ship_det.scenes.detection import DetectionOptions, FoundInWindows, merge_found, plan_search
from ship_det.scenes.detector import Detections, Detector
from ship_det.scenes.engines import Engine, Task
from ship_det.scenes.merging import WindowDetections
from ship_det.scenes.scene import Scene, describe_scene
from ship_det.scenes.view import open_view

# Windows of a task: what a kill may lose, and what a worker is given at a time.
_TASK_WINDOWS = 4


@dataclass(frozen=True)
class ScenesRun:
    """What became of scenes.

    Attributes:
        found: ships of each scene that could be read, in the order given.
        failed: why each of the others could not be, by name.
        resumed: number of scenes that were finished already.
    """

    found: list[Detections]
    failed: dict[str, str]
    resumed: int


class RunFolder:
    """What is finished of a run, on disk.

    Args:
        out: output folder of the run, made where missing.
        settings: what the ships depend on; by the names of what the user chose.

    Raises:
        ValueError: the folder was made with other settings.
    """

    def __init__(self, out: Path, settings: Mapping[str, Any]) -> None:
        self.folder = out / 'scenes'
        self.parts = self.folder / '.parts'
        record = self.folder / 'run.json'
        # As they read back: tuples become lists.
        settings = json.loads(json.dumps(settings))
        if record.exists():
            before = _read(record)
            for key in sorted(before.keys() | settings.keys()):
                if before.get(key) != settings.get(key):
                    raise ValueError(
                        f'{out}: was made with {key} {before.get(key)}, found {settings.get(key)}; expected another '
                        'folder (--out), or this one without its scenes/'
                    )
        self.parts.mkdir(parents=True, exist_ok=True)
        if not record.exists():
            write_text(record, f'{json.dumps(settings, indent=1)}\n')

    def finished(self, scene: Scene) -> Detections | None:
        """The ships of a scene that is finished and has not changed since."""
        path = self.folder / f'{scene.name}.json'
        content = _read(path) if path.exists() else None
        if content is None or content['input'] != _identify(scene):
            return None
        return _ships(content, scene)

    def finish(self, found: Detections) -> None:
        """Note the ships of a scene, and forget its parts."""
        assert found.scene is not None
        content = {
            'input': _identify(found.scene),
            'size': found.scene.size,
            'classes': found.classes,
            'boxes': found.boxes.tolist(),
            'corners': None if found.corners is None else found.corners.tolist(),
            'scores': found.scores.tolist(),
            'labels': found.labels.tolist(),
        }
        write_text(self.folder / f'{found.scene.name}.json', f'{json.dumps(content)}\n')
        for path in self.parts.glob(f'{found.scene.name}@*.json'):
            path.unlink()

    def part(self, task: Task) -> FoundInWindows | None:
        """What was found in the windows of a task that is finished."""
        path = self._part_path(task)
        content = _read(path) if path.exists() else None
        if content is None or content['input'] != _identify(task.scene):
            return None
        boxes = np.array(content['boxes'], dtype=np.float64).reshape(-1, 5)
        labels, window = (np.array(content[name], dtype=np.intp) for name in ('labels', 'window'))
        return FoundInWindows(
            WindowDetections(boxes, np.array(content['scores'], dtype=np.float64), labels, window), content['looked_at']
        )

    def finish_part(self, task: Task, found: FoundInWindows) -> None:
        """Note what was found in the windows of a task."""
        content = {name: values.tolist() for name, values in vars(found.detections).items()}
        content |= {'input': _identify(task.scene), 'looked_at': found.looked_at}
        write_text(self._part_path(task), json.dumps(content))

    def close(self) -> None:
        """Remove the folder of parts, where none is left."""
        if not any(self.parts.iterdir()):
            shutil.rmtree(self.parts)

    def _part_path(self, task: Task) -> Path:
        return self.parts / f'{task.scene.name}@{task.start}.json'


@dataclass
class _SceneWork:
    """A scene that is not finished: its tasks, and what is found by the first window of each."""

    tasks: list[Task]
    parts: dict[int, FoundInWindows]

    @property
    def scene(self) -> Scene:
        return self.tasks[0].scene

    @property
    def left(self) -> list[Task]:
        """Tasks that are not finished."""
        return [task for task in self.tasks if task.start not in self.parts]


def detect_scenes(
    detector: Detector,
    paths: Mapping[str, str],
    folder: RunFolder,
    engine: Engine,
    options: DetectionOptions,
    gsd: float | None = None,
    on_progress: Callable[[int, int, str], None] = lambda done, total, title: None,
) -> ScenesRun:
    """Find the ships in some scenes; one that cannot be read does not stop the others.

    Args:
        detector: detector; only its classes, gsd and longest_ship are asked for here.
        paths: file or GDAL path of each scene by its name.
        folder: what is finished already, and where what will be is noted.
        engine: where detection runs.
        options: how the detector looks at each scene.
        gsd: m a px of scenes that do not know where on Earth they are; None takes their pixels as they are.
        on_progress: called with the windows done, the windows in all, and what is going on.

    Raises:
        OSError: naming a file that cannot be written, or if a process ends before its work is done.
    """
    options = replace(options, overlap=options.overlap_for(detector))
    found: dict[str, Detections] = {}
    failed: dict[str, str] = {}
    waiting: dict[str, _SceneWork] = {}
    for name, path in paths.items():
        try:
            scene = describe_scene(path, name, gsd)
            finished = folder.finished(scene)
            if finished is None:
                waiting[name] = _plan(scene, detector, options, folder)
            else:
                found[name] = finished
        except (ValueError, OSError) as error:
            failed[name] = str(error)
    resumed = len(found)

    def finish(work: _SceneWork) -> None:
        if not work.left:
            found[work.scene.name] = _merge(work, detector, options)
            folder.finish(found[work.scene.name])
            work.parts.clear()

    total = sum(task.stop - task.start for work in waiting.values() for task in work.tasks)
    left = [task for work in waiting.values() for task in work.left]
    done = total - sum(task.stop - task.start for task in left)
    for work in waiting.values():
        finish(work)
    for result in engine(left):
        name = result.task.scene.name
        done += result.task.stop - result.task.start
        if result.found is None:
            failed.setdefault(name, result.error)
        elif name not in failed:
            folder.finish_part(result.task, result.found)
            waiting[name].parts[result.task.start] = result.found
            finish(waiting[name])
        on_progress(done, total, f'{len(found)} of {len(paths)} scenes')
    folder.close()
    return ScenesRun([found[name] for name in paths if name in found], failed, resumed)


def _plan(scene: Scene, detector: Detector, options: DetectionOptions, folder: RunFolder) -> _SceneWork:
    """The tasks of a scene, and what is finished of them."""
    with open_view(scene, detector.gsd, options.nodata, is_read=False) as view:
        windows = len(plan_search(view, options, options.overlap_for(detector)).windows.windows)
    starts = range(0, max(windows, 1), _TASK_WINDOWS)
    tasks = [Task(scene, start, min(start + _TASK_WINDOWS, windows), options) for start in starts]
    parts = {task.start: folder.part(task) for task in tasks}
    return _SceneWork(tasks, {start: part for start, part in parts.items() if part is not None})


def _merge(work: _SceneWork, detector: Detector, options: DetectionOptions) -> Detections:
    """The ships of a scene, of which all windows were looked at."""
    with open_view(work.scene, detector.gsd, options.nodata, is_read=False) as view:
        search = plan_search(view, options, options.overlap_for(detector))
        parts = [work.parts[task.start].detections for task in work.tasks]
        return merge_found(parts, search, detector.classes, options.iou_threshold)


def read_run(out: str | os.PathLike) -> list[Detections]:
    """The ships of every finished scene of a run, sorted by the scenes' names.

    Raises:
        ValueError: the folder holds no run, or a scene of it is not there any more.
    """
    folder = Path(out) / 'scenes'
    if not (folder / 'run.json').is_file():
        raise ValueError(f'{out}: expected the output folder of `ship-det detect`, which has scenes/run.json')
    settings = _read(folder / 'run.json')
    found = []
    for path in sorted(folder.glob('*.json')):
        if path.name != 'run.json':
            content = _read(path)
            found.append(_ships(content, describe_scene(content['input'][0], path.stem, settings.get('--gsd'))))
    return found


def _ships(content: Mapping[str, Any], scene: Scene) -> Detections:
    corners = content['corners']
    return Detections(
        np.array(content['boxes'], dtype=np.float64).reshape(-1, 5),
        np.array(content['scores'], dtype=np.float64),
        np.array(content['labels'], dtype=np.intp),
        tuple(content['classes']),
        None if corners is None else np.array(corners, dtype=np.float64).reshape(-1, 4, 2),
        scene,
    )


def _identify(scene: Scene) -> list[Any]:
    """What tells a scene from one that has taken its place; a GDAL path has nothing but its name."""
    try:
        status = os.stat(scene.path)
    except OSError:
        return [scene.path, *scene.size]
    return [scene.path, *scene.size, status.st_size, status.st_mtime_ns]


def _read(path: Path) -> dict[str, Any]:
    try:
        content = parse_json(read_text(path))
    except ValueError as error:
        raise ValueError(f'{path}: {error}, expected what a run of `ship-det detect` wrote') from error
    if not isinstance(content, dict):
        raise ValueError(f'{path}: expected what a run of `ship-det detect` wrote')
    return content
