"""Which scenes a command line names: files, folders, globs, GDAL paths and lists, each with a name of its own."""

import glob
import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path, PurePosixPath

from ship_det.annotations.folders import IMAGE_SUFFIXES, list_images
from ship_det.raster.images import is_gdal_path
from ship_det.scenes.scene_lists import LIST_SUFFIXES, is_scene_list, read_scene_list

# What a glob takes; a file that is named is taken whatever it is called.
_GLOBBED = (*IMAGE_SUFFIXES, '.vrt', '.jpx')
# Bytes of a scene's name: files are called after it, with something before and behind.
_LONGEST_NAME = 120
# Folders whose names say nothing of a scene.
_PASSED_OVER = {'images', '/'}
_UNFIT = re.compile(r'[^\w.-]+')


def find_scenes(
    sources: Sequence[str], asset: str | None = None, is_run_of: Callable[[dict[str, str]], bool] | None = None
) -> dict[str, str]:
    """Files and GDAL paths by the names of their scenes, in the order given, those of a folder sorted.

    A name is that of the file without its suffix, or the one that a list has. Scenes that share one are told apart by
    the folders in which their paths differ, the nearest that suffice, before it: ``north_a`` and ``south_a``. A folder
    ``images`` is passed over. What no folder tells apart is numbered.

    Args:
        sources: image files, folders of images or of a data set in DOTA's layout, globs such as ``'*.tif'``, paths
            that GDAL knows: /vsizip/..., /vsicurl/..., /vsis3/..., or lists as of
            :func:`ship_det.scenes.scene_lists.read_scene_list`. Whether files of a list are there is seen when it is
            their turn.
        asset: key of the asset with the pixels in STAC items.
        is_run_of: whether a run that goes on has some of these scenes, by name. It is asked where scenes were called
            after the folder they lie in before, whatever its name; those names are kept then.

    Raises:
        ValueError: naming the source, where there is nothing.
    """
    real_folder = cache(os.path.realpath)
    found: dict[str, tuple[str, str]] = {}
    for source in sources:
        for path, stem in _expand(source, asset):
            found.setdefault(path if is_gdal_path(path) else _real_path(path, real_folder), (path, stem))
    groups: dict[str, list[tuple[str, str]]] = {}
    for path, stem in found.values():
        groups.setdefault(stem.lower(), []).append((path, stem))
    twins = [(path, stem) for group in groups.values() if len(group) > 1 for path, stem in group]
    if not twins:
        return _name_scenes(found.values(), {})
    folders = {path: name for group in groups.values() for path, name in _telling_folders([path for path, _ in group])}
    names = _name_scenes(found.values(), folders)
    before = _name_scenes(found.values(), {path: PurePosixPath(path).parent.name for path, _ in twins})
    changed = {name: path for name, path in before.items() if names.get(name) != path}
    return before if changed and is_run_of and is_run_of(changed) else names


def _name_scenes(found: Iterable[tuple[str, str]], folders: Mapping[str, str]) -> dict[str, str]:
    """Paths by name, given path and stem of each and what stands before the stem of some paths."""
    names: dict[str, str] = {}
    taken: Counter[str] = Counter()
    for path, stem in found:
        name = f'{folders[path]}_{stem}' if path in folders else stem
        # No name but of letters that any file system and any page takes.
        name = _UNFIT.sub('_', name).strip('._') or 'scene'
        name = base = name.encode()[:_LONGEST_NAME].decode(errors='ignore')
        while name.lower() in taken:
            taken[base.lower()] += 1
            name = f'{base}_{taken[base.lower()]}'
        taken[name.lower()] += 1
        names[name] = path
    return names


def _telling_folders(paths: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Each of some paths, and those of its folders that tell it from the others; nothing of a path alone.

    >>> list(_telling_folders(['/a/x/images/1.tif', '/b/x/images/1.tif', '/b/y/1.tif']))
    [('/a/x/images/1.tif', 'a_x'), ('/b/x/images/1.tif', 'b_x'), ('/b/y/1.tif', 'b_y')]
    """
    if len(paths) < 2:
        return
    # The nearest first.
    above = [[part for part in _folders(path) if part not in _PASSED_OVER][::-1] for path in paths]
    deepest = max(map(len, above))
    depth = next((n for n in range(1, deepest) if len({tuple(of[:n]) for of in above}) == len(paths)), deepest)
    levels = [level for level in range(depth) if len({tuple(of[level : level + 1]) for of in above}) > 1]
    # Where no folder tells any apart, the nearest: they are numbered.
    for path, of_path in zip(paths, above, strict=True):
        yield path, '_'.join(of_path[level] for level in (levels or [0])[::-1] if level < len(of_path))


def _folders(path: str) -> tuple[str, ...]:
    """Names of the folders above a file, those above the working directory too."""
    return PurePosixPath(path if is_gdal_path(path) else os.path.abspath(path)).parent.parts


def _real_path(path: str, real_folder: Callable[[str], str]) -> str:
    """The path of what a link leads to, given how to find that of a folder."""
    if os.path.islink(path):
        return os.path.realpath(path)
    folder, name = os.path.split(path)
    return os.path.join(real_folder(folder or os.curdir), name)


def _expand(source: str, asset: str | None) -> list[tuple[str, str]]:
    """Path and name of each scene of a source."""
    if is_scene_list(source) and not glob.has_magic(source):
        return read_scene_list(source, asset)
    return [(path, PurePosixPath(path).stem) for path in _find_files(source)]


def _find_files(source: str) -> list[str]:
    if is_gdal_path(source):
        return [source]
    path = Path(source)
    if path.is_dir():
        # The scenes of a data set.
        folder = path / 'images' if (path / 'images').is_dir() else path
        return [str(image) for image in list_images(folder)]
    if path.exists():
        return [source]
    found = sorted(path for path in glob.glob(source, recursive=True) if os.path.isfile(path))
    # What lies beside images: labels, world files.
    found = [path for path in found if Path(path).suffix.lower() in _GLOBBED]
    if not found:
        raise ValueError(
            f'{source}: no such scene, expected an image, a folder of images, a glob, a GDAL path or a list '
            f'({", ".join(LIST_SUFFIXES)})'
        )
    return found
