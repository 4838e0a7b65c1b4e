"""What is finished of a run over many scenes: the ships of each scene, parts of scenes, and an index of it all.

OUT/scenes/NAME.ships.json has the ships of a finished scene, OUT/scenes/.parts/ what is finished of the others.
OUT/scenes/run.json says how they are made: a folder made otherwise is refused. OUT/scenes/last.json names the scenes of
the last run. OUT/scenes/.index/ says in few files what the many hold, so that a run of 100 000 scenes goes on at once;
what it lacks is read from the scenes' own files.
"""

import json
import os
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import astuple, dataclass
from typing import Any, overload

import numpy as np
import shapely

from ship_det.files import decode_text, parse_json
from ship_det.raster import open_image
from ship_det.raster.georeference import Georeference
from ship_det.raster.images import is_gdal_path
from ship_det.scenes.detection import FoundInWindows
from ship_det.scenes.detector import Detections
from ship_det.scenes.merging import WindowDetections, Windows
from ship_det.scenes.result_folder import LocalFolder, ResultFolder, open_results
from ship_det.scenes.scene import Scene, describe_scene

_SUFFIX = '.ships.json'
_SCENES, _PARTS, _INDEX = 'scenes', 'scenes/.parts', 'scenes/.index'
_RUN, _LAST = 'scenes/run.json', 'scenes/last.json'
# Scenes of a file of the index: what a killed run has to read one by one.
_INDEXED = 1000


@dataclass(frozen=True)
class FinishedScene:
    """The ships of a scene, and where they were looked for.

    Attributes:
        found: the ships.
        searched: where a ship could be found, px of the scene.
    """

    found: Detections
    searched: shapely.Geometry


@dataclass(frozen=True)
class SceneIdentity:
    """What tells a scene from one that has taken its place.

    Attributes:
        input: path, width and height, then size and time of each of its files, a VRT's sources too; nothing is known
            of files that are elsewhere.
        files: these files.
    """

    input: list[Any]
    files: list[str]


@dataclass(frozen=True)
class SceneRecord:
    """What the index knows of a finished scene.

    Attributes:
        name: its name.
        input: as of :class:`SceneIdentity`.
        files: likewise.
        ships: number of its ships.
        gsd: m a px; None where nobody knows.
        is_unseen: whether nothing was looked at.
        bytes: size of the file with its ships.
    """

    name: str
    input: list[Any]
    files: list[str]
    ships: int
    gsd: float | None
    is_unseen: bool
    bytes: int


