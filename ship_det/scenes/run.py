"""Detection in many scenes: finished scenes and finished parts of scenes are on disk, and are not done again.

OUT/scenes/NAME.ships.json has the ships of a finished scene, OUT/scenes/.parts/ what is finished of the others.
OUT/scenes/run.json says how they are made: a folder made otherwise is refused. OUT/scenes/last.json names the scenes of
the last run.
"""

import json
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from ship_det.files import parse_json, read_text, write_text
from ship_det.raster import open_image
from ship_det.raster.images import is_gdal_path
from ship_det.scenes.detection import (
    DetectionOptions,
    FoundInWindows,
    merge_found,
    plan_search,
    searched_region,
)
from ship_det.scenes.detector import Detections, Detector
from ship_det.scenes.engines import Engine, Task
from ship_det.scenes.merging import WindowDetections
from ship_det.scenes.scene import Scene, describe_scene
from ship_det.scenes.view import open_view

# Windows of a task, for each image that a detector looks at together: what a kill may lose.
_TASK_BATCHES = 4
_SUFFIX = '.ships.json'


@dataclass(frozen=True)
class ScenesRun:
    """What became of scenes.

    Attributes:
        found: ships of each scene that could be read, in the order given.
        failed: why each of the others could not be, by name.
        resumed: number of scenes that were finished already.
        unseen: names of the scenes of which nothing was looked at: no data, nothing but land, or outside the area.
    """

    found: list[Detections]
    failed: dict[str, str]
    resumed: int
    unseen: tuple[str, ...] = ()


@dataclass(frozen=True)
class FinishedScene:
    """The ships of a scene, and where they were looked for.

    Attributes:
        found: the ships.
        searched: where a ship could be found, px of the scene.
    """

    found: Detections
    searched: shapely.Geometry


class RunFolder:
    """What is finished of a run, on disk.

    Args:
        out: output folder of the run, made where missing.
        settings: what the ships depend on, by the names of what the user chose.

    Raises:
        ValueError: the folder was made with other settings.
    """

    def __init__(self, out: Path, settings: Mapping[str, Any]) -> None:
        self.folder = out / 'scenes'
        self.parts = self.folder / '.parts'
        record = self.folder / 'run.json'
        before = _read(record) if record.exists() else settings
        for key in sorted(before.keys() | settings.keys()):
            # As they read back: tuples become lists, and nan is itself.
            texts = [json.dumps(of.get(key)) for of in (before, settings)]
            if texts[0] != texts[1]:
                raise ValueError(
                    f'{out}: was made with {key} {texts[0]}, found {texts[1]}; expected another folder (--out), or '
                    'this one without its scenes/'
                )
        self._identities: dict[str, list[Any]] = {}
        self.parts.mkdir(parents=True, exist_ok=True)
        if not record.exists():
            write_text(record, f'{json.dumps(settings, indent=1)}\n')

    def finished(self, scene: Scene) -> FinishedScene | None:
        """The ships of a scene that is finished and has not changed since."""
        path = self.folder / f'{scene.name}{_SUFFIX}'
        self._identities[scene.name] = _identify(scene)
        content = _read(path) if path.exists() else None
        if content is None or content['input'] != self._identities[scene.name]:
            return None
        return _finished(content, scene)

    def finish(self, found: Detections, searched: shapely.Geometry) -> None:
        """Note the ships of a scene, and forget its parts."""
        assert found.scene is not None
        content = {
            'path': _path(found.scene),
            'input': self._identities.get(found.scene.name) or _identify(found.scene),
            'size': found.scene.size,
            'searched': shapely.to_wkb(searched, hex=True),
            'classes': found.classes,
            'boxes': found.boxes.tolist(),
            'corners': None if found.corners is None else found.corners.tolist(),
            'scores': found.scores.tolist(),
            'labels': found.labels.tolist(),
        }
        write_text(self.folder / f'{found.scene.name}{_SUFFIX}', f'{json.dumps(content)}\n')
        self.forget(found.scene.name)

    def part(self, task: Task) -> FoundInWindows | None:
        """What was found in the windows of a task that is finished."""
        path = self._part_path(task)
        content = _read(path) if path.exists() else None
        if content is None or content['task'] != self._describe(task):
            return None
        boxes = np.array(content['boxes'], dtype=np.float64).reshape(-1, 5)
        labels, window, rows = (np.array(content[name], dtype=np.intp) for name in ('labels', 'window', 'looked_at'))
        return FoundInWindows(
            WindowDetections(boxes, np.array(content['scores'], dtype=np.float64), labels, window), rows
        )

    def finish_part(self, task: Task, found: FoundInWindows) -> None:
        """Note what was found in the windows of a task."""
        content = {name: values.tolist() for name, values in vars(found.detections).items()}
        content |= {'task': self._describe(task), 'looked_at': found.looked_at.tolist()}
        write_text(self._part_path(task), json.dumps(content))

    def forget(self, name: str) -> None:
        """Remove the parts of a scene."""
        for path in self.parts.iterdir():
            if path.name.startswith(f'{name}@'):
                path.unlink()

    def close(self, names: list[str]) -> None:
        """Note the scenes of the run, and remove the folder of parts where none is left."""
        write_text(self.folder / 'last.json', f'{json.dumps({"scenes": names}, indent=1)}\n')
        if not any(self.parts.iterdir()):
            shutil.rmtree(self.parts)

    def _describe(self, task: Task) -> list[Any]:
        """What a part depends on beside the settings of its run."""
        windows = task.windows
        identity = self._identities[task.scene.name]
        return [identity, windows.windows.tolist(), windows.images.tolist(), list(windows.scene)]

    def _part_path(self, task: Task) -> Path:
        return self.parts / f'{task.scene.name}@{task.first}.json'