@dataclass(frozen=True)
class SceneNotes:
    """Notes of a run's scenes and of parts of them, whole or not there. They can be sent to other machines.

    Attributes:
        results: where they are.
    """

    results: ResultFolder

    def finish(self, finished: FinishedScene, identity: SceneIdentity, parts: Iterable[int] = ()) -> SceneRecord:
        """Note the ships of a scene, and forget its parts, given by their first windows."""
        found, scene = finished.found, finished.found.scene
        assert scene is not None
        content = {
            'path': identity.input[0],
            'input': identity.input,
            'files': identity.files,
            'scene': _describe_scene(scene),
            'size': scene.size,
            'searched': shapely.to_wkb(finished.searched, hex=True),
            'classes': found.classes,
            'boxes': found.boxes.tolist(),
            'corners': None if found.corners is None else found.corners.tolist(),
            'scores': found.scores.tolist(),
            'labels': found.labels.tolist(),
        }
        note = f'{json.dumps(content)}\n'.encode()
        self.results.write(_note_name(scene.name), note)
        self.results.remove(_part_name(scene.name, first) for first in parts)
        return SceneRecord(
            scene.name, identity.input, identity.files, len(found), scene.gsd, finished.searched.is_empty, len(note)
        )

    def read(self, name: str) -> FinishedScene:
        """The ships of a finished scene.

        Raises:
            ValueError: naming the note, where it is missing or not one.
        """
        content = _parse(self.results, _note_name(name))
        try:
            described = content.get('scene')
            scene = describe_scene(content['path'], name) if described is None else _read_scene(described, name)
            return _read_finished(content, scene)
        except (KeyError, TypeError) as error:
            raise _not_ours(self.results, _note_name(name)) from error

    def finish_part(
        self, name: str, identity: SceneIdentity, first: int, windows: Windows, found: FoundInWindows
    ) -> None:
        """Note what was found in some windows of a scene, of which ``first`` is the row of the first one."""
        content: dict[str, Any] = {key: values.tolist() for key, values in vars(found.detections).items()}
        content |= {'task': _describe_part(identity, windows), 'looked_at': found.looked_at.tolist()}
        self.results.write(_part_name(name, first), json.dumps(content).encode())

    def part(self, name: str, identity: SceneIdentity, first: int, windows: Windows) -> FoundInWindows | None:
        """What was found in these windows; None where they are not finished, or others now."""
        if self.results.read(_part_name(name, first)) is None:
            return None
        content = _parse(self.results, _part_name(name, first))
        if content.get('task') != _describe_part(identity, windows):
            return None
        boxes = np.array(content['boxes'], dtype=np.float64).reshape(-1, 5)
        labels, window, rows = (np.array(content[key], dtype=np.intp) for key in ('labels', 'window', 'looked_at'))
        scores = np.array(content['scores'], dtype=np.float64)
        return FoundInWindows(WindowDetections(boxes, scores, labels, window), rows)


class RunFolder:
    """What is finished of a run, and how it was made.

    Args:
        out: output folder of the run, made where missing, or a URL of object storage.
        settings: what the ships depend on, by the names of what the user chose.

    Raises:
        ValueError: the folder was made with other settings.
        OSError: it cannot be written.
    """

    def __init__(self, out: str | os.PathLike, settings: Mapping[str, Any]) -> None:
        self.results = open_results(out)
        self.notes = SceneNotes(self.results)
        # A run that failed before its first scene binds nobody.
        is_new = self.results.read(_RUN) is None or not self._holds_ships()
        before = settings if is_new else _parse(self.results, _RUN)
        for key in sorted(before.keys() | settings.keys()):
            # As they read back: tuples become lists, and nan is itself.
            texts = [json.dumps(of.get(key)) for of in (before, settings)]
            if texts[0] != texts[1]:
                raise ValueError(
                    f'{out}: was made with {key} {texts[0]}, found {texts[1]}; expected another folder (--out), or '
                    'this one without its scenes/'
                )
        if is_new:
            self.results.write(_RUN, f'{json.dumps(settings, indent=1)}\n'.encode())
        self._segments = len(self.results.sizes(_INDEX))
        self._pending: list[SceneRecord] = []

    def _holds_ships(self) -> bool:
        """Whether a scene, or a part of one, is finished."""
        return bool(self.results.sizes(_PARTS)) or any(name.endswith(_SUFFIX) for name in self.results.sizes(_SCENES))

    def finished(self, paths: Mapping[str, str]) -> tuple[dict[str, SceneRecord], dict[str, str]]:
        """Those of some scenes that are finished and have not changed since, and why others cannot be told.

        Args:
            paths: file or GDAL path of each scene by its name.
        """
        sizes = self.results.sizes(_SCENES)
        index = {record.name: record for record in self._read_index()}
        found, failed = {}, {}
        for name, path in paths.items():
            size = sizes.get(f'{name}{_SUFFIX}')
            if size is None:
                continue
            record = index.get(name)
            try:
                if record is None or record.bytes != size:
                    record = self._read_record(name, path, size)
                    self.note(record)
                if _is_unchanged(record, path):
                    found[name] = record
            except ValueError as error:
                failed[name] = str(error)
        return found, failed

    def note(self, record: SceneRecord) -> None:
        """Add a finished scene to the index."""
        self._pending.append(record)
        if len(self._pending) == _INDEXED:
            self._write_index()

    def parts(self) -> dict[str, list[int]]:
        """First windows of the parts that are finished, by the names of their scenes."""
        found: dict[str, list[int]] = {}
        for file in self.results.sizes(_PARTS):
            name, _, first = file.removesuffix('.json').rpartition('@')
            if name and first.isdecimal():
                found.setdefault(name, []).append(int(first))
        return found

    def finish(self, found: Detections, searched: shapely.Geometry) -> None:
        """Note the ships of a scene."""
        assert found.scene is not None
        self.note(self.notes.finish(FinishedScene(found, searched), identify_scene(found.scene)))

    def close(self, names: Sequence[str]) -> None:
        """Note the scenes of the run, and remove parts of what is finished."""
        if self._pending:
            self._write_index()
        self.results.write(_LAST, f'{json.dumps({"scenes": list(names)}, indent=1)}\n'.encode())
        parts = self.parts()
        for name in parts.keys() & set(names):
            self.results.remove(_part_name(name, first) for first in parts.pop(name))
        if not parts and isinstance(self.results, LocalFolder):
            self.results.remove_folder(_PARTS)

    def _read_index(self) -> Iterator[SceneRecord]:
        for file in sorted(self.results.sizes(_INDEX)):
            for line in (self.results.read(f'{_INDEX}/{file}') or b'').splitlines():
                # What is damaged is read from the scene's own file.
                with suppress(ValueError, TypeError):
                    yield SceneRecord(*json.loads(line))

    def _write_index(self) -> None:
        lines = ''.join(f'{json.dumps(astuple(record))}\n' for record in self._pending)
        self.results.write(f'{_INDEX}/{self._segments:06d}.jsonl', lines.encode())
        self._segments += 1
        self._pending = []

    def _read_record(self, name: str, path: str, size: int) -> SceneRecord:
        """What the note of a scene says, where the index does not."""
        content = _parse(self.results, _note_name(name))
        try:
            scene = content.get('scene')
            # Notes of before say nothing of files.
            files = content.get('files') or identify_scene(describe_scene(path, name)).files
            gsd = describe_scene(path, name).gsd if scene is None else scene['gsd']
            is_unseen = shapely.from_wkb(content['searched']).is_empty
            return SceneRecord(name, content['input'], files, len(content['scores']), gsd, is_unseen, size)
        except (KeyError, TypeError) as error:
            raise _not_ours(self.results, _note_name(name)) from error


class FinishedScenes(Sequence[Detections]):
    """The ships of some scenes, read when they are asked for: memory does not grow with the number of scenes.

    Args:
        notes: where they are noted.
        names: names of the scenes.
    """

    def __init__(self, notes: SceneNotes, names: Sequence[str]) -> None:
        self._notes = notes
        self._names = names

    def __len__(self) -> int:
        return len(self._names)

    @overload
    def __getitem__(self, index: int) -> Detections: ...

    @overload
    def __getitem__(self, index: slice) -> 'FinishedScenes': ...

    def __getitem__(self, index: int | slice) -> 'Detections | FinishedScenes':
        if isinstance(index, slice):
            return FinishedScenes(self._notes, self._names[index])
        return self._notes.read(self._names[index]).found


def read_run(out: str | os.PathLike) -> list[FinishedScene]:
    """The ships of every scene of the last run into a folder.

    Raises:
        ValueError: the folder holds no finished run, or a scene of it has gone or changed since.
    """
    results = open_results(out)
    if results.read(_RUN) is None or results.read(_LAST) is None:
        raise ValueError(f'{out}: expected the output folder of a finished `ship-det detect`, with scenes/last.json')
    settings = _parse(results, _RUN)
    finished = []
    for name in _parse(results, _LAST)['scenes']:
        content = _parse(results, _note_name(name))
        scene = describe_scene(content['path'], name, settings.get('--gsd'))
        if content['input'] != identify_scene(scene).input:
            raise ValueError(f'{content["path"]}: has changed since {out} was made, expected the same scene')
        finished.append(_read_finished(content, scene))
    return finished