@dataclass
class _SceneWork:
    """A scene that is not finished: its tasks, and what is found by the first window of each."""

    scene: Scene
    tasks: dict[int, Task]
    parts: dict[int, FoundInWindows]

    @property
    def left(self) -> list[Task]:
        """Tasks that are not finished."""
        return [task for first, task in self.tasks.items() if first not in self.parts]


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
        detector: detector; only its classes, gsd, longest_ship, batch_size and size_divisor are asked for here.
        paths: file or GDAL path of each scene by its name.
        folder: what is finished already, and where what will be is noted.
        engine: where detection runs.
        options: how the detector looks at each scene.
        gsd: m a px of scenes that do not know where on Earth they are; None takes their pixels as they are.
        on_progress: called with the windows done, the windows in all, and what is going on.

    Raises:
        OSError: naming a file that cannot be written, or if a process ends before its work is done.
    """
    options = options.settle(detector)
    found: dict[str, FinishedScene] = {}
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
        if work.left:
            return
        try:
            merged = _merge(work, detector, options)
        except (ValueError, OSError) as error:
            failed[work.scene.name] = str(error)
            folder.forget(work.scene.name)
            return
        found[work.scene.name] = merged
        folder.finish(merged.found, merged.searched)
        work.parts.clear()

    total = sum(len(task) for work in waiting.values() for task in work.tasks.values())
    left = [task for work in waiting.values() for task in work.left]
    done = total - sum(map(len, left))
    for work in waiting.values():
        finish(work)
    for result in engine(left):
        task, name = result.task, result.task.scene.name
        done += len(task)
        if result.found is None:
            failed.setdefault(name, result.error)
        elif name not in failed:
            folder.finish_part(task, result.found)
            waiting[name].parts[task.first] = result.found
            finish(waiting[name])
        on_progress(done, total, f'{len(found)} of {len(paths)} scenes')
    folder.close([name for name in paths if name in found])
    done_scenes = {name: found[name] for name in paths if name in found}
    unseen = tuple(name for name, scene in done_scenes.items() if scene.searched.is_empty)
    return ScenesRun([scene.found for scene in done_scenes.values()], failed, resumed, unseen)


def read_run(out: str | os.PathLike) -> list[FinishedScene]:
    """The ships of every scene of the last run into a folder.

    Raises:
        ValueError: the folder holds no finished run, or a scene of it has gone or changed since.
    """
    folder = Path(out) / 'scenes'
    if not (folder / 'run.json').is_file() or not (folder / 'last.json').is_file():
        raise ValueError(f'{out}: expected the output folder of a finished `ship-det detect`, with scenes/last.json')
    settings = _read(folder / 'run.json')
    finished = []
    for name in _read(folder / 'last.json')['scenes']:
        content = _read(folder / f'{name}{_SUFFIX}')
        scene = describe_scene(content['path'], name, settings.get('--gsd'))
        if content['input'] != _identify(scene):
            raise ValueError(f'{content["path"]}: has changed since {out} was made, expected the same scene')
        finished.append(_finished(content, scene))
    return finished


def _plan(scene: Scene, detector: Detector, options: DetectionOptions, folder: RunFolder) -> _SceneWork:
    """The tasks of a scene, and what is finished of them."""
    with open_view(scene, detector.gsd, options.choices, is_read=False) as view:
        windows = plan_search(view, options).windows
    step = _TASK_BATCHES * getattr(detector, 'batch_size', 1)
    tasks = {
        first: Task(scene, first, windows[first : first + step], detector.gsd, options.min_score, options.choices)
        for first in range(0, len(windows.windows), step)
    }
    parts = {first: part for first, task in tasks.items() if (part := folder.part(task)) is not None}
    return _SceneWork(scene, tasks, parts)


def _merge(work: _SceneWork, detector: Detector, options: DetectionOptions) -> FinishedScene:
    """The ships of a scene, of which all windows were looked at."""
    with open_view(work.scene, detector.gsd, options.choices, is_read=False) as view:
        search = plan_search(view, options)
        parts = [work.parts[first] for first in work.tasks]
        found = merge_found([part.detections for part in parts], search, detector.classes, options.iou_threshold)
        looked_at = np.concatenate([np.empty(0, dtype=np.intp), *(part.looked_at for part in parts)])
        return FinishedScene(found, searched_region(search, looked_at))


def _finished(content: Mapping[str, Any], scene: Scene) -> FinishedScene:
    corners = content['corners']
    found = Detections(
        np.array(content['boxes'], dtype=np.float64).reshape(-1, 5),
        np.array(content['scores'], dtype=np.float64),
        np.array(content['labels'], dtype=np.intp),
        tuple(content['classes']),
        None if corners is None else np.array(corners, dtype=np.float64).reshape(-1, 4, 2),
        scene,
    )
    return FinishedScene(found, shapely.from_wkb(content['searched']))


def _path(scene: Scene) -> str:
    return scene.path if is_gdal_path(scene.path) else os.path.abspath(scene.path)


def _identify(scene: Scene) -> list[Any]:
    """What tells a scene from one that has taken its place: size and time of its files, a VRT's sources too."""
    with open_image(scene.path) as image:
        files = image.files
    return [_path(scene), *scene.size, *(_status(file) for file in files)]


def _status(file: str) -> list[Any]:
    """Size and time of a file, of the archive where it lies in one; nothing is known of what is elsewhere."""
    path = file
    while path.startswith('/vsi') and '/' in path[1:]:
        # /vsizip/folder/scenes.zip/a.tif
        path = path.split('/', 2)[2]
    while path and not os.path.exists(path):
        path = os.path.dirname(path) if os.path.dirname(path) != path else ''
    if not os.path.isfile(path):
        return []
    status = os.stat(path)
    return [status.st_size, status.st_mtime_ns]


def _read(path: Path) -> dict[str, Any]:
    try:
        content = parse_json(read_text(path))
    except ValueError as error:
        raise ValueError(f'{path}: {error}, expected what a run of `ship-det detect` wrote') from error
    if not isinstance(content, dict):
        raise ValueError(f'{path}: expected what a run of `ship-det detect` wrote')
    return content