def is_run_of(out: str | os.PathLike, paths: Mapping[str, str]) -> bool:
    """Whether one of some scenes, paths by name, is finished in a folder."""
    results = open_results(out)
    there = results.sizes(_SCENES)
    for name, path in paths.items():
        # What is damaged is nobody's.
        with suppress(ValueError):
            if f'{name}{_SUFFIX}' in there and _parse(results, _note_name(name)).get('path') == full_path(path):
                return True
    return False


def identify_scene(scene: Scene) -> SceneIdentity:
    """What tells a scene from one that has taken its place.

    Raises:
        ValueError: naming the file, where it cannot be opened.
    """
    with open_image(scene.path) as image:
        files = list(image.files)
    return SceneIdentity([full_path(scene.path), *scene.size, *map(_status, files)], files)


def _is_unchanged(record: SceneRecord, path: str) -> bool:
    statuses = record.input[3:]
    return record.input[0] == full_path(path) and statuses == [_status(file) for file in record.files]


def full_path(path: str) -> str:
    """A file's path from the root on, which another process finds too; GDAL's paths as they are."""
    return path if is_gdal_path(path) else os.path.abspath(path)


def _status(file: str) -> list[Any]:
    """Size and time of a file, of the archive where it lies in one; nothing is known of what is elsewhere."""
    path = file
    try:
        status = os.stat(path)
        return [status.st_size, status.st_mtime_ns] if stat.S_ISREG(status.st_mode) else []
    except OSError:
        pass
    while path.startswith('/vsi') and '/' in path[1:]:
        # /vsizip/folder/scenes.zip/a.tif
        path = path.split('/', 2)[2]
    while path and not os.path.exists(path):
        path = os.path.dirname(path) if os.path.dirname(path) != path else ''
    if not os.path.isfile(path):
        return []
    status = os.stat(path)
    return [status.st_size, status.st_mtime_ns]


def _note_name(name: str) -> str:
    return f'{_SCENES}/{name}{_SUFFIX}'


def _part_name(name: str, first: int) -> str:
    return f'{_PARTS}/{name}@{first}.json'


def _describe_part(identity: SceneIdentity, windows: Windows) -> list[Any]:
    """What a part depends on beside the settings of its run."""
    return [identity.input, windows.windows.tolist(), windows.images.tolist(), list(windows.scene)]


def _describe_scene(scene: Scene) -> dict[str, Any]:
    """A scene as JSON, but for its name."""
    where = None if scene.georeference is None else vars(scene.georeference)
    return {'path': scene.path, 'size': scene.size, 'georeference': where, 'gsd': scene.gsd, 'date': scene.date}


def _read_scene(content: Mapping[str, Any], name: str) -> Scene:
    where = content['georeference']
    if where is not None:
        affine = None if where['affine'] is None else tuple(where['affine'])
        where = Georeference(where['crs'], affine, tuple(map(tuple, where['control_points'])))
    width, height = content['size']
    return Scene(name, content['path'], (width, height), where, content['gsd'], content['date'])


def _read_finished(content: Mapping[str, Any], scene: Scene) -> FinishedScene:
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


def _parse(results: ResultFolder, name: str) -> dict[str, Any]:
    """What a JSON file of a run holds."""
    path, content = f'{results}/{name}', results.read(name)
    if content is None:
        raise ValueError(f'{path}: no such file, expected what a run of `ship-det detect` wrote')
    try:
        parsed = parse_json(decode_text(path, content))
    except ValueError as error:
        raise ValueError(f'{path}: {error}, expected what a run of `ship-det detect` wrote') from error
    if not isinstance(parsed, dict):
        raise _not_ours(results, name)
    return parsed


def _not_ours(results: ResultFolder, name: str) -> ValueError:
    return ValueError(f'{results}/{name}: expected what a run of `ship-det detect` wrote')
